"""What a Quota has to say, and what is said about one that does not hold."""

from __future__ import annotations

import pytest

from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_registry.documents import drafts
from pal_rpc.errors import MeshError


def document(spec: str) -> str:
    return f"apiVersion: pal/v1\nkind: Quota\nmetadata: {{name: day, version: 1.0.0}}\nspec: {spec}\n"


def test_a_quota_is_read_as_it_is_written() -> None:
    text = document(
        "{match: {tenant: acme}, per: [AGENT], pools: [LIVE, DRILL], concurrentRuns: 4, weight: 3,"
        " limits: [{window: 1d, runs: 10, tokens: 1000, cost: 2.50 USD, toolCalls: 7}]}"
    )

    terms = drafts(text)[0].document.quota.spec

    assert (terms.match.tenant, terms.concurrent_runs, terms.weight) == ("acme", 4, 3)
    assert terms.per == [quotas.QUOTA_SCOPE_AGENT]
    assert terms.pools == [common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_DRILL]
    limit = terms.limits[0]
    assert (limit.window.seconds, limit.runs, limit.tokens, limit.tool_calls) == (86_400, 10, 1000, 7)
    assert (limit.cost.currency_code, limit.cost.nanos) == ("USD", 2_500_000_000)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{limits: [{window: 1h, runs: 0}]}", "spec.limits[0].runs: has to be more than 0, found 0; to forbid it"),
        ("{limits: [{window: 1h, tokens: -5}]}", "spec.limits[0].tokens: has to be more than 0, found -5"),
        ("{limits: [{window: 1h, toolCalls: 0}]}", "spec.limits[0].toolCalls: has to be more than 0"),
        ("{limits: [{window: 1h, cost: 0 USD}]}", "spec.limits[0].cost: has to be more than 0"),
        ("{limits: [{window: 1h, cost: {nanos: 5}}]}", "spec.limits[0].cost: the currency is missing"),
        (
            "{concurrentRuns: 0}",
            "spec.concurrentRuns: has to be more than 0, found 0; to forbid it",
        ),
        ("{limits: [{runs: 1}]}", "spec.limits[0].window: missing"),
        ("{limits: [{window: 0s, runs: 1}]}", "spec.limits[0].window: has to be whole seconds from 1s to 31d"),
        ("{limits: [{window: 1500ms, runs: 1}]}", "spec.limits[0].window: has to be whole seconds"),
        ("{limits: [{window: 32d, runs: 1}]}", "spec.limits[0].window: has to be whole seconds from 1s to 31d"),
        ("{limits: [{window: 1h}]}", "spec.limits[0]: bounds nothing"),
        ("{limits: [{window: 1h, runs: 1}, {window: 60m, tokens: 1}]}", "is also the window of spec.limits[0]"),
        ("{limits: [{window: 1h, token: 1}]}", "spec.limits[0].token: unknown field; did you mean tokens?"),
        ("{}", "spec: bounds nothing"),
        ("{weight: 2}", "spec.weight: is that of one tenant; name it in match.tenant"),
        ("{match: {tenant: acme}, weight: 0}", "spec.weight: has to be from 1 to 100, found 0"),
        ("{match: {agent: Desk!}, concurrentRuns: 1}", 'spec.match.agent: "Desk!" is not a name'),
        ("{pools: [LIVE, LIVE], concurrentRuns: 1}", "spec.pools[1]: is named twice"),
        ("{pools: [LIFE], concurrentRuns: 1}", "did you mean LIVE?"),
        ("{per: [TENNANT], concurrentRuns: 1}", "did you mean TENANT?"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_fix(spec: str, said: str) -> None:
    with pytest.raises(MeshError) as refused:
        drafts(document(spec), "quota.yaml")

    assert said in refused.value.message
    assert refused.value.message.startswith("quota.yaml:4: ")
    assert refused.value.reason_name == "INVALID_DOCUMENT"
