"""Which counters a run takes from, by the published quotas."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal_registry.documents import drafts
from pal_rpc.quota_book import MODEL, RUN, TOOL, QuotaBook, User

LIVE, SHADOW = common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_SHADOW
ADA = User("acme", "desk", "agno", LIVE)


class Published:
    """All of a snapshot that a book looks at."""

    def __init__(self, *specs: str) -> None:
        """Publish a quota for each of *specs*."""
        self.documents = [_quota(number, spec) for number, spec in enumerate(specs)]

    def newest(self, kind: registry.DocumentKind) -> Sequence[registry.Document]:
        """Return the quotas."""
        assert kind == registry.DOCUMENT_KIND_QUOTA
        return self.documents


def _quota(number: int, spec: str) -> registry.Document:
    head = f"apiVersion: pal/v1\nkind: Quota\nmetadata: {{name: q{number}, version: 1.0.0}}\n"
    return drafts(f"{head}spec: {spec}")[0].document


def book(*specs: str) -> QuotaBook:
    return QuotaBook(Published(*specs))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        ("{}", True),
        ('{tenant: "*", agent: "*", runtime: "*"}', True),
        ("{tenant: acme}", True),
        ("{tenant: globex}", False),
        ("{agent: desk}", True),
        ("{agent: shop}", False),
        ("{runtime: agno}", True),
        ("{runtime: langgraph}", False),
        ("{tenant: acme, agent: desk, runtime: agno}", True),
        ("{tenant: acme, agent: shop, runtime: agno}", False),
    ],
)
def test_a_quota_bounds_what_it_matches(match: str, matches: bool) -> None:
    claims = book(f"{{match: {match}, concurrentRuns: 1}}").claims(ADA, RUN)

    assert bool(claims) == matches


@pytest.mark.parametrize(
    ("per", "own"),
    [
        ("[]", ("", "", "")),
        ("[TENANT]", ("acme", "", "")),
        ("[AGENT, RUNTIME]", ("", "desk", "agno")),
        ("[TENANT, AGENT, RUNTIME]", ("acme", "desk", "agno")),
    ],
)
def test_counters_are_kept_for_what_is_named(per: str, own: tuple[str, str, str]) -> None:
    key = book(f"{{per: {per}, concurrentRuns: 1}}").claims(ADA, RUN)[0].key

    assert (key.quota, key.pool, key.tenant, key.agent, key.runtime) == ("q0", LIVE, *own)


def test_a_pool_that_is_not_named_is_not_bounded() -> None:
    quotas_ = book("{concurrentRuns: 1}", "{pools: [SHADOW], concurrentRuns: 1}")

    assert [claim.key.quota for claim in quotas_.claims(ADA, RUN)] == ["q0"]
    assert [claim.key.quota for claim in quotas_.claims(ADA._replace(mode=SHADOW), RUN)] == ["q1"]


def test_who_uses_what_a_quota_does_not_bound_asks_nobody() -> None:
    by_measure = book(
        "{limits: [{window: 1h, runs: 1}]}",
        "{limits: [{window: 1h, tokens: 1}]}",
        "{limits: [{window: 1h, cost: 1 USD}]}",
        "{limits: [{window: 1h, toolCalls: 1}]}",
    )

    found = [[claim.key.quota for claim in by_measure.claims(ADA, measures)] for measures in (RUN, MODEL, TOOL)]

    assert found == [["q0"], ["q1", "q2"], ["q3"]]


def test_a_tenant_has_the_largest_weight_of_its_quotas() -> None:
    weights = book("{match: {tenant: acme}, weight: 2}", "{match: {tenant: acme}, weight: 5}", "{concurrentRuns: 1}")

    assert (weights.weight("acme"), weights.weight("globex")) == (5, 1)


def test_what_is_published_later_holds_at_once() -> None:
    published = Published("{concurrentRuns: 1}")
    late = QuotaBook(published)  # type: ignore[arg-type]
    late.claims(ADA, RUN)

    published.documents = [*published.documents, _quota(1, "{limits: [{window: 1m, runs: 2}]}")]

    assert [claim.limits[0].runs for claim in late.claims(ADA, RUN) if claim.limits] == [2]
