"""Every runtime is held to every case of the conformance kit, and looks the same in it as every other."""

from __future__ import annotations

import pytest

from pal_conformance.declaration import standing
from pal_conformance.suite import matching
from pal_conformance.verdict import Status
from tests.contract.runtimes.conftest import Targets

CASES = [case.id for case in matching([])]


# The first case of a runtime waits for all of them: they run side by side.
@pytest.mark.timeout(180)
@pytest.mark.parametrize("case_id", CASES)
async def test_a_runtime_conforms(targets: Targets, runtime: str, case_id: str) -> None:
    result = (await targets.found(runtime))[case_id]

    if result.status is Status.skipped:
        pytest.skip(result.reason)
    assert result.status is Status.passed, f"{result.reason}\n{result.evidence}"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("case_id", CASES)
async def test_a_case_looks_the_same_as_on_the_reference(targets: Targets, runtime: str, case_id: str) -> None:
    reference, own = (await targets.found("echo"))[case_id], (await targets.found(runtime))[case_id]

    if Status.skipped in (reference.status, own.status):
        pytest.skip("not declared by both")
    assert own.runs == reference.runs


@pytest.mark.timeout(180)
async def test_the_declaration_says_what_was_found(targets: Targets, runtime: str) -> None:
    if runtime == "echo":
        pytest.skip("echo is the reference; nobody installs it")

    found = list((await targets.found(runtime)).values())

    # Otherwise `make declarations` writes what is found now.
    assert "says the same" in standing(await targets.target(runtime), found)
