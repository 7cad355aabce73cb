"""Published documents: immutable, resolved by name and range, withdrawn rather than deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_log.events import now
from pal_registry.documents import Draft, check_digest, drafts, stamped
from pal_registry.feed import Feed
from pal_registry.names import KIND_WORDS, KINDS, NAMESPACE, kind_of, lies_in, newest_key, problem_with_range
from pal_registry.references import check_references
from pal_registry.store import RegistryStore
from pal_registry.words import nearest
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.snapshot import DocumentNotFound

Key = tuple[pb.DocumentKind, str]


class Catalogue:
    """Holds every document in memory and keeps it in a store."""

    def __init__(self, store: RegistryStore, feed: Feed) -> None:
        """Load what *store* has; tell *feed* of changes."""
        self._store = store
        self._feed = feed
        self._documents: dict[Key, dict[str, pb.Document]] = {}
        # What is decided by what is there holds until it is written.
        self._writing = asyncio.Lock()
        for document in store.documents():
            self._enter(document)

    def all(self) -> Iterator[pb.Document]:
        """Yield every version of every document, withdrawn ones included."""
        for versions in self._documents.values():
            yield from versions.values()

    async def apply(self, request: pb.ApplyRequest) -> list[pb.AppliedDocument]:
        """Publish the documents of a text, all or none.

        Raises:
            MeshError: INVALID_DOCUMENT, TOO_LARGE, VERSION_IMMUTABLE, or TOOL_ or POLICY_NOT_FOUND for a reference.
        """
        # A large text takes a second to read.
        read = await asyncio.to_thread(drafts, request.text, request.source)
        async with self._writing:
            return await self._apply(read, request)

    async def bring(self, request: pb.ImportDocumentsRequest) -> list[pb.AppliedDocument]:
        """Publish documents as another mesh published them, all or none.

        Raises:
            MeshError: INVALID_DOCUMENT, the digest is that of another content; VERSION_IMMUTABLE.
        """
        for document in request.documents:
            check_digest(document)
        async with self._writing:
            applied = [self._brought(document) for document in request.documents]
            fresh = [one.document for one in applied if one.outcome == pb.APPLY_OUTCOME_CREATED]
            if fresh and not request.validate_only:
                await self._publish(fresh)
            return applied

    def _brought(self, document: pb.Document) -> pb.AppliedDocument:
        known = self._documents.get(_key(document), {}).get(document.ref.version)
        if known is None:
            return pb.AppliedDocument(document=document, outcome=pb.APPLY_OUTCOME_CREATED)
        if known.ref.digest != document.ref.digest:
            raise _immutable(document, 0, "")
        return pb.AppliedDocument(document=known, outcome=pb.APPLY_OUTCOME_UNCHANGED)

    def resolve(self, kind: pb.DocumentKind, selector: common.SpecSelector) -> pb.Document:
        """Return the newest document that fits *selector* and is not withdrawn.

        Raises:
            MeshError: there is none (…_NOT_FOUND with the nearest name), or a field is wrong.
        """
        _require_kind(kind)
        if not selector.name:
            raise InvalidField("selector.name", "missing; name the document")
        problem = problem_with_range(selector.version_range)
        # The version of a runtime declaration is a digest.
        if problem and kind != pb.DOCUMENT_KIND_RUNTIME:
            raise InvalidField("selector.version_range", problem)
        offered = [document for document in self._versions(kind, selector.name) if not document.withdrawn]
        fitting = [document for document in offered if lies_in(document.ref.version, selector.version_range)]
        if selector.namespace not in ("", NAMESPACE) or not fitting:
            published = ", ".join(document.ref.version for document in sorted(offered, key=newest_key))
            names = {name for known, name in self._documents if known == kind} - {selector.name}
            raise DocumentNotFound(kind, selector, names, published if selector.version_range else "")
        return max(fitting, key=newest_key)

    async def withdraw(self, kind: pb.DocumentKind, name: str, version: str) -> pb.Document:
        """Withdraw a document and return it as it is then; withdrawing it again changes nothing.

        Raises:
            MeshError: DOCUMENT_NOT_FOUND, or a field is wrong.
        """
        _require_kind(kind)
        for field, value in (("name", name), ("version", version)):
            if not value:
                raise InvalidField(field, "missing; one exact document is withdrawn")
        async with self._writing:
            known = self._documents.get((kind, name), {}).get(version)
            if known is None:
                raise self._no_such(kind, name, version)
            if known.withdrawn:
                return known
            withdrawn = pb.Document()
            withdrawn.CopyFrom(known)
            withdrawn.withdrawn = True
            await self._publish([withdrawn])
            return withdrawn

    def has(self, kind: pb.DocumentKind, name: str) -> bool:
        """Tell whether any version of a document was ever published."""
        return (kind, name) in self._documents

    def names(self, kind: pb.DocumentKind) -> list[str]:
        """Return the names of the documents of *kind*."""
        return sorted(name for known, name in self._documents if known == kind)

    def declaration(self, runtime: str, installed_version: str) -> capabilities.RuntimeCapability | None:
        """Return the newest declaration of *runtime* that holds for *installed_version*; None when there is none."""
        offered = [
            document
            for document in self._versions(pb.DOCUMENT_KIND_RUNTIME, runtime)
            if not document.withdrawn and lies_in(installed_version, document.runtime.version)
        ]
        return max(offered, key=newest_key).runtime if offered else None

    async def _apply(self, read: Sequence[Draft], request: pb.ApplyRequest) -> list[pb.AppliedDocument]:
        check_references(read, list(self.all()), request.source)
        applied: list[pb.AppliedDocument] = []
        pending: dict[tuple[Key, str], pb.Document] = {}
        for draft in read:
            key = (_key(draft.document), draft.document.ref.version)
            known = pending.get(key) or self._documents.get(key[0], {}).get(key[1])
            outcome = self._outcome(draft.document, known, draft.problems.line("metadata.version"), request.source)
            if outcome == pb.APPLY_OUTCOME_CREATED:
                known = pending[key] = stamped(draft.document, now())
            applied.append(pb.AppliedDocument(document=known, outcome=outcome))
        if pending and not request.validate_only:
            await self._publish(list(pending.values()))
        return applied

    def _outcome(self, document: pb.Document, known: pb.Document | None, line: int, source: str) -> pb.ApplyOutcome:
        if known is None:
            return pb.APPLY_OUTCOME_CREATED
        if known.ref.digest != document.ref.digest:
            raise _immutable(document, line, source)
        # Equal content brings a withdrawn version back, and makes an older declaration the one in force again.
        superseded = kind_of(document) == pb.DOCUMENT_KIND_RUNTIME and any(
            newest_key(other) > newest_key(known)
            for other in self._versions(pb.DOCUMENT_KIND_RUNTIME, document.ref.name)
            if not other.withdrawn
        )
        return pb.APPLY_OUTCOME_CREATED if known.withdrawn or superseded else pb.APPLY_OUTCOME_UNCHANGED

    async def _publish(self, documents: list[pb.Document]) -> None:
        await self._store.put_documents(documents)
        for document in documents:
            self._enter(document)
        self._feed.publish(documents=documents)

    def _enter(self, document: pb.Document) -> None:
        self._documents.setdefault(_key(document), {})[document.ref.version] = document

    def _versions(self, kind: pb.DocumentKind, name: str) -> list[pb.Document]:
        return list(self._documents.get((kind, name), {}).values())

    def _no_such(self, kind: pb.DocumentKind, name: str, version: str) -> MeshError:
        if versions := self._versions(kind, name):
            published = ", ".join(document.ref.version for document in sorted(versions, key=newest_key))
            advice = f"published are {published}"
        else:
            meant = nearest(name, self.names(kind))
            advice = f"did you mean {meant}?" if meant else "nothing of this name was published"
        message = f"{KINDS[kind]} {name} {version} not found: {advice}"
        reason = reasons.ERROR_REASON_DOCUMENT_NOT_FOUND
        return MeshError(reason, message, kind=KINDS[kind], name=name, version=version)


def _key(document: pb.Document) -> Key:
    return kind_of(document), document.ref.name


def _require_kind(kind: pb.DocumentKind) -> None:
    if kind not in KINDS:
        raise InvalidField("kind", f"missing or unknown; one of {KIND_WORDS}")


def _immutable(document: pb.Document, line: int, source: str) -> MeshError:
    kind, ref = KINDS[kind_of(document)], document.ref
    where = f"{source}:{line}" if source else f"line {line}" if line else "import"
    return MeshError(
        reasons.ERROR_REASON_VERSION_IMMUTABLE,
        f"{where}: metadata.version: {kind} {ref.name} {ref.version} is already published with other content; "
        "a published version never changes: raise metadata.version",
        kind=kind,
        name=ref.name,
        version=ref.version,
    )
