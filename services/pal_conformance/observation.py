"""What can be seen of a run from outside, without identifiers and times: comparable between runtimes and versions."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal_conformance.run import Run, ending
from pal_log.payload import content_text


def observation(run: Run) -> dict[str, Any]:
    """Return how *run* ended, what it streamed and what it asked of the model and the tools, as JSON values."""
    return {
        "end": run.end,
        "frames": shape(run),
        "modelRequests": [_question(request) for request in run.asked],
        "toolCalls": sorted([call.call_id, call.tool.name, call.arguments.json] for call in run.executed),
    }


def shape(run: Run) -> list[list[str]]:
    """Return the frames of *run*; the signs of life and the measurements left out."""
    return [seen for frame in run.frames if (seen := _seen(frame))]


def _seen(frame: rt.RunFrame) -> list[str]:
    match frame.WhichOneof("frame"):
        case "event" if frame.event.HasField("message_added"):
            said = frame.event.message_added
            return ["message.added", frame.event.stage_id, said.model_call_id, *(part.text for part in said.parts)]
        case "event" if frame.event.HasField("artifact_added"):
            content = frame.event.artifact_added.content
            return ["artifact.added", content.filename, content_text(content)]
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


def _question(request: llm.ModelRequest) -> dict[str, Any]:
    bare = llm.ModelRequest()
    bare.CopyFrom(request)
    bare.ClearField("lease")
    bare.ClearField("timeout")
    return json_format.MessageToDict(bare)
