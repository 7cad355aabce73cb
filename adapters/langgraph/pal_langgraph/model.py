"""The model that LangGraph sees: one for all runs, which asks the port of the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import get_runtime

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.dialogue import AGENT, PLATFORM, USER, Turn, text_of
from pal_adapter_host.runtime import Ports

# How many steps a run may take is the platform's to limit.
UNLIMITED = RunnableConfig(recursion_limit=1_000_000_000)
_ROLES = {"system": PLATFORM, "human": USER, "ai": AGENT}
_KINDS: Mapping[events.MessageRole, type[BaseMessage]] = {
    PLATFORM: SystemMessage,
    USER: HumanMessage,
    AGENT: AIMessage,
}


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one run adds to the agent that all of them share: its ports, and the tools on offer by name."""

    ports: Ports
    tools: Sequence[str]


class PortModel(BaseChatModel):
    """Asks the port, which streams by itself.

    LangGraph mends arguments that were cut off and calls the tool with them. It gets none: the identifier of a call
    says everything. Nor does it get schemas, which it would write anew: the port knows the tools by name.
    """

    # Whatever the process keeps for all models is not for this one.
    cache: bool = False

    @property
    def _llm_type(self) -> str:
        return "pal"

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        work = get_runtime(Work).context
        answer = await work.ports.model.ask(list(turns(messages)), work.tools)
        calls = [_call(call) for call in answer.message.tool_calls]
        said = AIMessage(content=text_of(answer.message.parts), tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=said)])

    def _generate(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a blocking call would stop every other run."""
        raise NotImplementedError("the model port is asynchronous")


def message(turn: Turn) -> BaseMessage:
    """Return *turn* as LangGraph holds it."""
    return _KINDS[turn.role](content=turn.text)


def turns(messages: Iterable[BaseMessage]) -> Iterator[Turn]:
    """Yield what *messages* say, the results of one answer together."""
    results: dict[str, str] = {}
    for said in messages:
        if isinstance(said, ToolMessage):
            results[said.tool_call_id] = str(said.content)
            continue
        if results:
            yield Turn(role=USER, results=results)
            results = {}
        calls = [call["id"] or "" for call in said.tool_calls] if isinstance(said, AIMessage) else ()
        yield Turn(role=_ROLES[said.type], text=str(said.content), call_ids=calls)
    if results:
        yield Turn(role=USER, results=results)


def _call(call: llm.ModelToolCall) -> ToolCall:
    return ToolCall(name=call.name, args={}, id=call.call_id, type="tool_call")
