"""What the tools of the cases do."""

from __future__ import annotations

import asyncio

from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance.play import Play
from pal_conformance.script import Tool, ToolReport
from pal_rpc.errors import MeshError


async def ok(request: executor.ExecuteToolRequest, play: Play) -> str:
    """Return a result that names its call."""
    return f"result of {request.call_id}"


async def fails(request: executor.ExecuteToolRequest, play: Play) -> str:
    """Fail as a tool does that raised."""
    raise ToolReport(MeshError(reasons.ERROR_REASON_TOOL_FAILED, f"no luck with {request.call_id}", tool="add"))


async def times_out(request: executor.ExecuteToolRequest, play: Play) -> str:
    """Take longer than the executor waits."""
    error = MeshError(reasons.ERROR_REASON_TOOL_TIMEOUT, f"{request.call_id} took longer than 1 s", tool="add")
    raise ToolReport(error, events.TOOL_CALL_OUTCOME_UNKNOWN)


def gives(text: str) -> Tool:
    """Return a tool whose result is *text*."""

    async def give(request: executor.ExecuteToolRequest, play: Play) -> str:
        return text

    return give


def refuses(error: MeshError) -> Tool:
    """Return a tool that the executor refuses to call."""

    async def refuse(request: executor.ExecuteToolRequest, play: Play) -> str:
        raise error

    return refuse


def held(until: asyncio.Event) -> Tool:
    """Return a tool that waits for *until*."""

    async def wait(request: executor.ExecuteToolRequest, play: Play) -> str:
        await play.hold(until)
        return "done"

    return wait
