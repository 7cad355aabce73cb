"""A whole mesh for benchmarks: the processes that `pal up` starts, with the profiles of the benchmark."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

# As `pal` has it, and read when grpc is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal_cli.commands.mesh import running
from pal_cli.home import Home
from pal_cli.programs import Plan, Program, plan
from pal_rpc.channels import channel
from pal_rpc.mesh_state import MeshState


@dataclass(frozen=True)
class Mesh:
    """A mesh that runs."""

    router: rpc.RouterServiceStub
    registry: registry_rpc.RegistryServiceStub
    state: MeshState

    @property
    def pids(self) -> dict[str, int]:
        """The process ids by the name of the process."""
        return {name: process.pid for name, process in self.state.processes.items()}

    async def apply(self, text: str) -> None:
        """Publish documents."""
        await self.registry.Apply(registry.ApplyRequest(text=text))


@asynccontextmanager
async def mesh(
    directory: Path,
    profiles: Mapping[str, object],
    runtimes: tuple[str, ...] = ("agno",),
    tools: Path | None = None,
) -> AsyncIterator[Mesh]:
    """Run a mesh below *directory* on free ports until the block ends."""
    home = Home(directory)
    with home.held():
        profiles_file = directory / "profiles.yaml"
        # JSON is YAML.
        profiles_file.write_text(json.dumps({"profiles": profiles}))
        planned = plan(
            home, port=0, runtimes=runtimes, profiles=profiles_file, tools=tools, default_runtime=runtimes[0]
        )
        planned = dataclasses.replace(planned, programs=[*planned.programs, *_echoes(planned)])
        async with (
            running(home, planned) as state,
            channel(state.addresses["router"]) as router,
            channel(state.addresses["registry"]) as documents,
        ):
            yield Mesh(rpc.RouterServiceStub(router), registry_rpc.RegistryServiceStub(documents), state)


def _echoes(planned: Plan) -> list[Program]:
    """Return the echo adapter beside the first runtime: what it costs is the mesh's own, without any SDK."""
    first = planned.programs[-1]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    env = {**first.env, "PAL_ADDRESS": address, "PAL_RUNTIME_NAME": "echo"}
    command = (sys.executable, "-P", "-m", "pal_adapter_host.echo")
    return [Program(name="echo", command=command, env=env, services={"echo": address})]
