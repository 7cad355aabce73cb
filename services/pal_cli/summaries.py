"""One line about an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import run_event_pb2 as events
from pal_cli.show import outcome_word, shorten, size, tokens, word
from pal_log.payload import content_text


def summary(event: events.RunEvent) -> str:
    """Return what *event* says, in a few words; empty for a body from the future."""
    body = event.WhichOneof("body")
    said = _SAID.get(body or "")
    return said(getattr(event, body)) if said and body else ""


def _accepted(accepted: events.RunAccepted) -> str:
    return f"{accepted.agent.name} {accepted.agent.version}: {_content(accepted.input)}"


def _artifact(added: events.ArtifactAdded) -> str:
    content = added.content
    return f"{content.filename or added.title} {size(content.size_bytes)} {content.digest[:19]}"


def _decided(decided: events.PolicyDecided) -> str:
    decision = decided.decision
    rules = ", ".join(f"{rule.policy.name}/{rule.rule_id}" for rule in decision.decided_by) or decision.basis
    verdict = word(policies.PolicyVerdict, decision.verdict, "POLICY_VERDICT_")
    return f"{decision.action}: {verdict} ({rules})"


def _asked(asked: events.InputRequested) -> str:
    return f"{asked.input_id} {word(events.InputKind, asked.kind, 'INPUT_KIND_')}: {_content(asked.prompt)}"


def _answered(received: events.InputReceived) -> str:
    decided = word(events.InputDecision, received.decision, "INPUT_DECISION_")
    return f"{received.input_id} {decided} by {received.responder.id} {_content(received.answer)}"


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


# What the body of an event says, by the name of its field.
_SAID: Mapping[str, Callable[[Any], str]] = {
    "run_accepted": _accepted,
    "run_routed": lambda it: f"{it.runtime} {it.runtime_version}: {it.reason}",
    "run_started": lambda it: f"attempt {it.attempt}",
    "run_stop_requested": lambda it: str(it.reason),
    "run_limit_reached": lambda it: f"{it.limit}: {it.observed} of {it.allowed}",
    "run_finished": _finished,
    "message_added": lambda it: " ".join(_content(part) for part in it.parts),
    "artifact_added": _artifact,
    "model_call_started": lambda it: f"{it.call_id} {it.profile}: {it.provider}/{it.model}",
    "model_call_finished": _model,
    "tool_call_requested": lambda it: f"{it.call_id} {it.tool.name} {_content(it.arguments)}",
    "tool_call_dispatched": _dispatched,
    "tool_call_finished": _tool,
    "policy_decided": _decided,
    "run_suspended": lambda it: f"waits for {', '.join(it.input_ids)}",
    "run_resumed": lambda it: "goes on",
    "stage_started": lambda it: f"attempt {it.attempt}",
    "stage_finished": _stage,
    "input_requested": _asked,
    "input_received": _answered,
    "input_expired": lambda it: str(it.input_id),
    "message_withheld": lambda it: f"{it.withheld_messages} messages of {it.withheld_runs} runs: {it.rule}",
    "replay_diverged": lambda it: f"{it.reason} {it.message}",
    "note_added": lambda it: f"{it.name} {it.text}",
}
