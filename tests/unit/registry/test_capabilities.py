"""What a runtime declares, narrowed by what is published."""

from __future__ import annotations

from typing import Any

from pal.v1 import runtime_capability_pb2 as capabilities
from pal_registry.capabilities import narrowed


def declared(concurrent_runs: int | None = None, **features: Any) -> capabilities.RuntimeCapability:
    return capabilities.RuntimeCapability(
        runtime="agno",
        version=">=3",
        capabilities=capabilities.RuntimeFeatures(**features),
        limits=capabilities.RuntimeLimits(concurrent_runs=concurrent_runs),
    )


def test_without_a_published_declaration_its_own_holds() -> None:
    own = declared(modes=["workflow"], streaming=True)

    assert narrowed(own, None) == own


def test_both_have_to_declare_an_ability() -> None:
    own = declared(modes=["conversational", "workflow"], tool_calling=True, streaming=True, max_context_tokens=9)
    published = declared(modes=["workflow", "team"], tool_calling=True, streaming=False, multimodal=True)

    result = narrowed(own, published)

    assert result.capabilities == capabilities.RuntimeFeatures(modes=["workflow"], tool_calling=True, streaming=False)


def test_the_smaller_number_holds() -> None:
    result = narrowed(declared(50, max_context_tokens=1000), declared(10, max_context_tokens=2000))

    assert result.capabilities.max_context_tokens == 1000
    assert result.limits.concurrent_runs == 10


def test_what_was_measured_stays_with_the_runtime() -> None:
    own = declared(50, modes=["workflow"], streaming=True)
    own.evidence.CopyFrom(capabilities.ConformanceEvidence(runtime_version="3.1.10", passed=90))
    published = declared(10, modes=["workflow"])
    published.evidence.CopyFrom(capabilities.ConformanceEvidence(runtime_version="9.9.9"))

    result = narrowed(own, published)

    assert not result.capabilities.HasField("streaming")
    assert result.evidence == own.evidence
