"""One line about an event."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import run_event_pb2 as events
from pal_cli.show import outcome_word, shorten, size, tokens, word
from pal_log.payload import content_text


def summary(event: events.RunEvent) -> str:
    """Return what *event* says, in a few words; empty for a body from the future."""
    match event.WhichOneof("body"):
        case "run_accepted":
            accepted = event.run_accepted
            return f"{accepted.agent.name} {accepted.agent.version}: {_content(accepted.input)}"
        case "run_routed":
            return f"{event.run_routed.runtime} {event.run_routed.runtime_version}: {event.run_routed.reason}"
        case "run_started":
            return f"attempt {event.run_started.attempt}"
        case "run_stop_requested":
            return event.run_stop_requested.reason
        case "run_limit_reached":
            limit = event.run_limit_reached
            return f"{limit.limit}: {limit.observed} of {limit.allowed}"
        case "run_finished":
            return _finished(event.run_finished)
        case "message_added":
            return " ".join(_content(part) for part in event.message_added.parts)
        case "artifact_added":
            content = event.artifact_added.content
            return f"{content.filename or event.artifact_added.title} {size(content.size_bytes)} {content.digest[:19]}"
        case "model_call_started":
            started = event.model_call_started
            return f"{started.call_id} {started.profile}: {started.provider}/{started.model}"
        case "model_call_finished":
            return _model(event.model_call_finished)
        case "tool_call_requested":
            requested = event.tool_call_requested
            return f"{requested.call_id} {requested.tool.name} {_content(requested.arguments)}"
        case "tool_call_dispatched":
            return _dispatched(event.tool_call_dispatched)
        case "tool_call_finished":
            return _tool(event.tool_call_finished)
        case "policy_decided":
            decision = event.policy_decided.decision
            rules = ", ".join(f"{rule.policy.name}/{rule.rule_id}" for rule in decision.decided_by) or decision.basis
            verdict = word(policies.PolicyVerdict, decision.verdict, "POLICY_VERDICT_")
            return f"{decision.action}: {verdict} ({rules})"
        case "run_suspended":
            return f"waits for {', '.join(event.run_suspended.input_ids)}"
        case "run_resumed":
            return "goes on"
        case "stage_started":
            return f"attempt {event.stage_started.attempt}"
        case "stage_finished":
            return _stage(event.stage_finished)
        case "input_requested":
            asked = event.input_requested
            return f"{asked.input_id} {word(events.InputKind, asked.kind, 'INPUT_KIND_')}: {_content(asked.prompt)}"
        case "input_received":
            received = event.input_received
            decided = word(events.InputDecision, received.decision, "INPUT_DECISION_")
            return f"{received.input_id} {decided} by {received.responder.id} {_content(received.answer)}"
        case "input_expired":
            return event.input_expired.input_id
        case "message_withheld":
            withheld = event.message_withheld
            return f"{withheld.withheld_messages} messages of {withheld.withheld_runs} runs: {withheld.rule}"
        case "replay_diverged":
            return f"{event.replay_diverged.reason} {event.replay_diverged.message}"
        case "note_added":
            return f"{event.note_added.name} {event.note_added.text}"
        case _:
            return ""


def _stage(finished: events.StageFinished) -> str:
    detail = _failure(finished.failure) if finished.HasField("failure") else _content(finished.output)
    return f"{outcome_word(finished.outcome)}: {detail}"


def _finished(finished: events.RunFinished) -> str:
    failure = f": {_failure(finished.failure)}" if finished.HasField("failure") else ""
    return f"{outcome_word(finished.outcome)}{failure}"


def _model(finished: events.ModelCallFinished) -> str:
    if finished.HasField("failure"):
        return f"{finished.call_id} {_failure(finished.failure)}"
    reason = word(events.ModelStopReason, finished.stop_reason, "MODEL_STOP_REASON_")
    return f"{finished.call_id} {reason}, {tokens(finished.usage)}"


def _tool(finished: events.ToolCallFinished) -> str:
    outcome = word(events.ToolCallOutcome, finished.outcome, "TOOL_CALL_OUTCOME_")
    detail = _failure(finished.failure) if finished.HasField("failure") else _content(finished.result)
    return f"{finished.call_id} {outcome} {detail}{_intended(finished)}"


def _intended(finished: events.ToolCallFinished) -> str:
    if not finished.HasField("intended_input"):
        return ""
    intended = finished.intended_input
    decision = word(events.InputDecision, intended.answer.decision, "INPUT_DECISION_")
    then = f"in the live run it was {decision}" if intended.HasField("answer") else "in the live run nobody was"
    return f" (a person would have been asked; {then})"


def _failure(failure: common.Failure) -> str:
    return f"{failure.reason} {failure.message}"


def _dispatched(dispatched: events.ToolCallDispatched) -> str:
    place = dispatched.recorded_result
    if place.run_id:
        return f"{dispatched.call_id} answered as in run {place.run_id}, seq {place.seq}"
    dry = " dry run" if dispatched.disposition == events.CALL_DISPOSITION_SIMULATED else ""
    return f"{dispatched.call_id} attempt {dispatched.attempt}{dry}"


def _content(payload: common.Payload) -> str:
    text = content_text(payload)
    return shorten(text) if text else f"[{size(payload.size_bytes)} kept as {payload.digest[:19]}]"
