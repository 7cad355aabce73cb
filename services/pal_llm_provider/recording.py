"""The facts of model calls on their way to the record."""

from __future__ import annotations

import asyncio
from typing import Any

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import LLM_PROVIDER, EventWriter
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.lease import Lease
from pal_rpc.recorder_client import RecorderUnavailable

_CONNECT_SECONDS = 2.0


class Recording:
    """Writes events of runs under their leases."""

    def __init__(self, appender: Appender, artifacts: ArtifactClient, address: str) -> None:
        """Write through *appender*; *address* of the recorder is for messages."""
        self._appender = appender
        self._artifacts = artifacts
        self._address = address
        self._writer = EventWriter(LLM_PROVIDER)

    async def ready(self) -> None:
        """Return once the recorder takes events: what cannot be recorded is not asked.

        Raises:
            MeshError: RECORDER_UNAVAILABLE, or why the recorder refuses this service.
        """
        if not self._appender.connected and not await self._appender.wait_connected(_CONNECT_SECONDS):
            raise self._appender.refusal or RecorderUnavailable(self._address)

    def event(self, lease: Lease, stage_id: str, **body: Any) -> events.RunEvent:
        """Return an event of the run of *lease*; *body* is one keyword, the name of the body's field.

        *stage_id* is the stage of the plan it belongs to; empty for none.
        """
        traceparent = lease.grant.traceparent
        return self._writer.event(
            lease.run_id, lease.mode, lease.epoch, traceparent=traceparent, stage_id=stage_id, **body
        )

    def submit(self, lease: Lease, *batch: events.RunEvent, linger: bool = False) -> asyncio.Future[list[int]]:
        """Record *batch* without waiting; it may *linger* for a moment to leave with what comes next."""
        return self._appender.submit(lease.run_id, batch, linger=linger)

    async def append(self, lease: Lease, stage_id: str, **body: Any) -> None:
        """Record one event and return once it is durable, also when the caller leaves meanwhile.

        Raises:
            MeshError: the recorder refused it.
        """
        await asyncio.shield(self.submit(lease, self.event(lease, stage_id, **body)))

    async def kept(self, payload: common.Payload) -> common.Payload:
        """Return *payload* as it can be recorded."""
        return await self._artifacts.externalise(payload)
