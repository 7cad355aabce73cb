"""What many pairs of runs prove about a candidate: a library without transport and store.

The face is ``pal_verdict.judge`` and ``pal_verdict.self_test``::

    Judge(terms: ComparisonTerms)
    Judge.add(comparison)               # PAIR_KIND_DRIFT (A, A') before PAIR_KIND_RUNTIME (A', B); below 1 ms
    Judge.lose(reason, pairs=1)         # an eligible pair that was not compared
    Judge.verdict(judge: JudgeRates | None = None) -> Verdict
    rates(controls: Sequence[tuple[Log, Log]], terms, comparison_terms) -> JudgeRates   # the judge on A and A' alone

A judge is restored by adding the kept comparisons (``pal_diff.compare.brief``) in the order they were made.
"""
