"""RecorderService and QuotaService on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import quota_service_pb2 as quota_pb
from pal.service.v1 import quota_service_pb2_grpc as quota_rpc
from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import slo_pb2
from pal_log.events import IMPORTER
from pal_recorder.archiving import Archiving
from pal_recorder.artifacts import Artifacts
from pal_recorder.audit import Audit
from pal_recorder.checkpoints import Keys
from pal_recorder.log import RunLog
from pal_recorder.moving import Export, Import
from pal_recorder.quotas import Quotas
from pal_recorder.reading import Reading
from pal_recorder.retention import Retention
from pal_recorder.slo_query import SloQuery
from pal_recorder.store import EventStore
from pal_recorder.tails import Tails, chunks
from pal_rpc.identity import OPERATOR, caller, require
from pal_rpc.options import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]

# Requests of one writer that wait for the disk; its stream is not read beyond them.
_OPEN_REQUESTS = 64
_PROGRESS_SECONDS = 15.0
_FRAME_BYTES = MAX_MESSAGE_BYTES // 2


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What serves the record."""

    log: RunLog
    store: EventStore
    tails: Tails
    artifacts: Artifacts
    retention: Retention
    archiving: Archiving
    slo: SloQuery


class RecorderServicer(rpc.RecorderServiceServicer):
    """Keeps the record."""

    def __init__(self, parts: Parts, mesh_key: ed25519.Ed25519PublicKey, recorder_keys: Keys) -> None:
        """Serve by *parts*; *mesh_key* tells the writers apart, and one of *recorder_keys* signed each checkpoint."""
        self._log = parts.log
        self._store = parts.store
        self._tails = parts.tails
        self._artifacts = parts.artifacts
        self._retention = parts.retention
        self._archiving = parts.archiving
        self._slo = parts.slo
        self._reading = Reading(parts.log, parts.store, parts.tails)
        self._mesh_key = mesh_key
        self._recorder_keys = recorder_keys

    async def Append(
        self, requests: AsyncIterator[pb.AppendRequest], context: Context
    ) -> AsyncIterator[pb.AppendResponse]:
        """Make events durable."""
        writer = caller(context.invocation_metadata() or (), self._mesh_key)
        # Tells the writer that the recorder takes events.
        await context.send_initial_metadata(())
        results: asyncio.Queue[asyncio.Future[pb.AppendResponse] | None] = asyncio.Queue(_OPEN_REQUESTS)

        async def submit() -> None:
            async for request in requests:
                await results.put(self._log.submit(writer, request))
            await results.put(None)

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(submit())
            while (recorded := await results.get()) is not None:
                yield await recorded
            reading.cancel()

    async def ReadEvents(self, request: pb.ReadEventsRequest, context: Context) -> pb.ReadEventsResponse:
        """Return events of one run."""
        return await self._reading.read(request)

    async def TailEvents(self, request: pb.TailEventsRequest, context: Context) -> AsyncIterator[pb.TailEventsResponse]:
        """Follow one run."""
        async for frame in self._reading.tail(request):
            yield frame

    async def TailAll(self, request: pb.TailAllRequest, context: Context) -> AsyncIterator[pb.TailAllResponse]:
        """Follow all runs."""
        prefixes = tuple(request.type_prefixes)
        # The cursor may come from a recorder that is ahead.
        await self._log.catch_up()
        with self._tails.following(self._reading.position(request)) as tail:
            yield pb.TailAllResponse(cursor=str(tail.position))
            while True:
                group = await tail.next(_PROGRESS_SECONDS)
                wanted = [event for event in group if event.type.startswith(prefixes)] if prefixes else group
                pieces = list(chunks(wanted, _FRAME_BYTES))
                for piece in pieces[:-1]:
                    # Without a cursor of its own: after a cut the whole group comes again.
                    yield pb.TailAllResponse(events=piece)
                yield pb.TailAllResponse(events=pieces[-1] if pieces else (), cursor=str(tail.position))

    async def GetRun(
        self, request: pb.RecorderServiceGetRunRequest, context: Context
    ) -> pb.RecorderServiceGetRunResponse:
        """Return a run."""
        return pb.RecorderServiceGetRunResponse(run=await self._reading.run(request.run_id))

    async def GetSlo(self, request: slo_pb2.GetSloRequest, context: Context) -> slo_pb2.GetSloResponse:
        """Say how well runs go."""
        return await self._slo.answer(request)

    async def ListRuns(
        self, request: pb.RecorderServiceListRunsRequest, context: Context
    ) -> pb.RecorderServiceListRunsResponse:
        """List runs."""
        return await self._reading.runs(request.query)

    async def Hold(self, request: pb.HoldRequest, context: Context) -> pb.HoldResponse:
        """Take a sign of life of a router."""
        caller(context.invocation_metadata() or (), self._mesh_key)
        return pb.HoldResponse(holders=await self._reading.hold(request))

    async def PutArtifact(
        self, requests: AsyncIterator[pb.PutArtifactRequest], context: Context
    ) -> pb.PutArtifactResponse:
        """Store content."""
        caller(context.invocation_metadata() or (), self._mesh_key)
        return pb.PutArtifactResponse(artifact=await self._artifacts.put(requests))

    async def GetArtifact(
        self, request: pb.GetArtifactRequest, context: Context
    ) -> AsyncIterator[pb.GetArtifactResponse]:
        """Return stored content."""
        async for frame in self._artifacts.get(request.digest):
            yield frame

    async def WriteSpans(self, request: pb.WriteSpansRequest, context: Context) -> pb.WriteSpansResponse:
        """Store measurements."""
        caller(context.invocation_metadata() or (), self._mesh_key)
        taken = [span for span in request.spans if span.run_id and span.trace_id and span.span_id]
        await self._store.write_spans(taken)
        rejected = len(request.spans) - len(taken)
        message = "a span needs run_id, trace_id and span_id" if rejected else ""
        return pb.WriteSpansResponse(rejected_spans=rejected, message=message)

    async def ListSpans(self, request: pb.ListSpansRequest, context: Context) -> pb.ListSpansResponse:
        """Return measurements of one run."""
        return await self._reading.spans(request)

    async def ListCheckpoints(self, request: pb.ListCheckpointsRequest, context: Context) -> pb.ListCheckpointsResponse:
        """List checkpoints."""
        return await self._reading.checkpoints(request)

    async def ExportRuns(self, request: pb.ExportRunsRequest, context: Context) -> AsyncIterator[pb.ExportRunsResponse]:
        """Return whole runs."""
        async for message in Export(self._store, request).messages():
            yield message

    async def ImportRuns(
        self, requests: AsyncIterator[pb.ImportRunsRequest], context: Context
    ) -> AsyncIterator[pb.ImportRunsResponse]:
        """Record whole runs."""
        require(IMPORTER, "ImportRuns", context.invocation_metadata() or (), self._mesh_key)
        # Tells the importer that the recorder takes runs.
        await context.send_initial_metadata(())
        async for message in Import(self._log, self._store).answers(requests):
            yield message

    async def DeleteRuns(self, request: pb.DeleteRunsRequest, context: Context) -> pb.DeleteRunsResponse:
        """Delete old runs."""
        require(OPERATOR, "DeleteRuns", context.invocation_metadata() or (), self._mesh_key)
        return await self._retention.delete(request)

    async def ArchiveRuns(self, request: pb.ArchiveRunsRequest, context: Context) -> pb.ArchiveRunsResponse:
        """Archive old runs."""
        require(OPERATOR, "ArchiveRuns", context.invocation_metadata() or (), self._mesh_key)
        return await self._archiving.archive(request)

    async def Audit(self, request: pb.AuditRequest, context: Context) -> AsyncIterator[pb.AuditResponse]:
        """Read the record again."""
        async for frame in Audit(self._store, self._recorder_keys, request).frames():
            yield frame


