"""What a number of pairs could have shown at all."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy import stats

from pal_verdict.evidence import log_discordant

_POWER = 0.8


@lru_cache(maxsize=1024)
def detectable(pairs: int, discordant: int, alpha: float) -> float | None:
    """Return the smallest worsening that *pairs* would have failed in four of five cases; None when none would.

    Pairs are taken to be discordant as often as they were, and at least as often as the worsening demands; the test is
    looked at once, at the end, so that more looks can only find more.
    """
    low, high = 0.0, 1.0
    base = discordant / pairs if pairs else 0.0
    if _power(pairs, base, high, alpha) < _POWER:
        return None
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (low, middle) if _power(pairs, base, middle, alpha) >= _POWER else (middle, high)
    return high


def _power(pairs: int, base: float, worsening: float, alpha: float) -> float:
    share = max(base, worsening)
    expected = round(pairs * share)
    if not expected:
        return 0.0
    needed = _needed(expected, alpha)
    if needed > expected:
        return 0.0
    worse = min((share + worsening) / (2 * share), 1.0)
    return float(stats.binom.sf(needed - 1, expected, worse))


@lru_cache(maxsize=4096)
def _needed(discordant: int, alpha: float) -> int:
    """Return how many of the discordant pairs have to be worse for the evidence to suffice; one more for never."""
    threshold = math.log(1 / alpha)
    low, high = 0, discordant + 1
    while low < high:
        middle = (low + high) // 2
        if log_discordant(middle, discordant - middle) >= threshold:
            high = middle
        else:
            low = middle + 1
    return low
