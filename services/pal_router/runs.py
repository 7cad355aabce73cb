"""The runs of this router: start, follow, stop, look up."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_router.acceptance import mode_of, run_id_of
from pal_router.active import ActiveRun
from pal_router.admission import reused
from pal_router.admitting import admit
from pal_router.driver import Driver
from pal_router.ending import Ending, broken, finish, router_lost, stopped
from pal_router.follower import Follower, recorded
from pal_router.moving import move_runs
from pal_router.peers import Peers
from pal_router.queueing import path_of
from pal_router.repeats import begun_before, check_same
from pal_router.replaying import replay
from pal_router.restoring import restored_run
from pal_router.selection import Selection
from pal_router.settling import accepted, settled
from pal_router.shadowing import SHADOW, shadow
from pal_router.slot import Overloaded
from pal_router.stopping import Stops
from pal_rpc.errors import MeshError
from pal_rpc.faults import DrillsForbidden
from pal_rpc.recorder_client import RecorderUnavailable

log = logging.getLogger("pal.router")

DRAIN_MARGIN_SECONDS = 5.0
# What another router may do to a run that this one carries out.
_HEEDED = frozenset({"run.routed", "run.stop.requested", "run.finished"})
Frames = AsyncIterator[list[pb.RunStreamFrame]]


class Runs:
    """Every run this router drives, and the way to those it does not."""

    def __init__(
        self,
        peers: Peers,
        lease_key: ed25519.Ed25519PrivateKey,
        default_limits: common.RunLimits,
        tasks: asyncio.TaskGroup,
        *,
        drills: bool = False,
    ) -> None:
        """Drive runs as tasks of *tasks*; without *drills* none of them is a drill."""
        self._drills = drills
        self._peers = peers
        self._default_limits = default_limits
        self._tasks = tasks
        self._driver = Driver(peers, lease_key)
        self.stops = Stops(self, peers, tasks)
        self._active: dict[str, ActiveRun] = {}
        self._carrying: set[asyncio.Task[None]] = set()
        self._began = time.monotonic()
        peers.snapshot.listen(lambda: move_runs(self._active.values(), peers))

    async def start(self, request: pb.RunRequest, requester: common.Principal, traceparent: str) -> ActiveRun | str:
        """Accept the run that *request* asks for and begin it; return it, or its id when it was begun before.

        Raises:
            MeshError: the request is refused; nothing was begun.
        """
        if request.drill_id and not self._drills:
            raise DrillsForbidden("run.drill")
        run_id = run_id_of(request.request_id, requester.tenant)
        if request.request_id and run_id in self._active:
            return await self._repeated(request, self._active[run_id])
        acceptance = await accepted(request, requester, self._peers, self._default_limits)
        acceptance = dataclasses.replace(acceptance, run_id=run_id)
        run = ActiveRun(acceptance, traceparent, mode_of(request))
        run.pinned_runtime = request.pinned_runtime
        return await self.begin(run)

    async def replay(self, request: pb.ReplayRequest, requester: common.Principal, traceparent: str) -> ActiveRun | str:
        """Begin the run that repeats a finished one; return it, or its id when it was begun before.

        Raises:
            MeshError: the request is refused; nothing was begun.
        """
        run = await replay(request, requester, self._peers, traceparent)
        return self._active.get(run.run_id) or await self.begin(run)

    async def shadow(self, request: pb.ShadowRequest, traceparent: str) -> ActiveRun | str:
        """Begin the run that shadows another one; return it, or its id when it was begun before.

        Raises:
            MeshError: the request is refused; nothing was begun.
        """
        run = await shadow(request, self._peers, traceparent)
        return self._active.get(run.run_id) or await self.begin(run)

    async def begin(self, run: ActiveRun) -> ActiveRun | str:
        """Record that *run* is accepted and carry it out; return its id when the record has it already.

        Raises:
            MeshError: the run is refused; nothing was begun.
        """
        try:
            selection = await settled(run, self._peers, self._began)
        except MeshError:
            if run.acceptance.accepted.request_id and await begun_before(run, self._peers.recorder):
                return run.run_id
            raise
        with self._peers.crossings.crossing(run.acceptance.agent.metadata.name):
            return await self._begin(run, selection)

    async def _begin(self, run: ActiveRun, selection: Selection) -> ActiveRun | str:
        if not (self._peers.appender.connected and self._peers.tail_connected.is_set()):
            raise self._peers.appender.refusal or RecorderUnavailable(self._peers.recorder.address)
        try:
            run.place(self._peers.slots.take(selection.runtime, path_of(run), spare=run.mode == SHADOW))
        except Overloaded:
            if await begun_before(run, self._peers.recorder):
                return run.run_id
            raise
        self._active[run.run_id], run.carrying = run, True
        try:
            await admit(run, selection, self._peers, self._driver)
        except BaseException as error:
            run.carrying = False
            run.leave()
            self._active.pop(run.run_id, None)
            run.admitted.set_exception(error)
            self._peers.quotas.undo(run.run_id, error)
            reason = error.reason if isinstance(error, MeshError) else None
            if reason == reasons.ERROR_REASON_QUOTA_EXCEEDED and await begun_before(run, self._peers.recorder):
                return run.run_id
            if reason == reasons.ERROR_REASON_HEAD_MISMATCH:
                await check_same(run.run_id, run.acceptance.accepted.request_digest, self._peers.recorder)
                return run.run_id
            raise
        run.admitted.set_result(None)
        self._carry_out(run, selection)
        return run

    async def frames(self, started: ActiveRun | str) -> Frames:
        """Yield the frames of a run that was just started, from its beginning to its end."""
        run_id = started if isinstance(started, str) else started.run_id
        run = await self._at_hand(run_id) if isinstance(started, str) or not started.admitted.done() else started
        if run is None:
            async for batch in recorded(run_id, self._peers.recorder, 0, follow=True):
                yield batch
            return
        async for batch in self._followed(run, 0, live_output=True):
            yield batch

    async def watch(self, request: pb.WatchRequest) -> Frames:
        """Yield the frames of a run after a position.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        run = await self._at_hand(request.run_id)
        prefixes = tuple(request.type_prefixes)
        if run is None or not request.follow:
            pages = recorded(
                request.run_id, self._peers.recorder, request.after_seq, follow=request.follow, type_prefixes=prefixes
            )
            async for batch in pages:
                yield batch
            return
        async for batch in self._followed(run, request.after_seq, live_output=request.live_output, prefixes=prefixes):
            yield batch

    def follow(self, event: events.RunEvent) -> None:
        """Hand on what the recorder has made durable."""
        if run := self._active.get(event.run_id):
            run.add(event)
            if run.carrying and event.type in _HEEDED and event.producer.instance_id != self._peers.holding.own:
                self.stops.heed(run, event)

    def carried(self, run_id: str) -> ActiveRun | None:
        """Return the run if this router does something for it now."""
        run = self._active.get(run_id)
        return run if run is not None and run.carrying else None

    def free(self, holder: str) -> bool:
        """Tell whether no other router has the runs of *holder*."""
        return holder == self._peers.holding.own or self._peers.holding.beats.gone(holder)

    async def adopted(self, run_id: str) -> ActiveRun:
        """Return a run that is not over, from its record if this router does not have it yet.

        Raises:
            MeshError: RUN_NOT_FOUND, or a document of it is not there any more.
        """
        if run := self._active.get(run_id):
            return run
        run = await restored_run(run_id, self._peers)
        # Somebody else may have asked for it meanwhile.
        run = self._active.setdefault(run_id, run)
        run.restore([event async for event in self._peers.recorder.log(run_id, run.fold.head_seq)])
        return run

    async def go_on(self, run: ActiveRun) -> None:
        """Begin the next attempt of an adopted run that is due, or end it when it was asked to stop.

        Does nothing when the run waits for people, is over, or another router has it.

        Raises:
            MeshError: no runtime takes it, or its end cannot be recorded.
        """
        if run.carrying:
            return
        run.carrying, run.taken = True, False
        try:
            became = await self._begun(run)
        except BaseException:
            self._rest(run)
            raise
        if isinstance(became, Selection):
            self._carry_out(run, became)
        elif became is not None:
            self._end(run, became)
        else:
            self._rest(run)

    async def give_up(self, run: ActiveRun, error: Exception) -> None:
        """End an adopted run that cannot go on because of *error*, if it is still due."""
        if not run.carrying and self._due(run):
            run.carrying, run.taken = True, False
            self._end(run, broken(error, run.run_id))

    async def drain(self, seconds: float) -> None:
        """Let the runs that are going end by themselves for some *seconds*, then stop the rest."""
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=seconds)
        # What is still going is left to the next router that finds it in the record.
        for carrying in list(self._carrying):
            carrying.cancel()

    async def get(self, request: pb.GetRunRequest) -> shared.Run:
        """Return a run, once its record has reached the position that *request* names.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        if request.at_least_seq and (run := self._active.get(request.run_id)):
            await run.until(lambda fold: fold.head_seq >= request.at_least_seq or fold.finished is not None)
        return await self._peers.recorder.run(request.run_id)

    async def _repeated(self, request: pb.RunRequest, run: ActiveRun) -> ActiveRun | str:
        acceptance = await accepted(request, run.acceptance.accepted.requester, self._peers, self._default_limits)
        if acceptance.accepted.request_digest != run.acceptance.accepted.request_digest:
            raise reused(request.request_id, run.run_id)
        await asyncio.wait([run.admitted])
        error = run.admitted.exception()
        if isinstance(error, MeshError) and error.reason == reasons.ERROR_REASON_HEAD_MISMATCH:
            # Another router was faster.
            await check_same(run.run_id, acceptance.accepted.request_digest, self._peers.recorder)
            return run.run_id
        if error is not None:
            raise error
        return run

    async def _at_hand(self, run_id: str) -> ActiveRun | None:
        """Return a run that this router has, once the record has accepted it."""
        run = self._active.get(run_id)
        if run is not None and not run.admitted.done():
            # Not awaited itself: whoever gives up waiting must not take it from the others.
            await asyncio.wait([run.admitted])
            run = self._active.get(run_id)
        return run

    def _carry_out(self, run: ActiveRun, selection: Selection) -> None:
        run.carrying = True
        carrying = self._tasks.create_task(self._carried_out(run, selection))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _carried_out(self, run: ActiveRun, selection: Selection) -> None:
        try:
            await self._driver.carry_out(run, selection)
        except MeshError as error:
            # Another router has the run; what it recorded stands.
            log.warning("run not ended here", extra={"run_id": run.run_id, "reason": error.reason_name})
        finally:
            self._rest(run)
        # Whoever answered before the wait was on record could not have it go on.
        if run.fold.answered:
            await self._resume(run.run_id)

    async def _resume(self, run_id: str) -> None:
        with suppress(MeshError):
            await self.go_on(await self.adopted(run_id))

    def _rest(self, run: ActiveRun) -> None:
        """Let go of a run that nothing is done for now; who follows it keeps it at hand."""
        run.carrying = False
        run.leave()
        self._peers.quotas.release(run.run_id, taken=run.taken)
        if run.fold.finished is not None or not run.followed:
            self._active.pop(run.run_id, None)

    def _due(self, run: ActiveRun) -> bool:
        """Tell whether the run has to go on, or to end, and nobody else sees to it."""
        fold = run.fold
        if fold.finished is not None:
            return False
        if fold.suspended is not None:
            return fold.answered or run.stop is not None
        return self.free(fold.holder)

    async def _begun(self, run: ActiveRun) -> Selection | Ending | None:
        """Begin the next attempt in the record; return where it goes, or how the run ends, or None if it is not due."""
        while True:
            run.stop = run.stop or run.fold.stop
            if not self._due(run):
                return None
            if run.stop is not None:
                return stopped(run.stop)
            if run.fold.suspended is None and run.acceptance.agent.spec.runtime.on_loss == agents.ON_LOSS_FAIL:
                return router_lost(run.run_id)
            selection = await self._driver.select(run)
            try:
                await self._driver.begin(run, selection, *self._resumed(run))
            except MeshError as error:
                if error.reason != reasons.ERROR_REASON_HEAD_MISMATCH:
                    raise
                # A seam has closed a call of the attempt that was lost, or another router was faster.
                actual = int(error.metadata["actual"])
                await run.until(lambda fold, actual=actual: fold.head_seq >= actual)  # type: ignore[misc]
                continue
            return selection

    def _resumed(self, run: ActiveRun) -> list[events.RunEvent]:
        if run.fold.suspended is None:
            return []
        because = [run.fold.settled[i].event_id for i in run.fold.suspended.input_ids if i in run.fold.settled]
        return [self._driver.event(run, run.fold.epoch + 1, run_resumed=events.RunResumed(because_of=because))]

    def _end(self, run: ActiveRun, ending: Ending) -> None:
        async def end() -> None:
            run.epoch = run.fold.epoch + 1
            try:
                await finish(run, ending, (), self._peers.appender, self._peers.writer)
            except MeshError as error:
                # Another router has the run; what it recorded stands.
                log.warning("run not ended here", extra={"run_id": run.run_id, "reason": error.reason_name})
            finally:
                self._rest(run)

        task = self._tasks.create_task(end())
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _followed(
        self, run: ActiveRun, after_seq: int, *, live_output: bool, prefixes: tuple[str, ...] = ()
    ) -> Frames:
        follower = Follower(
            run.run_id,
            run.fold,
            self._peers.recorder,
            after_seq=after_seq,
            live_output=live_output,
            type_prefixes=prefixes,
        )
        run.attach(follower)
        try:
            async for batch in follower.batches():
                yield batch
        finally:
            run.detach(follower)
            if not run.carrying:
                self._rest(run)
