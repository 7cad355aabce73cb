"""Adapters as programs: the environment, the working directory and the confinement that every one of them gets."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pal_cli.home import Home
from pal_cli.plugins.records import Record, Records
from pal_cli.spawning import Confinement, Program

# The only peers of an adapter.
PEERS = ("registry", "llm_provider", "tool_executor")
# What a process may know of the machine. Credentials are in none of these.
_PLAIN = ("PATH", "LANG", "LC_ALL", "TZ", "PAL_LOG_LEVEL", "PAL_OTLP_ENDPOINT")
# What runs are going may take this long to end when an adapter is replaced; the supervisor decides when it is enough.
DRAIN_SECONDS = 300.0
# An extra thread of gRPC would wake for every message, a tenth of the CPU time of a run (docs/performance.md); and what
# a process starts would now and then die of the threads that gRPC starts anew in it.
GRPC = {"GRPC_EXPERIMENTS": "-event_engine_poller_for_python", "GRPC_ENABLE_FORK_SUPPORT": "0"}


def adapter(record: Record, command: tuple[str, ...], home: Home, address: str, peers: Mapping[str, str]) -> Program:
    """Return the program of the adapter that *record* wants: *command*, listening on *address*.

    Of *peers*, the addresses by service, it learns those that an adapter calls.
    """
    name = record.name
    work = (Records(home.path).folder(name) / "work").resolve()
    known = {f"PAL_{peer.upper()}_ADDRESS": peers[peer] for peer in PEERS}
    plain = {variable: os.environ[variable] for variable in _PLAIN if variable in os.environ}
    own = {
        # An SDK finds no configuration, and no credentials, of the person who started the mesh.
        "HOME": str(work),
        "TMPDIR": str(work),
        "DO_NOT_TRACK": "1",
        **GRPC,
        "PAL_ADDRESS": address,
        "PAL_RUNTIME_NAME": name,
        "PAL_DRAIN_SECONDS": str(DRAIN_SECONDS),
    }
    # Itself too: a host may warm up by calling what it serves.
    reached = (*known.values(), address, plain.get("PAL_OTLP_ENDPOINT", ""))
    ports = [_port(value) for value in reached if _port(value)]
    return Program(
        name=name,
        command=command,
        env={**plain, **known, **own},
        services={name: address},
        directory=work,
        confinement=Confinement(
            ports=tuple(ports),
            hidden=(home.keys.resolve(), home.data.resolve()),
            limits=record.limits.over(record.declared),
        ),
        start_seconds=record.start_seconds,
    )


def _port(address: str) -> int:
    port = address.rstrip("/").rpartition(":")[2]
    return int(port) if port.isdecimal() else 0
