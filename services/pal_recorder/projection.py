"""A run as its events tell it."""

from __future__ import annotations

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import HOLDING

# After these a list of runs shows something else than before.
LISTED = frozenset({"run", "input"})


def project(run: shared.Run, event: events.RunEvent) -> None:
    """Take *event*, the next one of its log, into *run*."""
    run.head_seq = event.seq
    run.epoch = max(run.epoch, event.lease_epoch)
    if event.type in HOLDING:
        run.holder = event.producer.instance_id
    match event.WhichOneof("body"):
        case "run_accepted":
            _accept(run, event)
        case "run_routed":
            run.runtime, run.runtime_version = event.run_routed.runtime, event.run_routed.runtime_version
        case "run_started":
            run.state = shared.RUN_STATE_RUNNING
            run.attempts += 1
        case "run_resumed":
            run.state = shared.RUN_STATE_RUNNING
        case "run_suspended":
            run.state = shared.RUN_STATE_SUSPENDED
        case "run_stop_requested":
            run.state = shared.RUN_STATE_STOPPING
        case "run_finished":
            _finish(run, event)
        case "model_call_started":
            run.model_calls += 1
        case "model_call_finished":
            _add_usage(run, event.model_call_finished)
        case "tool_call_requested":
            run.tool_calls += 1
        case "input_requested":
            run.pending_inputs.append(event.input_requested)
        case "input_received":
            _settle(run, event.input_received.input_id)
        case "input_expired":
            _settle(run, event.input_expired.input_id)
        case None if not event.advisory:
            # A fact from the future: what it means for the state is not known here.
            run.state = shared.RUN_STATE_UNSPECIFIED
        case _:
            pass


def _accept(run: shared.Run, event: events.RunEvent) -> None:
    accepted = event.run_accepted
    run.run_id, run.mode, run.state = event.run_id, event.mode, shared.RUN_STATE_PENDING
    run.agent.CopyFrom(accepted.agent)
    run.accepted_at.CopyFrom(event.recorded_at)
    run.conversation_id, run.source_run_id = accepted.conversation_id, accepted.source_run_id
    run.labels.update(accepted.labels)
    run.requester.CopyFrom(accepted.requester)


def _finish(run: shared.Run, event: events.RunEvent) -> None:
    finished = event.run_finished
    run.state, run.outcome = shared.RUN_STATE_FINISHED, finished.outcome
    run.finished_at.CopyFrom(event.recorded_at)
    if finished.HasField("output"):
        run.output.CopyFrom(finished.output)
    if finished.HasField("failure"):
        run.failure.CopyFrom(finished.failure)
    del run.pending_inputs[:]


def _add_usage(run: shared.Run, finished: events.ModelCallFinished) -> None:
    used = finished.usage
    total = run.usage
    total.input_tokens += used.input_tokens
    total.output_tokens += used.output_tokens
    total.cached_input_tokens += used.cached_input_tokens
    total.cache_write_input_tokens += used.cache_write_input_tokens
    total.reasoning_output_tokens += used.reasoning_output_tokens
    # The least certain source is the source of the sum.
    total.source = max(total.source, used.source)
    if finished.HasField("cost"):
        nanos = run.cost.nanos + finished.cost.nanos
        run.cost.CopyFrom(common.Money(currency_code=finished.cost.currency_code, nanos=nanos))


def _settle(run: shared.Run, input_id: str) -> None:
    waiting = [pending for pending in run.pending_inputs if pending.input_id != input_id]
    del run.pending_inputs[:]
    run.pending_inputs.extend(waiting)
