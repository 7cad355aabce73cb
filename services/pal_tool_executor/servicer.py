"""ToolExecutorService on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.service.v1 import tool_executor_service_pb2_grpc as rpc
from pal_tool_executor.executions import Executions

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]


class ToolExecutorServicer(rpc.ToolExecutorServiceServicer):
    """Carries out tool calls for runs."""

    def __init__(self, executions: Executions) -> None:
        """Serve *executions*."""
        self._executions = executions

    async def ExecuteTool(self, request: pb.ExecuteToolRequest, context: Context) -> pb.ExecuteToolResponse:
        """Carry out a call."""
        return await self._executions.execute(request)

    async def GetToolCall(self, request: pb.GetToolCallRequest, context: Context) -> pb.GetToolCallResponse:
        """Return what is known of a call."""
        return await self._executions.look_up(request)
