"""The pairs of a shadow: what each differs in."""

from __future__ import annotations

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import comparison_pb2 as comparisons
from pal_cli.failures import OK, RUN_FAILED
from pal_cli.settings import Mesh
from pal_cli.show import as_json, print_json, say, shorten, table, word

_CALL_SECONDS = 60.0
_PAGE, _MOST_WORDS = 100, 80


async def shadow_diff(mesh: Mesh, agent: str, candidate: str, limit: int, *, machine: bool) -> int:
    """Print the newest *limit* pairs of the shadow of *agent*; return 1 when one of them has a hard difference."""
    pairs: list[comparisons.Comparison] = []
    selector = pb.ShadowSelector(agent=agent, candidate=candidate)
    request = pb.ListComparisonsRequest(shadow=selector, page_size=min(limit, _PAGE))
    while len(pairs) < limit:
        page = await mesh.migration.ListComparisons(request, timeout=_CALL_SECONDS)
        pairs.extend(page.comparisons)
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    shown = pairs[:limit]
    if machine:
        print_json({"comparisons": [as_json(pair) for pair in shown]})
    else:
        _show(shown)
    return RUN_FAILED if any(_hard(pair) for pair in shown) else OK


def _show(pairs: list[comparisons.Comparison]) -> None:
    columns = ["PRODUCTION (A')", "CANDIDATE (B)", "DIFFERENCES", "FIRST"]
    rows = [[pair.a.run_id, pair.b.run_id, _counts(pair), _first(pair)] for pair in pairs]
    table(columns, rows, empty="the shadow has compared nothing yet; `pal shadow status` shows how far it is")
    if pairs:
        same = sum(not _differs(pair) for pair in pairs)
        say(f"[dim]{same} of {len(pairs)} pairs are the same in every tier but text[/]")


def _counts(pair: comparisons.Comparison) -> str:
    counts = (
        f"{word(comparisons.ComparisonTier, tier.tier, 'COMPARISON_TIER_')} "
        + " + ".join(part for part in (f"{tier.hard} hard" if tier.hard else "", str(tier.soft or "")) if part)
        for tier in pair.tiers
        if tier.hard or tier.soft
    )
    return ", ".join(counts) or "none"


def _first(pair: comparisons.Comparison) -> str:
    return shorten(pair.findings[0].message, _MOST_WORDS) if pair.findings else ""


def _hard(pair: comparisons.Comparison) -> bool:
    return any(tier.hard for tier in pair.tiers)


def _differs(pair: comparisons.Comparison) -> bool:
    return any(tier.hard or tier.soft for tier in pair.tiers if tier.tier != comparisons.COMPARISON_TIER_TEXT)
