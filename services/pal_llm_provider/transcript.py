"""Requests and answers as they are recorded: canonical JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.provider import Completion
from pal_log.masking import masked
from pal_log.payload import content_text, digest


def request_text(request: pb.ModelRequest, profile: str) -> str:
    """Return *request* as canonical JSON text."""
    return _canonical(_asked(request, profile, {}))


def request_digest(request: pb.ModelRequest, profile: str, text: str = "") -> str:
    """Return the digest of *request* by which the same question is known again, also in another run.

    Identifiers of tool calls count by their place only, because they differ from run to run. *text* is that of
    :func:`request_text`, where it is at hand.
    """
    ids = (call.call_id for message in request.messages for call in message.tool_calls)
    places = {call_id: f"t{place}" for place, call_id in enumerate(dict.fromkeys(ids), start=1)}
    if text and not places:
        return digest(text.encode())
    return digest(_canonical(_asked(request, profile, places)).encode())


def answer_text(text: str, calls: Sequence[pb.ModelToolCall], completion: Completion) -> str:
    """Return an answer as JSON text; the arguments of calls stay text."""
    answer: dict[str, Any] = {"text": text, "stop_reason": stop_word(completion.stop_reason)}
    if calls:
        answer["tool_calls"] = [
            {"id": call.call_id, "name": call.name, "arguments": call.arguments_json} for call in calls
        ]
    return _canonical(answer)


def stop_word(reason: events.ModelStopReason) -> str:
    """Return a stop reason as a word."""
    return _word(events.ModelStopReason, reason, "MODEL_STOP_REASON_")


def message_text(message: pb.ModelMessage) -> str:
    """Return what was said in *message*."""
    return "".join(content_text(part) for part in message.parts)


def _asked(request: pb.ModelRequest, profile: str, ids: Mapping[str, str]) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "profile": profile,
        "messages": [_message(message, ids) for message in request.messages],
        "tools": [{"name": tool.name, "purpose": tool.purpose, "input": tool.input.text} for tool in request.tools],
    }
    if request.tool_choice:
        asked["tool_choice"] = _word(pb.ToolChoice, request.tool_choice, "TOOL_CHOICE_")
    if request.answer_schema.text:
        asked["answer_schema"] = request.answer_schema.text
    if request.max_output_tokens:
        asked["max_output_tokens"] = request.max_output_tokens
    if request.HasField("temperature_ppm"):
        asked["temperature_ppm"] = request.temperature_ppm
    if request.stop_sequences:
        asked["stop_sequences"] = list(request.stop_sequences)
    return asked


def _message(message: pb.ModelMessage, ids: Mapping[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "role": _word(events.MessageRole, message.role, "MESSAGE_ROLE_"),
        "text": message_text(message),
    }
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": ids.get(call.call_id, call.call_id), "name": call.name, "arguments": call.arguments_json}
            for call in message.tool_calls
        ]
    if message.tool_results:
        said["tool_results"] = [
            {
                "id": ids.get(result.call_id, result.call_id),
                "text": _result_text(result.result),
                "failure": result.is_failure,
            }
            for result in message.tool_results
        ]
    return said


def _result_text(result: common.Payload) -> str:
    # What its tool wants masked reaches the model and not the record.
    text = content_text(result)
    return masked(text, result.masked_paths)[0] if result.masked_paths else text


def _word(enum: Any, value: int, prefix: str) -> str:
    # A value from the future has no name.
    return str(enum.Name(value)).removeprefix(prefix).lower() if value in enum.values() else str(value)


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
