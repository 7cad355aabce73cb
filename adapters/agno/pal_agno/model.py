"""The model that agno sees: the model port of one run."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal_adapter_host.dialogue import AGENT, PLATFORM, USER, Turn, text_of
from pal_adapter_host.runtime import ModelPort

_ROLES = {"system": PLATFORM, "user": USER, "assistant": AGENT}
_NAMES = {role: name for name, role in _ROLES.items()}


@dataclass
class PortModel(Model):
    """Asks the port.

    agno gets the identifier of a call in place of its arguments: it would turn strings into booleans, numbers into
    others and names it keeps for itself into its own objects.
    """

    id: str = "pal"
    name: str | None = "PortModel"
    provider: str | None = "PAL"
    port: ModelPort | None = None

    async def ainvoke(
        self, messages: list[Message], tools: list[dict[str, Any]] | None = None, **_: Any
    ) -> ModelResponse:
        """Return the answer of the port."""
        assert self.port is not None
        answer = await self.port.ask(list(turns(messages)), [tool["function"]["name"] for tool in tools or ()])
        return ModelResponse(
            role="assistant",
            content=text_of(answer.message.parts) or None,
            tool_calls=[_call(call) for call in answer.message.tool_calls],
        )

    def invoke(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a blocking call would stop every other run."""
        raise NotImplementedError("the model port is asynchronous")

    def invoke_stream(self, *_: Any, **__: Any) -> Iterator[ModelResponse]:
        """Refuse, as invoke does."""
        raise NotImplementedError("the model port is asynchronous")

    def ainvoke_stream(self, *_: Any, **__: Any) -> AsyncIterator[ModelResponse]:
        """Refuse: the port streams by itself, at a fraction of the cost."""
        raise NotImplementedError("the model port streams by itself")

    def _parse_provider_response(self, response: Any, **_: Any) -> NoReturn:
        raise NotImplementedError("ainvoke returns what agno expects")

    def _parse_provider_response_delta(self, response: Any) -> NoReturn:
        raise NotImplementedError("ainvoke returns what agno expects")


def message(turn: Turn) -> dict[str, str]:
    """Return *turn* as agno takes it. It would spell out a message of its own for a log that nobody keeps."""
    return {"role": _NAMES[turn.role], "content": turn.text}


def turns(messages: Iterable[Message]) -> Iterator[Turn]:
    """Yield what *messages* say, the results of one answer together."""
    results: dict[str, str] = {}
    for said in messages:
        if said.role == "tool":
            results[said.tool_call_id or ""] = str(said.content)
            continue
        if results:
            yield Turn(role=USER, results=results)
            results = {}
        calls = [call["id"] for call in said.tool_calls or ()]
        yield Turn(role=_ROLES[said.role], text=str(said.content or ""), call_ids=calls)
    if results:
        yield Turn(role=USER, results=results)


def _call(call: llm.ModelToolCall) -> dict[str, Any]:
    # Without "type" agno says that the tool does not exist.
    handle = json.dumps({"call_id": call.call_id})
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": handle}}
