"""The model and the tools that pydantic-ai sees: the ports of one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal_adapter_host.dialogue import AGENT, PLATFORM, USER, Turn, text_of
from pal_adapter_host.runtime import ModelPort, ToolPort
from pal_log.payload import content_text

# How often a runtime may ask again is the platform's to limit.
UNLIMITED = 1_000_000
_ANYTHING = SchemaValidator(core_schema.any_schema())


class PortModel(Model):
    """Asks the port."""

    def __init__(self, port: ModelPort) -> None:
        """Ask *port*."""
        super().__init__()
        self._port = port

    @property
    def model_name(self) -> str:
        """The name for all models: which one answers is the platform's to decide."""
        return "pal"

    @property
    def system(self) -> str:
        """The provider."""
        return "pal"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Return the answer of the port."""
        offered = [tool.name for tool in model_request_parameters.function_tools]
        answer = await self._port.ask(list(turns(messages)), offered)
        text = text_of(answer.message.parts)
        # The identifier says everything: pydantic-ai never sees the arguments, so it cannot change them.
        calls = [ToolCallPart(call.name, "{}", call.call_id) for call in answer.message.tool_calls]
        return ModelResponse(parts=[TextPart(text), *calls] if text else calls)


class PortToolset(AbstractToolset[None]):
    """Calls the port."""

    def __init__(self, tools: Sequence[llm.ModelTool], port: ToolPort) -> None:
        """Offer *tools*, carried out by *port*."""
        self._port = port
        self._tools = {
            tool.name: ToolsetTool(
                toolset=self,
                tool_def=ToolDefinition(name=tool.name, description=tool.purpose),
                max_retries=UNLIMITED,
                args_validator=_ANYTHING,
            )
            for tool in tools
        }

    @property
    def id(self) -> str:
        """The name of the toolset."""
        return "pal"

    async def get_tools(self, ctx: RunContext[None]) -> dict[str, ToolsetTool[None]]:
        """Return the tools of the agent."""
        return self._tools

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[None], tool: ToolsetTool[None]
    ) -> str:
        """Return what the call gave, as text: other values would be written anew."""
        return content_text((await self._port.call(ctx.tool_call_id or "")).result)


def message(turn: Turn) -> ModelMessage:
    """Return *turn* as pydantic-ai holds it."""
    if turn.role == AGENT:
        return ModelResponse(parts=[TextPart(turn.text)])
    part = SystemPromptPart(turn.text) if turn.role == PLATFORM else UserPromptPart(turn.text)
    return ModelRequest(parts=[part])


def turns(messages: Iterable[ModelMessage]) -> Iterator[Turn]:
    """Yield what *messages* say, the results of one answer together."""
    for said in messages:
        if isinstance(said, ModelResponse):
            yield from _of_agent(said)
        else:
            yield from _of_user(said.parts)


def _of_agent(said: ModelResponse) -> Iterator[Turn]:
    calls = [part.tool_call_id for part in said.parts if isinstance(part, ToolCallPart)]
    texts = [part.content for part in said.parts if isinstance(part, TextPart)]
    if calls:
        yield Turn(role=AGENT, text="".join(texts), call_ids=calls)
    else:
        # Neighbouring answers of an earlier conversation were merged into one message.
        yield from (Turn(role=AGENT, text=text) for text in texts)


def _of_user(parts: Sequence[ModelRequestPart]) -> Iterator[Turn]:
    results: dict[str, str] = {}
    for part in parts:
        match part:
            case ToolReturnPart():
                results[part.tool_call_id] = part.model_response_str()
            case RetryPromptPart() if part.tool_name:
                results[part.tool_call_id] = part.model_response()
            case RetryPromptPart():
                yield Turn(role=USER, text=part.model_response())
            case SystemPromptPart():
                yield Turn(role=PLATFORM, text=part.content)
            case UserPromptPart():
                yield Turn(role=USER, text=part.content if isinstance(part.content, str) else str(part.content))
            case _:
                raise TypeError(f"pydantic-ai sent a {type(part).__name__}, which the model port does not know")
    if results:
        yield Turn(role=USER, results=results)
