"""The kit on its addresses: seams and registry served, ready for an adapter to be pointed at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pal_conformance.registry import Announcements
from pal_conformance.seams import Seams
from pal_conformance.servicer import registrations
from pal_rpc.config import StartError
from pal_rpc.server import serving

# Where an adapter looks for them unless it is told otherwise.
ADDRESSES = {"registry": "127.0.0.1:7401", "llm_provider": "127.0.0.1:7403", "tool_executor": "127.0.0.1:7404"}
FREE = dict.fromkeys(ADDRESSES, "127.0.0.1:0")


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What adapters reach."""

    seams: Seams
    announcements: Announcements
    addresses: Mapping[str, str]


@asynccontextmanager
async def kit(addresses: Mapping[str, str] = FREE) -> AsyncIterator[Kit]:
    """Serve the kit on *addresses* until the block ends.

    Raises:
        StartError: an address is taken or is not a loopback address.
    """
    seams, announcements = Seams(), Announcements()
    served = {}
    async with AsyncExitStack() as stack:
        for name, register in registrations(seams, announcements).items():
            try:
                server = await stack.enter_async_context(serving(addresses[name], [], register, drain_seconds=0))
            except StartError:
                raise StartError(_taken(name, addresses[name])) from None
            served[name] = server.address
        yield Kit(seams=seams, announcements=announcements, addresses=served)


def _taken(name: str, address: str) -> str:
    role = name.replace("_", " ")
    return (
        f"the kit cannot listen on {address}, where the adapter looks for its {role}: stop what has the port (a mesh? "
        f"`pal down`), or choose another with --{role.replace(' ', '-')} and start the adapter with "
        f"PAL_{name.upper()}_ADDRESS set to it"
    )
