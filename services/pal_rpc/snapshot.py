"""The registry as a service holds it in memory: complete, a moment old at most, and kept when the registry is gone."""

from __future__ import annotations

import asyncio
import difflib
import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

import grpc
import semantic_version

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_log.events import new_id
from pal_rpc.ending import end
from pal_rpc.errors import InvalidField, MeshError

DEFAULT_NAMESPACE = "default"
# A watcher that is no router, but a place where faults are met.
SEAM = "seam-"
_RECONNECT_SECONDS = 0.2
# What the registry says that there is comes in the next moments, later only on a machine that is busy.
_PUBLISHED_SECONDS = 5.0
_KNOWN_SECONDS = 5.0
_ACKNOWLEDGE_SECONDS, _GOODBYE_SECONDS = 5.0, 2.0
# Version ranges come from callers, and there is no end to them.
_MAX_RESOLVED = 1000
_NOT_FOUND = {
    pb.DOCUMENT_KIND_AGENT: ("agent", reasons.ERROR_REASON_AGENT_NOT_FOUND),
    pb.DOCUMENT_KIND_TOOL: ("tool", reasons.ERROR_REASON_TOOL_NOT_FOUND),
    pb.DOCUMENT_KIND_POLICY: ("policy", reasons.ERROR_REASON_POLICY_NOT_FOUND),
    pb.DOCUMENT_KIND_RUNTIME: ("runtime", reasons.ERROR_REASON_RUNTIME_NOT_FOUND),
    pb.DOCUMENT_KIND_QUOTA: ("quota", reasons.ERROR_REASON_QUOTA_NOT_FOUND),
}
Key = tuple[int, str, str]
T = TypeVar("T")


class DocumentNotFound(MeshError):
    """No document fits a selector."""

    def __init__(
        self, kind: pb.DocumentKind, selector: common.SpecSelector, names: Iterable[str], versions: str
    ) -> None:
        """Name what was looked for, the nearest of *names*, or the *versions* there are."""
        self.kind = kind
        self.selector = selector
        word, reason = _NOT_FOUND.get(kind, ("document", reasons.ERROR_REASON_DOCUMENT_NOT_FOUND))
        nearest = next(iter(difflib.get_close_matches(selector.name, sorted(names), n=1)), "")
        if versions:
            hint = f"no version fits {selector.version_range}; published are {versions}"
        elif nearest:
            hint = f"did you mean {nearest}?"
        else:
            hint = f"`pal get {word}s` lists what is published"
        super().__init__(
            reason,
            f"{word} {selector.name or '(without a name)'} not found: {hint}",
            **{word: selector.name},
            version=selector.version_range,
            nearest=nearest,
        )


