"""A request as a rule of the scripted model sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.provider import ToolAsk
from pal_llm_provider.transcript import message_text
from pal_log.payload import content_text

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Result:
    """What a tool gave for a call of the model."""

    tool: str
    arguments: dict[str, Any]
    text: str
    failed: bool

    @property
    def value(self) -> Any:
        """The result as JSON; None when it is none."""
        return parsed(self.text)


@dataclass(frozen=True)
class Reading:
    """The newest message of the user, what came before it and which results came after it."""

    tools: frozenset[str]
    newest: str
    earlier: Sequence[str]
    results: Sequence[Result]
    answer_schema: Any

    def of(self, tool: str) -> list[Result]:
        """Return the results of *tool*."""
        return [result for result in self.results if result.tool == tool]


@dataclass(frozen=True)
class Reply:
    """What the model says and asks for."""

    text: str = ""
    asks: Sequence[ToolAsk] = ()


def read(request: pb.ModelRequest) -> Reading:
    """Return *request* as a rule sees it."""
    said: list[str] = []
    calls: dict[str, pb.ModelToolCall] = {}
    results: list[Result] = []
    for message in request.messages:
        calls.update((call.call_id, call) for call in message.tool_calls)
        results.extend(_result(result, calls.get(result.call_id)) for result in message.tool_results)
        if message.parts and message.role not in (events.MESSAGE_ROLE_AGENT, events.MESSAGE_ROLE_PLATFORM):
            said.append(message_text(message))
            results.clear()
    offered = () if request.tool_choice == pb.TOOL_CHOICE_NONE else request.tools
    return Reading(
        tools=frozenset(tool.name for tool in offered),
        newest=said[-1] if said else "",
        earlier=said[:-1],
        results=results,
        answer_schema=parsed(request.answer_schema.text),
    )


def parsed(text: str) -> Any:
    """Return *text* as JSON; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def ask(tool: str, **arguments: Any) -> ToolAsk:
    """Return the wish to have *tool* called."""
    return ToolAsk(tool, json.dumps(arguments, ensure_ascii=False))


def counted(request: pb.ModelRequest, reply: Reply) -> common.TokenUsage:
    """Return the usage of a stand-in: every word and every punctuation mark is a token."""
    return common.TokenUsage(
        input_tokens=sum(map(_tokens, _heard(request))),
        output_tokens=sum(map(_tokens, [reply.text, *(part for a in reply.asks for part in (a.name, a.arguments))])),
        source=common.MEASUREMENT_SOURCE_MEASURED,
    )


def _heard(request: pb.ModelRequest) -> list[str]:
    heard = [part for tool in request.tools for part in (tool.name, tool.purpose, tool.input.text)]
    for message in request.messages:
        heard.append(message_text(message))
        heard.extend(part for call in message.tool_calls for part in (call.name, call.arguments_json))
        heard.extend(content_text(result.result) for result in message.tool_results)
    return heard


def _tokens(text: str) -> int:
    return sum(1 for _ in _TOKEN.finditer(text))


def _result(result: pb.ModelToolResult, call: pb.ModelToolCall | None) -> Result:
    arguments = parsed(call.arguments_json) if call else None
    return Result(
        tool=call.name if call else "",
        arguments=arguments if isinstance(arguments, dict) else {},
        text=content_text(result.result),
        failed=result.is_failure,
    )
