"""Which runtime a run gets."""

from __future__ import annotations

import pytest

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_policy.requirements import missing
from pal_router.selection import select
from pal_rpc.errors import MeshError


def runtime(name: str, *, serving: bool = True, **features: object) -> registry.RegisteredRuntime:
    state = registry.RUNTIME_STATE_SERVING if serving else registry.RUNTIME_STATE_DRAINING
    declared = capabilities.RuntimeCapability(
        runtime=name, capabilities=capabilities.RuntimeFeatures(modes=["conversational"], **features)
    )
    return registry.RegisteredRuntime(name=name, capability=declared, state=state, installed_version="3.1.10")


def agent(version: str = "1.0.0", selector: str = "", **requires: object) -> agents.AgentSpec:
    return agents.AgentSpec(
        metadata=common.SpecMeta(name="writer", version=version),
        spec=agents.AgentDefinition(
            runtime=agents.RuntimeChoice(selector=selector),
            requires=agents.CapabilityRequirements(**requires),
        ),
    )


RUNTIMES = {"agno": runtime("agno", tool_calling=True), "pydantic-ai": runtime("pydantic-ai", tool_calling=True)}
DEFAULT = registry.Route(agent="", stable="agno")
FOR_ALL = registry.Route(agent="writer", stable="pydantic-ai", revision=3)
FOR_NEW = registry.Route(agent="writer", version_range=">=2", stable="agno", revision=4)


@pytest.mark.parametrize(
    ("selector", "pinned", "routes", "name", "rule"),
    [
        ("", "", [DEFAULT], "agno", "default"),
        ("", "", [DEFAULT, FOR_ALL], "pydantic-ai", "route"),
        ("pydantic-ai", "", [DEFAULT], "pydantic-ai", "selector"),
        ("pydantic-ai", "agno", [DEFAULT, FOR_ALL], "agno", "pinned"),
    ],
)
def test_the_nearest_choice_wins(
    selector: str, pinned: str, routes: list[registry.Route], name: str, rule: str
) -> None:
    selection = select(agent(selector=selector), pinned, RUNTIMES, routes)

    assert (selection.runtime.name, selection.rule) == (name, rule)


@pytest.mark.parametrize(("version", "name"), [("1.9.0", "pydantic-ai"), ("2.0.0", "agno")])
def test_versions_of_an_agent_can_go_to_different_runtimes(version: str, name: str) -> None:
    assert select(agent(version), "", RUNTIMES, [DEFAULT, FOR_ALL, FOR_NEW]).runtime.name == name


def refusal(**choice: object) -> MeshError:
    arguments = {"agent": agent(), "pinned": "", "runtimes": RUNTIMES, "routes": [DEFAULT], **choice}
    with pytest.raises(MeshError) as refused:
        select(**arguments)  # type: ignore[arg-type]
    return refused.value


def test_an_unknown_runtime_is_refused_with_the_nearest() -> None:
    error = refusal(pinned="angno")

    assert (error.reason_name, error.metadata["nearest"]) == ("RUNTIME_NOT_FOUND", "agno")


def test_a_draining_runtime_is_refused() -> None:
    assert refusal(runtimes={"agno": runtime("agno", serving=False)}).reason_name == "RUNTIME_UNAVAILABLE"


def test_an_unmet_requirement_is_refused_with_the_whole_list() -> None:
    error = refusal(agent=agent(multimodal=True, min_context_tokens=200_000))

    assert error.reason_name == "CAPABILITY_MISSING"
    assert error.metadata["missing"] == "multimodal, maxContextTokens: 200000"


def test_no_route_at_all_is_refused() -> None:
    assert refusal(routes=[]).reason_name == "NO_ELIGIBLE_RUNTIME"


def test_what_is_not_declared_counts_as_absent() -> None:
    spec = agents.AgentDefinition(tools=[agents.ToolGrant()])

    assert missing(spec, capabilities.RuntimeCapability()) == ["toolCalling"]


def test_any_of_the_required_modes_will_do() -> None:
    needs = agents.CapabilityRequirements(modes=["workflow", "conversational"])

    assert missing(agents.AgentDefinition(requires=needs), RUNTIMES["agno"].capability) == []


SPLIT = registry.Route(
    agent="writer", stable="agno", candidate="pydantic-ai", candidate_basis_points=10_000, revision=7
)


def test_a_candidate_gets_its_share() -> None:
    selection = select(agent(), "", RUNTIMES, [DEFAULT, SPLIT])

    assert (selection.runtime.name, selection.rule, selection.revision) == ("pydantic-ai", "candidate", 7)


def test_without_the_candidate_its_runs_go_to_stable() -> None:
    selection = select(agent(), "", {"agno": RUNTIMES["agno"]}, [SPLIT])

    assert (selection.runtime.name, selection.rule, selection.revision) == ("agno", "fallback", 7)


ORDER = ["agno", "first", "second"]


def test_fallbacks_are_taken_in_order_and_only_if_they_are_able() -> None:
    lost = {
        "agno": runtime("agno", serving=False),
        "first": runtime("first"),
        "second": runtime("second", tool_calling=True),
    }
    route = registry.Route(agent="writer", stable="agno", fallbacks=["gone", *ORDER[1:]])

    selection = select(agent(tool_calling=True), "", lost, [route])

    assert selection.runtime.name == "second"


def test_a_pinned_runtime_has_no_fallback() -> None:
    assert refusal(pinned="angno", routes=[SPLIT]).reason_name == "RUNTIME_NOT_FOUND"


FALLING = registry.Route(agent="writer", stable="agno", fallbacks=["pydantic-ai"], revision=2)


@pytest.mark.parametrize(
    ("avoided", "name", "rule", "rejected"),
    [
        ([], "agno", "route", {}),
        (["agno"], "pydantic-ai", "fallback", {"agno": "BREAKER_OPEN"}),
        (["pydantic-ai"], "agno", "route", {"pydantic-ai": "BREAKER_OPEN"}),
        (["agno", "pydantic-ai"], "agno", "route", {"pydantic-ai": "BREAKER_OPEN"}),
    ],
)
def test_what_is_avoided_is_not_chosen_unless_all_is(
    avoided: list[str], name: str, rule: str, rejected: dict[str, str]
) -> None:
    selection = select(agent(), "", RUNTIMES, [FALLING], avoided=dict.fromkeys(avoided, "BREAKER_OPEN"))

    assert (selection.runtime.name, selection.rule) == (name, rule)
    assert selection.rejected == rejected
