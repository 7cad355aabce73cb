"""A run before the first one, with nobody listening: whatever a runtime loads late is loaded then."""

from __future__ import annotations

from collections.abc import Sequence

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.dialogue import AGENT, PLATFORM, USER, Turn
from pal_adapter_host.runtime import Ports, Runtime, Task
from pal_log.payload import text_payload

_TOOL = llm.ModelTool(name="rehearse", purpose="Shows that tools work.")
_SCRIPT = (
    llm.ModelAnswer(
        call_id="model-1",
        message=llm.ModelMessage(
            role=AGENT,
            tool_calls=[llm.ModelToolCall(call_id="call-1", name=_TOOL.name, arguments_json="{}")],
        ),
        stop_reason=events.MODEL_STOP_REASON_TOOL_CALLS,
    ),
    llm.ModelAnswer(
        call_id="model-2",
        message=llm.ModelMessage(role=AGENT, parts=[text_payload("ready")]),
        stop_reason=events.MODEL_STOP_REASON_COMPLETE,
    ),
)


async def rehearse(runtime: Runtime) -> str:
    """Have *runtime* ask for a tool and answer; return the answer."""
    task = Task(
        run_id="rehearsal",
        opening=[Turn(role=PLATFORM, text="Rehearse."), Turn(role=USER, text="Begin.")],
        tools=[_TOOL],
    )
    port = _Rehearsal()
    return await runtime.run(task, Ports(model=port, tools=port))


class _Rehearsal:
    """Both ports, playing the script."""

    def __init__(self) -> None:
        self._script = iter(_SCRIPT)

    async def ask(self, turns: Sequence[Turn], tools: Sequence[str]) -> llm.ModelAnswer:
        return next(self._script)

    async def call(self, call_id: str) -> llm.ModelToolResult:
        return llm.ModelToolResult(call_id=call_id, result=text_payload("shown"))