class RegistrySnapshot:
    """Follows the registry and answers from memory."""

    def __init__(
        self,
        stub: rpc.RegistryServiceStub,
        watcher: str = "",
        settled: Callable[[Collection[str]], Awaitable[None]] | None = None,
    ) -> None:
        """Follow through *stub*.

        A named *watcher* acknowledges changes of routes and faults, each once what was decided before it has *settled*
        for the agents that it concerns; an empty name among them stands for all.
        """
        self._stub = stub
        self._watcher = watcher
        self._settled = settled
        self._taken_position = 0
        # The agents of what is to be acknowledged; as the default route, an empty name concerns all.
        self._unacknowledged: set[str] = set()
        self._changed: set[str] = set()
        self._to_acknowledge = asyncio.Event()
        self._documents: dict[Key, dict[str, pb.Document]] = {}
        # What was found in them, until they change: versions are ordered by parsing them.
        self._resolved: dict[tuple[int, str, str, str], pb.Document] = {}
        self._newest: dict[int, list[pb.Document]] = {}
        self._runtimes: dict[str, pb.RegisteredRuntime] = {}
        # When runtimes that took runs left off taking any.
        self._went_away: dict[str, float] = {}
        self._routes: dict[str, list[pb.Route]] = {}
        self._faults: tuple[pb.Fault, ...] = ()
        self._known = asyncio.Event()
        self._change = asyncio.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def runtimes(self) -> dict[str, pb.RegisteredRuntime]:
        """The announced runtimes by the name they are routed to by."""
        return self._runtimes

    @property
    def faults(self) -> tuple[pb.Fault, ...]:
        """The faults of drills that stand, oldest first; an expired one may still be among them."""
        return self._faults

    def away_seconds(self, runtime: str) -> float:
        """Return for how long a runtime that took runs has taken none; infinity for one that was not seen to."""
        went = self._went_away.get(runtime)
        return math.inf if went is None else time.monotonic() - went

    def routes_of(self, agent: str) -> list[pb.Route]:
        """Return the routes in force that may concern *agent*: its own, and the default."""
        return [*self._routes.get(agent, []), *self._routes.get("", [])]

    async def __aenter__(self) -> Self:
        """Begin to follow."""
        # Not a TaskGroup: the following lives exactly as long as this object, which is a context manager.
        self._tasks = [asyncio.create_task(self._follow())]
        if self._watcher:
            self._tasks.append(asyncio.create_task(self._acknowledge()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop following."""
        for task in self._tasks:
            await end(task)
        if self._watcher:
            with suppress(grpc.aio.AioRpcError):
                await self._stub.Acknowledge(pb.AcknowledgeRequest(watcher=self._watcher), timeout=_GOODBYE_SECONDS)

    async def ready(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the whole state is known; tell whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._known.wait()
        return self._known.is_set()

    async def require(self) -> None:
        """Wait a moment until the whole state is known, for whoever has just been started.

        Raises:
            MeshError: REGISTRY_UNAVAILABLE, it is still not known.
        """
        if not await self.ready(_KNOWN_SECONDS):
            raise MeshError(
                reasons.ERROR_REASON_REGISTRY_UNAVAILABLE,
                "the registry cannot be reached, so no document is known; `pal status` shows which process is down",
            )

    def listen(self, listener: Callable[[], None]) -> None:
        """Call *listener* after every change, for ever."""
        self._listeners.append(listener)

    async def wait_change(self, timeout_seconds: float) -> bool:
        """Wait for the next change; tell whether there was one."""
        try:
            async with asyncio.timeout(timeout_seconds), self._change:
                await self._change.wait()
        except TimeoutError:
            return False
        return True

    def resolve(self, kind: pb.DocumentKind, selector: common.SpecSelector) -> pb.Document:
        """Return the newest document that fits *selector* and is not withdrawn.

        Raises:
            MeshError: there is none (…_NOT_FOUND with the nearest name), or the range is no SemVer range.
        """
        namespace = selector.namespace or DEFAULT_NAMESPACE
        asked = (kind, namespace, selector.name, selector.version_range)
        if (known := self._resolved.get(asked)) is not None:
            return known
        versions = self._documents.get((kind, namespace, selector.name), {})
        offered = [document for document in versions.values() if not document.withdrawn]
        fitting = [document for document in offered if _fits(document.ref.version, selector.version_range)]
        if not fitting:
            names = {name for known, space, name in self._documents if (known, space) == (kind, namespace)}
            published = ", ".join(sorted(document.ref.version for document in offered))
            raise DocumentNotFound(kind, selector, names - {selector.name}, published)
        if len(self._resolved) >= _MAX_RESOLVED:
            self._resolved.clear()
        found = self._resolved[asked] = max(fitting, key=_newest)
        return found

    async def found(self, look: Callable[[], T]) -> T:
        """Return what *look* makes of the documents here; waits for one of which only the registry knows yet.

        Raises:
            MeshError: what *look* raises.
        """
        while True:
            try:
                return look()
            except DocumentNotFound as missing:
                if not await self._arrives(missing.kind, missing.selector):
                    raise

    async def _arrives(self, kind: pb.DocumentKind, selector: common.SpecSelector) -> bool:
        request = pb.GetDocumentRequest(kind=kind, selector=selector)
        with suppress(grpc.aio.AioRpcError, TimeoutError):
            await self._stub.GetDocument(request, timeout=_PUBLISHED_SECONDS)
            async with asyncio.timeout(_PUBLISHED_SECONDS), self._change:
                await self._change.wait_for(lambda: self._resolves(kind, selector))
        return self._resolves(kind, selector)

    def _resolves(self, kind: pb.DocumentKind, selector: common.SpecSelector) -> bool:
        try:
            self.resolve(kind, selector)
        except DocumentNotFound:
            return False
        return True

    async def serves(self, runtime: str) -> bool:
        """Tell whether *runtime* takes runs; waits for one of which only the registry knows that it does."""
        request = pb.ListRuntimesRequest(name=runtime)
        with suppress(grpc.aio.AioRpcError, TimeoutError):
            known = (await self._stub.ListRuntimes(request, timeout=_PUBLISHED_SECONDS)).runtimes
            if any(one.state == pb.RUNTIME_STATE_SERVING for one in known):
                async with asyncio.timeout(_PUBLISHED_SECONDS), self._change:
                    await self._change.wait_for(lambda: self._serves(runtime))
        return self._serves(runtime)

    def _serves(self, runtime: str) -> bool:
        known = self._runtimes.get(runtime)
        return known is not None and known.state == pb.RUNTIME_STATE_SERVING

    def newest(self, kind: pb.DocumentKind) -> list[pb.Document]:
        """Return the newest version of every document of *kind* that is not withdrawn."""
        if (known := self._newest.get(kind)) is not None:
            return known
        offered = (
            [document for document in versions.values() if not document.withdrawn]
            for (of_kind, _, _), versions in self._documents.items()
            if of_kind == kind
        )
        found = self._newest[kind] = [max(versions, key=_newest) for versions in offered if versions]
        return found

    async def pinned(self, kind: pb.DocumentKind, ref: common.SpecRef) -> pb.Document:
        """Return the exact document *ref*, withdrawn or not; waits a moment for one that was just published.

        Raises:
            MeshError: …_NOT_FOUND.
        """
        key = (kind, ref.namespace or DEFAULT_NAMESPACE, ref.name)
        selector = common.SpecSelector(name=ref.name, namespace=ref.namespace, version_range=ref.version)
        known = self._documents.get(key, {}).get(ref.version)
        if known is None and await self._arrives(kind, selector):
            known = self._documents[key].get(ref.version)
        if known is None:
            raise DocumentNotFound(kind, selector, (), "")
        return known

    async def _follow(self) -> None:
        while True:
            call = self._stub.Watch(pb.RegistryServiceWatchRequest(watcher=self._watcher))
            try:
                async for change in call:
                    await self._take(change)
            except grpc.aio.AioRpcError:
                # The last known state goes on serving.
                pass
            finally:
                call.cancel()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _acknowledge(self) -> None:
        while True:
            await self._to_acknowledge.wait()
            self._to_acknowledge.clear()
            request = pb.AcknowledgeRequest(watcher=self._watcher, position=self._taken_position)
            changed, self._changed = self._changed, set()
            if self._settled is not None:
                await self._settled(changed)
            try:
                await self._stub.Acknowledge(request, timeout=_ACKNOWLEDGE_SECONDS)
            except grpc.aio.AioRpcError:
                # A registry that comes back delivers the whole state, which is acknowledged anew.
                self._to_acknowledge.set()
                await asyncio.sleep(_RECONNECT_SECONDS)

    def _take_runtime(self, runtime: pb.RegisteredRuntime) -> None:
        before = self._runtimes.get(runtime.name)
        if runtime.state == pb.RUNTIME_STATE_SERVING:
            self._went_away.pop(runtime.name, None)
        elif before is not None and before.state == pb.RUNTIME_STATE_SERVING:
            self._went_away[runtime.name] = time.monotonic()
        self._runtimes[runtime.name] = runtime

    async def _take(self, change: pb.RegistryServiceWatchResponse) -> None:
        if change.snapshot or change.documents:
            self._resolved.clear()
            self._newest.clear()
        if change.snapshot:
            self._documents, self._runtimes, self._routes, self._faults = {}, {}, {}, ()
        for document in change.documents:
            ref = document.ref
            key = (_kind(document), ref.namespace or DEFAULT_NAMESPACE, ref.name)
            self._documents.setdefault(key, {})[ref.version] = document
        for runtime in change.runtimes:
            self._take_runtime(runtime)
        self._take_routes(change.routes)
        if change.HasField("faults"):
            self._faults = tuple(change.faults.faults)
        self._known.set()
        for listener in self._listeners:
            listener()
        self._taken_position = change.position or self._taken_position
        self._unacknowledged.update(route.agent for route in change.routes)
        if change.snapshot or change.HasField("faults"):
            self._unacknowledged.add("")
        if change.position and self._unacknowledged:
            self._changed |= self._unacknowledged
            self._unacknowledged.clear()
            self._to_acknowledge.set()
        async with self._change:
            self._change.notify_all()

    def _take_routes(self, routes: Iterable[pb.Route]) -> None:
        for route in routes:
            others = [one for one in self._routes.get(route.agent, []) if one.version_range != route.version_range]
            self._routes[route.agent] = [*others, route]


def seam_at(address: str) -> str:
    """Return a name as watcher for a seam at *address*, where there is one at a time."""
    return f"{SEAM}{address}/{new_id()}"


def _kind(document: pb.Document) -> int:
    return {
        "agent": pb.DOCUMENT_KIND_AGENT,
        "tool": pb.DOCUMENT_KIND_TOOL,
        "policy": pb.DOCUMENT_KIND_POLICY,
        "runtime": pb.DOCUMENT_KIND_RUNTIME,
        "quota": pb.DOCUMENT_KIND_QUOTA,
    }.get(document.WhichOneof("spec") or "", pb.DOCUMENT_KIND_UNSPECIFIED)


def _fits(version: str, version_range: str) -> bool:
    if not version_range or version == version_range:
        return True
    try:
        return semantic_version.Version.coerce(version) in semantic_version.NpmSpec(version_range)
    except ValueError:
        raise InvalidField("version_range", f"{version_range} is no SemVer range; write for example >=1.2 <2") from None


def _newest(document: pb.Document) -> tuple[object, int]:
    try:
        version: object = semantic_version.Version(document.ref.version)
    except ValueError:
        version = semantic_version.Version("0.0.0")
    return version, document.published_at.ToNanoseconds()
