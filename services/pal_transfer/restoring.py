"""An export on its way into a mesh: all is checked, also against what the mesh has, before anything is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import grpc

from pal.service.v1 import export_record_pb2 as pb
from pal.service.v1 import recorder_service_pb2 as rec
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal_rpc.errors import MeshError, parse_reason
from pal_rpc.identity import bearer
from pal_transfer.export_file import (
    ARTIFACTS,
    DOCUMENTS,
    RUNS,
    BrokenExport,
    Manifest,
    Part,
    Source,
    manifest_of,
    records,
)

_CALL_SECONDS = 60.0
_MESSAGE_BYTES = 1024 * 1024
_CHECKED_FRAMES = 1000
_DOCUMENTS = 100
_TOLD = 3


@dataclass
class Restored:
    """What an import has brought."""

    runs: int = 0
    # Runs that were there with these events.
    unchanged: int = 0
    # Runs that were deleted there, and stay so.
    deleted: int = 0
    documents: int = 0
    artifacts: int = 0


@dataclass
class _Fate:
    """What the mesh says of the runs of an export."""

    # Runs of each part that are not there yet, and that were deleted there.
    absent: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    refused: list[MeshError] = field(default_factory=list)


class Restorer:
    """Brings one export into one mesh."""

    def __init__(
        self,
        recorder: recorder_rpc.RecorderServiceStub,
        registry_stub: registry_rpc.RegistryServiceStub,
        token: str,
        source: Source,
        progress: Callable[[str, int], None],
    ) -> None:
        """Read *source* and write with the service *token*; *progress* is told of a step and bytes of it."""
        self._recorder = recorder
        self._registry = registry_stub
        self._metadata = bearer(token)
        self._source = source
        self._told = progress

    async def restore(self) -> Restored:
        """Check everything, then write what the mesh has not.

        Raises:
            BrokenExport: the export is truncated, altered, or of a newer version; nothing was written.
            MeshError: the mesh has a run or a document with other content; nothing was written. Or it takes nothing
                now: what it has taken stays, and another import goes on.
        """
        manifest = manifest_of(self._source)
        fate = await self._check(manifest)
        restored = Restored()
        for part in _of(manifest, DOCUMENTS):
            restored.documents += await self._documents(part, validate_only=False)
        for part in _of(manifest, ARTIFACTS):
            restored.artifacts += await self._artifacts(part)
            self._told("import", part.size_bytes)
        for part in _of(manifest, RUNS):
            if fate.absent[part.name]:
                await self._runs(part, restored)
            else:
                restored.unchanged += part.runs - fate.deleted[part.name]
                restored.deleted += fate.deleted[part.name]
            self._told("import", part.size_bytes)
        return restored

    async def _check(self, manifest: Manifest) -> _Fate:
        """Return how many runs of each part the mesh has not."""
        fate = _Fate()
        for part in _of(manifest, DOCUMENTS):
            await self._documents(part, validate_only=True)
        for part in _of(manifest, ARTIFACTS):
            await asyncio.to_thread(_read_all, self._source, part)
            self._told("check", part.size_bytes)
        for part in _of(manifest, RUNS):
            await self._check_runs(part, fate)
            self._told("check", part.size_bytes)
        if fate.refused:
            first, others = fate.refused[0], len(fate.refused) - 1
            more = f" (and {others} more such runs)" if others else ""
            error = MeshError(first.reason, f"{first.message}{more}; nothing was imported", **first.metadata)
            raise error
        return fate

    async def _check_runs(self, part: Part, fate: _Fate) -> None:
        fate.absent[part.name] = fate.deleted[part.name] = 0

        def take(told: rec.ImportedRun) -> None:
            fate.absent[part.name] += told.outcome == rec.IMPORT_OUTCOME_IMPORTED
            fate.deleted[part.name] += told.outcome == rec.IMPORT_OUTCOME_DELETED
            if told.HasField("refused"):
                fate.refused.append(_error(told))

        ends = (record.run for record in records(self._source, part) if _is_end(part, record))
        await self._send_runs(_checks(ends), take)

    async def _runs(self, part: Part, restored: Restored) -> None:
        def take(told: rec.ImportedRun) -> None:
            if told.HasField("refused"):
                raise _error(told)
            restored.runs += told.outcome == rec.IMPORT_OUTCOME_IMPORTED
            restored.unchanged += told.outcome == rec.IMPORT_OUTCOME_UNCHANGED
            restored.deleted += told.outcome == rec.IMPORT_OUTCOME_DELETED

        frames = (record.run for record in records(self._source, part))
        await self._send_runs(_requests(frames), take)

    async def _send_runs(
        self, requests: Iterator[rec.ImportRunsRequest], take: Callable[[rec.ImportedRun], None]
    ) -> None:
        """Send *requests*; *take* is told what became of each run, and ends everything by what it raises."""
        call = self._recorder.ImportRuns(metadata=self._metadata)
        try:
            # Whoever is refused writes nothing: a write into a stream that has ended hides why it has.
            await call.initial_metadata()
            if call.done():
                await call.read()
            async with asyncio.TaskGroup() as group:
                group.create_task(_write(call, requests))
                while (answer := await call.read()) is not grpc.aio.EOF:
                    assert isinstance(answer, rec.ImportRunsResponse)
                    for told in answer.runs:
                        take(told)
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            call.cancel()

    async def _documents(self, part: Part, *, validate_only: bool) -> int:
        created = 0
        batch: list[registry.Document] = []
        for record in chain(records(self._source, part), [None]):
            if record is not None:
                batch.append(record.document)
            if batch and (record is None or len(batch) == _DOCUMENTS or sum(map(_size, batch)) > _MESSAGE_BYTES):
                request = registry.ImportDocumentsRequest(documents=batch, validate_only=validate_only)
                response = await self._registry.ImportDocuments(request, timeout=_CALL_SECONDS)
                created += sum(one.outcome == registry.APPLY_OUTCOME_CREATED for one in response.applied)
                batch = []
        return created

    async def _artifacts(self, part: Part) -> int:
        count = 0
        content = records(self._source, part)
        record = next(content, None)
        while record is not None:
            frames = [rec.PutArtifactRequest(header=record.artifact)]
            while (record := next(content, None)) is not None and record.HasField("artifact_chunk"):
                frames.append(rec.PutArtifactRequest(chunk=record.artifact_chunk))
            await self._recorder.PutArtifact(iter(frames), metadata=self._metadata, timeout=_CALL_SECONDS)
            count += 1
        return count


async def _write(
    call: grpc.aio.StreamStreamCall[rec.ImportRunsRequest, rec.ImportRunsResponse],
    requests: Iterator[rec.ImportRunsRequest],
) -> None:
    while (request := await asyncio.to_thread(next, requests, None)) is not None:
        await call.write(request)
    await call.done_writing()


def _of(manifest: Manifest, kind: str) -> list[Part]:
    return [part for part in manifest.parts if part.kind == kind]


def _size(document: registry.Document) -> int:
    return document.ByteSize()


def _read_all(source: Source, part: Part) -> None:
    for _ in records(source, part):
        pass


def _is_end(part: Part, record: pb.ExportRecord) -> bool:
    if not record.HasField("run"):
        raise BrokenExport(f"{part.name} holds something else than runs; it was altered, or a newer version wrote it")
    return record.run.HasField("end")


def _checks(ends: Iterable[rec.RecordFrame]) -> Iterator[rec.ImportRunsRequest]:
    frames: list[rec.RecordFrame] = []
    for end in ends:
        frames += (rec.RecordFrame(begin=end.end), end)
        if len(frames) >= _CHECKED_FRAMES:
            yield rec.ImportRunsRequest(frames=frames, check_only=True)
            frames = []
    if frames:
        yield rec.ImportRunsRequest(frames=frames, check_only=True)


def _requests(frames: Iterable[rec.RecordFrame]) -> Iterator[rec.ImportRunsRequest]:
    request, size_bytes = rec.ImportRunsRequest(), 0
    for frame in frames:
        request.frames.append(frame)
        size_bytes += frame.ByteSize()
        if size_bytes > _MESSAGE_BYTES:
            yield request
            request, size_bytes = rec.ImportRunsRequest(), 0
    if request.frames:
        yield request


def _error(told: rec.ImportedRun) -> MeshError:
    return MeshError(parse_reason(told.refused.reason), told.refused.message, **dict(told.refused.metadata))
