"""Which order: operations, claims, files, proofs of validity, schedules."""
