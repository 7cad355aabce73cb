"""The model and the tools that the SDK sees: the ports of one run."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, NoReturn

from agents import FunctionTool
from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import ModelResponse, TResponseInputItem, TResponseOutputItem, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.interface import Model, ModelProvider, ModelTracing
from agents.tool import Tool
from agents.tool_context import ToolContext
from agents.usage import Usage
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal_adapter_host.dialogue import AGENT, PLATFORM, USER, Turn, text_of
from pal_adapter_host.runtime import ModelPort, Ports
from pal_log.payload import content_text

_ROLES = {"system": PLATFORM, "user": USER, "assistant": AGENT}
_NAMES = {role: name for name, role in _ROLES.items()}


class PortModel(Model):
    """Asks the port."""

    def __init__(self, port: ModelPort) -> None:
        """Ask *port*."""
        self._port = port

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any]],
        tracing: ModelTracing,
        **_: Any,
    ) -> ModelResponse:
        """Return the answer of the port."""
        assert not isinstance(input, str)
        offered = [tool.name for tool in tools if tool is not STRAY]
        answer = await self._port.ask(list(turns(input)), offered)
        # What a run used is on its record.
        return ModelResponse(output=_said(answer, offered), usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[TResponseStreamEvent]:
        """Refuse: the port streams by itself, at a fraction of the cost."""
        raise NotImplementedError("the model port streams by itself")


class NoProvider(ModelProvider):
    """Knows no model: each run brings its own, and none may be had behind its back."""

    def get_model(self, model_name: str | None) -> NoReturn:
        """Refuse."""
        raise LookupError(f"a run asked for the model {model_name} instead of its port")


def function(name: str, purpose: str) -> FunctionTool:
    """Return a tool that is carried out by the port of whichever run calls it."""
    return FunctionTool(
        name=name,
        description=purpose,
        params_json_schema={},
        on_invoke_tool=_call,
        # Strict means that the SDK rewrites the schema.
        strict_json_schema=False,
    )


async def _call(context: ToolContext[Ports], arguments: str) -> str:
    return content_text((await context.context.tools.call(context.tool_call_id)).result)


# Carries whatever is not on offer to the port, which tells the model. By itself the SDK ends some of these runs: it has
# an opinion about names that begin with apply_patch.
STRAY = function("no such tool", "Never on offer.")


def message(turn: Turn) -> TResponseInputItem:
    """Return *turn* as the SDK holds it."""
    return {"role": _NAMES[turn.role], "content": turn.text}  # type: ignore[return-value, misc]


def turns(items: Iterable[Any]) -> Iterator[Turn]:
    """Yield what *items* say, the calls of one answer together and their results together."""
    for kind, group in itertools.groupby(items, lambda item: item.get("type", "message")):
        match kind:
            case "message":
                yield from (Turn(role=_ROLES[item["role"]], text=item["content"]) for item in group)
            case "function_call":
                yield Turn(role=AGENT, call_ids=[item["call_id"] for item in group])
            case "function_call_output":
                yield Turn(role=USER, results={item["call_id"]: str(item["output"]) for item in group})
            case _:
                raise TypeError(f"the SDK sent a {kind}, which the model port does not know")


def _said(answer: llm.ModelAnswer, offered: Sequence[str]) -> list[TResponseOutputItem]:
    # The identifier says everything: the SDK never sees the arguments, nor the text beside a call, and changes neither.
    if calls := answer.message.tool_calls:
        return [
            ResponseFunctionToolCall(
                type="function_call",
                call_id=call.call_id,
                name=call.name if call.name in offered else STRAY.name,
                arguments="{}",
            )
            for call in calls
        ]
    text = ResponseOutputText(type="output_text", text=text_of(answer.message.parts), annotations=[])
    said = ResponseOutputMessage(
        type="message", id=answer.call_id, role="assistant", status="completed", content=[text]
    )
    return [said]
