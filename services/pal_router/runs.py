"""The runs of this router: start, follow, stop, look up."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from pal_policy.evaluate import decide
from pal_router.acceptance import Acceptance, accept, remaining, run_id_of
from pal_router.active import ActiveRun
from pal_router.admission import refusal, reused, start_question
from pal_router.attempt import Attempt, outcome_of
from pal_router.conversation import earlier_messages
from pal_router.ending import Ending, broken, finish, given, stopped
from pal_router.follower import Follower, recorded
from pal_router.selection import Selection, ineligible, select
from pal_router.spans import run_span
from pal_rpc.adapter_client import AdapterClient
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import MeshError, failure
from pal_rpc.lease import sign_lease
from pal_rpc.recorder_client import RecorderClient, RecorderUnavailable
from pal_rpc.snapshot import RegistrySnapshot
from pal_rpc.spans import SpanWriter

log = logging.getLogger("pal.router")

FIRST_EPOCH = 1
LEASE_MARGIN_SECONDS = 60.0
GRACE_SECONDS = 10.0
DRAIN_MARGIN_SECONDS = 5.0
LIVE = common.EXECUTION_MODE_LIVE
Frames = AsyncIterator[list[pb.RunStreamFrame]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Peers:
    """What the router talks to."""

    snapshot: RegistrySnapshot
    appender: Appender
    recorder: RecorderClient
    adapters: AdapterClient
    artifacts: ArtifactClient
    spans: SpanWriter
    tail_connected: asyncio.Event


class Runs:
    """Every run this router drives, and the way to those it does not."""

    def __init__(
        self,
        peers: Peers,
        lease_key: ed25519.Ed25519PrivateKey,
        default_limits: common.RunLimits,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Drive runs as tasks of *tasks*."""
        self._peers = peers
        self._lease_key = lease_key
        self._default_limits = default_limits
        self._tasks = tasks
        self._writer = EventWriter(ROUTER)
        self._active: dict[str, ActiveRun] = {}
        self._carrying: set[asyncio.Task[None]] = set()

    async def follow_tail(self) -> None:
        """Hand what the recorder makes durable to the runs, for ever."""
        async for batch in self._peers.recorder.tail(self._peers.tail_connected):
            for event in batch:
                if run := self._active.get(event.run_id):
                    run.add(event)

    async def start(self, request: pb.RunRequest, requester: common.Principal, traceparent: str) -> ActiveRun | str:
        """Accept the run that *request* asks for and begin it; return it, or its id when it was begun before.

        Raises:
            MeshError: the request is refused; nothing was begun.
        """
        run_id = run_id_of(request.request_id, requester.tenant)
        if request.request_id and run_id in self._active:
            return await self._repeated(request, self._active[run_id])
        acceptance = await self._accept(request, requester)
        acceptance = dataclasses.replace(acceptance, run_id=run_id)
        runtimes, routes = self._peers.snapshot.runtimes, self._peers.snapshot.routes
        selection = select(acceptance.agent, request.pinned_runtime, runtimes, routes)
        if not (self._peers.appender.connected and self._peers.tail_connected.is_set()):
            raise self._peers.appender.refusal or RecorderUnavailable(self._peers.recorder.address)
        run = self._active[run_id] = ActiveRun(acceptance, traceparent)
        try:
            await self._admit(run, selection)
        except BaseException as error:
            self._active.pop(run_id, None)
            run.admitted.set_exception(error)
            if isinstance(error, MeshError) and error.reason == reasons.ERROR_REASON_HEAD_MISMATCH:
                await self._check_same(run_id, acceptance.accepted.request_digest)
                return run_id
            raise
        run.admitted.set_result(None)
        carrying = self._tasks.create_task(self._carry_out(run, selection))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)
        return run

    async def frames(self, started: ActiveRun | str) -> Frames:
        """Yield the frames of a run that was just started, from its beginning to its end."""
        if isinstance(started, str):
            active = self._active.get(started)
            if active is None:
                async for batch in recorded(started, self._peers.recorder, 0, follow=True):
                    yield batch
                return
            started = active
        async for batch in self._followed(started, 0, live_output=True):
            yield batch

    async def watch(self, request: pb.WatchRequest) -> Frames:
        """Yield the frames of a run after a position.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        run = self._active.get(request.run_id)
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

    async def cancel(self, request: pb.CancelRequest, requester: common.Principal) -> shared.Run:
        """Ask a run to stop and return it as it is now; a run that is over is left alone.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        if run := self._active.get(request.run_id):
            await self._stop(
                run, events.RunStopRequested(requester=requester, reason=request.reason, graceful=request.graceful)
            )
        return await self._peers.recorder.run(request.run_id)

    async def leave(self, run: ActiveRun, requester: common.Principal) -> None:
        """Stop *run* because the client it was bound to has left."""
        if run.fold.finished is None:
            await self._stop(run, events.RunStopRequested(requester=requester, reason="the client left"))

    async def answer(self, request: pb.AnswerRequest) -> pb.AnswerResponse:
        """Refuse an answer: no run of this version waits for a person.

        Raises:
            MeshError: RUN_NOT_FOUND, RUN_FINISHED, or INPUT_NOT_FOUND.
        """
        run = await self._peers.recorder.run(request.run_id)
        if run.state == shared.RUN_STATE_FINISHED:
            raise MeshError(
                reasons.ERROR_REASON_RUN_FINISHED,
                f"run {request.run_id} is over; it waits for no answer",
                run_id=request.run_id,
            )
        raise MeshError(
            reasons.ERROR_REASON_INPUT_NOT_FOUND,
            f"run {request.run_id} does not wait for input {request.input_id}",
            run_id=request.run_id,
            input_id=request.input_id,
        )

    async def drain(self, seconds: float) -> None:
        """Let the runs that are going end by themselves for some *seconds*, then stop the rest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all_over()
        stop = events.RunStopRequested(reason="the router is shutting down")
        with suppress(TimeoutError):
            # Without a recorder a run cannot be ended; the next start of a router does it.
            async with asyncio.timeout(DRAIN_MARGIN_SECONDS):
                for run in list(self._active.values()):
                    await self._stop(run, stop)
                await self._all_over()
        for carrying in self._carrying:
            carrying.cancel()

    async def _all_over(self) -> None:
        for run in list(self._active.values()):
            await run.over.wait()

    async def get(self, request: pb.GetRunRequest) -> shared.Run:
        """Return a run, once its record has reached the position that *request* names.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        if request.at_least_seq and (run := self._active.get(request.run_id)):
            await run.until(lambda fold: fold.head_seq >= request.at_least_seq or fold.finished is not None)
        return await self._peers.recorder.run(request.run_id)

    def plan(self, request: pb.PlanRouteRequest) -> pb.PlanRouteResponse:
        """Return the runtime a run would get.

        Raises:
            MeshError: the agent is not there, or no runtime would take it.
        """
        snapshot = self._peers.snapshot
        document = snapshot.resolve(registry.DOCUMENT_KIND_AGENT, request.agent)
        selection = select(document.agent, "", snapshot.runtimes, snapshot.routes)
        others = ineligible(document.agent, snapshot.runtimes)
        return pb.PlanRouteResponse(
            agent=document.ref,
            primary=pb.RouteChoice(
                runtime=selection.runtime.name,
                runtime_version=selection.runtime.installed_version,
                adapter_endpoint=selection.runtime.endpoint,
                reason=selection.reason,
            ),
            ineligible=[pb.IneligibleRuntime(runtime=name, reason=reason) for name, reason in sorted(others.items())],
            route_revision=selection.revision,
        )

    async def _accept(self, request: pb.RunRequest, requester: common.Principal) -> Acceptance:
        snapshot = self._peers.snapshot
        try:
            return accept(request, requester, snapshot, self._default_limits)
        except MeshError as error:
            # A document that was published a moment ago may still be on its way here.
            if error.reason not in range(20, 24) or not await snapshot.wait_change(0.2):
                raise
        return accept(request, requester, snapshot, self._default_limits)

    async def _repeated(self, request: pb.RunRequest, run: ActiveRun) -> ActiveRun:
        acceptance = await self._accept(request, run.acceptance.accepted.requester)
        if acceptance.accepted.request_digest != run.acceptance.accepted.request_digest:
            raise reused(request.request_id, run.run_id)
        await run.admitted
        return run

    async def _check_same(self, run_id: str, request_digest: str) -> None:
        first = (await self._peers.recorder.read(run_id)).events[0].run_accepted
        if first.request_digest != request_digest:
            raise reused(first.request_id, run_id)

    async def _admit(self, run: ActiveRun, selection: Selection) -> None:
        accepted = events.RunAccepted()
        accepted.CopyFrom(run.acceptance.accepted)
        accepted.input.CopyFrom(await self._peers.artifacts.externalise(accepted.input))
        chosen = selection.runtime
        routed = events.RunRouted(
            runtime=chosen.name,
            runtime_version=chosen.installed_version,
            adapter_version=chosen.capability.adapter_version,
            rule_id=selection.rule,
            reason=selection.reason,
            rejected=[events.RejectedRuntime(runtime=n, reason=r) for n, r in sorted(selection.rejected.items())],
            attempt=1,
        )
        batch = [self._event(run, run_accepted=accepted)]
        decision = decide(start_question(run.acceptance, chosen.name), run.acceptance.policies)
        if decision is not None:
            batch.append(self._event(run, policy_decided=events.PolicyDecided(decision=decision)))
        refused = refusal(decision, run.run_id)
        if refused is not None:
            finished = events.RunFinished(outcome=events.RUN_OUTCOME_REJECTED, failure=failure(refused))
            batch.append(self._event(run, run_finished=finished))
        else:
            batch.append(self._event(run, run_routed=routed))
            batch.append(self._event(run, run_started=events.RunStarted(attempt=1)))
        await self._peers.appender.append(run.run_id, batch, expected_head_seq=0)
        if refused is not None:
            raise refused

    async def _carry_out(self, run: ActiveRun, selection: Selection) -> None:
        started = time.time()
        last: Sequence[events.RunEvent] = ()
        try:
            try:
                attempt = run.attempt = await self._attempt(run, selection)
                ending = await self._drive(run, attempt)
                last = attempt.last
            except Exception as error:  # noqa: BLE001  the boundary: no fault of ours may leave a run without an end
                ending = broken(error, run.run_id)
            await finish(run, FIRST_EPOCH, ending, last, self._peers.appender, self._writer)
            self._peers.spans.add(run_span(run, selection.runtime, started))
        except MeshError as error:
            # Another executor ended the run; what it recorded stands.
            log.warning("run not ended here", extra={"run_id": run.run_id, "reason": error.reason_name})
        finally:
            self._active.pop(run.run_id, None)
            run.over.set()

    async def _attempt(self, run: ActiveRun, selection: Selection) -> Attempt:
        acceptance, chosen = run.acceptance, selection.runtime
        without_input = events.RunAccepted()
        without_input.CopyFrom(acceptance.accepted)
        without_input.ClearField("input")
        grant = shared.RunGrant(
            accepted=without_input,
            runtime=chosen.name,
            runtime_version=chosen.installed_version,
            tool_terms=acceptance.terms,
            traceparent=run.traceparent,
        )
        expires_at = acceptance.deadline_seconds + LEASE_MARGIN_SECONDS
        conversation_id = acceptance.accepted.conversation_id
        earlier = await earlier_messages(conversation_id, self._peers.recorder, self._peers.artifacts)
        request = rt.RuntimeServiceRunRequest(
            lease=sign_lease(self._lease_key, run.run_id, FIRST_EPOCH, LIVE, expires_at, grant),
            agent=acceptance.agent,
            tools=acceptance.tools,
            input=acceptance.input,
            limits=acceptance.accepted.limits,
            traceparent=run.traceparent,
            conversation=earlier,
        )
        return Attempt(
            run=run,
            runtime=chosen.name,
            endpoint=chosen.endpoint,
            request=request,
            adapters=self._peers.adapters,
            appender=self._peers.appender,
            artifacts=self._peers.artifacts,
            spans=self._peers.spans,
            writer=self._writer,
        )

    async def _drive(self, run: ActiveRun, attempt: Attempt) -> Ending:
        if run.stop is not None:
            return stopped(run.stop)
        timeout_seconds = remaining(run.acceptance.accepted.deadline)
        # A task of its own, awaited at once: a stop ends the attempt and nothing that comes after it. Not in the
        # group, which an attempt that fails would take down.
        run.driving = asyncio.create_task(attempt.drive(timeout_seconds))
        try:
            result = await run.driving
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if run.stop is None or (task and task.cancelling()):
                raise
            return stopped(run.stop)
        except MeshError as error:
            if run.stop is not None:
                return stopped(run.stop)
            recorded_failure, outcome = outcome_of(error)
            return Ending(outcome=outcome, failure=recorded_failure)
        if run.stop is not None and result.outcome == events.RUN_OUTCOME_CANCELLED:
            return stopped(run.stop)
        return given(result, attempt.runtime)

    async def _stop(self, run: ActiveRun, stop: events.RunStopRequested) -> None:
        if run.stop is not None or run.fold.finished is not None:
            return
        run.stop = stop
        with suppress(MeshError):
            await self._peers.appender.append(run.run_id, [self._event(run, run_stop_requested=stop)])
        if stop.graceful and run.attempt is not None:
            attempt = run.attempt
            await self._peers.adapters.cancel(attempt.endpoint, attempt.request.lease, stop.reason, GRACE_SECONDS)
        if run.driving is not None:
            run.driving.cancel()

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

    def _event(self, run: ActiveRun, **body: object) -> events.RunEvent:
        return self._writer.event(run.run_id, LIVE, FIRST_EPOCH, traceparent=run.traceparent, **body)
