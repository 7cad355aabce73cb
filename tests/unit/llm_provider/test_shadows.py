"""Shadow runs ask models a few at a time and at a pace; live runs do not wait."""

from __future__ import annotations

import asyncio

import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal_llm_provider.shadows import ShadowPace
from pal_rpc.lease import Lease


def lease(mode: common.ExecutionMode) -> Lease:
    return Lease(run_id="r", epoch=1, mode=mode, issued_at=0, expires_at=0, grant=shared.RunGrant())


SHADOW, LIVE = lease(common.EXECUTION_MODE_SHADOW), lease(common.EXECUTION_MODE_LIVE)


async def test_only_shadows_wait_for_a_place() -> None:
    pace = ShadowPace(1, 0, lambda: 0.0)

    async with pace.place(SHADOW):
        async with asyncio.timeout(30), pace.place(LIVE):
            pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), pace.place(SHADOW):
                pass


async def test_shadows_begin_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    monkeypatch.setattr("pal_llm_provider.shadows.asyncio.sleep", sleep)
    pace = ShadowPace(0, 30, lambda: 100.0)

    for _ in range(3):
        async with pace.place(SHADOW):
            pass

    assert slept == [0.0, 2.0, 4.0]
