"""Sparse chains by time, planned in proportion: a twentieth of what can be saved may be spent on planning.

From sizes and entries alone, in microseconds, both sweeps have a time, and so has multiplying outwards
from a waist. No order can save more than the best of these takes. Where a twentieth of that suffices for all
fill-in, the dynamic program is exact; where it suffices for samples, all orders are compared by estimates;
elsewhere the best of the three is the answer. Which one that is may be worth a look at samples of their
fill-in, where that is not known and the look takes an eighth of what the order does at most.
"""

from __future__ import annotations

from dataclasses import replace

from chainorder.costs.estimate import Estimate
from chainorder.costs.guessed_fill import Guesses
from chainorder.costs.known_costs import Outline
from chainorder.costs.pricing import Results
from chainorder.costs.prospects import PART, Prospect
from chainorder.costs.sampled_times import SampledTimes
from chainorder.costs.steps import Steps
from chainorder.plans.chain_plan import Plan
from chainorder.plans.chain_times import timed
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.sweeps import outward_steps

SAMPLES = 32
"""Inner indices that are looked at for each product: an error of some percent is good enough for a choice."""

FEW = 0.1
"""Error that is stated at least of fma that so few samples tell."""

DOUBT = 8
"""Where fill-in decides between sweeps, one part in so many may be spent on a look at it."""

CLEAR = 0.6
"""What part of the better sweep another order may take: one in ten predictions is off by two fifths."""

LONGEST = 200
"""Elementals up to which orders other than sweeps are looked at."""


def solve(prospect: Prospect) -> Plan:
    """The order of the least estimated time, or one from an end or a waist. Heuristic; without models."""
    chain, takes = prospect.chain, prospect.takes
    pays = prospect.looking <= takes // (DOUBT if prospect.guessed else PART)
    if len(chain) > LONGEST or not pays:
        return _roughly(prospect)
    sampled = Outline(chain, samples=SAMPLES).sampled
    times = SampledTimes(sampled, prospect.model)
    outwards = {place: times.outwards(place) for place in prospect.outwards}
    place = min(outwards, key=outwards.__getitem__)
    steps, (name, why) = outward_steps(len(chain), place), _names(chain, place)
    if prospect.search_pays(outwards[place]):
        best, found = times.best()
        if best <= CLEAR * outwards[place]:
            name, steps, why = "quickest", found, "the least time by estimates of fill-in"
    guesses = Guesses(sampled)
    made = _priced(prospect, steps, guesses, name, why)
    error = max(FEW, 2 * guesses.deviation / made.fma if made.fma else 0.0)
    return replace(made, estimate=Estimate(sampled.samples, sampled.seed, round(error, 4)))


def _roughly(prospect: Prospect) -> Plan:
    """The best order from an end or a waist by sizes and entries; exactly priced where nothing fills in."""
    place = min(prospect.outwards, key=prospect.outwards.__getitem__)
    rough, (name, why) = prospect.rough.afresh(), _names(prospect.chain, place)
    made = _priced(prospect, outward_steps(len(prospect.chain), place), rough, name, why)
    return replace(made, estimate=Estimate(0, 0, 1.0)) if rough.guessed else made


def _names(chain: Chain, place: int) -> tuple[str, str]:
    """What multiplying outwards from a boundary is called, and why it is done."""
    waist = (
        f"size {int(chain.sizes[place]):,} between F{place + 1} and F{place}"
        if 0 < place < len(chain)
        else ""
    )
    name = "quickest" if waist else "reverse" if place else "forward"
    what = f"going outwards from the waist, {waist}" if waist else f"the {name} sweep"
    return name, f"no order is clearly quicker than {what}, as far as it pays to look"


def _priced(prospect: Prospect, steps: Steps, results: Results, solver: str, why: str) -> Plan:
    """The plan of these steps, with its fma and its time."""
    order = Plan.of(prospect.chain, steps, solver=solver, why=why, results=results)
    return timed(order, prospect.model.profile, results)
