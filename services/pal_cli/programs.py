"""The processes that make up a mesh: what each runs, in which environment, with which settings."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pal_cli.bundled import BUNDLED, environment_python
from pal_cli.home import DEFAULT_ADDRESSES, FIRST_ADAPTER_OFFSET, Home
from pal_cli.plugins.adapters import GRPC
from pal_cli.plugins.records import Records
from pal_cli.ports import free_addresses
from pal_cli.spawning import Program
from pal_rpc.config import StartError
from pal_rpc.identity import MIGRATION, OPERATOR, issue_token
from pal_rpc.keys import MESH, create_keys, private_key

CORE = "core"
CORE_SERVICES = ("router", "registry", "recorder")
# What a process may know of the machine. Credentials are in none of these.
_PLAIN = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PAL_LOG_LEVEL", "PAL_OTLP_ENDPOINT", "PAL_QUEUED_RUNS"),
    *("PAL_SHADOW_WORKERS", "PAL_SHADOW_QUEUE", "PAL_SHADOW_RUNS_PER_SECOND", "PAL_CHECKS_FILE"),
    *("PAL_ROLLOUT_INTERVAL_SECONDS", "PAL_ROLLOUT_FIGURES_SECONDS"),
    "PAL_KILL_POINTS",
)
_INSTALLERS = ("UV_", "PIP_", "SSL_CERT_", "HTTP_", "HTTPS_", "NO_PROXY", "http_", "https_", "no_proxy")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is decided before the first process starts; *runtimes* are those that start with the mesh."""

    addresses: Mapping[str, str]
    programs: Sequence[Program]
    runtimes: Sequence[str]


def plan(
    home: Home,
    *,
    port: int,
    runtimes: Sequence[str],
    profiles: Path | None,
    tools: Path | None,
    default_runtime: str,
    store_url: str = "",
    drills: bool = False,
    metrics_port: int | None = None,
    shadow_runs_per_second: float | None = None,
) -> Plan:
    """Return the processes of the mesh in *home*, with keys and tokens in place.

    *port* is the router's; the others follow it, adapters from ``port + 10`` on. 0 picks free ports. Without a
    *store_url* the record and the documents are in *home*. *drills* allows faults to be injected in drills. Shadow runs
    begin at the default pace unless *shadow_runs_per_second* names another.

    Raises:
        StartError: a runtime is not installed, or a file is not there.
    """
    _check(home, runtimes, profiles, tools)
    addresses = _addresses(port, [name for name in runtimes if name in BUNDLED])
    tokens = _tokens(home)
    peers = {f"PAL_{name.upper()}_ADDRESS": addresses[name] for name in DEFAULT_ADDRESSES}
    allowed = {"PAL_DRILLS": "true" if drills else "false"}
    shared = {**peers, **allowed, "PAL_DIE_WITH_PARENT": "1", **GRPC}
    trusted = {**shared, "PAL_KEYS_DIR": str(home.keys.resolve())}
    # The database belongs to the core and the migration service.
    kept = {"PAL_DATA_DIR": str(home.data.resolve()), "PAL_STORE_URL": store_url}
    paced = {} if shadow_runs_per_second is None else {"PAL_SHADOW_RUNS_PER_SECOND": str(shadow_runs_per_second)}
    seam_env = {**{name: value for name, value in os.environ.items() if name != "PAL_STORE_URL"}, **trusted}
    model_python = environment_python("llm_provider")
    programs = [
        _core(addresses, tokens, {**trusted, **kept, "PAL_DEFAULT_RUNTIME": default_runtime}),
        _seam("llm_provider", model_python, addresses, seam_env, tokens, PROFILES=profiles),
        _seam("tool_executor", Path(sys.executable), addresses, seam_env, tokens, TOOLS=tools),
        _migration(home, addresses, tokens, {**trusted, **kept, **paced}),
    ]
    return Plan(addresses=addresses, programs=_measured(programs, metrics_port), runtimes=runtimes)


