"""Switching costs no run, and after its acknowledgement a rollback is in force at every router."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.switching import CANDIDATE, mesh, switched


@pytest.mark.drill
@pytest.mark.timeout(300)
async def test_a_route_that_goes_back_and_forth_under_load_costs_no_run(tmp_path: Path) -> None:
    async with mesh(tmp_path, routers=3) as running:
        outcome = await switched(running, runs=300)

    on_candidate = sum(run.runtime == CANDIDATE for run in outcome.began)
    assert not outcome.failed
    assert len(outcome.began) == 300
    assert 0 < on_candidate < 300 and len(outcome.rollback_ms) > 1
    assert outcome.late == []
