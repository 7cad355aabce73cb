"""The audit of runs whose events have left the store: each was deleted by a checkpoint that says so."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.chain import removals_digest
from pal_recorder.checkpoints import Keys, problem_with_signature, statement_of
from pal_recorder.store import RecordReader

_PAGE_RUNS = 500


class LeftAudit:
    """Looks for runs that have left without a word."""

    def __init__(self, store: RecordReader, keys: Keys) -> None:
        """Read *store*; checkpoints are signed by one of *keys*."""
        self._store = store
        self._keys = keys
        # Of the checkpoint that was read last; neighbours were often deleted together.
        self._number = 0
        self._stated: dict[str, tuple[int, bytes]] = {}

    async def runs(self, run_id: str) -> AsyncIterator[str]:
        """Yield the runs that have left, or the one that is asked for if it has."""
        if run_id:
            if await self._store.stand_ins(run_id):
                yield run_id
            return
        after = ""
        while page := await self._store.runs_without_events(after, _PAGE_RUNS):
            for left in page:
                yield left
            after = page[-1]

    async def problem(self, run_id: str) -> pb.AuditFinding | None:
        """Return what is wrong with a run that has left and that no archive holds."""
        removal = await self._store.deleted(run_id)
        if removal is None:
            kind, problem = pb.AUDIT_FINDING_KIND_RUN_LOST, "its events are gone, and nothing says that it was deleted"
        elif await self._stated_end(removal) != (removal.head_seq, removal.head_hash):
            kind = pb.AUDIT_FINDING_KIND_RUN_LOST
            problem = f"its events are gone, and checkpoint {removal.checkpoint} does not say that it was deleted"
        elif await self._store.entries(run_id, -1, 1) or await self._store.run(run_id):
            kind, problem = pb.AUDIT_FINDING_KIND_ADDED, "was deleted, but is there again"
        else:
            return None
        return pb.AuditFinding(kind=kind, run_id=run_id, message=f"run {run_id}: {problem}")

    async def _stated_end(self, removal: pb.RunRemoval) -> tuple[int, bytes] | None:
        if removal.checkpoint != self._number:
            found = await self._store.checkpoints(removal.checkpoint - 1, 1)
            self._number = removal.checkpoint
            self._stated = self._removals(found[0][1]) if found else {}
        return self._stated.get(removal.run_id)

    def _removals(self, checkpoint: pb.Checkpoint) -> dict[str, tuple[int, bytes]]:
        statement = statement_of(checkpoint)
        signed = statement.number == self._number and not problem_with_signature(checkpoint, self._keys)
        if not signed or removals_digest(checkpoint.removals) != statement.removals_digest:
            return {}
        return {removal.run_id: (removal.head_seq, removal.head_hash) for removal in checkpoint.removals}
