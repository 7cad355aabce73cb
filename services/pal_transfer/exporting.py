"""An export in the making: part after part, each durable before the next, so that it goes on after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from pal.service.v1 import export_record_pb2 as pb
from pal.service.v1 import recorder_service_pb2 as rec
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_log.payload import artifact_digests
from pal_transfer.export_file import (
    ARTIFACTS,
    DOCUMENTS,
    MANIFEST,
    RUNS,
    BrokenExport,
    Manifest,
    Part,
    PartWriter,
    manifest_of,
    opened,
    write_durably,
)
from pal_transfer.export_journal import JOURNAL, Journal, Step

PART_BYTES = 64 * 1024 * 1024
_CALL_SECONDS = 30.0
# Content that several parts refer to is exported once, as far as it is remembered.
_REMEMBERED_ARTIFACTS = 200_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is exported: an export that was begun goes on only with equal words."""

    query: shared.RunQuery
    # The query as it was written; empty for all runs, with which every document goes, not only those that runs pin.
    selection: str
    unfinished: bool = False

    @property
    def words(self) -> dict[str, Any]:
        """What tells one export from another."""
        return {"selection": self.selection, "unfinished": self.unfinished}


class NothingSelected(Exception):
    """A selection names no run that can be exported; *unfinished_runs* that it names are not over."""

    def __init__(self, unfinished_runs: int) -> None:
        """Keep the number of those that are not over."""
        super().__init__(f"no run, and {unfinished_runs} that are not over")
        self.unfinished_runs = unfinished_runs


