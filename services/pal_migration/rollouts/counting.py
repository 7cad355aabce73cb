"""What becomes of the runs of agents that are rolled out, counted as the log brings them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import aclosing
from dataclasses import dataclass, field

from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.ends import by_quota, lost_on
from pal_migration.lanes import SHADOW_LABEL
from pal_migration.rollouts.holding import Rollouts
from pal_rollout.plan import lane_of
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient

log = logging.getLogger("pal.migration")

PREFIXES = ("run.accepted", "run.routed", "run.finished")
ROLLOUT_LABEL = "pal.rollout"
REMEMBERED_RUNS, REMEMBERED_CONVERSATIONS = 100_000, 100_000
_RECONNECT_SECONDS = 0.2
_GONE = frozenset({reasons.ERROR_REASON_RUN_NOT_FOUND, reasons.ERROR_REASON_RUN_DELETED})
_COUNTED = frozenset({events.RUN_OUTCOME_SUCCEEDED, events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_LIMITED})
_DIVERGED = "DIVERGED"
# Rules by which the share of the route decided; a fallback or a pinned run says nothing about it.
_DRAWN = frozenset({"route", "candidate"})


@dataclass
class _Run:
    agent: str
    mode: common.ExecutionMode
    conversation: str
    shadow_id: str
    rollout_id: str
    runtime: str = ""
    # Runtimes that failed it before it went on elsewhere.
    lost_on: set[str] = field(default_factory=set)


class Counting:
    """Follows the log while something is rolled out, across cuts and restarts, from a cursor that is kept."""

    def __init__(self, record: RecorderClient, rollouts: Rollouts) -> None:
        """Count for *rollouts* what *record* brings."""
        self._record = record
        self._rollouts = rollouts
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        # A conversation stays on its side, so that only its first run is drawn: by route revision and conversation.
        self._conversations: OrderedDict[tuple[str, int, str], None] = OrderedDict()

    async def follow(self) -> None:
        """Follow for ever."""
        while True:
            await self._rollouts.wanted.wait()
            try:
                await self._tail()
            except MeshError as error:
                # From its end when it is another record.
                if error.reason == reasons.ERROR_REASON_INVALID_FIELD:
                    log.warning("cursor left", extra={"cursor": self._rollouts.cursor, "error": error.message})
                    self._rollouts.cursor = ""
            except Exception as error:
                log.error("counting cut", exc_info=error)
            finally:
                self._rollouts.connected.clear()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _tail(self) -> None:
        async with aclosing(self._record.tail_from(self._rollouts.cursor, PREFIXES)) as frames:  # type: ignore[type-var]
            async for frame in frames:
                for event in frame.events:
                    await self._take(event)
                if frame.cursor and self._rollouts.wanted.is_set():
                    self._rollouts.cursor = frame.cursor
                self._rollouts.connected.set()
                if not self._rollouts.wanted.is_set():
                    return

    async def _take(self, event: events.RunEvent) -> None:
        if event.type == "run.accepted":
            accepted = event.run_accepted
            self._runs[event.run_id] = _Run(
                agent=accepted.agent.name,
                mode=event.mode,
                conversation=accepted.conversation_id,
                shadow_id=accepted.labels.get(SHADOW_LABEL, ""),
                rollout_id=accepted.labels.get(ROLLOUT_LABEL, ""),
            )
            if len(self._runs) > REMEMBERED_RUNS:
                self._runs.popitem(last=False)
        elif event.type == "run.routed":
            if (run := self._runs.get(event.run_id)) is not None:
                run.runtime = event.run_routed.runtime
                run.lost_on |= lost_on(event.run_routed)
                self._routed(run, event.run_routed)
        else:
            run = self._runs.pop(event.run_id, None) or await self._looked_up(event.run_id)
            if run is not None:
                self._finished(run, event.run_finished)

    def _routed(self, run: _Run, routed: events.RunRouted) -> None:
        status = self._rollouts.of_agent(run.agent)
        if status is None or run.mode != lane_of(status.rollout.spec) or routed.attempt > 1:
            return
        if not status.HasField("step_began_at"):
            # The next share is on its way; what the one before drew says nothing about it.
            return
        agent = next(one for one in status.agents if one.agent == run.agent)
        if routed.rule_id not in _DRAWN or routed.route_revision != agent.present.revision:
            return
        if run.conversation and not self._first(run.agent, routed.route_revision, run.conversation):
            return
        if routed.rule_id == "candidate":
            agent.counts.to_candidate += 1
        else:
            agent.counts.to_stable += 1
        self._rollouts.touch(status)

    def _first(self, agent: str, revision: int, conversation: str) -> bool:
        key = agent, revision, conversation
        if key in self._conversations:
            return False
        self._conversations[key] = None
        if len(self._conversations) > REMEMBERED_CONVERSATIONS:
            self._conversations.popitem(last=False)
        return True

    def _finished(self, run: _Run, finished: events.RunFinished) -> None:
        status = self._rollouts.of_agent(run.agent)
        if status is None:
            return
        agent = next(one for one in status.agents if one.agent == run.agent)
        on_candidate = run.runtime == status.rollout.spec.candidate
        succeeded = finished.outcome == events.RUN_OUTCOME_SUCCEEDED
        if run.rollout_id == status.rollout_id:
            # One that left the record shows nothing either way.
            agent.counts.replayed += _counts(finished) and finished.failure.reason != _DIVERGED
            agent.counts.replays_succeeded += succeeded
        elif on_candidate and run.mode == lane_of(status.rollout.spec):
            agent.counts.ended += _counts(finished)
            agent.counts.succeeded += succeeded
        elif status.rollout.spec.candidate in run.lost_on and run.mode == lane_of(status.rollout.spec):
            # The candidate has failed it; what became of it elsewhere is not to the candidate's credit, nor its cost.
            agent.counts.ended += 1
            self._rollouts.touch(status)
            return
        elif not (run.shadow_id and run.shadow_id == agent.shadow_id):
            return
        _spend(status, finished)
        self._rollouts.touch(status)

    async def _looked_up(self, run_id: str) -> _Run | None:
        """Return a run that began before this process did."""
        try:
            run: shared.Run = await self._record.run(run_id)
        except MeshError as error:
            if error.reason not in _GONE:
                raise
            return None
        labels = run.labels
        return _Run(
            agent=run.agent.name,
            mode=run.mode,
            conversation=run.conversation_id,
            shadow_id=labels.get(SHADOW_LABEL, ""),
            rollout_id=labels.get(ROLLOUT_LABEL, ""),
            runtime=run.runtime,
        )


def _spend(status: pb.RolloutStatus, finished: events.RunFinished) -> None:
    cost = finished.cost
    if finished.HasField("cost") and cost.nanos and status.spent.currency_code in ("", cost.currency_code):
        status.spent.currency_code = cost.currency_code
        status.spent.nanos += cost.nanos


def _counts(finished: events.RunFinished) -> bool:
    return finished.outcome in _COUNTED and not by_quota(finished)
