"""Fields are held against noise fairly: exchangeable lanes are rarely told apart, and a real change soon is."""

from __future__ import annotations

import math
import random

from scipy import stats

from pal.v1 import comparison_pb2 as pb
from pal_verdict.evidence import log_discordant
from pal_verdict.matching import Matching
from pal_verdict.tallies import Fields, Ratio, share_of

DRIFT, RUNTIME = pb.PAIR_KIND_DRIFT, pb.PAIR_KIND_RUNTIME
_NOISE = {"steady": 0.0, "rare": 0.05, "often": 0.5, "mostly": 0.9}


def comparison(kind: pb.PairKind, now: str, differing: dict[str, bool]) -> pb.Comparison:
    """Return a pair of the run A' named *now*, with the fields that both runs had."""
    tier = pb.COMPARISON_TIER_VALUES
    found = pb.Comparison(pair_kind=kind)
    (found.b if kind == DRIFT else found.a).run_id = now
    found.fields.extend(
        pb.FieldTally(field=name, tier=tier, compared=1, differing=int(differs)) for name, differs in differing.items()
    )
    return found


def triple(chance: random.Random, number: int, changed: str = "") -> tuple[pb.Comparison, pb.Comparison]:
    """Return the pairs of one input: each run has a field with probability 0.8 and a value of its own at its noise."""
    runs: list[dict[str, int]] = []
    for _ in range(3):
        values = {name: int(chance.random() < noise) * chance.randrange(1, 9) for name, noise in _NOISE.items()}
        runs.append({name: value for name, value in values.items() if chance.random() < 0.8})
    a, now, b = runs
    if changed in b:
        b[changed] = -1
    pairs = []
    for kind, one, other in ((DRIFT, a, now), (RUNTIME, now, b)):
        differing = {name: one[name] != other[name] for name in one.keys() & other.keys()}
        pairs.append(comparison(kind, f"{number}", differing))
    return pairs[1], pairs[0]


def test_exchangeable_lanes_are_told_apart_no_more_often_than_the_level() -> None:
    chance, pairs, fields = random.Random(7), 0, 0
    for _ in range(150):
        watched, worse, better, peak = Fields(0.1), 0, 0, 0.0
        flagged = False
        for number in range(40):
            sign = watched.add(*triple(chance, number))
            worse, better = worse + (sign > 0), better + (sign < 0)
            peak = max(peak, log_discordant(worse, better))
            flagged = flagged or bool(watched.flagged())
        pairs += peak >= math.log(10)
        fields += flagged
    assert pairs <= stats.binom.ppf(0.999, 150, 0.1)
    assert fields <= stats.binom.ppf(0.999, 150, 0.1)


def test_a_field_that_changed_in_all_runs_is_named_and_no_other() -> None:
    chance, watched = random.Random(8), Fields(0.01)
    for number in range(40):
        watched.add(*triple(chance, number, changed="rare"))

    assert watched.flagged() == ["rare"]


def test_pairs_are_matched_on_their_input_whichever_comes_first() -> None:
    matching = Matching()
    first, second = comparison(RUNTIME, "x", {}), comparison(DRIFT, "x", {})

    assert matching.add(comparison(DRIFT, "y", {})) is None
    assert matching.add(first) is None
    assert matching.add(second) == (first, second)


def test_an_input_that_lent_its_pair_is_not_used_again() -> None:
    matching = Matching()
    runtime, drift = comparison(RUNTIME, "x", {}), comparison(DRIFT, "y", {})
    matching.add(runtime)
    matching.add(drift)

    assert matching.leftovers() == [(runtime, drift)]
    assert matching.add(comparison(DRIFT, "x", {})) is None
    assert matching.add(comparison(RUNTIME, "y", {})) is None
    assert matching.leftovers() == []


def test_a_ratio_turns_around_with_its_lanes_and_leaves_out_what_is_no_amount() -> None:
    ratio = Ratio(0.1)
    for a, b in ((100.0, 150.0), (150.0, 100.0), (0.0, 0.0), (math.nan, 1.0), (1.0, math.inf), (-1.0, 1.0)):
        ratio.add(a, b)

    assert ratio.pairs == 3 and (ratio.above, ratio.below) == (1, 1)
    assert sum(value * times for value, times in ratio.values.items()) == 0
    assert round(share_of((150 - 100) / 250), 6) == 0.5