class Exporter:
    """Writes one export into a directory."""

    def __init__(
        self,
        recorder: recorder_rpc.RecorderServiceStub,
        registry_stub: registry_rpc.RegistryServiceStub,
        directory: Path,
        progress: Callable[[int, int], None],
    ) -> None:
        """Write into *directory*; *progress* is told of runs and bytes that were added."""
        self._recorder = recorder
        self._registry = registry_stub
        self._directory = directory
        self._told = progress
        self._known: dict[str, None] = {}

    async def export(self, wanted: Wanted, *, pal_version: str, created_at: str) -> Manifest:
        """Export, or go on where an export was left, and return its manifest.

        Raises:
            BrokenExport: the directory holds something else.
            NothingSelected: nothing was written.
            OSError: it cannot be written; what is complete in it stays.
            grpc.aio.AioRpcError: the mesh cannot be reached.
        """
        if (self._directory / MANIFEST).exists():
            return self._finished(wanted)
        journal = Journal(self._directory, wanted.words)
        if not (journal.steps and journal.steps[-1].complete):
            await self._runs(wanted, journal)
        if wanted.selection and not journal.parts:
            journal.abandon()
            raise NothingSelected(sum(step.unfinished_runs for step in journal.steps))
        pinned = {(kind, digest) for step in journal.steps for kind, digest in step.documents}
        parts = [*await self._documents(pinned if wanted.selection else None), *journal.parts]
        manifest = Manifest(
            selection=wanted.selection,
            parts=sorted(parts, key=lambda part: (part.kind != DOCUMENTS, part.kind != ARTIFACTS, part.name)),
            unfinished_runs=sum(step.unfinished_runs for step in journal.steps),
            missing_artifacts=sorted({digest for step in journal.steps for digest in step.missing}),
            pal_version=pal_version,
            created_at=created_at,
        )
        write_durably(self._directory / MANIFEST, manifest.encoded())
        journal.remove()
        return manifest

    def _finished(self, wanted: Wanted) -> Manifest:
        manifest = manifest_of(opened(self._directory))
        if manifest.selection != wanted.selection:
            raise BrokenExport(
                f"{self._directory} holds an export of {manifest.selection or 'all runs'}; choose another place"
            )
        # A crash may have come between the two.
        (self._directory / JOURNAL).unlink(missing_ok=True)
        return manifest

    async def _runs(self, wanted: Wanted, journal: Journal) -> None:
        cursor = journal.steps[-1].cursor if journal.steps else ""
        request = rec.ExportRunsRequest(query=wanted.query, unfinished=wanted.unfinished, after_cursor=cursor)
        call = self._recorder.ExportRuns(request)
        piece, left_out = _Piece(self._directory, len(journal.steps) + 1), 0
        try:
            async for message in call:
                await asyncio.to_thread(piece.take, message)
                self._told(sum(frame.HasField("end") for frame in message.frames), message.ByteSize())
                piece.unfinished_runs, cursor = message.unfinished_runs - left_out, message.cursor or cursor
                if piece.content_bytes >= PART_BYTES and message.cursor:
                    journal.add(await self._step(piece, cursor, complete=False))
                    piece, left_out = _Piece(self._directory, len(journal.steps) + 1), message.unfinished_runs
            journal.add(await self._step(piece, cursor, complete=True))
        finally:
            call.cancel()
            piece.abandon()

    async def _step(self, piece: _Piece, cursor: str, *, complete: bool) -> Step:
        fresh = [digest for digest in sorted(piece.artifacts) if digest not in self._known]
        self._known.update(dict.fromkeys(fresh))
        while len(self._known) > _REMEMBERED_ARTIFACTS:
            del self._known[next(iter(self._known))]
        artifacts, missing = await self._artifacts(piece.number, fresh)
        runs = await asyncio.to_thread(piece.finish)
        return Step(
            cursor=cursor,
            complete=complete,
            parts=[part for part in (artifacts, runs) if part],
            unfinished_runs=piece.unfinished_runs,
            documents=sorted([kind, digest] for kind, digest in piece.documents),
            missing=missing,
        )

    async def _artifacts(self, number: int, digests: Iterable[str]) -> tuple[Part | None, list[str]]:
        writer = PartWriter(self._directory, f"artifacts-{number:06}.zst", ARTIFACTS)
        missing = []
        try:
            for digest in digests:
                try:
                    async for record in self._content(digest):
                        writer.write([record])
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.NOT_FOUND:
                        raise
                    missing.append(digest)
            return await asyncio.to_thread(writer.finish), missing
        finally:
            writer.abandon()

    async def _content(self, digest: str) -> AsyncIterator[pb.ExportRecord]:
        call = self._recorder.GetArtifact(rec.GetArtifactRequest(digest=digest), timeout=_CALL_SECONDS * 4)
        try:
            async for frame in call:
                if frame.HasField("header"):
                    yield pb.ExportRecord(artifact=frame.header)
                else:
                    yield pb.ExportRecord(artifact_chunk=frame.chunk)
        finally:
            call.cancel()

    async def _documents(self, pinned: set[tuple[str, str]] | None) -> list[Part]:
        """Write every document, or those that are *pinned*."""
        writer = PartWriter(self._directory, "documents.zst", DOCUMENTS)
        try:
            async for document in self._published():
                key = (document.WhichOneof("spec") or "", document.ref.digest)
                if pinned is None or key in pinned:
                    writer.write([pb.ExportRecord(document=document)])
            part = writer.finish()
            return [part] if part else []
        finally:
            writer.abandon()

    async def _published(self) -> AsyncIterator[registry.Document]:
        request = registry.ListDocumentsRequest(all_versions=True, page_size=200)
        while True:
            page = await self._registry.ListDocuments(request, timeout=_CALL_SECONDS)
            for document in page.documents:
                yield document
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


class _Piece:
    """A part of runs in the making, and what its runs refer to."""

    def __init__(self, directory: Path, number: int) -> None:
        self.number = number
        self.unfinished_runs = 0
        self.artifacts: set[str] = set()
        self.documents: set[tuple[str, str]] = set()
        self._began = False
        self._writer = PartWriter(directory, f"runs-{number:06}.zst", RUNS)

    @property
    def content_bytes(self) -> int:
        """How much there is, before compression."""
        return self._writer.content_bytes

    def take(self, message: rec.ExportRunsResponse) -> None:
        """Take the frames of *message*."""
        self._writer.write(pb.ExportRecord(run=frame) for frame in message.frames)
        for frame in message.frames:
            for stored in frame.events.events:
                self.artifacts.update(artifact_digests(stored.encoded))
            if self._began and frame.events.events:
                self.documents.update(_pinned(frame.events.events[0].encoded))
            self._began = frame.HasField("begin")

    def finish(self) -> Part | None:
        """Make the part durable."""
        return self._writer.finish()

    def abandon(self) -> None:
        """Give the part up, unless it is finished."""
        self._writer.abandon()


def _pinned(first: bytes) -> Iterator[tuple[str, str]]:
    accepted = events.RunEvent.FromString(first).run_accepted
    yield "agent", accepted.agent.digest
    for kind, refs in (("tool", accepted.tools), ("policy", accepted.policies)):
        for ref in refs:
            yield kind, ref.digest