class QuotaServicer(quota_rpc.QuotaServiceServicer):
    """Keeps what is left of quotas."""

    def __init__(self, quotas: Quotas, mesh_key: ed25519.Ed25519PublicKey) -> None:
        """Serve *quotas*; *mesh_key* tells the services apart."""
        self._quotas = quotas
        self._mesh_key = mesh_key

    async def Reserve(self, request: quota_pb.ReserveRequest, context: Context) -> quota_pb.ReserveResponse:
        """Take amounts."""
        caller(context.invocation_metadata() or (), self._mesh_key)
        return await self._quotas.reserve(request)

    async def Settle(self, request: quota_pb.SettleRequest, context: Context) -> quota_pb.SettleResponse:
        """End reservations."""
        caller(context.invocation_metadata() or (), self._mesh_key)
        return await self._quotas.settle(request)

    async def Renew(self, request: quota_pb.RenewRequest, context: Context) -> quota_pb.RenewResponse:
        """Begin the time of reservations anew."""
        caller(context.invocation_metadata() or (), self._mesh_key)
        return await self._quotas.renew(request)

    async def ListUsage(self, request: quota_pb.ListUsageRequest, context: Context) -> quota_pb.ListUsageResponse:
        """List counters."""
        return await self._quotas.usage(request)
