"""What is judged by: the terms of an agent with every default filled in."""

from __future__ import annotations

from pal.v1 import equivalence_pb2 as equivalences

_SUCCESS_MARGINS = {
    equivalences.AGENT_CLASS_ASSISTED: 100_000,
    equivalences.AGENT_CLASS_STANDARD: 50_000,
    equivalences.AGENT_CLASS_CRITICAL: 30_000,
}
_DEFAULTS = {
    "cost_margin_ppm": 100_000,
    "latency_margin_ppm": 200_000,
    "promote_alpha_ppm": 50_000,
    "abort_alpha_ppm": 10_000,
    "min_coverage_ppm": 950_000,
}
# A margin of nothing could never be shown to be kept, and a level of nothing never be reached.
_LEAST = 100


def filled(declared: equivalences.ComparisonTerms) -> equivalences.ComparisonTerms:
    """Return *declared* with a value for everything; what is out of range is brought into it."""
    terms = equivalences.ComparisonTerms()
    terms.CopyFrom(declared)
    known = terms.agent_class in _SUCCESS_MARGINS
    terms.agent_class = terms.agent_class if known else equivalences.AGENT_CLASS_STANDARD
    defaults = {"success_margin_ppm": _SUCCESS_MARGINS[terms.agent_class], **_DEFAULTS}
    for name, value in defaults.items():
        given = getattr(terms, name) if terms.HasField(name) else value
        most = 10_000_000 if name in ("cost_margin_ppm", "latency_margin_ppm") else 990_000
        setattr(terms, name, min(max(given, _LEAST), most if name != "min_coverage_ppm" else 1_000_000))
    return terms
