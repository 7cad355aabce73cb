"""Starts the processes of a mesh, starts again what dies, and stops them in the right order."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal_cli.child import Child
from pal_cli.home import Home
from pal_cli.plugins.cgroups import delegated, own_group
from pal_cli.plugins.fleet import Fleet
from pal_cli.programs import Plan
from pal_rpc.channels import channel
from pal_rpc.config import StartError
from pal_rpc.mesh_state import MeshState

START_SECONDS = 60.0


@asynccontextmanager
async def supervised(home: Home, plan: Plan) -> AsyncIterator[MeshState]:
    """Run the processes of *plan*, and the adapters that *home* wants, until the block ends; the caller holds *home*.

    Raises:
        StartError: one of them does not start; the others are stopped again.
    """
    state = MeshState(pid=os.getpid(), started_at=time.time(), addresses=dict(plan.addresses))

    def changed() -> None:
        state.processes = {child.program.name: child.state for child in children} | fleet.states
        home.write_state(state)

    children = [Child(program, home.logs / f"{program.name}.log", changed) for program in plan.programs]
    core, *seams = children
    async with AsyncExitStack() as stack:
        groups = stack.enter_context(delegated(*own_group()))
        registry = registry_rpc.RegistryServiceStub(
            await stack.enter_async_context(channel(plan.addresses["registry"]))
        )
        fleet = Fleet(home, plan.addresses, plan.runtimes, changed, registry, groups)
        changed()
        try:
            async with fleet:
                try:
                    await _start_all(children, fleet)
                    async with _kept(children):
                        yield state
                finally:
                    # The core first: it ends its runs while the adapters and the seams are still there.
                    await core.stop()
        finally:
            await asyncio.gather(*(seam.stop() for seam in seams))


@asynccontextmanager
async def _kept(children: list[Child]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        keeping = [tasks.create_task(child.keep()) for child in children]
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()


async def _start_all(children: list[Child], fleet: Fleet) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            await _started(children, fleet)
    except TimeoutError:
        states = {child.program.name: child.state for child in children} | fleet.states
        slow = ", ".join(name for name, state in states.items() if state.state == "starting")
        raise StartError(f"{slow} did not start within {START_SECONDS:.0f} s; `pal logs` shows why") from None


async def _started(children: list[Child], fleet: Fleet) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for child in children:
                tasks.create_task(child.start())
            tasks.create_task(fleet.started())
    except* StartError as group:
        raise group.exceptions[0] from None
