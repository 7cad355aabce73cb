"""Announced runtimes. They live in memory: after a restart of the registry every adapter announces itself again."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass

from google.protobuf import timestamp_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_log.events import new_id, now
from pal_registry.capabilities import narrowed
from pal_registry.catalogue import Catalogue
from pal_registry.checks import check_runtime
from pal_registry.feed import Feed
from pal_registry.names import lies_in, problem_with_name
from pal_registry.problems import Problems
from pal_rpc.errors import InvalidField, MeshError

# What RegisterRuntimeRequest.contract_level may ask for.
CONTRACT_LEVEL = 1
DEFAULT_TTL_SECONDS = 10.0
_MIN_TTL_SECONDS, _MAX_TTL_SECONDS = 1.0, 3600.0
_MAX_ID_CHARACTERS = 128
_MAX_REASON_CHARACTERS = 512


@dataclass
class _Announcement:
    """A runtime as it announced itself, as it is shown, and the timer that ends it."""

    own: capabilities.RuntimeCapability
    shown: pb.RegisteredRuntime
    ttl_seconds: float
    timer: asyncio.TimerHandle | None = None
    # Earlier lives under this name. One that is still there while it ends must not take the name back.
    superseded: tuple[str, ...] = ()


class Runtimes:
    """Holds the newest announcement of every runtime by name."""

    def __init__(self, catalogue: Catalogue, feed: Feed) -> None:
        """Narrow what runtimes declare by *catalogue*; tell *feed* of changes."""
        self._catalogue = catalogue
        self._feed = feed
        self._by_name: dict[str, _Announcement] = {}

    def register(self, request: pb.RegisterRuntimeRequest) -> pb.RegisteredRuntime:
        """Announce a runtime; the same instance again is a renewal, another one takes the place of the old.

        Raises:
            InvalidField: the message names the field; it may be the identifier of a life that another has replaced.
            MeshError: CONTRACT_TOO_NEW.
        """
        name = request.name or request.capability.runtime
        ttl_seconds = _checked(request, name)
        old = self._by_name.get(name)
        again = old and old.shown.instance_id == request.instance_id and old.shown.state != pb.RUNTIME_STATE_LOST
        superseded = _superseded(old, request.instance_id)
        declared = self._catalogue.declaration(request.capability.runtime, request.installed_version)
        shown = pb.RegisteredRuntime(
            registration_id=old.shown.registration_id if old and again else new_id(),
            capability=narrowed(request.capability, declared),
            installed_version=request.installed_version,
            endpoint=request.endpoint,
            state=old.shown.state if old and again else pb.RUNTIME_STATE_SERVING,
            reason=old.shown.reason if old and again else "",
            active_runs=old.shown.active_runs if old and again else 0,
            name=name,
            instance_id=request.instance_id,
        )
        if old:
            _stop(old)
        announcement = self._by_name[name] = _Announcement(
            request.capability, shown, ttl_seconds, superseded=superseded
        )
        self._prolong(announcement)
        self._feed.publish(runtimes=[announcement.shown])
        return announcement.shown

    def renew(self, registration_id: str, active_runs: int) -> pb.RegisteredRuntime:
        """Keep an announcement alive.

        Raises:
            MeshError: REGISTRATION_NOT_FOUND, it has ended or never was.
        """
        if active_runs < 0:
            raise InvalidField("active_runs", f"cannot be negative, found {active_runs}")
        announcement = self._live(registration_id)
        changed = announcement.shown.active_runs != active_runs
        self._prolong(announcement, active_runs=active_runs)
        if changed:
            self._feed.publish(runtimes=[announcement.shown])
        return announcement.shown

    def drain(self, registration_id: str, reason: str) -> pb.RegisteredRuntime:
        """Take a runtime out of routing, for a *reason* that people are told; one that is lost stays so.

        Raises:
            MeshError: REGISTRATION_NOT_FOUND, another has taken its place, or it never was.
        """
        announcement = self._announced(registration_id)
        lost = announcement.shown.state == pb.RUNTIME_STATE_LOST
        # An adapter that is stopped drains itself, and does not know why.
        told = reason[:_MAX_REASON_CHARACTERS] or announcement.shown.reason
        state = pb.RUNTIME_STATE_LOST if lost else pb.RUNTIME_STATE_DRAINING
        self._show(announcement, state=state, reason=told)
        return announcement.shown

    def all(self) -> list[pb.RegisteredRuntime]:
        """Return the runtimes by name, those that were lost included."""
        return [announcement.shown for _, announcement in sorted(self._by_name.items())]

    def names(self) -> set[str]:
        """Return the names that are routed to, those of lost runtimes included."""
        return set(self._by_name)

    def declarations_changed(self) -> None:
        """Narrow every runtime by what is published now."""
        for announcement in self._by_name.values():
            shown = announcement.shown
            declared = self._catalogue.declaration(shown.capability.runtime, shown.installed_version)
            capability = narrowed(announcement.own, declared)
            if capability != shown.capability:
                self._show(announcement, capability=capability)

    def close(self) -> None:
        """Stop every timer."""
        for announcement in self._by_name.values():
            _stop(announcement)

    def _live(self, registration_id: str) -> _Announcement:
        announcement = self._announced(registration_id)
        if announcement.shown.state == pb.RUNTIME_STATE_LOST:
            raise _ended(registration_id)
        return announcement

    def _announced(self, registration_id: str) -> _Announcement:
        for announcement in self._by_name.values():
            if announcement.shown.registration_id == registration_id:
                return announcement
        raise _ended(registration_id)

    def _prolong(self, announcement: _Announcement, **changes: object) -> None:
        _stop(announcement)
        ends_at = timestamp_pb2.Timestamp()
        ends_at.FromNanoseconds(now().ToNanoseconds() + int(announcement.ttl_seconds * 10**9))
        announcement.shown = _with(announcement.shown, expires_at=ends_at, **changes)
        loop = asyncio.get_running_loop()
        announcement.timer = loop.call_later(announcement.ttl_seconds, self._lose, announcement)

    def _lose(self, announcement: _Announcement) -> None:
        silent = f"not heard of for {announcement.ttl_seconds:g} s"
        self._show(announcement, state=pb.RUNTIME_STATE_LOST, reason=announcement.shown.reason or silent)

    def _show(self, announcement: _Announcement, **changes: object) -> None:
        announcement.shown = _with(announcement.shown, **changes)
        self._feed.publish(runtimes=[announcement.shown])


def _ended(registration_id: str) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_REGISTRATION_NOT_FOUND,
        f"registration {registration_id} has ended or never was; register the runtime anew",
        registration_id=registration_id,
    )


def _superseded(old: _Announcement | None, instance_id: str) -> tuple[str, ...]:
    if old is None:
        return ()
    if old.shown.state == pb.RUNTIME_STATE_LOST:
        return tuple(known for known in old.superseded if known != instance_id)
    if instance_id in old.superseded:
        raise InvalidField(
            "instance_id", f"a newer adapter has the name {old.shown.name}; announce a new life under a new identifier"
        )
    return old.superseded if old.shown.instance_id == instance_id else (*old.superseded, old.shown.instance_id)[-16:]


def _stop(announcement: _Announcement) -> None:
    if announcement.timer:
        announcement.timer.cancel()


def _with(shown: pb.RegisteredRuntime, **changes: object) -> pb.RegisteredRuntime:
    # Values are shared with watchers, so a change is a new value.
    kept = {field.name: value for field, value in shown.ListFields()}
    return pb.RegisteredRuntime(**{**kept, **changes})


def _checked(request: pb.RegisterRuntimeRequest, name: str) -> float:
    problems = Problems("", 1)
    check_runtime(request.capability, problems)
    for problem in problems.found:
        raise InvalidField(f"capability.{problem.path}", problem.text)
    if trouble := problem_with_name(name):
        raise InvalidField("name", trouble)
    if not request.instance_id or len(request.instance_id) > _MAX_ID_CHARACTERS:
        raise InvalidField("instance_id", f"identify this adapter life by 1 to {_MAX_ID_CHARACTERS} characters")
    if not request.installed_version:
        raise InvalidField("installed_version", "missing; state the exact version of the runtime, for example 3.1.10")
    if not lies_in(request.installed_version, request.capability.version):
        problem_text = f"{request.installed_version} does not lie in capability.version {request.capability.version}"
        raise InvalidField("installed_version", problem_text)
    _check_endpoint(request.endpoint)
    if request.contract_level > CONTRACT_LEVEL:
        raise MeshError(
            reasons.ERROR_REASON_CONTRACT_TOO_NEW,
            f"the adapter of {name} needs level {request.contract_level} of the contract and this mesh speaks level "
            f"{CONTRACT_LEVEL}; upgrade the mesh, or install an older adapter",
            runtime=name,
            needed=str(request.contract_level),
            supported=str(CONTRACT_LEVEL),
        )
    return _ttl_seconds(request)


def _check_endpoint(endpoint: str) -> None:
    host, _, port = endpoint.rpartition(":")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
        valid = port.isdecimal() and port.isascii() and 0 < int(port[:6]) < 65536
    except ValueError:
        loopback = valid = False
    if not (loopback and valid):
        raise InvalidField("endpoint", f'"{endpoint[:80]}" is not a loopback address; write for example 127.0.0.1:7410')


def _ttl_seconds(request: pb.RegisterRuntimeRequest) -> float:
    if not request.HasField("ttl"):
        return DEFAULT_TTL_SECONDS
    ttl_seconds = request.ttl.seconds + request.ttl.nanos / 1e9
    if not _MIN_TTL_SECONDS <= ttl_seconds <= _MAX_TTL_SECONDS:
        raise InvalidField("ttl", f"{ttl_seconds:g} s is out of range; 1 s to 1 h are possible")
    return ttl_seconds
