"""Evidence that may be looked at after every pair: test martingales and what follows from them.

A nonnegative process that starts at 1 and, while a hypothesis holds, is not expected to grow, exceeds 1/alpha with
probability alpha at most, at any time whatsoever (Ville 1939, *Etude critique de la notion de collectif*). So whoever
rejects the hypothesis when the process first exceeds 1/alpha errs with probability alpha at most, however often and
for whatever reason they look and stop (Ramdas, Gruenwald, Vovk, Shafer 2023, *Game-theoretic statistics and safe
anytime-valid inference*, Statistical Science 38). All evidence is a natural logarithm here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
# Shares of the largest stake at which a value of -1 would take everything.
_STAKES = 24


@lru_cache(maxsize=65536)
def log_discordant(worse: int, better: int) -> float:
    """Return the evidence against "a discordant pair is worse with probability 1/2 at most".

    The likelihood ratio of Bernoulli(q) to Bernoulli(1/2), mixed over q uniform on (1/2, 1]: Wald's (1945) mixture as
    Robbins (1970, *Statistical methods related to the law of the iterated logarithm*) uses it, on the pairs that
    McNemar (1947) counts. For every q > 1/2 the ratio is a supermartingale under every probability up to 1/2, so the
    mixture is one. In closed form 2^(n+1) B(k+1, n-k+1) (1 - I_{1/2}(k+1, n-k+1)) for k worse pairs of n.
    """
    # The regularised incomplete beta function underflows where hardly any pair is worse; the evidence is then nil.

    n = worse + better
    if n == 0:
        return 0.0
    upper = float(special.betainc(better + 1, worse + 1, 0.5))
    if upper == 0:
        return -math.inf
    return (n + 1) * math.log(2) + float(special.betaln(worse + 1, better + 1)) + math.log(upper)


class Mean:
    """Evidence about the mean of values in [-1, 1], by betting.

    The capital of a gambler who stakes a fixed share on every value exceeding *null* is a martingale while the mean is
    *null*, and a supermartingale while it is lower; so is the mean capital of many gamblers with shares of their own
    (Waudby-Smith, Ramdas 2024, *Estimating means of bounded random variables by betting*, JRSS B 86; the fixed grid of
    shares is their section on diversified betting, after Cover's universal portfolios, 1991).
    """

    def __init__(self, null: float, sign: int = 1) -> None:
        """Test "the mean is *null* at most"; with *sign* -1 "the mean is *null* at least"."""
        self._null, self._sign = null, sign
        self._stakes = stakes(null, sign)
        self._log_capital = np.zeros(len(self._stakes))
        # The greatest evidence so far: it may be acted on at the time it was reached.
        self.peak = 0.0

    def add(self, value: float) -> None:
        """Take in the next value."""
        self._log_capital += np.log1p(self._stakes * (self._sign * (value - self._null)))
        self.peak = max(self.peak, self.now)

    @property
    def now(self) -> float:
        """Return the evidence as it stands."""
        return _log_mean(self._log_capital)


def stakes(null: float, sign: int) -> Floats:
    """Return the stakes of the gamblers: none can lose more than it has, whatever value in [-1, 1] comes."""
    most = 1.0 / max(1.0 + sign * null, 1e-9)
    return most * (np.arange(_STAKES) + 0.5) / _STAKES * 0.999


def log_mean_capital(counts: Mapping[float, int], null: float, sign: int) -> float:
    """Return what `Mean` has after values that occurred so often, in whatever order."""
    return _capital(*_arrays(counts), null, sign)


def _arrays(counts: Mapping[float, int]) -> tuple[Floats, Floats]:
    return np.array(list(counts), float), np.array(list(counts.values()), float)


def _capital(values: Floats, times: Floats, null: float, sign: int) -> float:
    gains = np.log1p(np.outer(sign * (values - null), stakes(null, sign)))
    return _log_mean(times @ gains)


def bound(counts: Mapping[float, int], alpha: float, sign: int) -> float:
    """Return the bound on the mean that holds at every look with probability 1 - *alpha*.

    With *sign* 1 it is a lower bound, with -1 an upper one: all means that the betting test does not reject (the
    confidence sequence of the same paper). Bisection is exact since the capital falls as the null approaches the data.
    """
    threshold = math.log(1 / alpha)
    low, high = -1.0, 1.0
    values, times = _arrays(counts)
    # To a millionth, which is what is told.
    for _ in range(21):
        middle = (low + high) / 2
        rejected = _capital(values, times, middle, sign) >= threshold
        if sign > 0:
            low, high = (middle, high) if rejected else (low, middle)
        else:
            low, high = (low, middle) if rejected else (middle, high)
    return low if sign > 0 else high


def log_share(count: int, n: int, share: float) -> float:
    """Return the evidence against "each value lies below a threshold with probability *share*", *count* of *n* did.

    The likelihood ratio of a beta mixture to Bernoulli(*share*) (Robbins 1970); the mixture leans towards *share* with
    the weight of twenty values, which shortens the interval where it matters and keeps the test valid.
    """
    return float(_log_shares(np.array([count]), n, share)[0])


def _log_shares(counts: npt.NDArray[Any], n: int, share: float) -> Floats:
    a, b = 20 * share, 20 * (1 - share)
    mixture = special.betaln(counts + a, n - counts + b) - special.betaln(a, b)
    found: Floats = mixture - counts * math.log(share) - (n - counts) * math.log1p(-share)
    return found


def quantile_bounds(values: Sequence[float], share: float, alpha: float) -> tuple[float, float]:
    """Return bounds of a quantile that hold together at every look with probability 1 - *alpha*.

    All thresholds that `log_share` does not reject: at the true quantile the indicators are Bernoulli(*share*), so it
    is among them (inversion as in Howard, Ramdas 2022, *Sequential estimation of quantiles*, Bernoulli 28).
    Infinite where the values do not suffice. Equal values count as below.
    """
    ordered, n = sorted(values), len(values)
    threshold = math.log(1 / alpha)
    kept = np.nonzero(_log_shares(np.arange(n + 1), n, share) < threshold)[0]
    low, high = int(kept[0]), int(kept[-1])
    # With `count` values below it, the quantile lies between the count-th and the next.
    return (ordered[low - 1] if low else -math.inf), (ordered[high] if high < n else math.inf)


def e_benjamini_hochberg(
    log_evidence: Mapping[str, float], alpha: float, weights: Mapping[str, float] | None = None
) -> list[str]:
    """Return the hypotheses to reject so that the expected share of wrong ones among them is *alpha* at most.

    Holds however the hypotheses depend on each other, and at any stopping time, since a stopped martingale is an
    e-value (e-BH: Wang, Ramdas 2022, *False discovery rate control with e-values*, JRSS B 84). *weights* are fixed
    without looking at the evidence and sum to 1 at most; without them all are alike.
    """
    shares = weights or dict.fromkeys(log_evidence, 1 / max(len(log_evidence), 1))
    weighted = {name: evidence + math.log(shares[name]) for name, evidence in log_evidence.items()}
    ranked = sorted(weighted, key=lambda name: -weighted[name])
    kept = 0
    for rank, name in enumerate(ranked, start=1):
        if weighted[name] >= -math.log(alpha * rank):
            kept = rank
    return ranked[:kept]


def _log_mean(logs: Floats) -> float:
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).mean()))
