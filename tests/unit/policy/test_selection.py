"""Which policies bind a run."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal_policy.selection import Bound, bound


def document(name: str, *, platform_wide: bool = False) -> Bound:
    spec = policies.PolicyDefinition(platform_wide=platform_wide)
    return common.SpecRef(name=name, version="1.0.0"), policies.PolicySpec(spec=spec)


def test_named_and_platform_wide_policies_bind_and_others_do_not() -> None:
    chosen = bound([document("named")], [document("named"), document("other"), document("all", platform_wide=True)])

    assert [ref.name for ref, _ in chosen] == ["all", "named"]


def test_a_policy_that_is_named_and_platform_wide_binds_once() -> None:
    everywhere = document("all", platform_wide=True)

    assert bound([everywhere], [everywhere]) == [everywhere]
