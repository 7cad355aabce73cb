"""An adapter process: configuration and wiring, the same for every runtime."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pal.service.v1 import llm_provider_service_pb2_grpc as llm_rpc
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import runtime_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.service.v1 import tool_executor_service_pb2_grpc as tool_rpc
from pal.v1 import runtime_capability_pb2 as capability
from pal_adapter_host.attempts import Attempts
from pal_adapter_host.registration import Registration
from pal_adapter_host.runtime import Runtime
from pal_adapter_host.servicer import RuntimeServicer
from pal_rpc import process, telemetry
from pal_rpc.channels import channel
from pal_rpc.config import StartError, from_env
from pal_rpc.server import Server, serving

SERVICE = pb.DESCRIPTOR.services_by_name["RuntimeService"].full_name


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of an adapter. There is no key in it: the lease of a run is all the right an adapter has."""

    address: str = "127.0.0.1:7410"
    registry_address: str = "127.0.0.1:7401"
    llm_provider_address: str = "127.0.0.1:7403"
    tool_executor_address: str = "127.0.0.1:7404"
    # Name to be routed to by. Empty means the name of the runtime.
    runtime_name: str = ""
    concurrent_runs: int = 64
    # How long the registry goes on believing in an adapter that it does not hear of.
    registration_seconds: int = 9
    otlp_endpoint: str | None = None
    drain_seconds: float = 5.0


@asynccontextmanager
async def adapter(config: Config, runtime: Runtime) -> AsyncIterator[Server]:
    """Serve RuntimeService over *runtime*, and have the registry know it, until the block ends."""
    async with AsyncExitStack() as stack:
        models = llm_rpc.LLMProviderServiceStub(await stack.enter_async_context(channel(config.llm_provider_address)))
        tools = tool_rpc.ToolExecutorServiceStub(await stack.enter_async_context(channel(config.tool_executor_address)))
        known_by = registry_rpc.RegistryServiceStub(await stack.enter_async_context(channel(config.registry_address)))
        await runtime.warm_up()
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        attempts = Attempts(runtime, models, tools, tasks, config.concurrent_runs)
        server = await stack.enter_async_context(
            serving(
                config.address,
                [SERVICE],
                functools.partial(rpc.add_RuntimeServiceServicer_to_server, RuntimeServicer(attempts)),
                drain_seconds=config.drain_seconds,
            )
        )
        announcement = _announcement(config, runtime, server)
        registration = Registration(known_by, announcement, config.registration_seconds, lambda: attempts.count)
        background = [tasks.create_task(registration.keep()), tasks.create_task(attempts.pulse())]
        try:
            yield server
        finally:
            for task in background:
                task.cancel()
            await registration.drain()


def _announcement(config: Config, runtime: Runtime, server: Server) -> registry.RegisterRuntimeRequest:
    declared = capability.RuntimeCapability()
    declared.CopyFrom(runtime.capability)
    declared.limits.concurrent_runs = config.concurrent_runs
    return registry.RegisterRuntimeRequest(
        capability=declared,
        installed_version=runtime.installed_version,
        endpoint=server.address,
        name=config.runtime_name,
    )


def run(make: Callable[[], Runtime]) -> None:
    """Run the adapter of the runtime that *make* makes, as a process, until it is told to stop."""
    try:
        runtime = make()
    except StartError as error:
        sys.stderr.write(f"adapter: {error}\n")
        sys.exit(process.EXIT_BAD_CONFIGURATION)
    process.run(f"adapter.{runtime.capability.runtime}", functools.partial(_main, runtime))


async def _main(runtime: Runtime, stop: asyncio.Event) -> None:
    config = from_env(Config, os.environ)
    telemetry.configure(f"adapter.{runtime.capability.runtime}", config.otlp_endpoint)
    async with adapter(config, runtime) as server:
        # What an SDK loads stays for good; without this every full collection walks through all of it.
        gc.collect()
        gc.freeze()
        process.announce(address=server.address)
        await stop.wait()
