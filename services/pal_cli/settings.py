"""What every command knows, and how a command runs: in an event loop, with errors as one line and an exit code."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import grpc
import typer

from pal.service.v1 import gameday_service_pb2_grpc as gameday_rpc
from pal.service.v1 import llm_provider_service_pb2_grpc as llm_rpc
from pal.service.v1 import migration_service_pb2_grpc as migration_rpc
from pal.service.v1 import quota_service_pb2_grpc as quota_rpc
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import rollout_service_pb2_grpc as rollout_rpc
from pal.service.v1 import router_service_pb2_grpc as router_rpc
from pal_cli.failures import INTERRUPTED, REFUSED, RUN_FAILED, USAGE, CommandError, explained
from pal_cli.home import DEFAULT_ADDRESSES, Home, default_home
from pal_cli.show import complain
from pal_rpc.channels import channel
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError

P = ParamSpec("P")


class OutputFormat(StrEnum):
    """For people or for machines."""

    table = "table"
    json = "json"


Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="table for people, json for machines")]
# The largest number that a field of a message holds.
MOST_INT64 = 2**63 - 1
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="directory of the mesh; default $PAL_HOME or .pal", show_default=False)
]


@dataclass(frozen=True)
class Mesh:
    """The services of a running mesh."""

    router: router_rpc.RouterServiceStub
    registry: registry_rpc.RegistryServiceStub
    recorder: recorder_rpc.RecorderServiceStub
    quotas: quota_rpc.QuotaServiceStub
    llm_provider: llm_rpc.LLMProviderServiceStub
    migration: migration_rpc.MigrationServiceStub
    rollouts: rollout_rpc.RolloutServiceStub
    gamedays: gameday_rpc.GameDayServiceStub
    addresses: Mapping[str, str]


def addresses(home: Home) -> dict[str, str]:
    """Return where the services are: PAL_<SERVICE>_ADDRESS, else the mesh that runs in *home*, else the defaults."""
    state = home.read_state()
    known = {**DEFAULT_ADDRESSES, **(state.addresses if state else {})}
    return {name: os.environ.get(f"PAL_{name.upper()}_ADDRESS", address) for name, address in known.items()}


@asynccontextmanager
async def connected(home: Home) -> AsyncIterator[Mesh]:
    """Speak to the mesh of *home*; nothing is sent before the first call."""
    known = addresses(home)
    async with AsyncExitStack() as stack:
        channels = {
            name: await stack.enter_async_context(channel(known[name]))
            for name in ("router", "registry", "recorder", "llm_provider", "migration")
        }
        yield Mesh(
            router=router_rpc.RouterServiceStub(channels["router"]),
            registry=registry_rpc.RegistryServiceStub(channels["registry"]),
            quotas=quota_rpc.QuotaServiceStub(channels["recorder"]),
            recorder=recorder_rpc.RecorderServiceStub(channels["recorder"]),
            llm_provider=llm_rpc.LLMProviderServiceStub(channels["llm_provider"]),
            migration=migration_rpc.MigrationServiceStub(channels["migration"]),
            rollouts=rollout_rpc.RolloutServiceStub(channels["migration"]),
            gamedays=gameday_rpc.GameDayServiceStub(channels["migration"]),
            addresses=known,
        )


def home_of(path: Path | None) -> Home:
    """Return the home named by an option, or the default one."""
    return Home(path or default_home())


def command(function: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """Return the coroutine function as a command; what it returns is the exit code."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = asyncio.run(function(*args, **kwargs))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(0) from None
        except StartError as error:
            complain(str(error))
            raise typer.Exit(USAGE) from None
        except (CommandError, MeshError, grpc.aio.AioRpcError) as error:
            message, code = explained(error)
            complain(message)
            raise typer.Exit(code) from None
        except OSError as error:
            complain(f"{error.filename or 'the system'}: {error.strerror or str(error) or type(error).__name__}")
            raise typer.Exit(REFUSED) from None
        except Exception as error:
            if os.environ.get("PAL_TRACEBACK"):
                raise
            complain(f"this is a fault of PAL: {type(error).__name__}: {error}; PAL_TRACEBACK=1 shows where it is")
            raise typer.Exit(RUN_FAILED) from None
        raise typer.Exit(code or 0)

    return run
