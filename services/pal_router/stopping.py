"""Runs that are asked to stop: here, at another router, or while nobody carries them out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_router.active import ActiveRun
from pal_router.peers import Peers
from pal_rpc.errors import MeshError

if TYPE_CHECKING:
    from pal_router.runs import Runs

GRACE_SECONDS = 10.0


class Stops:
    """Stops runs."""

    def __init__(self, runs: Runs, peers: Peers, tasks: asyncio.TaskGroup) -> None:
        """Stop those of *runs*, and ask for the others in the record; what others ask for is done in *tasks*."""
        self._runs = runs
        self._peers = peers
        self._tasks = tasks

    async def cancel(self, request: pb.CancelRequest, requester: common.Principal) -> shared.Run:
        """Ask a run to stop and return it as it is now; a run that is over is left alone.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        stop = events.RunStopRequested(requester=requester, reason=request.reason, graceful=request.graceful)
        run = self._runs.carried(request.run_id)
        if run is not None:
            await self._stop(run, stop)
        else:
            await self._elsewhere(request.run_id, stop)
        return await self._peers.recorder.run(request.run_id)

    async def leave(self, run: ActiveRun, requester: common.Principal) -> None:
        """Stop *run* because the client it was bound to has left."""
        if run.fold.finished is None and run.fold.suspended is None:
            stop = events.RunStopRequested(requester=requester, reason="the client left")
            await (self._stop(run, stop) if run.carrying else self._elsewhere(run.run_id, stop))

    def heed(self, run: ActiveRun, event: events.RunEvent) -> None:
        """Do what another router has recorded of a run that is carried out here."""
        if event.type == "run.stop.requested":
            if run.stop is None:
                run.stop = event.run_stop_requested
                self._tasks.create_task(self._obey(run, run.stop))
        elif event.type == "run.finished" or event.lease_epoch > run.epoch:
            run.lose()

    async def _stop(self, run: ActiveRun, stop: events.RunStopRequested) -> None:
        if run.stop is not None or run.fold.finished is not None:
            return
        run.stop = stop
        fact = self._peers.writer.event(
            run.run_id, run.mode, run.epoch, traceparent=run.traceparent, run_stop_requested=stop
        )
        with suppress(MeshError):
            await self._peers.appender.append(run.run_id, [fact])
        await self._obey(run, stop)

    async def _obey(self, run: ActiveRun, stop: events.RunStopRequested) -> None:
        """Stop what is done for *run* here, or end it when nothing is."""
        if not run.carrying:
            return await self._runs.go_on(run)
        if stop.graceful and run.attempt is not None:
            attempt = run.attempt
            await self._peers.adapters.cancel(attempt.endpoint, attempt.request.lease, stop.reason, GRACE_SECONDS)
        if run.driving is not None:
            run.driving.cancel()

    async def _elsewhere(self, run_id: str, stop: events.RunStopRequested) -> None:
        """Ask whoever has the run to stop it: that router, or the one that takes it over, finds it in the record."""
        while True:
            run = await self._peers.recorder.run(run_id)
            if run.state in (shared.RUN_STATE_FINISHED, shared.RUN_STATE_STOPPING):
                return
            if run.state == shared.RUN_STATE_SUSPENDED:
                return await self._stop(await self._runs.adopted(run_id), stop)
            fact = self._peers.writer.event(run_id, run.mode, run.epoch, run_stop_requested=stop)
            try:
                await self._peers.appender.append(run_id, [fact], expected_head_seq=run.head_seq)
            except MeshError as error:
                if error.reason == reasons.ERROR_REASON_HEAD_MISMATCH:
                    continue
                raise
            return
