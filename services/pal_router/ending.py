"""The end of a run: the one ``run.finished``, exact to the last recorded event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter, new_id
from pal_router.active import ActiveRun
from pal_router.attempt import outcome_of
from pal_router.fold import RunFold
from pal_router.stages import ends
from pal_rpc.appender import Appender
from pal_rpc.errors import MeshError, failure
from pal_rpc.refusals import limit_reached

log = logging.getLogger("pal.router")

# Seams close their open calls as soon as the adapter has left them.
CLOSING_SECONDS = 5.0
# A store that cannot be written now keeps the run open until it can.
_STORE_RETRY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ends, before the sums are known."""

    outcome: int
    output: common.Payload | None = None
    failure: common.Failure | None = None


async def finish(
    run: ActiveRun, ending: Ending, last: Sequence[events.RunEvent], appender: Appender, writer: EventWriter
) -> None:
    """Record *last*, the ends of stages that are left open and ``run.finished``, together, as the end of *run*.

    Waits up to CLOSING_SECONDS for open calls to be closed; those that stay open are named as unresolved.
    """
    await _wait_closed(run)
    while run.fold.finished is None:
        head_seq = run.fold.head_seq
        closing = _closing(run, ending, last, writer)
        try:
            await appender.append(run.run_id, [*last, *closing], expected_head_seq=head_seq)
        except MeshError as error:
            if error.reason == reasons.ERROR_REASON_STORE_UNAVAILABLE:
                await asyncio.sleep(_STORE_RETRY_SECONDS)
                continue
            if error.reason != reasons.ERROR_REASON_HEAD_MISMATCH:
                raise
            # Something was recorded that the tail has not brought yet; the sums would be short of it.
            actual = int(error.metadata["actual"])
            await run.until(lambda fold, actual=actual: fold.head_seq >= actual)  # type: ignore[misc]
            await _wait_closed(run)
            continue
        await run.until(lambda fold: fold.finished is not None)


async def _wait_closed(run: ActiveRun) -> None:
    if not run.fold.going:
        return
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            await run.until(lambda fold: not fold.going)
    except TimeoutError:
        return


def _closing(
    run: ActiveRun, ending: Ending, last: Sequence[events.RunEvent], writer: EventWriter
) -> list[events.RunEvent]:
    ending = limited(ending, run.fold)
    left = ends(run.fold.open_stages, last, ending.outcome, ending.failure)
    facts: list[tuple[str, Mapping[str, Any]]] = [(stage, {"stage_finished": end}) for stage, end in left.items()]
    facts.append(("", {"run_finished": _finished(run, ending)}))
    return [
        writer.event(run.run_id, run.mode, run.epoch, traceparent=run.traceparent, stage_id=stage, **body)
        for stage, body in facts
    ]


def _finished(run: ActiveRun, ending: Ending) -> events.RunFinished:
    fold = run.fold
    finished = events.RunFinished(
        outcome=ending.outcome,  # type: ignore[arg-type]  # an enum number
        output=ending.output,
        failure=ending.failure,
        usage=fold.usage,
        cost=fold.cost,
        unresolved_call_ids=fold.unresolved,
    )
    if run.mode == common.EXECUTION_MODE_REPLAY:
        finished.replay_claim.CopyFrom(_claim(run))
    return finished


def _claim(run: ActiveRun) -> events.ReplayClaim:
    claim = events.ReplayClaim()
    claim.CopyFrom(run.fold.claim)
    claim.fidelity = run.acceptance.accepted.fidelity
    claim.unused = max(run.source_calls - claim.model_hits - claim.tool_hits, 0)
    return claim


def limited(ending: Ending, fold: RunFold) -> Ending:
    """Return *ending*, or the one that a reached ceiling makes of it: no runtime can call that a success."""
    if fold.limit is None or ending.outcome == events.RUN_OUTCOME_CANCELLED:
        return ending
    error = limit_reached(fold.limit)
    return Ending(outcome=events.RUN_OUTCOME_LIMITED, output=ending.output, failure=failure(error))


def given(result: rt.RuntimeResult) -> Ending:
    """Return the ending that the adapter's *result* makes."""
    return Ending(
        outcome=result.outcome,
        output=result.output if result.HasField("output") else None,
        failure=result.failure if result.HasField("failure") else None,
    )


def broken(error: Exception, run_id: str) -> Ending:
    """Return the ending that an error of ours makes."""
    if isinstance(error, MeshError):
        recorded_failure, outcome = outcome_of(error)
        return Ending(outcome=outcome, failure=recorded_failure)
    error_id = new_id()
    log.error("run failed", extra={"run_id": run_id, "error_id": error_id}, exc_info=error)
    opaque = MeshError(
        reasons.ERROR_REASON_INTERNAL,
        f"internal error {error_id}; the router's log has the details under this id",
        error_id=error_id,
    )
    return Ending(outcome=events.RUN_OUTCOME_FAILED, failure=failure(opaque))


def router_lost(run_id: str) -> Ending:
    """Return the ending of a run that was not to outlive its router."""
    error = MeshError(
        reasons.ERROR_REASON_ROUTER_LOST, f"the router went away while run {run_id} was going; start it again"
    )
    return Ending(outcome=events.RUN_OUTCOME_FAILED, failure=failure(error))


def stopped(stop: events.RunStopRequested) -> Ending:
    """Return the ending of a run that was asked to stop."""
    error = MeshError(reasons.ERROR_REASON_RUN_CANCELLED, f"the run was cancelled: {stop.reason or 'no reason given'}")
    return Ending(outcome=events.RUN_OUTCOME_CANCELLED, failure=failure(error))
