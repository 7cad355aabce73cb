"""A conformance kit and the adapter that it is for, together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from pal_cli.candidates import command_of, started
from pal_cli.failures import REFUSED, TIMEOUT, UNAVAILABLE, USAGE, CommandError
from pal_cli.home import Home
from pal_conformance.kit import Kit, kit
from pal_conformance.suite import reached
from pal_conformance.target import (
    BadAddress,
    NoAnswer,
    NotAnAdapter,
    NothingThere,
    Target,
    TooNew,
    Unreached,
    Unusable,
    connected,
)

# Enough for the case that has a hundred going at once.
_CONCURRENT_RUNS = "128"
_EXITS = {BadAddress: USAGE, NothingThere: UNAVAILABLE, NoAnswer: TIMEOUT, NotAnAdapter: REFUSED, TooNew: REFUSED}


@asynccontextmanager
async def started_for_this(home: Home, runtime: str, version: str, install: str) -> AsyncIterator[tuple[Target, Kit]]:
    """Start the adapter of a runtime, of a version of it, or of whatever is to be installed; yield it and its kit.

    Raises:
        CommandError: there is none, or it cannot be held to the contract.
        StartError: it does not start.
    """
    async with command_of(home, runtime, version, install) as argv, kit() as served:
        adapter = started(argv, served.addresses, PAL_CONCURRENT_RUNS=_CONCURRENT_RUNS)
        async with adapter as address, _on_trial(address, served) as candidate:
            yield candidate, served


@asynccontextmanager
async def running(address: str, own: Mapping[str, str]) -> AsyncIterator[tuple[Target, Kit]]:
    """Serve a kit on the addresses *own*, where the adapter on *address* reaches it; yield both.

    Raises:
        CommandError: it cannot be held to the contract.
        StartError: an address of the kit is taken.
    """
    async with kit(own) as served, _on_trial(address, served) as candidate:
        yield candidate, served


@asynccontextmanager
async def _on_trial(address: str, served: Kit) -> AsyncIterator[Target]:
    async with AsyncExitStack() as stack:
        try:
            candidate = await stack.enter_async_context(connected(address))
            await reached(candidate, served)
        except Unreached as error:
            raise CommandError(f"{error}; {_pointers(served)}", UNAVAILABLE) from None
        except Unusable as error:
            raise CommandError(str(error), _EXITS[type(error)]) from None
        yield candidate


def _pointers(served: Kit) -> str:
    variables = " ".join(f"PAL_{name.upper()}_ADDRESS={address}" for name, address in served.addresses.items())
    return f"start it with {variables}"
