"""What agno itself does, without PAL in between: its surface and its events in a few scenarios, as JSON on stdout.

Run as a script in the environment of any agno 2 or 3. Nothing here is the adapter's: a version is compared with its
neighbour by what it does by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.metadata
import inspect
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

os.environ["AGNO_TELEMETRY"] = "false"
os.environ["AGNO_DEBUG"] = "false"

from agno.agent import Agent
from agno.models.base import Model
from agno.models.response import ModelResponse
from agno.tools.function import Function

_MODULES = (
    "agno.metrics",
    "agno.models.metrics",
    "agno.run.agent",
    "agno.run.response",
    "agno.run.workflow",
    "agno.session.workflow",
    "agno.workflow",
)
_SCENARIO_SECONDS = 10.0
_STOP_SECONDS = 0.3
_WAIT = "wait"


@dataclass
class Scripted(Model):
    """Says what it was told to, chunk by chunk, and remembers what it was asked."""

    id: str = "probe"
    name: str | None = "Scripted"
    provider: str | None = "probe"
    says: list[Any] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    begun: Any = None

    async def ainvoke_stream(self, messages: Any, **given: Any) -> AsyncIterator[ModelResponse]:
        """Yield the next answer."""
        tools = [tool["function"]["name"] for tool in given.get("tools") or ()]
        self.asked.append({"roles": [message.role for message in messages], "tools": tools})
        answer = self.says.pop(0)
        if isinstance(answer, Exception):
            raise answer
        for chunk in answer:
            if chunk == _WAIT:
                # agno looks for a wish to stop when the next event arrives.
                self.begun.set()
                await asyncio.sleep(_STOP_SECONDS)
                continue
            yield chunk

    async def ainvoke(self, messages: Any, **given: Any) -> ModelResponse:
        """Return the next answer as a whole."""
        whole = ModelResponse(role="assistant")
        async for chunk in self.ainvoke_stream(messages, **given):
            whole.content = (whole.content or "") + (chunk.content or "")
            whole.tool_calls = [*(whole.tool_calls or []), *(chunk.tool_calls or [])]
        return whole

    def invoke(self, *_: Any, **__: Any) -> Any:
        """Refuse."""
        raise NotImplementedError

    def invoke_stream(self, *_: Any, **__: Any) -> Any:
        """Refuse."""
        raise NotImplementedError

    def parse_provider_response(self, response: Any, **_: Any) -> Any:
        """Return *response*."""
        return response

    def parse_provider_response_delta(self, response: Any) -> Any:
        """Return *response*."""
        return response

    _parse_provider_response = parse_provider_response
    _parse_provider_response_delta = parse_provider_response_delta


def _text(text: str) -> ModelResponse:
    return ModelResponse(role="assistant", content=text)


def _call(name: str, arguments: str, call_id: str = "c1") -> ModelResponse:
    function = {"name": name, "arguments": arguments}
    return ModelResponse(role="assistant", tool_calls=[{"id": call_id, "type": "function", "function": function}])


async def _echo(**given: Any) -> str:
    return json.dumps(given)


async def _raising(**_: Any) -> str:
    raise ValueError("no luck")


def _tool(name: str, entrypoint: Callable[..., Any]) -> Function:
    schema = {"type": "object", "properties": {"word": {"type": "string"}}}
    return Function(
        name=name, description=name, parameters=schema, entrypoint=entrypoint, skip_entrypoint_processing=True
    )


SCENARIOS: dict[str, Callable[[], list[Any]]] = {
    "plain": lambda: [[_text("a"), _text("b")]],
    "tool": lambda: [[_call("echo", '{"word": "x"}')], [_text("done")]],
    "tool raises": lambda: [[_call("raising", "{}")], [_text("done")]],
    "unknown tool": lambda: [[_call("nobody", "{}")], [_text("done")]],
    "broken arguments": lambda: [[_call("echo", '{"word": ')], [_text("done")]],
    "string true": lambda: [[_call("echo", '{"word": "true"}')], [_text("done")]],
    "model raises": lambda: [RuntimeError("down")],
    "empty answer": lambda: [[_text("")]],
    "cancelled": lambda: [[_text("a"), _WAIT, _text("b")]],
}


def surface() -> dict[str, Any]:
    """Return what can be imported and called."""
    return {
        "modules": [name for name in _MODULES if _importable(name)],
        "arun": sorted(inspect.signature(Agent.arun).parameters),
        "agent": sorted(inspect.signature(Agent.__init__).parameters),
        "model": sorted(getattr(Model, "__abstractmethods__", ())),
        "cancel_run": _kind_of("cancel_run"),
    }


def _importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _kind_of(name: str) -> str:
    found = inspect.getattr_static(Agent, name, None)
    return type(found).__name__ if found is not None else "absent"


async def behaviour(says: list[Any]) -> dict[str, Any]:
    """Return the events of one run in which the model *says* this, how it ended, and what the model was asked."""
    model = Scripted(says=says, begun=asyncio.Event())
    agent = Agent(
        model=model,
        tools=[_tool("echo", _echo), _tool("raising", _raising)],
        telemetry=False,
    )
    events: list[str] = []
    ended = "returned"
    ids: list[str] = []
    canceller = asyncio.ensure_future(_cancel_when_begun(agent, model, ids))
    try:
        async with asyncio.timeout(_SCENARIO_SECONDS + 5):
            # Its parameters differ from version to version.
            arun: Any = agent.arun
            stream = arun("hello", stream=True, **_every_event())
            if inspect.iscoroutine(stream):
                stream = await stream
            async for event in stream:
                ids.append(getattr(event, "run_id", "") or "")
                events.append(_named(event))
    except Exception as error:  # noqa: BLE001  how a version ends is what is measured
        ended = f"raised {type(error).__name__}"
    finally:
        canceller.cancel()
    return {"events": events, "ended": ended, "asked": model.asked}


async def _cancel_when_begun(agent: Agent, model: Scripted, ids: list[str]) -> None:
    await model.begun.wait()
    result = agent.cancel_run(ids[-1]) if ids else None
    if inspect.isawaitable(result):
        await result


def _every_event() -> dict[str, bool]:
    names = inspect.signature(Agent.arun).parameters
    return {name: True for name in ("stream_events", "stream_intermediate_steps") if name in names}


def _named(event: Any) -> str:
    name = str(getattr(event, "event", type(event).__name__))
    facts = []
    if error_type := getattr(event, "error_type", None):
        facts.append(f"error_type={error_type}")
    tool = getattr(event, "tool", None)
    if tool is not None:
        facts.append(f"tool={tool.tool_name}")
        if getattr(tool, "tool_call_error", None):
            facts.append("error")
        if "Started" in name:
            facts.append(f"arguments={json.dumps(tool.tool_args, sort_keys=True)}")
    return " ".join([name, *facts])


async def main() -> None:
    """Print everything."""
    logging.disable(logging.CRITICAL)
    found: dict[str, Any] = {"version": importlib.metadata.version("agno"), "surface": surface()}
    found["scenarios"] = {name: await behaviour(says()) for name, says in SCENARIOS.items()}
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
