"""What the kit serves to an adapter: a model, tools and a registry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import llm_provider_service_pb2_grpc as llm_rpc
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.service.v1 import tool_executor_service_pb2_grpc as tool_rpc
from pal_conformance.registry import Announcements
from pal_conformance.script import SeamLost
from pal_conformance.seams import Seams

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class ModelServicer(llm_rpc.LLMProviderServiceServicer):
    """Serves the model of *seams*."""

    def __init__(self, seams: Seams) -> None:
        """Serve *seams*."""
        self._seams = seams

    async def StreamComplete(
        self, request: llm.StreamCompleteRequest, context: Context
    ) -> AsyncIterator[llm.StreamCompleteResponse]:
        """Answer while the answer is produced."""
        async with _Lost(context), aclosing(self._seams.answer(request.request, _metadata(context))) as frames:  # type: ignore[type-var]
            async for frame in frames:
                yield llm.StreamCompleteResponse(frames=[frame])

    async def Complete(self, request: llm.CompleteRequest, context: Context) -> llm.CompleteResponse:
        """Answer at once."""
        response = llm.CompleteResponse()
        async with _Lost(context):
            async for frame in self._seams.answer(request.request, _metadata(context)):
                if frame.HasField("answer"):
                    response.answer.CopyFrom(frame.answer)
        return response

    async def ListProfiles(self, request: llm.ListProfilesRequest, context: Context) -> llm.ListProfilesResponse:
        """Name the one profile there is."""
        profile = llm.ModelProfile(name="default", tool_calling=True, structured_output=True, provider="scripted")
        return llm.ListProfilesResponse(profiles=[profile])


class ToolServicer(tool_rpc.ToolExecutorServiceServicer):
    """Serves the tools of *seams*."""

    def __init__(self, seams: Seams) -> None:
        """Serve *seams*."""
        self._seams = seams

    async def ExecuteTool(self, request: executor.ExecuteToolRequest, context: Context) -> executor.ExecuteToolResponse:
        """Carry out a call."""
        async with _Lost(context):
            return await self._seams.execute(request, _metadata(context))

    async def GetToolCall(self, request: executor.GetToolCallRequest, context: Context) -> executor.GetToolCallResponse:
        """Return the end of a call."""
        return executor.GetToolCallResponse(finished=self._seams.finished(request.run_id, request.call_id))


class RegistryServicer(registry_rpc.RegistryServiceServicer):
    """Serves *announcements*."""

    def __init__(self, announcements: Announcements) -> None:
        """Serve *announcements*."""
        self._announcements = announcements

    async def RegisterRuntime(
        self, request: registry.RegisterRuntimeRequest, context: Context
    ) -> registry.RegisterRuntimeResponse:
        """Remember an announcement."""
        return registry.RegisterRuntimeResponse(runtime=self._announcements.register(request))

    async def RenewRuntime(
        self, request: registry.RenewRuntimeRequest, context: Context
    ) -> registry.RenewRuntimeResponse:
        """Know an announcement again."""
        self._announcements.renew(request.registration_id)
        return registry.RenewRuntimeResponse()

    async def DrainRuntime(
        self, request: registry.DrainRuntimeRequest, context: Context
    ) -> registry.DrainRuntimeResponse:
        """Note a leave."""
        self._announcements.drain(request.registration_id)
        return registry.DrainRuntimeResponse()


def registrations(seams: Seams, announcements: Announcements) -> dict[str, Callable[[grpc.aio.Server], None]]:
    """Return by service what adds it to a server."""

    def model(server: grpc.aio.Server) -> None:
        llm_rpc.add_LLMProviderServiceServicer_to_server(ModelServicer(seams), server)

    def tools(server: grpc.aio.Server) -> None:
        tool_rpc.add_ToolExecutorServiceServicer_to_server(ToolServicer(seams), server)

    def known_by(server: grpc.aio.Server) -> None:
        registry_rpc.add_RegistryServiceServicer_to_server(
            RegistryServicer(announcements),  # type: ignore[abstract]  # what an adapter does not call is not there
            server,
        )

    return {"registry": known_by, "llm_provider": model, "tool_executor": tools}


class _Lost:
    """Turns SeamLost into the status of a peer that has gone."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SeamLost):
            await self._context.abort(grpc.StatusCode.UNAVAILABLE, "the seam has gone")


def _metadata(context: Context) -> dict[str, str]:
    return {key: str(value) for key, value in context.invocation_metadata() or ()}
