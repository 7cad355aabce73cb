"""A rollout in tests: its plan, and what is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import rollout_service_pb2_grpc as rpc
from pal.v1 import rollout_pb2 as plans
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config as AdapterConfig
from pal_adapter_host.host import adapter
from pal_adapter_host.runtime import Ports, Task
from pal_cli.health import wait_ready
from pal_migration.__main__ import Config, migration
from pal_rpc.channels import channel
from tests.fakes.seams import FakeSeams
from tests.integration.migration.conftest import Bench

QUICK = {"rollout_interval_seconds": 0.05, "rollout_figures_seconds": 0.05}


class Failing(EchoRuntime):
    """Fails every run before it has asked for anything."""

    async def run(self, task: Task, ports: Ports) -> str:
        raise TypeError("unexpected keyword argument")


@asynccontextmanager
async def serving(bench: Bench, path: Path, **settings: Any) -> AsyncIterator[rpc.RolloutServiceStub]:
    """Serve rollouts, with their data in *path*."""
    config = Config(**{**vars(bench.config), "data_dir": path, **QUICK, **settings})
    async with migration(config) as server, channel(server.address) as opened:
        yield rpc.RolloutServiceStub(opened)


@asynccontextmanager
async def standby(bench: Bench, name: str, runtime: EchoRuntime, fakes: FakeSeams | None = None) -> AsyncIterator[None]:
    """Have *runtime* take runs under *name*, with the seams of the bench or its own."""
    behind = fakes or bench.fakes
    config = AdapterConfig(
        address="127.0.0.1:0",
        registry_address=bench.config.registry_address,
        llm_provider_address=behind.address,
        tool_executor_address=behind.address,
        runtime_name=name,
        drain_seconds=0.1,
    )
    async with adapter(config, runtime):
        addresses = {"router": bench.config.router_address, "registry": bench.config.registry_address}
        await wait_ready(addresses, [name], 60)
        yield


def rollout(name: str, *waves: dict[str, Any], **spec: Any) -> plans.Rollout:
    """Return the plan of a rollout to ``other``."""
    document = {
        "apiVersion": "pal/v1",
        "kind": "Rollout",
        "metadata": {"name": name, "version": "1.0.0"},
        "spec": {"candidate": "other", "waves": list(waves), **spec},
    }
    return json_format.ParseDict(document, plans.Rollout())


def wave(name: str, *steps: dict[str, Any], **labels: str) -> dict[str, Any]:
    """Return a wave of the agents with *labels*."""
    return {"name": name, "labels": labels or {"roll": name}, "steps": list(steps)}


async def applied(service: rpc.RolloutServiceStub, plan: plans.Rollout) -> pb.RolloutStatus:
    """Return the rollout of *plan* as it begins."""
    return (await service.ApplyRollout(pb.ApplyRolloutRequest(rollout=plan, author="tester"))).status


async def until(
    service: rpc.RolloutServiceStub, status: pb.RolloutStatus, reached: Callable[[pb.RolloutStatus], bool]
) -> pb.RolloutStatus:
    """Return the rollout once *reached* says so."""
    selector = pb.RolloutSelector(rollout_id=status.rollout_id)
    last = status
    try:
        async with asyncio.timeout(60):
            async for frame in service.WatchRollout(pb.WatchRolloutRequest(rollout=selector)):
                last = frame.status
                if reached(last):
                    return last
    except TimeoutError:
        raise AssertionError(f"not reached: {last}") from None
    raise AssertionError(f"it is over: {last}")


def at(wave: int, step: int) -> Callable[[pb.RolloutStatus], bool]:
    """Return what tells whether everything of a step is in place."""
    return lambda status: (status.wave, status.step) == (wave, step) and status.HasField("step_began_at")


def state(wanted: pb.RolloutState) -> Callable[[pb.RolloutStatus], bool]:
    """Return what tells whether a rollout has come to a state."""
    return lambda status: status.state == wanted


async def revisions(bench: Bench, agent: str) -> list[registry_pb.Route]:
    """Return the revisions of the route of *agent*, oldest first."""
    listed = await bench.registry.ListRouteRevisions(registry_pb.ListRouteRevisionsRequest(agent=agent))
    return list(listed.routes)[::-1]


async def shares(bench: Bench, agent: str) -> list[tuple[str, str, int]]:
    """Return stable, candidate and share of each revision, oldest first."""
    return [(one.stable, one.candidate, one.candidate_basis_points) for one in await revisions(bench, agent)]


def labels(agent: str) -> dict[str, str]:
    """Return the labels of a wave that *agent*, of the fixture `agents`, is in."""
    return {"roll": f"{agent[:4]}-{agent[-8:]}"}
