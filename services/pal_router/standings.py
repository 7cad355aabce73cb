"""What is known of the agents that leave the choice of their runtime to the router, a moment old at most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from google.protobuf import duration_pb2

from pal.service.v1 import slo_pb2 as slo
from pal_router.auto import Standing
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient

WINDOW_SECONDS = 7 * 86400
REFRESH_SECONDS = 10.0
NOTHING: Mapping[str, Standing] = {}


class Standings:
    """Asks the recorder again and again for whoever was asked for."""

    def __init__(self, recorder: RecorderClient) -> None:
        """Ask *recorder*."""
        self._recorder = recorder
        self._by_agent: dict[str, Mapping[str, Standing]] = {}
        self._wanted: set[str] = set()
        self._new = asyncio.Event()

    def of(self, agent: str) -> Mapping[str, Standing]:
        """Return the standings of *agent* by runtime; nothing for one that is asked for the first time."""
        if agent not in self._wanted:
            self._wanted.add(agent)
            self._new.set()
        return self._by_agent.get(agent, NOTHING)

    async def keep(self) -> None:
        """Keep them up to date, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_SECONDS if self._wanted else None):
                    await self._new.wait()
            self._new.clear()
            for agent in sorted(self._wanted):
                await self.refresh(agent)

    async def refresh(self, agent: str) -> None:
        """Ask for one agent now; what was known stays while the recorder does not answer."""
        request = slo.GetSloRequest(agent=agent, window=duration_pb2.Duration(seconds=WINDOW_SECONDS))
        with suppress(MeshError):
            self._by_agent[agent] = {
                one.runtime: standing_of(one) for one in (await self._recorder.slo(request)).reports
            }


def standing_of(report: slo.SloReport) -> Standing:
    """Return what *report* says, as far as a choice needs it."""
    priced = report.HasField("cost_per_success")
    return Standing(
        runs=report.counted,
        success_lower=report.success_lower if report.HasField("success_lower") else None,
        cost_nanos=float(report.cost_per_success.nanos) if priced else None,
        currency_code=report.cost_per_success.currency_code,
        p95_seconds=report.latency[1].ToNanoseconds() / 1e9 if report.latency else None,
    )
