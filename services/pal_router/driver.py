"""A run from its start to its end, or to where it waits for a person: attempt after attempt."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log import clock
from pal_log.events import stable_id
from pal_router.active import FIRST_EPOCH, ActiveRun
from pal_router.attempt import AdapterProtocol, Attempt, outcome_of
from pal_router.breakers import BLAMED
from pal_router.choosing import choose, falls_over, still_holds
from pal_router.conversation import conversation
from pal_router.ending import Ending, broken, finish, given, stopped
from pal_router.losses import Lost, cause_of, explained, gives_up, lost_by, pause_seconds, told
from pal_router.peers import Peers
from pal_router.queueing import path_of, wait_for_place
from pal_router.selection import AUTO_RULES, ROUTED, Selection, ineligible, select
from pal_router.spans import run_span
from pal_rpc.errors import MeshError, failure
from pal_rpc.faults import DRILL
from pal_rpc.lease import sign_lease

log = logging.getLogger("pal.router")

LEASE_MARGIN_SECONDS = 60.0
# How long a run waits for the runtime it was meant for before it takes another one that can carry it out.
PREFER_SECONDS = 2.0
NO_RUNTIME_SECONDS = 60.0


class Taken(MeshError):
    """Another router carries the run out."""

    def __init__(self, run_id: str) -> None:
        """Name the run."""
        super().__init__(
            reasons.ERROR_REASON_STALE_EPOCH, f"run {run_id} is carried out by another router", run_id=run_id
        )


@dataclass(frozen=True, kw_only=True)
class Suspended:
    """The attempt ended, and the run waits for people."""

    fact: events.RunSuspended
    # What is recorded together with it.
    before: Sequence[events.RunEvent]


class Driver:
    """Carries runs out."""

    def __init__(self, peers: Peers, lease_key: ed25519.Ed25519PrivateKey) -> None:
        """Sign leases with *lease_key*."""
        self._peers = peers
        self._lease_key = lease_key
        self._writer = peers.writer

    async def carry_out(self, run: ActiveRun, selection: Selection) -> None:
        """Carry *run* out, whose first or next attempt is begun in the record, until it is over or waits.

        Raises:
            MeshError: another executor has taken the run, or its end cannot be recorded.
        """
        started, run.selection = time.time(), selection
        losses: list[Lost] = []
        last: Sequence[events.RunEvent] = ()
        while True:
            try:
                became = self._judged(run, await self._drive(run, selection))
                last = run.attempt.last if run.attempt else ()
                if isinstance(became, Suspended):
                    return await self._suspend(run, became)
                if isinstance(became, Lost):
                    losses.append(became)
                    next_or_end = await self._next(run, losses)
                    if isinstance(next_or_end, Selection):
                        selection = next_or_end
                        continue
                    became = next_or_end
            except Taken:
                raise
            except Exception as error:  # noqa: BLE001  the boundary: no fault of ours may leave a run without an end
                became = broken(error, run.run_id)
            break
        await finish(run, became, last, self._peers.appender, self._writer)
        self._peers.spans.add(run_span(run, run.selection.runtime, started))

    async def begin(self, run: ActiveRun, selection: Selection, *facts: events.RunEvent) -> None:
        """Record that the next attempt of *run* goes to the runtime of *selection*, after some *facts*.

        From then on every older attempt is refused, and no other router can begin one from the same place.

        Raises:
            MeshError: HEAD_MISMATCH, somebody was faster.
        """
        epoch = run.fold.epoch + 1
        # Nothing is awaited between the choice and this, so that no change of a route lies between them.
        with self._peers.crossings.crossing(run.acceptance.agent.metadata.name):
            run.place(self._peers.slots.take(selection.runtime, path_of(run), accepted=True))
            await self._peers.quotas.go_on(run, selection)
            batch = [*facts, self.event(run, epoch, run_routed=routed(selection, epoch))]
            if run.started:
                batch.append(self._started(run, epoch))
            await self._peers.appender.append(run.run_id, batch, expected_head_seq=run.fold.head_seq)
        run.epoch, run.selection = epoch, selection
        await run.until(lambda fold: fold.epoch >= epoch)

    async def select(self, run: ActiveRun) -> Selection:
        """Return the runtime for the next attempt of *run*, waiting for one that takes runs.

        Raises:
            MeshError: no runtime has taken it within NO_RUNTIME_SECONDS.
        """
        began = time.monotonic()
        while True:
            try:
                return choose(run, self._peers)
            except MeshError as error:
                waited = time.monotonic() - began
                if waited > PREFER_SECONDS and (other := self._another(run)):
                    return other
                if waited > NO_RUNTIME_SECONDS:
                    raise error from None
            await self._peers.snapshot.wait_change(0.25)

    def event(self, run: ActiveRun, epoch: int, **body: Any) -> events.RunEvent:
        """Return an event of *run*."""
        return self._writer.event(run.run_id, run.mode, epoch, traceparent=run.traceparent, **body)

    def time_left(self, run: ActiveRun) -> float:
        """Return the seconds until the run's time is up, not counting those in which it waited for people."""
        return max(run.acceptance.deadline_seconds + run.fold.waited_ns / 1e9 - clock.now(), 0.0)

    def _another(self, run: ActiveRun) -> Selection | None:
        agent, runtimes = run.acceptance.agent, self._peers.snapshot.runtimes
        if run.pinned_runtime or agent.spec.runtime.selector:
            return None
        unfit = ineligible(agent, runtimes)
        able = sorted(set(runtimes) - set(unfit))
        if not able:
            return None
        reason = "the runtime it was meant for does not take runs"
        return Selection(runtime=runtimes[able[0]], rule="fallback", reason=reason, rejected=unfit)

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
        expires_at = clock.now() + self.time_left(run) + LEASE_MARGIN_SECONDS
        request = rt.RuntimeServiceRunRequest(
            lease=sign_lease(self._lease_key, run.run_id, run.epoch, run.mode, expires_at, grant),
            agent=acceptance.agent,
            tools=acceptance.tools,
            input=acceptance.input,
            limits=acceptance.accepted.limits,
            traceparent=run.traceparent,
            conversation=await self._conversation(run),
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
            faults=self._peers.faults,
            receipt=functools.partial(self._receipt, run),
        )

    async def _conversation(self, run: ActiveRun) -> Sequence[llm.ModelMessage]:
        accepted = run.acceptance.accepted
        if not accepted.conversation_id:
            return ()
        await run.until(lambda fold: fold.head_seq > 0)
        if accepted.source_run_id:
            itself = await self._peers.recorder.run(accepted.source_run_id)
        else:
            itself = shared.Run(run_id=run.run_id, conversation_id=accepted.conversation_id)
            itself.accepted_at.FromNanoseconds(run.fold.accepted_at_ns)
        told = await conversation(itself, self._peers.recorder, self._peers.artifacts)
        if withheld := told.withheld(accepted.conversation_id):
            fact = self.event(run, run.epoch, message_withheld=withheld)
            fact.event_id = stable_id(run.run_id, "message.withheld")
            self._peers.appender.submit(run.run_id, [fact], linger=True)
        return told.messages

    async def _drive(self, run: ActiveRun, selection: Selection) -> Ending | Suspended | Lost:
        if run.stop is not None:
            return stopped(run.stop)
        # A task of its own, awaited at once: a stop ends the attempt and nothing that comes after it. Not in the
        # group, which an attempt that fails would take down.
        run.moved = None
        run.driving = asyncio.create_task(self._placed(run, selection))
        try:
            result = await run.driving
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            if run.taken:
                raise Taken(run.run_id) from None
            if run.stop is not None:
                return stopped(run.stop)
            if run.moved is None:
                raise
            return Lost(run.moved, moved=True)
        except MeshError as error:
            if run.stop is not None:
                return stopped(run.stop)
            if lost := lost_by(await explained(error, _of(run, selection).runtime, self._peers.snapshot)):
                return lost
            recorded_failure, outcome = outcome_of(error)
            return Ending(outcome=outcome, failure=recorded_failure)
        finally:
            run.leave()
        return self._end(run, _of(run, selection), result)

    async def _placed(self, run: ActiveRun, selection: Selection) -> rt.RuntimeResult:
        """Drive one attempt as soon as *run* has its place; an adapter that is full has it wait again."""
        while True:
            run.attempt = None
            if not run.slot.held or not run.started:
                selection = await self._wait(run, selection)
            await self._skew(run, selection)
            attempt = run.attempt = await self._attempt(run, selection)
            try:
                return await attempt.drive(self.time_left(run))
            except MeshError as error:
                if error.reason != reasons.ERROR_REASON_OVERLOADED or attempt.begun:
                    raise
            run.slot.give_back()

    async def _skew(self, run: ActiveRun, selection: Selection) -> None:
        """Have the attempt of a drill go by the clock that a fault gives it."""
        if run.mode == DRILL:
            grant = shared.RunGrant(accepted=run.acceptance.accepted, runtime=selection.runtime.name)
            receipt = functools.partial(self._receipt, run)
            await self._peers.faults.skew(run.run_id, grant, f"attempt {run.epoch}", receipt)

    async def _receipt(self, run: ActiveRun, injected: events.FaultInjected) -> None:
        await self._peers.appender.append(run.run_id, [self.event(run, run.epoch, fault_injected=injected)])

    async def _wait(self, run: ActiveRun, selection: Selection) -> Selection:
        """Wait for the place, and return the runtime as it is then.

        A run that has not begun goes where its route sends it by now.
        """
        while True:
            await wait_for_place(run, selection.runtime.name, self.time_left(run), self._peers.spans)
            with self._peers.crossings.crossing(run.acceptance.agent.metadata.name):
                now, begun = self._now(run, selection), run.started
                if now.runtime.name != selection.runtime.name:
                    run.place(self._peers.slots.take(now.runtime, path_of(run), accepted=True))
                    await self._peers.quotas.go_on(run, now)
                facts = [] if _same(now, selection) else [self.event(run, run.epoch, run_routed=routed(now, run.epoch))]
                if run.slot.held and not begun:
                    facts.append(self._started(run, run.epoch))
                    run.started = True
                if facts:
                    await self._peers.appender.append(run.run_id, facts)
            run.selection = selection = now
            if run.slot.held:
                return selection

    def _now(self, run: ActiveRun, selection: Selection) -> Selection:
        """Return what *selection* has become while *run* waited."""
        if not run.started and not still_holds(selection, run, self._peers):
            now = choose(run, self._peers)
            if now.runtime.name != selection.runtime.name:
                return dataclasses.replace(now, reason=f"{now.reason}, set while the run waited")
        now = select(run.acceptance.agent, selection.runtime.name, self._peers.snapshot.runtimes, ())
        if now.runtime.installed_version == selection.runtime.installed_version:
            return dataclasses.replace(selection, runtime=now.runtime)
        reason = "it was replaced while the run waited"
        return dataclasses.replace(now, rule=selection.rule, revision=selection.revision, reason=reason)

    def _started(self, run: ActiveRun, epoch: int) -> events.RunEvent:
        continued_after_seq = run.fold.head_seq if epoch > FIRST_EPOCH else 0
        return self.event(
            run, epoch, run_started=events.RunStarted(attempt=epoch, continued_after_seq=continued_after_seq)
        )

    def _end(self, run: ActiveRun, selection: Selection, result: rt.RuntimeResult) -> Ending | Suspended | Lost:
        if run.stop is not None and (result.outcome in (0, events.RUN_OUTCOME_CANCELLED)):
            return stopped(run.stop)
        if result.HasField("suspended"):
            return Suspended(fact=result.suspended, before=run.attempt.last if run.attempt else ())
        if lost := lost_by(result):
            return lost
        if result.outcome == events.RUN_OUTCOME_UNSPECIFIED:
            problem = AdapterProtocol(
                selection.runtime.name, "a result has an outcome or says what it waits for", "it has none"
            )
            return Ending(outcome=events.RUN_OUTCOME_FAILED, failure=failure(problem))
        return given(result)

    def _judged(self, run: ActiveRun, became: Ending | Suspended | Lost) -> Ending | Suspended | Lost:
        """Tell the breaker how the attempt has ended, and return what that means for *run*."""
        assert run.selection is not None
        # Whoever pins a runtime tries it out; a replay or a shadow is no live run.
        if run.mode != common.EXECUTION_MODE_LIVE or run.selection.rule not in ROUTED | AUTO_RULES:
            return became
        agent, runtime = run.acceptance.agent.metadata.name, run.selection.runtime.name
        cause = cause_of(became)
        self._peers.breakers.report(agent, runtime, cause)
        if cause not in BLAMED:
            return became
        over = isinstance(became, Ending) and falls_over(run, self._peers)
        if over or isinstance(became, Lost):
            run.lost_on.add(runtime)
        return Lost(told(became.failure)) if over and isinstance(became, Ending) else became

    async def _suspend(self, run: ActiveRun, suspended: Suspended) -> None:
        fact = self.event(run, run.epoch, run_suspended=suspended.fact)
        await self._peers.appender.append(run.run_id, [*suspended.before, fact])
        await run.until(lambda fold: fold.suspended is not None or fold.finished is not None)

    async def _next(self, run: ActiveRun, losses: list[Lost]) -> Selection | Ending:
        error = losses[-1].error
        keep = run.acceptance.agent.spec.runtime.on_loss != agents.ON_LOSS_FAIL
        if not (keep or losses[-1].moved) or gives_up(losses) or not self.time_left(run):
            recorded_failure, outcome = outcome_of(error)
            return Ending(outcome=outcome, failure=recorded_failure)
        log.warning("attempt lost", extra={"run_id": run.run_id, "epoch": run.epoch, "reason": error.reason_name})
        await asyncio.sleep(pause_seconds(losses))
        if run.stop is not None:
            return stopped(run.stop)
        selection = await self.select(run)
        while True:
            try:
                await self.begin(run, selection)
            except MeshError as refused:
                if refused.reason == reasons.ERROR_REASON_HEAD_MISMATCH:
                    # A seam has just closed a call of the attempt that was lost.
                    actual = int(refused.metadata["actual"])
                    await run.until(lambda fold, actual=actual: fold.head_seq >= actual)  # type: ignore[misc]
                    if run.fold.epoch <= run.epoch:
                        continue
                raise
            return selection


def _of(run: ActiveRun, selection: Selection) -> Selection:
    """Return the selection that *run* has by now, which began with *selection*."""
    return run.selection or selection


def _same(one: Selection, other: Selection) -> bool:
    return (one.runtime.name, one.runtime.installed_version) == (other.runtime.name, other.runtime.installed_version)


def routed(selection: Selection, attempt: int) -> events.RunRouted:
    """Return the fact of a choice."""
    chosen = selection.runtime
    return events.RunRouted(
        runtime=chosen.name,
        runtime_version=chosen.installed_version,
        adapter_version=chosen.capability.adapter_version,
        rule_id=selection.rule,
        reason=selection.reason,
        rejected=[events.RejectedRuntime(runtime=n, reason=r) for n, r in sorted(selection.rejected.items())],
        attempt=attempt,
        route_revision=selection.revision,
        considered=selection.considered,
    )


def rejected(error: MeshError) -> events.RunFinished:
    """Return the end of a run that was refused before any work was done."""
    return events.RunFinished(outcome=events.RUN_OUTCOME_REJECTED, failure=failure(error))
