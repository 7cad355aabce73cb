"""Success over many pairs: how soon a worse candidate is stopped, and how rarely an equal one."""

from __future__ import annotations

import math
import random
import statistics

from pal.v1 import comparison_pb2 as pb
from pal_verdict.judge import Judge
from tests.verdicts.airline import rewarded, trials
from tests.verdicts.report import Section

SEQUENCES, PAIRS = 100, 400
REACHED, MISSED = pb.SUCCESS_STATE_REACHED, pb.SUCCESS_STATE_MISSED


def success() -> Section:
    """Draw sequences of real pairs, lower the success of B by so many points, and look after every pair."""
    section = Section(
        "Success, looked at after every pair",
        f"{SEQUENCES} sequences of {PAIRS} pairs: a task and two of its trials are drawn at random; in lane B a "
        "success is turned into a miss so often that success falls by the points in the first column. Production "
        "reaches its objective in 31 of 100 runs. The margin is 5 points.",
        ("Points B is worse", "Stopped (FAIL)", "Pairs until stopped, median", "Passed"),
    )
    for points, sequences in ((0, SEQUENCES), (5, 10 * SEQUENCES), (10, SEQUENCES), (20, SEQUENCES)):
        stopped, passed = _outcomes(points / 100, sequences)
        middle = f"{statistics.median(stopped):.0f}" if stopped else "-"
        section.rows.append([points, f"{len(stopped)} of {sequences}", middle, f"{passed} of {sequences}"])
        if points == 0:
            section.claim("an equal candidate is stopped in at most 5 sequences", len(stopped), len(stopped) <= 5)
        if points == 5:
            text = "one worse by the margin is passed in at most 5 % of 1,000 sequences, give or take chance (67)"
            section.claim(text, passed, passed <= 67)
        if points == 20:
            section.claim("one worse by 20 points is stopped in at least 95", len(stopped), len(stopped) >= 95)
    return section


def _outcomes(lowered: float, sequences: int) -> tuple[list[int], int]:
    outcomes = [[bool(rewarded(run)) for run in runs] for runs in trials().values()]
    rate = sum(map(sum, outcomes)) / sum(map(len, outcomes))
    stopped: list[int] = []
    passed = 0
    for seed in range(sequences):
        chance, judge = random.Random(seed), Judge()
        abort, promote = (1e6 / judge.terms.abort_alpha_ppm, 1e6 / judge.terms.promote_alpha_ppm)
        for number in range(1, PAIRS + 1):
            a, b = chance.sample(chance.choice(outcomes), 2)
            b = b and chance.random() >= lowered / rate
            judge.success.add(int(a) - int(b))
            if judge.success.abort_peak >= math.log(abort):
                stopped.append(number)
                break
            if judge.success.within.peak >= math.log(promote):
                passed += 1
                break
    return stopped, passed
