"""Whether a declaration was measured, as `pal runtime list` says it."""

from __future__ import annotations

import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_cli.plugins.overview import Seen


def seen(measured_with: str) -> Seen:
    evidence = capabilities.ConformanceEvidence(runtime_version=measured_with, suite="pal-conformance/1")
    declared = capabilities.RuntimeCapability(runtime="agno", evidence=evidence if measured_with else None)
    shown = pb.RegisteredRuntime(name="agno", installed_version="3.1.10", capability=declared)
    return Seen(name="agno", shown=shown, process=None, record=None)


@pytest.mark.parametrize(("measured_with", "says"), [("3.1.10", "yes"), ("3.0.11", "stale, 3.0.11"), ("", "no")])
def test_a_declaration_that_was_measured_with_another_version_is_stale(measured_with: str, says: str) -> None:
    assert seen(measured_with).measured == says


def test_of_a_runtime_that_is_not_there_nothing_is_said() -> None:
    assert Seen(name="agno", shown=None, process=None, record=None).measured == ""
