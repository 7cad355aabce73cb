"""What can be seen of a run from outside, without identifiers and times: comparable between runtimes and versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal_conformance.run import Run, ending
from pal_log.payload import content_text


def observation(run: Run) -> dict[str, Any]:
    """Return how *run* ended, what it streamed and what it asked of the model and the tools, as JSON values.

    Stages that do not wait for each other happen in any order: what belongs to one is together here.
    """
    places = _places(run)
    asked = sorted(run.asked, key=lambda request: places.get(request.stage_id, 0))
    return {
        "end": run.end,
        "frames": shape(run),
        "modelRequests": _questions(asked),
        "toolCalls": sorted([call.call_id, call.tool.name, call.arguments.json] for call in run.executed),
    }


def shape(run: Run) -> list[list[str]]:
    """Return the frames of *run*, stage by stage; the signs of life and the measurements left out."""
    places = _places(run)
    said = [event for event in run.events if event.HasField("message_added")]
    stages = {event.message_added.message_id: event.stage_id for event in said}

    def place(frame: rt.RunFrame) -> int:
        stage = frame.event.stage_id or stages.get(frame.live_output.message_id, "")
        return places.get(stage, len(places))

    return [seen for frame in sorted(run.frames, key=place) if (seen := _seen(frame))]


def _places(run: Run) -> dict[str, int]:
    return {stage.id: place for place, stage in enumerate(run.request.agent.spec.plan.stages)}


def _seen(frame: rt.RunFrame) -> list[str]:
    match frame.WhichOneof("frame"):
        case "event" if frame.event.HasField("message_added"):
            said = frame.event.message_added
            return ["message.added", frame.event.stage_id, said.model_call_id, *(part.text for part in said.parts)]
        case "event" if frame.event.HasField("artifact_added"):
            content = frame.event.artifact_added.content
            return ["artifact.added", content.filename, content_text(content)]
        case "event" if frame.event.HasField("stage_finished"):
            finished = frame.event.stage_finished
            how = ending(finished.outcome, finished.failure.reason)
            return ["stage.finished", frame.event.stage_id, how, content_text(finished.output)]
        case "event":
            return [frame.event.type, frame.event.stage_id]
        case "live_output":
            live = frame.live_output
            return ["live", str(live.part_index), str(live.offset), live.text]
        case "result":
            output = content_text(frame.result.output)
            return ["result", ending(frame.result.outcome, frame.result.failure.reason), output]
        case _:
            return []


def _questions(asked: Sequence[llm.ModelRequest]) -> list[dict[str, Any]]:
    """Return each request without what it has in common with the one before: its first messages, its tools."""
    questions = []
    before = llm.ModelRequest()
    for request in asked:
        known = _common(before.messages, request.messages)
        bare = llm.ModelRequest()
        bare.CopyFrom(request)
        for field in ("lease", "timeout", *(["tools"] if request.tools == before.tools else [])):
            bare.ClearField(field)
        del bare.messages[:known]
        questions.append({"messagesBefore": known, **json_format.MessageToDict(bare)})
        before = request
    return questions


def _common(before: Sequence[llm.ModelMessage], after: Sequence[llm.ModelMessage]) -> int:
    pairs = zip(before, after, strict=False)
    return next((place for place, (old, new) in enumerate(pairs) if old != new), min(len(before), len(after)))
