"""Every runtime is held to every case of the conformance kit, and looks the same in it as every other."""

from __future__ import annotations

import pytest

from pal_conformance.declaration import standing
from pal_conformance.suite import matching
from pal_conformance.verdict import Status
from tests.contract.runtimes.conftest import Targets

# The first test of a runtime waits for all cases: they run side by side.
pytestmark = pytest.mark.timeout(600)


async def test_a_runtime_conforms(targets: Targets, runtime: str) -> None:
    found = await targets.found(runtime)

    failed = {r.case_id: f"{r.reason}\n{r.evidence}" for r in found.values() if r.status is Status.failed}
    assert found.keys() == {case.id for case in matching([])}
    assert failed == {}


async def test_a_runtime_looks_the_same_as_the_reference(targets: Targets, runtime: str) -> None:
    reference, own = await targets.found("echo"), await targets.found(runtime)

    both = [id_ for id_ in own if Status.skipped not in (reference[id_].status, own[id_].status)]
    assert both
    assert {id_: own[id_].runs for id_ in both} == {id_: reference[id_].runs for id_ in both}


async def test_the_declaration_says_what_was_found(targets: Targets, runtime: str) -> None:
    if runtime == "echo":
        pytest.skip("echo is the reference; nobody installs it")

    found = list((await targets.found(runtime)).values())

    # Otherwise `make declarations` writes what is found now.
    assert "says the same" in standing(await targets.target(runtime), found)
