"""Logs of runs as a test writes them down: calls, answers, artifacts and times in a few words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.canonical import canonical_digest
from pal_log.events import BODIES, TYPES
from pal_log.payload import json_payload, text_payload

READ, WRITE = tools.EFFECT_CLASS_READ, tools.EFFECT_CLASS_WRITE
DONE, FAILED = events.TOOL_CALL_OUTCOME_SUCCEEDED, events.TOOL_CALL_OUTCOME_FAILED


def call(name: str, effect: Any = READ, *, result: str = "{}", outcome: Any = DONE, **arguments: Any) -> dict[str, Any]:
    """Return a tool call; *arguments* are its arguments."""
    return {"name": name, "effect": effect, "result": result, "outcome": outcome, "text": json.dumps(arguments)}


def raw_call(name: str, text: str) -> dict[str, Any]:
    """Return a call of a tool that reads, its arguments as they are spelled."""
    return {"name": name, "effect": READ, "result": "{}", "outcome": DONE, "text": text}


def run(
    *turns: Sequence[dict[str, Any]],
    run_id: str = "run",
    output: common.Payload | None = None,
    artifacts: Sequence[common.Payload] = (),
    outcome: Any = events.RUN_OUTCOME_SUCCEEDED,
    usage: tuple[int, int] = (0, 0),
    model: str = "gpt-4o",
    seconds: float = 0.0,
    pinned: Sequence[str] | None = None,
) -> list[events.RunEvent]:
    """Return the log of a run; each of *turns* is one model answer with the calls that it asks for, at once.

    With *seconds* every event comes so long after the one before.
    """
    names = sorted({call["name"] for turn in turns for call in turn}) if pinned is None else pinned
    accepted = events.RunAccepted(agent=common.SpecRef(name="agent", version="1.0.0"), input=text_payload("go"))
    accepted.tools.extend(common.SpecRef(name=name, version="1.0.0") for name in names)
    log = [_event(run_accepted=accepted), _event(run_routed=events.RunRouted(runtime="agno", runtime_version="3"))]
    for number, turn in enumerate(turns, start=1):
        model_id = f"m{number}"
        started = events.ModelCallStarted(call_id=model_id, provider="openai", model=model)
        finished = events.ModelCallFinished(call_id=model_id, model=model)
        finished.usage.input_tokens, finished.usage.output_tokens = usage
        log += [_event(model_call_started=started), _event(model_call_finished=finished)]
        log += [_event(tool_call_requested=_asked(one, model_id, place)) for place, one in enumerate(turn)]
        log += [_event(tool_call_finished=_ended(one, model_id, place)) for place, one in enumerate(turn)]
    log += [
        _event(artifact_added=events.ArtifactAdded(artifact_id=f"a{place}", content=content))
        for place, content in enumerate(artifacts)
    ]
    log.append(_event(run_finished=events.RunFinished(outcome=outcome, output=output)))
    for seq, event in enumerate(log, start=1):
        event.run_id, event.seq = run_id, seq
        if seconds:
            event.recorded_at.FromNanoseconds(1_700_000_000_000_000_000 + round(seq * seconds * 1e9))
    return log


def tool(name: str, effect: Any = READ, schema: dict[str, Any] | None = None, **declared: Any) -> tools.ToolSpec:
    """Return a ToolSpec; *declared* is the equivalence of its arguments as people write it."""
    spec = tools.ToolSpec()
    spec.metadata.name = name
    spec.spec.effect.effect_class = effect
    spec.spec.input.text = json.dumps(schema or {"type": "object"})
    json_format.ParseDict(declared, spec.spec.equivalence.input)
    return spec


def _asked(one: dict[str, Any], model_id: str, place: int) -> events.ToolCallRequested:
    try:
        digest = canonical_digest(one["text"])
    except ValueError:
        digest = ""
    return events.ToolCallRequested(
        call_id=f"{model_id}.t{place}",
        tool=common.SpecRef(name=one["name"], version="1.0.0"),
        arguments=json_payload(one["text"]),
        arguments_digest=digest,
        effect_class=one["effect"],
        model_call_id=model_id,
    )


def _ended(one: dict[str, Any], model_id: str, place: int) -> events.ToolCallFinished:
    return events.ToolCallFinished(
        call_id=f"{model_id}.t{place}", outcome=one["outcome"], result=json_payload(one["result"])
    )


def _event(**body: Any) -> events.RunEvent:
    (name,) = body
    assert name in BODIES.values()
    return events.RunEvent(type=TYPES[name], mode=common.EXECUTION_MODE_LIVE, **body)
