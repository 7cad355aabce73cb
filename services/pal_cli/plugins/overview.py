"""Every runtime there is, as the registry, the supervisor and the records of the home know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pal.service.v1 import registry_service_pb2 as pb
from pal_cli.home import Home
from pal_cli.plugins.keeper import REMOVED
from pal_cli.plugins.records import Record, Records
from pal_cli.show import as_json, word
from pal_rpc.mesh_state import ProcessState


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One runtime; what is not known of it is None."""

    name: str
    shown: pb.RegisteredRuntime | None
    process: ProcessState | None
    record: Record | None

    @property
    def state(self) -> str:
        """Where it stands, in a word."""
        if self.shown and self.shown.state == pb.RUNTIME_STATE_SERVING:
            return "serving"
        if self.process:
            return self.process.state
        return word(pb.RuntimeState, self.shown.state, "RUNTIME_STATE_") if self.shown else "not started"

    @property
    def reason(self) -> str:
        """Why it takes no runs, or is not what was ordered last; empty when there is nothing to say."""
        told = self.shown.reason if self.shown and self.state != "serving" else ""
        return self.process.reason if self.process and self.process.reason else told

    @property
    def source(self) -> str:
        """What it was installed from."""
        return self.record.source if self.record and self.record.source else "PAL"

    @property
    def measured(self) -> str:
        """Whether what it declares was measured with the version in use; stale says with which version it was."""
        evidence = self.shown.capability.evidence if self.shown else None
        if not evidence or not evidence.suite:
            return "no" if self.shown else ""
        fresh = self.shown is not None and evidence.runtime_version == self.shown.installed_version
        return "yes" if fresh else f"stale, {evidence.runtime_version}"

    def row(self) -> list[object]:
        """Return what people see."""
        version = self.shown.installed_version if self.shown else (self.record.version if self.record else "")
        address = self.shown.endpoint if self.shown and self.state == "serving" else ""
        runs = self.shown.active_runs if self.shown else 0
        note = self.reason if self.reason else _abilities(self.shown)
        return [self.name, version, self.state, address, runs, self.source, self.measured, note]

    def as_json(self) -> dict[str, Any]:
        """Return what machines see: what the registry shows, and what is known beside it."""
        known = as_json(self.shown) if self.shown else {"name": self.name}
        beside: dict[str, Any] = {
            "status": self.state,
            "reason": self.reason,
            "source": self.source,
            "measured": self.measured,
        }
        if self.process:
            process = self.process
            beside |= {"pid": process.pid, "restarts": process.restarts, "ended": process.ended}
        return {**known, **beside}


def overview(home: Home, registered: Iterable[pb.RegisteredRuntime]) -> list[Seen]:
    """Return the runtimes by name; those that were removed are left out."""
    records, mesh = Records(home.path), home.read_state()
    processes = {name: state for name, state in (mesh.processes if mesh else {}).items() if state.adapter}
    shown = {runtime.name: runtime for runtime in registered}
    installed = {name: records.read(name) for name in records.names()}
    removed = {name for name, runtime in shown.items() if runtime.reason == REMOVED} - {*processes, *installed}
    return [
        Seen(name=name, shown=shown.get(name), process=processes.get(name), record=installed.get(name))
        for name in sorted({*shown, *processes, *installed} - removed)
    ]


def _abilities(runtime: pb.RegisteredRuntime | None) -> str:
    features = as_json(runtime.capability.capabilities) if runtime else {}
    return ", ".join([*features.get("modes", ()), *(name for name, value in features.items() if value is True)])
