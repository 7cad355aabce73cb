"""Whether new runs are shared as the route says."""

from __future__ import annotations

import math

# A false alarm over a whole step: as rare as the single test of 0.0005 that is usual for this question.
ALPHA = 0.0005


def log_evidence(taken: int, others: int, share: float) -> float:
    """Return the natural logarithm of the evidence against "*taken* of all runs are drawn with *share*".

    The mixture of the binomial likelihood over a uniform prior, over the likelihood at *share*: an e-process, of which
    the alarm at 1 / alpha is right however often one looks, which a chi-square test looked at every second is not.
    Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022; what a mismatch of the sample
    ratio means and the level are from Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled
    Experiments", KDD 2019.
    """
    if share <= 0 or share >= 1:
        # Nothing is drawn; a single run on the wrong side contradicts it.
        contradicts = taken if share <= 0 else others
        return math.inf if contradicts else 0.0
    mixture = math.lgamma(taken + 1) + math.lgamma(others + 1) - math.lgamma(taken + others + 2)
    return mixture - taken * math.log(share) - others * math.log1p(-share)


def mismatched(taken: int, others: int, share: float) -> bool:
    """Tell whether the runs are not shared as *share*, from 0 to 1, says."""
    return log_evidence(taken, others, share) >= -math.log(ALPHA)
