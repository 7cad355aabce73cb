"""The pace of shadow runs."""

from __future__ import annotations

import pytest

from pal_migration.pacing import Pace


@pytest.mark.parametrize(("load", "expected"), [(0.2, [0.0, 0.5, 1.0]), (1.0, [0.0, 0.5, 1.0]), (3.0, [0.0, 1.5, 3.0])])
async def test_shadow_runs_give_way_to_a_busy_machine(
    monkeypatch: pytest.MonkeyPatch, load: float, expected: list[float]
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("pal_migration.pacing.asyncio.sleep", sleep)
    pace = Pace(2, lambda: load, lambda: 100.0)

    for _ in range(3):
        await pace.turn()

    assert slept == expected
