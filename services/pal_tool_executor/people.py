"""Calls that wait for a person: what is asked, and what an answer makes of the call."""

from __future__ import annotations

import json

from google.protobuf import timestamp_pb2

from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log import clock
from pal_log.payload import content_text, text_payload
from pal_rpc.lease import Lease
from pal_tool_executor import failing
from pal_tool_executor.backends import Invocation
from pal_tool_executor.ledgers import RunAccount

DONE, NOT_DONE = "done", "not done"
_DEFAULT_WAIT_SECONDS = 7 * 24 * 3600
_MAX_PROMPT_CHARACTERS = 2000


class Waits(Exception):
    """The call cannot go on before a person has answered."""

    def __init__(self, request: events.InputRequested) -> None:
        """Keep what is asked."""
        super().__init__(request.input_id)
        self.request = request


def approval(lease: Lease, call_id: str, tool: tools.ToolSpec, invocation: Invocation, why: str) -> Waits:
    """Return the wait for somebody who agrees to the call; an amendment has to fit the tool's input schema."""
    prompt = f"Agent {lease.agent.name} asks to call {invocation.tool} with {invocation.text}. {why}"
    return _waits(
        lease,
        input_id=f"{call_id}.approval",
        kind=events.INPUT_KIND_APPROVAL,
        prompt=text_payload(prompt[:_MAX_PROMPT_CHARACTERS]),
        answer_schema=tool.spec.input,
        tool_call_id=call_id,
    )


def outcome(lease: Lease, call_id: str, tool: str, key: str) -> Waits:
    """Return the wait for somebody who looks up whether a lost call took effect."""
    prompt = (
        f"The call of {tool} was on its way when the attempt was lost, and nobody can tell whether it took effect. "
        f"Look it up by its idempotency key {key}, then choose."
    )
    return _waits(
        lease,
        input_id=f"{call_id}.outcome",
        kind=events.INPUT_KIND_CHOICE,
        prompt=text_payload(prompt),
        choices=[DONE, NOT_DONE],
        tool_call_id=call_id,
    )


def question(lease: Lease, call_id: str, tool: tools.ToolSpec, invocation: Invocation) -> Waits:
    """Return the wait for the answer to a question of the agent: ``question``, and ``choices`` for a choice."""
    choices = [str(choice) for choice in invocation.arguments.get("choices") or ()]
    return _waits(
        lease,
        input_id=f"{call_id}.answer",
        kind=events.INPUT_KIND_CHOICE if choices else events.INPUT_KIND_QUESTION,
        prompt=text_payload(str(invocation.arguments.get("question", ""))[:_MAX_PROMPT_CHARACTERS]),
        answer_schema=tool.spec.output,
        choices=choices,
        tool_call_id=call_id,
    )


def agreed(waits: Waits, account: RunAccount, invocation: Invocation) -> events.InputReceived:
    """Return the answer to *waits*, if it is a yes.

    Raises:
        Waits: there is none yet.
        CallFailed: it is a no, or the time was up.
    """
    input_id = waits.request.input_id
    answer = account.answers.get(input_id)
    if answer is None:
        raise failing.expired(invocation.tool, input_id) if input_id in account.expired else waits
    if answer.decision not in (events.INPUT_DECISION_ACCEPTED, events.INPUT_DECISION_AMENDED):
        raise failing.declined(invocation.tool, input_id, content_text(answer.answer))
    return answer


def amended(answer: events.InputReceived, invocation: Invocation) -> Invocation:
    """Return *invocation* with the arguments that *answer* puts in their place, if it does."""
    if answer.decision != events.INPUT_DECISION_AMENDED:
        return invocation
    text = content_text(answer.answer)
    return Invocation(tool=invocation.tool, arguments=json.loads(text), text=text, key=invocation.key)


def said(answer: events.InputReceived) -> str:
    """Return what a person answered to a question, as JSON text."""
    text = content_text(answer.answer)
    return text if answer.answer.WhichOneof("content") == "json" else json.dumps(text, ensure_ascii=False)


def _waits(lease: Lease, **fields: object) -> Waits:
    limit = lease.grant.accepted.limits.max_input_wait
    seconds = limit.ToNanoseconds() / 1e9 or _DEFAULT_WAIT_SECONDS
    expires_at = timestamp_pb2.Timestamp(seconds=int(clock.now() + seconds))
    return Waits(events.InputRequested(expires_at=expires_at, **fields))  # type: ignore[arg-type]
