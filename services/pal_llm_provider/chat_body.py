"""A request in the words of the chat completions protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.provider import Profile
from pal_llm_provider.transcript import message_text
from pal_log.payload import content_text
from pal_rpc.errors import InvalidField

_ROLES = {events.MESSAGE_ROLE_PLATFORM: "system", events.MESSAGE_ROLE_AGENT: "assistant"}
_CHOICES = {pb.TOOL_CHOICE_NONE: "none", pb.TOOL_CHOICE_REQUIRED: "required"}
_MILLION = 1_000_000


def body(profile: Profile, request: pb.ModelRequest) -> dict[str, Any]:
    """Return the arguments of the SDK; what *profile* has as options goes to the endpoint as it stands."""
    return {
        "model": profile.model,
        "messages": [spoken for message in request.messages for spoken in _messages(message)],
        "stream": True,
        "stream_options": {"include_usage": True},
        "extra_body": profile.options or None,
        **_tools(request),
        **_answer_format(profile, request.answer_schema.text),
        **_sampling(profile, request),
    }


def _messages(message: pb.ModelMessage) -> Iterator[dict[str, Any]]:
    for result in message.tool_results:
        yield {"role": "tool", "tool_call_id": result.call_id, "content": content_text(result.result)}
    text = message_text(message)
    if message.tool_calls:
        calls = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments_json}}
            for call in message.tool_calls
        ]
        yield {"role": "assistant", "content": text or None, "tool_calls": calls}
    elif text or not message.tool_results:
        yield {"role": _ROLES.get(message.role, "user"), "content": text}


def _tools(request: pb.ModelRequest) -> dict[str, Any]:
    if not request.tools:
        return {}
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.purpose,
                "parameters": _schema(tool.input.text or '{"type": "object"}', f"request.tools[{place}].input.text"),
            },
        }
        for place, tool in enumerate(request.tools)
    ]
    choice = _CHOICES.get(request.tool_choice)
    return {"tools": tools, "tool_choice": choice} if choice else {"tools": tools}


def _answer_format(profile: Profile, schema: str) -> dict[str, Any]:
    if not schema or profile.structured_output == "none":
        return {}
    if profile.structured_output == "json_object":
        return {"response_format": {"type": "json_object"}}
    described = {"name": "answer", "schema": _schema(schema, "request.answer_schema.text")}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _sampling(profile: Profile, request: pb.ModelRequest) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if ceiling := min(filter(None, (request.max_output_tokens, profile.max_output_tokens)), default=0):
        # The older word is the one that everybody else's endpoint knows.
        chosen["max_tokens" if profile.base_url else "max_completion_tokens"] = ceiling
    temperature = request.temperature_ppm if request.HasField("temperature_ppm") else profile.temperature_ppm
    if temperature is not None:
        chosen["temperature"] = temperature / _MILLION
    if request.stop_sequences:
        chosen["stop"] = list(request.stop_sequences)
    return chosen


def _schema(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidField(field, f"is not JSON: {error}") from None
