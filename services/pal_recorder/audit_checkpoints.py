"""The audit of the checkpoints: who signed them, that none is missing, and that the record holds what they say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.chain import heads_digest, removals_digest
from pal_recorder.checkpoints import Keys, digest_of, problem_with_signature, statement_of
from pal_recorder.store import Entry, RecordReader

_PAGE_EVENTS = 1000


class CheckpointAudit:
    """Takes the checkpoints in order and says what is wrong with them, or with the record by them."""

    def __init__(self, store: RecordReader, keys: Keys, run_id: str, entries: Sequence[Entry]) -> None:
        """Compare with *store*; for one run only, *entries* are all of it."""
        self._store = store
        self._keys = keys
        self._run_id = run_id
        self._entries = entries
        self._before = pb.Checkpoint()
        self._reported: set[str] = set()

    async def take(self, checkpoint: pb.Checkpoint, *, link_only: bool) -> AsyncIterator[pb.AuditFinding]:
        """Yield what is wrong with the next checkpoint; of what it covers only unless *link_only*."""
        statement = statement_of(checkpoint)
        problem = problem_with_signature(checkpoint, self._keys)
        if problem:
            yield _finding(statement.number, f"checkpoint {statement.number or '(unreadable)'} {problem}")
        for broken in _broken_links(statement_of(self._before), digest_of(self._before), statement):
            yield _finding(statement.number, broken)
        if not problem and removals_digest(checkpoint.removals) != statement.removals_digest:
            problem = f"the deleted runs of checkpoint {statement.number} are not those it was signed with"
            yield _finding(statement.number, problem)
        if not problem and not link_only:
            async for finding in self._contents(statement, checkpoint.heads):
                yield finding
        self._before = checkpoint

    async def _contents(
        self, statement: pb.CheckpointStatement, heads: Sequence[pb.RunHead]
    ) -> AsyncIterator[pb.AuditFinding]:
        if heads_digest(heads) != statement.heads_digest:
            yield _finding(
                statement.number, f"the heads of checkpoint {statement.number} are not those it was signed with"
            )
            return
        async for finding in self._hole(statement):
            yield finding
        stated = {head.run_id: head for head in heads if self._run_id in ("", head.run_id)}
        found = {head.run_id: head for head in await self._covered(statement)}
        for run_id in sorted(stated.keys() | found.keys()):
            if stated.get(run_id) != found.get(run_id) and run_id not in self._reported:
                self._reported.add(run_id)
                yield await self._difference(run_id, stated.get(run_id), found.get(run_id), statement.number)

    async def _covered(self, statement: pb.CheckpointStatement) -> Iterable[pb.RunHead]:
        after, through = statement.after_position, statement.through_position
        if not self._run_id:
            return await self._store.heads(after, through)
        newest = [entry for entry in self._entries if after < entry.position <= through][-1:]
        return [pb.RunHead(run_id=entry.run_id, seq=entry.seq, hash=entry.hash) for entry in newest]

    async def _hole(self, statement: pb.CheckpointStatement) -> AsyncIterator[pb.AuditFinding]:
        before = statement_of(self._before)
        # A hole lies where events came while no recorder ran.
        if not before.closing or before.through_position == statement.after_position:
            return
        for entry in await self._store.entries_of_all(before.through_position, _PAGE_EVENTS):
            if entry.position <= statement.after_position and self._run_id in ("", entry.run_id):
                yield added_while_stopped(entry, before.number)

    async def _difference(
        self, run_id: str, stated: pb.RunHead | None, found: pb.RunHead | None, number: int
    ) -> pb.AuditFinding:
        kind, seq, problem = pb.AUDIT_FINDING_KIND_ADDED, 0, ""
        if stated is None or (found and found.seq > stated.seq):
            seq = stated.seq + 1 if stated else found.seq if found else 0
            problem = f"event {seq} is there, but checkpoint {number} does not know it"
        else:
            kind, seq, problem = await self._lost(stated, number)
        return pb.AuditFinding(kind=kind, run_id=run_id, seq=seq, checkpoint=number, message=f"run {run_id}: {problem}")

    async def _lost(self, stated: pb.RunHead, number: int) -> tuple[pb.AuditFindingKind, int, str]:
        last = max((await self._store.newest_ids(stated.run_id, 1)).values(), default=0)
        known = f"checkpoint {number} knows event {stated.seq}"
        if last == 0:
            return pb.AUDIT_FINDING_KIND_RUN_LOST, 0, f"the whole run is gone; {known}"
        if last < stated.seq:
            return pb.AUDIT_FINDING_KIND_TAIL_LOST, last + 1, f"its log ends with event {last}, but {known}"
        at = await self._store.entries(stated.run_id, stated.seq - 1, 1)
        if at and at[0].seq == stated.seq and at[0].hash == stated.hash:
            problem = f"event {stated.seq} stands at another place among the events of all runs than at {number}"
            return pb.AUDIT_FINDING_KIND_REORDERED, stated.seq, problem
        problem = f"the events up to {stated.seq} are not those of checkpoint {number}; the chain was written anew"
        return pb.AUDIT_FINDING_KIND_CHANGED, stated.seq, problem


async def kept_findings(
    store: RecordReader, kept: Iterable[pb.Checkpoint], keys: Keys
) -> AsyncIterator[pb.AuditFinding]:
    """Yield where the record contradicts the checkpoints that somebody *kept* outside."""
    newest = statement_of(await store.last_checkpoint() or pb.Checkpoint()).number
    for checkpoint in kept:
        number = statement_of(checkpoint).number
        if problem := problem_with_signature(checkpoint, keys):
            yield _finding(number, f"the kept checkpoint {number or '(unreadable)'} {problem}")
        elif number > newest:
            problem = f"the record was rolled back: it ends with checkpoint {newest}, but checkpoint {number} was kept"
            yield _finding(number, problem, pb.AUDIT_FINDING_KIND_ROLLED_BACK)
        else:
            there = await store.checkpoints(number - 1, 1)
            if not there or there[0][1].statement != checkpoint.statement:
                problem = f"the record has another checkpoint {number} than the one that was kept: it was written anew"
                yield _finding(number, problem, pb.AUDIT_FINDING_KIND_ROLLED_BACK)


def added_while_stopped(entry: Entry, number: int) -> pb.AuditFinding:
    """Return the finding for an event that came while no recorder ran, after checkpoint *number*."""
    return pb.AuditFinding(
        kind=pb.AUDIT_FINDING_KIND_ADDED,
        run_id=entry.run_id,
        seq=entry.seq,
        checkpoint=number,
        message=f"run {entry.run_id}: event {entry.seq} was added while no recorder ran, after checkpoint {number}",
    )


def _broken_links(before: pb.CheckpointStatement, digest: bytes, statement: pb.CheckpointStatement) -> Iterator[str]:
    number, expected = statement.number, before.number + 1
    if number != expected:
        gone = f"checkpoint {expected} is" if number == expected + 1 else f"checkpoints {expected} to {number - 1} are"
        yield f"{gone} gone" if number > expected else f"checkpoint {number} follows checkpoint {before.number}"
        return
    if statement.previous_digest != (digest if before.number else b""):
        yield f"checkpoint {number} was made after another checkpoint {before.number} than the one that is there"
    hole = statement.after_position > before.through_position and not before.closing
    if hole or statement.after_position < before.through_position:
        yield f"checkpoint {number} does not begin where checkpoint {before.number} ends"


def _finding(
    number: int, problem: str, kind: pb.AuditFindingKind = pb.AUDIT_FINDING_KIND_CHECKPOINT
) -> pb.AuditFinding:
    return pb.AuditFinding(kind=kind, checkpoint=number, message=problem)
