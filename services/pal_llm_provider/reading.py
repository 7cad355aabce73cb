"""A request as rules read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.transcript import message_text
from pal_log.payload import content_text


@dataclass(frozen=True)
class Result:
    """What a tool gave, with the name and the arguments it was asked with."""

    tool: str
    arguments: dict[str, Any]
    text: str
    is_failure: bool

    @property
    def value(self) -> Any:
        """The result as JSON; the text itself where it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text


class Reading:
    """What was said, newest first in mind: the last user message and what happened since."""

    def __init__(self, request: pb.ModelRequest) -> None:
        """Read *request*."""
        self.tools = frozenset(tool.name for tool in request.tools)
        self.schema = request.answer_schema.text
        self.said: list[str] = []
        self.results: list[Result] = []
        calls = {call.call_id: call for message in request.messages for call in message.tool_calls}
        for message in request.messages:
            if message.tool_results:
                self.results.extend(_result(result, calls) for result in message.tool_results)
            elif message.role == events.MESSAGE_ROLE_USER:
                self.said.append(message_text(message))
                # Results of an earlier turn answer an earlier question.
                self.results.clear()

    @property
    def newest(self) -> str:
        """The last thing the user said."""
        return self.said[-1] if self.said else ""

    def of(self, tool: str) -> list[Result]:
        """Return the results of *tool* since the user last spoke."""
        return [result for result in self.results if result.tool == tool]


def _result(result: pb.ModelToolResult, calls: dict[str, pb.ModelToolCall]) -> Result:
    call = calls.get(result.call_id)
    try:
        arguments = json.loads(call.arguments_json) if call else {}
    except ValueError:
        arguments = {}
    return Result(call.name if call else "", arguments, content_text(result.result), result.is_failure)
