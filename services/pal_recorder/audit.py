"""The audit: reads the record again and says what is not as it was recorded, and where."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from google.protobuf.message import DecodeError

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_recorder.audit_checkpoints import CheckpointAudit, added_while_stopped, kept_findings
from pal_recorder.audit_left import LeftAudit
from pal_recorder.audit_runs import RunAudit
from pal_recorder.checkpoints import Keys, statement_of, without_heads
from pal_recorder.store import ArchiveUnavailable, Entry, RecordReader, RunNotFound, StoreDamaged, accepted_ns

_PAGE_EVENTS, _PAGE_CHECKPOINTS, _PAGE_RUNS = 1000, 50, 200
# Below every position: an event that was put before the first is found as well.
_LOWEST = -(2**31)


class Audit:
    """One audit of *store*; the newest end may move meanwhile."""

    def __init__(self, store: RecordReader, keys: Keys, request: pb.AuditRequest) -> None:
        """Audit what *request* asks for; checkpoints are signed by one of *keys*."""
        self._store = store
        self._keys = keys
        self._request = request
        self._since_ns = request.since.ToNanoseconds() if request.HasField("since") else 0
        self._summary = pb.AuditSummary()
        self._newest = pb.Checkpoint()
        self._one: list[Entry] = []

    async def frames(self) -> AsyncIterator[pb.AuditResponse]:
        """Yield findings and progress, then the summary.

        Raises:
            MeshError: RUN_NOT_FOUND, the record knows nothing of the run that was asked for.
        """
        async for found in self._everything():
            if isinstance(found, pb.AuditFinding):
                self._summary.findings += 1
                yield pb.AuditResponse(finding=found)
            else:
                yield pb.AuditResponse(progress=found)
        if self._request.run_id and not self._summary.runs and not self._summary.findings:
            raise RunNotFound(self._request.run_id)
        yield pb.AuditResponse(summary=self._summary)

    async def _everything(self) -> AsyncIterator[pb.AuditFinding | pb.AuditProgress]:
        try:
            # Only up to here: what comes meanwhile would be seen in one half and not in the other.
            self._newest = await self._store.last_checkpoint() or pb.Checkpoint()
            async for run in self._runs():
                for finding in run:
                    yield finding
                yield self._progress()
            async for finding in self._left():
                yield finding
            async for found in self._checkpoints():
                yield found
            async for finding in kept_findings(self._store, self._request.kept, self._keys):
                yield finding
        except StoreDamaged as error:
            yield pb.AuditFinding(kind=pb.AUDIT_FINDING_KIND_CHANGED, message=error.message)

    async def _runs(self) -> AsyncIterator[list[pb.AuditFinding]]:
        """Yield what is wrong with the runs asked for, a page of events at a time."""
        current: RunAudit | None = None
        async for page in self._pages():
            findings: list[pb.AuditFinding] = []
            for entry in page:
                if current is None or entry.run_id != current.run_id:
                    findings += await self._end(current)
                    current = RunAudit(entry.run_id)
                    self._summary.runs += 1
                findings += current.take(entry)
            self._summary.events += len(page)
            yield findings
        yield await self._end(current)

    async def _end(self, run: RunAudit | None) -> list[pb.AuditFinding]:
        if run is None:
            return []
        try:
            listed = await self._store.run(run.run_id)
        except DecodeError:
            listed = shared.Run()
        # What was appended since the last page was read is no part of this audit.
        grown = bool(await self._store.entries(run.run_id, run.seq, 1))
        return list(run.end(listed, grown=grown))

    async def _pages(self) -> AsyncIterator[Sequence[Entry]]:
        if self._request.run_id:
            async for page in self._pages_here(self._request.run_id):
                # Positions and hashes are compared with the checkpoints later.
                self._one += (entry._replace(encoded=b"") for entry in page)
                yield page
        elif self._since_ns:
            async for run_id in self._accepted_since():
                async for page in self._pages_here(run_id):
                    yield page
        else:
            after = ("", _LOWEST)
            while page := await self._store.entries_by_run(after, _PAGE_EVENTS):
                yield page
                after = (page[-1].run_id, page[-1].seq)

    async def _pages_here(self, run_id: str) -> AsyncIterator[Sequence[Entry]]:
        """Yield the entries of a run that no archive holds."""
        if not await self._store.archived(run_id):
            async for page in self._pages_of(run_id):
                yield page

    async def _pages_of(self, run_id: str) -> AsyncIterator[Sequence[Entry]]:
        after_seq = _LOWEST
        while page := await self._store.entries(run_id, after_seq, _PAGE_EVENTS):
            yield page
            after_seq = page[-1].seq

    async def _accepted_since(self) -> AsyncIterator[str]:
        query = shared.RunQuery(accepted_from=self._request.since)
        before = None
        while page := await self._store.runs(query, before, _PAGE_RUNS):
            for run in page:
                yield run.run_id
            before = (accepted_ns(page[-1]), page[-1].run_id)

    async def _left(self) -> AsyncIterator[pb.AuditFinding]:
        """Yield what is wrong with runs whose events have left."""
        audit, asked = LeftAudit(self._store, self._keys), self._request.run_id
        async for run_id in self._archived_since() if self._since_ns and not asked else audit.runs(asked):
            self._summary.runs += 1
            if asked:
                self._one += await self._store.stand_ins(run_id)
            if not await self._store.archived(run_id):
                findings = [await audit.problem(run_id)]
            else:
                findings = [finding async for finding in self._archived(run_id)]
            for finding in filter(None, findings):
                yield finding

    async def _archived(self, run_id: str) -> AsyncIterator[pb.AuditFinding]:
        run = RunAudit(run_id)
        left = {stand_in.seq: stand_in for stand_in in await self._store.stand_ins(run_id)}
        try:
            async for page in self._pages_of(run_id):
                for entry in page:
                    for finding in run.take(entry):
                        yield finding
                    stand_in = left.pop(entry.seq, entry)
                    if (stand_in.position, stand_in.hash) != (entry.position, entry.hash):
                        yield run.not_as_left(entry)
                self._summary.events += len(page)
        except ArchiveUnavailable as error:
            problem = f"run {run_id}: {error.message}"
            yield pb.AuditFinding(kind=pb.AUDIT_FINDING_KIND_RUN_LOST, run_id=run_id, message=problem)
            return
        for finding in await self._end(run):
            yield finding

    async def _archived_since(self) -> AsyncIterator[str]:
        async for run_id in self._accepted_since():
            if await self._store.archived(run_id):
                yield run_id

    async def _checkpoints(self) -> AsyncIterator[pb.AuditFinding | pb.AuditProgress]:
        audit = CheckpointAudit(self._store, self._keys, self._request.run_id, self._one)
        newest = statement_of(self._newest)
        async for page in self._checkpoint_pages(newest.number):
            for checkpoint in page:
                old = statement_of(checkpoint).created_at.ToNanoseconds() < self._since_ns
                async for finding in audit.take(checkpoint, link_only=old):
                    yield finding
            self._summary.checkpoints += len(page)
            yield self._progress()
        if self._newest.statement:
            self._summary.newest.CopyFrom(without_heads(self._newest))
        async for finding in self._unanchored(newest):
            yield finding

    async def _checkpoint_pages(self, newest: int) -> AsyncIterator[list[pb.Checkpoint]]:
        number = 0
        while page := await self._store.checkpoints(number, _PAGE_CHECKPOINTS):
            yield [checkpoint for _, checkpoint in page if not 0 < newest < statement_of(checkpoint).number]
            number = page[-1][0]

    async def _unanchored(self, newest: pb.CheckpointStatement) -> AsyncIterator[pb.AuditFinding]:
        last = await self._store.last_position()
        self._summary.unanchored_events = max(0, last - newest.through_position)
        if not self._summary.unanchored_events:
            return
        # A recorder makes a checkpoint before it takes the first event.
        if not newest.number:
            problem = "there are events, but no checkpoint; the checkpoints were removed"
            yield pb.AuditFinding(kind=pb.AUDIT_FINDING_KIND_CHECKPOINT, message=problem)
        elif newest.closing:
            for entry in await self._store.entries_of_all(newest.through_position, _PAGE_EVENTS):
                if self._request.run_id in ("", entry.run_id):
                    yield added_while_stopped(entry, newest.number)

    def _progress(self) -> pb.AuditProgress:
        return pb.AuditProgress(events=self._summary.events, checkpoints=self._summary.checkpoints)
