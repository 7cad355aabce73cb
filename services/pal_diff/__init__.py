"""The comparison of two runs of the same input: a library without transport and store.

The face is ``pal_diff.compare``::

    compare(a: Sequence[RunEvent], b: Sequence[RunEvent], terms: Terms, pair_kind=PAIR_KIND_RUNTIME) -> Comparison
    Terms(agent=AgentSpec, tools={name: ToolSpec}, prices=PriceTable, check=Check, contents={digest: bytes})
    brief(comparison) -> Comparison     # what a judge needs of it, small enough to keep
"""
