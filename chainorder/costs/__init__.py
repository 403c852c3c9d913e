"""What a step costs, uses and yields: exactly, by samples, and at least.

Steps are given as (j, k, i), with elementals numbered from 1, as in F'_{j,i} = F'_{j,k+1} · F'_{k,i}. Tables
of subchains count elementals from 0 and go forward: i..j, split behind k, is (i, k, j).
"""