def _core(addresses: Mapping[str, str], tokens: Mapping[str, Path], env: Mapping[str, str]) -> Program:
    return Program(
        name=CORE,
        command=(sys.executable, "-P", "-m", "pal_cli.core"),
        env={**_plain(), **env, "PAL_SERVICE_TOKEN_FILE": str(tokens["router"])},
        services={name: addresses[name] for name in CORE_SERVICES},
    )


def _migration(home: Home, addresses: Mapping[str, str], tokens: Mapping[str, Path], env: Mapping[str, str]) -> Program:
    own = {
        "PAL_ADDRESS": addresses[MIGRATION],
        "PAL_HOME": str(home.path.resolve()),
        "PAL_CERTIFICATES_DIR": str(home.certificates.resolve()),
        "PAL_SERVICE_TOKEN_FILE": str(tokens[MIGRATION]),
    }
    return Program(
        name=MIGRATION,
        command=(sys.executable, "-P", "-m", "pal_migration"),
        env={**_plain(), **_installing(), **env, **own},
        services={MIGRATION: addresses[MIGRATION]},
    )


def _measured(programs: Sequence[Program], port: int | None) -> Sequence[Program]:
    """Return *programs* with an address for the metrics of each, from *port* on."""
    numbers = [""] * len(programs) if port is None else [f"127.0.0.1:{port + place}" for place in range(len(programs))]
    return [
        dataclasses.replace(program, env={**program.env, "PAL_METRICS_ADDRESS": address})
        for program, address in zip(programs, numbers, strict=True)
    ]


def _seam(
    name: str,
    python: Path,
    addresses: Mapping[str, str],
    env: Mapping[str, str],
    tokens: Mapping[str, Path],
    **files: Path | None,
) -> Program:
    settings = {f"PAL_{kind}_FILE": str(path.resolve()) for kind, path in files.items() if path}
    return Program(
        name=name,
        command=(str(python), "-P", "-m", f"pal_{name}"),
        # Credentials of models and tools reach these two processes and no other.
        env={**env, **settings, "PAL_ADDRESS": addresses[name], "PAL_SERVICE_TOKEN_FILE": str(tokens[name])},
        services={name: addresses[name]},
    )


def _check(home: Home, runtimes: Sequence[str], profiles: Path | None, tools: Path | None) -> None:
    added = Records(home.path).names()
    for name in runtimes:
        if name not in BUNDLED and name not in added:
            known = ", ".join(sorted({*BUNDLED, *added}))
            raise StartError(f"--runtime {name}: no such runtime; there are: {known}; `pal runtime install` adds one")
        if name in BUNDLED and not BUNDLED[name].installed:
            raise StartError(f"--runtime {name} is not installed; run `make setup`")
    if not environment_python("llm_provider").exists():
        raise StartError("the environment of the model provider is not installed; run `make setup`")
    for option, path in (("--profiles", profiles), ("--tools", tools)):
        if path and not path.is_file():
            raise StartError(f"{option} {path}: no such file")


def _addresses(port: int, runtimes: Sequence[str]) -> dict[str, str]:
    names = [*DEFAULT_ADDRESSES, *runtimes]
    if port == 0:
        return dict(zip(names, free_addresses(len(names)), strict=True))
    offsets = [*range(len(DEFAULT_ADDRESSES)), *range(FIRST_ADAPTER_OFFSET, FIRST_ADAPTER_OFFSET + len(runtimes))]
    return {name: f"127.0.0.1:{port + offset}" for name, offset in zip(names, offsets, strict=True)}


def _tokens(home: Home) -> dict[str, Path]:
    create_keys(home.keys)
    key = private_key(home.keys, MESH)
    paths = {}
    for service in ("router", "llm_provider", "tool_executor", MIGRATION, OPERATOR):
        path = paths[service] = (home.keys / f"{service}.token").resolve()
        path.touch(mode=0o600)
        path.write_text(issue_token(key, service))
    return paths


def _installing() -> dict[str, str]:
    """Return what tells an installer where packages come from: a drill may move a runtime to another version."""
    return {name: value for name, value in os.environ.items() if name.startswith(_INSTALLERS)}


def _plain() -> dict[str, str]:
    return {name: os.environ[name] for name in _PLAIN if name in os.environ}
