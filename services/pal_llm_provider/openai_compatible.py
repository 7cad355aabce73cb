"""Any OpenAI-compatible endpoint, through the official SDK. Its retries are off: attempts are made here, and seen."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.provider import Answering, Completion, Profile, ToolAsk
from pal_llm_provider.transcript import message_text
from pal_log.payload import content_text
from pal_rpc.errors import MeshError

_STOPS = {
    "stop": events.MODEL_STOP_REASON_COMPLETE,
    "tool_calls": events.MODEL_STOP_REASON_TOOL_CALLS,
    "function_call": events.MODEL_STOP_REASON_TOOL_CALLS,
    "length": events.MODEL_STOP_REASON_LENGTH,
    "content_filter": events.MODEL_STOP_REASON_FILTERED,
}
_ROLES = {
    events.MESSAGE_ROLE_PLATFORM: "system",
    events.MESSAGE_ROLE_AGENT: "assistant",
}
_CHOICES = {pb.TOOL_CHOICE_NONE: "none", pb.TOOL_CHOICE_REQUIRED: "required"}
_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.5, 8.0
_RETRIED = frozenset({reasons.ERROR_REASON_MODEL_UNAVAILABLE, reasons.ERROR_REASON_MODEL_RATE_LIMITED})


class OpenAIProvider:
    """Asks endpoints that speak the chat completions protocol."""

    def __init__(self) -> None:
        """Hold no connection yet."""
        self._clients: dict[str, openai.AsyncOpenAI] = {}

    async def answer(self, profile: Profile, request: pb.ModelRequest) -> Answering:
        """Yield text as it comes, then the end."""
        stream = await self._opened(profile, _body(profile, request))
        gathered = _Gathered()
        try:
            async for chunk in _within(stream, profile):
                for piece in gathered.take(chunk):
                    yield piece
        except (openai.APIError, httpx2.HTTPError) as error:
            raise _translate(error, profile) from None
        finally:
            await stream.close()
        yield gathered.completion(profile)

    def notice(self, profile: Profile) -> str:
        """Say when the key is missing."""
        missing = profile.api_key_env and not os.environ.get(profile.api_key_env)
        return f"{profile.api_key_env} is not set" if missing else ""

    async def _opened(self, profile: Profile, body: dict[str, Any]) -> openai.AsyncStream[Any]:
        client = self._client(profile)
        for attempt in range(1, profile.max_attempts + 1):
            try:
                async with asyncio.timeout(profile.stall_seconds):
                    stream: openai.AsyncStream[Any] = await client.chat.completions.create(**body)
                    return stream
            except TimeoutError:
                raise _timeout(profile) from None
            except (openai.APIError, httpx2.HTTPError) as error:
                failed = _translate(error, profile)
                if failed.reason not in _RETRIED or attempt == profile.max_attempts:
                    raise failed from None
                await asyncio.sleep(_backoff_seconds(failed, attempt))
        raise AssertionError("max_attempts is at least 1")

    def _client(self, profile: Profile) -> openai.AsyncOpenAI:
        if profile.name not in self._clients:
            key = os.environ.get(profile.api_key_env, "") if profile.api_key_env else "none"
            if not key:
                raise MeshError(
                    reasons.ERROR_REASON_MODEL_CREDENTIALS,
                    f"profile {profile.name}: {profile.api_key_env} is not set; set it where `pal up` is started",
                    provider="openai",
                )
            self._clients[profile.name] = openai.AsyncOpenAI(
                api_key=key,
                base_url=profile.base_url or None,
                max_retries=0,
                timeout=openai.Timeout(profile.timeout_seconds, read=profile.stall_seconds, connect=10.0),
            )
        return self._clients[profile.name]


class _Gathered:
    """A streamed answer in the making."""

    def __init__(self) -> None:
        self._calls: dict[int, list[str]] = {}
        self._finish = ""
        self._refused = False
        self._usage: common.TokenUsage | None = None
        self._model = ""

    def take(self, chunk: Any) -> list[str]:
        """Take in *chunk* and return its text."""
        self._model = chunk.model or self._model
        if chunk.usage:
            self._usage = _usage(chunk.usage)
        pieces = []
        for choice in chunk.choices:
            if choice.finish_reason:
                self._finish = choice.finish_reason
            delta = choice.delta
            if delta is None:
                continue
            if getattr(delta, "refusal", None):
                self._refused = True
                pieces.append(delta.refusal)
            if delta.content:
                pieces.append(delta.content)
            for call in delta.tool_calls or ():
                self._add(call)
        return pieces

    def completion(self, profile: Profile) -> Completion:
        """Return the end of the answer."""
        if not self._finish:
            raise MeshError(
                reasons.ERROR_REASON_MODEL_UNAVAILABLE,
                f"the endpoint of profile {profile.name} cut the stream before the answer was complete",
                provider="openai",
                model=profile.model,
            )
        asks = [ToolAsk(name, arguments or "{}") for name, arguments in self._calls.values()]
        reason = _STOPS.get(self._finish, events.MODEL_STOP_REASON_UNSPECIFIED)
        if self._refused:
            reason = events.MODEL_STOP_REASON_REFUSED
        elif asks and reason == events.MODEL_STOP_REASON_COMPLETE:
            reason = events.MODEL_STOP_REASON_TOOL_CALLS
        return Completion(stop_reason=reason, asks=asks, usage=self._usage, model=self._model or profile.model)

    def _add(self, call: Any) -> None:
        known = self._calls.setdefault(call.index, ["", ""])
        if call.function:
            known[0] += call.function.name or ""
            known[1] += call.function.arguments or ""


async def _within(stream: openai.AsyncStream[Any], profile: Profile) -> AsyncIterator[Any]:
    """Yield the chunks of *stream*; a pause longer than the profile allows is an error."""
    chunks = aiter(stream)
    while True:
        try:
            async with asyncio.timeout(profile.stall_seconds):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise _timeout(profile) from None
        if chunk is None:
            return
        yield chunk


def _body(profile: Profile, request: pb.ModelRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": profile.model,
        "messages": [message for said in request.messages for message in _messages(said)],
        "stream": True,
        "stream_options": {"include_usage": True},
        **profile.options,
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        if request.tool_choice in _CHOICES:
            body["tool_choice"] = _CHOICES[request.tool_choice]
    if request.answer_schema.text and profile.structured_output != "none":
        body["response_format"] = _format(profile, request.answer_schema.text)
    if ceiling := min(filter(None, (request.max_output_tokens, profile.max_output_tokens)), default=0):
        body["max_completion_tokens"] = ceiling
    temperature = request.temperature_ppm if request.HasField("temperature_ppm") else profile.temperature_ppm
    if temperature is not None:
        body["temperature"] = temperature / 1_000_000
    if request.stop_sequences:
        body["stop"] = list(request.stop_sequences)
    return body


def _messages(message: pb.ModelMessage) -> list[dict[str, Any]]:
    if message.tool_results:
        return [
            {"role": "tool", "tool_call_id": result.call_id, "content": content_text(result.result)}
            for result in message.tool_results
        ]
    said: dict[str, Any] = {"role": _ROLES.get(message.role, "user"), "content": message_text(message)}
    if message.tool_calls:
        said["content"] = said["content"] or None
        said["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments_json}}
            for call in message.tool_calls
        ]
    return [said]


def _tool(tool: pb.ModelTool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.purpose, "parameters": json.loads(tool.input.text or "{}")}
    return {"type": "function", "function": function}


def _format(profile: Profile, schema: str) -> dict[str, Any]:
    if profile.structured_output == "json_object":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": json.loads(schema)}}


def _usage(reported: Any) -> common.TokenUsage:
    prompt, output = reported.prompt_tokens_details, reported.completion_tokens_details
    return common.TokenUsage(
        input_tokens=reported.prompt_tokens or 0,
        output_tokens=reported.completion_tokens or 0,
        cached_input_tokens=(prompt.cached_tokens or 0) if prompt else 0,
        reasoning_output_tokens=(output.reasoning_tokens or 0) if output else 0,
        source=common.MEASUREMENT_SOURCE_REPORTED,
    )


def _translate(error: Exception, profile: Profile) -> MeshError:
    where = f"the endpoint of profile {profile.name} (model {profile.model})"
    facts = {"provider": "openai", "model": profile.model}
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return _timeout(profile)
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            variable = profile.api_key_env or "its key"
            problem = f"{where} refused the credentials; check {variable}"
            return MeshError(reasons.ERROR_REASON_MODEL_CREDENTIALS, problem, **facts)
        case openai.RateLimitError():
            retry_after = error.response.headers.get("retry-after", "")
            return MeshError(
                reasons.ERROR_REASON_MODEL_RATE_LIMITED,
                f"{where} limits the rate; try again {f'after {retry_after} s' if retry_after else 'later'}",
                **facts,
                retry_after_seconds=retry_after,
            )
        case openai.APIStatusError() if error.status_code < 500:
            problem = f"{where} refused the request with {error.status_code}: {_said(error)}"
            return MeshError(reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, problem, **facts)
        case openai.APIStatusError():
            problem = f"{where} failed with {error.status_code}"
            return MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, problem, **facts)
        case _:
            problem = f"{where} cannot be reached or cut the stream"
            return MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, problem, **facts)


def _said(error: openai.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message", ""))[:300]


def _timeout(profile: Profile) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_MODEL_TIMEOUT,
        f"the endpoint of profile {profile.name} (model {profile.model}) said nothing for {profile.stall_seconds:g} s",
        provider="openai",
        timeout_seconds=profile.stall_seconds,
    )


def _backoff_seconds(error: MeshError, attempt: int) -> float:
    try:
        wanted = float(error.metadata.get("retry_after_seconds") or 0)
    except ValueError:
        wanted = 0.0
    return float(min(max(wanted, _FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1)), _MAX_BACKOFF_SECONDS))
