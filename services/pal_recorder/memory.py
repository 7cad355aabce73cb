"""A store that forgets with the process: for tests and for trying things out."""

from __future__ import annotations

import asyncio
import io
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import trace_span_pb2 as traces
from pal_recorder.holds import Holds
from pal_recorder.slo_rollup import RollupKey
from pal_recorder.store import Entry, Group, Removal, Turn, key_of, selected, uses_of


class MemoryStore:
    """An EventStore in memory."""

    exclusive = True

    def __init__(self) -> None:
        """Start empty."""
        self._all: list[Entry] = []
        self._by_run: dict[str, list[Entry]] = defaultdict(list)
        self._runs: dict[str, shared.Run] = {}
        self._artifacts: dict[str, tuple[pb.ArtifactHeader, bytes]] = {}
        self._put_ns: dict[str, int] = {}
        self._uses: set[tuple[str, str]] = set()
        self._spans: list[traces.TraceSpan] = []
        self._checkpoints: list[pb.Checkpoint] = []
        self._stand_ins: dict[int, Entry] = {}
        self._deleted: dict[str, pb.RunRemoval] = {}
        self._slo: dict[RollupKey, bytes] = {}
        self._slo_position = 0
        self._archived: dict[str, pb.ArchivedRun] = {}
        self._holds = Holds()
        self._quotas: dict[str, bytes] = {}

    async def last_position(self) -> int:
        """Return the newest position."""
        return max(self._all[-1].position if self._all else 0, max(self._stand_ins, default=0))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Give the turn: there is one writer."""
        yield Turn(await self.last_position(), self._write)

    async def changes(self) -> AsyncGenerator[None, None]:
        """Yield nothing."""
        await asyncio.Event().wait()
        yield

    async def grown(self, after_position: int, through_position: int) -> set[str]:
        """Return the runs of a stretch of entries."""
        return {entry.run_id for entry in self._between(after_position, through_position)}

    async def known(self, run_ids: Sequence[str]) -> set[str]:
        """Return which of some runs there are."""
        return (self._runs.keys() | self._deleted.keys()) & set(run_ids)

    async def _write(self, group: Group) -> None:
        for entry in group.entries:
            self._all.append(entry)
            self._by_run[entry.run_id].append(entry)
        self._uses.update(uses_of(group.entries))
        self._runs.update((run_id, _copy(run)) for run_id, run in group.runs.items())
        if group.checkpoint:
            self._checkpoints.append(group.checkpoint)
        self._spans.extend(group.spans)
        for key, row in group.quotas.items():
            if row is None:
                self._quotas.pop(key, None)
            else:
                self._quotas[key] = row
        for removal in group.removals:
            self._remove(removal)

    def _remove(self, removal: Removal) -> None:
        run_id = removal.run.run_id
        self._stand_ins.update((entry.position, entry) for entry in removal.heads)
        self._all = [entry for entry in self._all if entry.run_id != run_id]
        self._by_run.pop(run_id, None)
        if removal.archived:
            self._archived[run_id] = removal.archived
        if removal.deleted:
            self._deleted[run_id] = removal.deleted
            self._archived.pop(run_id, None)
            self._runs.pop(run_id, None)
            self._spans = [span for span in self._spans if span.run_id != run_id]
            self._uses = {use for use in self._uses if use[1] != run_id}

    def _between(self, after_position: int, through_position: int) -> list[Entry]:
        return [entry for entry in self._all if after_position < entry.position <= through_position]

    async def run(self, run_id: str) -> shared.Run | None:
        """Return a run."""
        return _copy(self._runs[run_id]) if run_id in self._runs else None

    async def runs(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        """Return selected runs, newest first."""
        newest = sorted(self._runs.values(), key=key_of, reverse=True)
        fitting = (run for run in newest if selected(run, query) and (before is None or key_of(run) < before))
        return [_copy(run) for run, _ in zip(fitting, range(limit), strict=False)]

    async def entries(self, run_id: str, after_seq: int, limit: int, prefixes: Sequence[str] = ()) -> list[Entry]:
        """Return entries of one run."""
        wanted = tuple(prefixes)
        known = self._by_run.get(run_id, [])
        return [entry for entry in known[after_seq:] if not wanted or entry.type.startswith(wanted)][:limit]

    async def entries_of(self, run_ids: Sequence[str]) -> list[Entry]:
        """Return all entries of some runs."""
        return [entry for run_id in sorted(run_ids) for entry in self._by_run.get(run_id, [])]

    async def newest_ids(self, run_id: str, limit: int) -> dict[str, int]:
        """Return the newest event ids of a run."""
        return {entry.event_id: entry.seq for entry in self._by_run.get(run_id, [])[-limit:]}

    async def entries_of_all(self, after_position: int, limit: int) -> list[Entry]:
        """Return entries of all runs."""
        return [entry for entry in self._all if entry.position > after_position][:limit]

    async def entries_by_run(self, after: tuple[str, int], limit: int) -> list[Entry]:
        """Return entries of all runs by run id and seq."""
        ordered = sorted(self._all, key=lambda entry: (entry.run_id, entry.seq))
        return [entry for entry in ordered if (entry.run_id, entry.seq) > after][:limit]

    async def heads(self, after_position: int, through_position: int) -> list[pb.RunHead]:
        """Return the newest end of each run."""
        stand_ins = [self._stand_ins[place] for place in sorted(self._stand_ins)]
        left = [entry for entry in stand_ins if after_position < entry.position <= through_position]
        newest = {entry.run_id: entry for entry in (*left, *self._between(after_position, through_position))}
        return [
            pb.RunHead(run_id=run_id, seq=newest[run_id].seq, hash=newest[run_id].hash) for run_id in sorted(newest)
        ]

    async def runs_without_events(self, after_run_id: str, limit: int) -> list[str]:
        """Return the runs whose events have left."""
        runs = {entry.run_id for entry in self._stand_ins.values()}
        return sorted(run_id for run_id in runs if run_id > after_run_id)[:limit]

    async def stand_ins(self, run_id: str) -> list[Entry]:
        """Return what stands in for entries that have left."""
        return sorted(entry for entry in self._stand_ins.values() if entry.run_id == run_id)

    async def deleted(self, run_id: str) -> pb.RunRemoval | None:
        """Return what is left of a deleted run."""
        return self._deleted.get(run_id)

    async def archived(self, run_id: str) -> pb.ArchivedRun | None:
        """Return where an archive holds a run."""
        return self._archived.get(run_id)

    async def unarchived(self, after: tuple[int, str], before_ns: int, limit: int) -> list[shared.Run]:
        """Return finished runs that no archive holds, oldest first."""
        fitting = [
            run
            for run in sorted(self._runs.values(), key=key_of)
            if key_of(run) > after and key_of(run)[0] < before_ns and run.state == shared.RUN_STATE_FINISHED
        ]
        return [_copy(run) for run in fitting if run.run_id not in self._archived][:limit]

    async def deleted_of(self, conversation_id: str, limit: int) -> list[str]:
        """Return deleted runs of a conversation."""
        found = (run_id for run_id, removal in self._deleted.items() if removal.conversation_id == conversation_id)
        return sorted(found)[:limit] if conversation_id else []

    async def in_archive(self, url: str) -> bool:
        """Tell whether a file of the archive holds any run."""
        return any(run.url == url for run in self._archived.values())

    async def last_checkpoint(self) -> pb.Checkpoint | None:
        """Return the newest checkpoint."""
        return self._checkpoints[-1] if self._checkpoints else None

    async def checkpoints(self, after_number: int, limit: int) -> list[tuple[int, pb.Checkpoint]]:
        """Return checkpoints."""
        return list(enumerate(self._checkpoints, start=1))[after_number : after_number + limit]

    async def hold(self, holder: str, *, leaving: bool, opened: Sequence[pb.OpenBreaker] = ()) -> list[pb.Holder]:
        """Count a beat; with the recorder they are forgotten, and begin anew."""
        return self._holds.beat(holder, leaving=leaving, opened=opened)

    async def put_artifact(self, header: pb.ArtifactHeader, content: Path) -> None:
        """Keep content."""
        self._artifacts.setdefault(header.digest, (header, content.read_bytes()))
        self._put_ns[header.digest] = time.time_ns()
        content.unlink()

    async def artifact(self, digest: str) -> tuple[pb.ArtifactHeader, BinaryIO] | None:
        """Return content."""
        found = self._artifacts.get(digest)
        return (found[0], io.BytesIO(found[1])) if found else None

    async def sweep_artifacts(self, put_before_ns: int, limit: int) -> int:
        """Delete content that nothing refers to."""
        used = {digest for digest, _ in self._uses}
        old = [digest for digest, put_ns in self._put_ns.items() if put_ns < put_before_ns and digest not in used]
        for digest in old[:limit]:
            del self._artifacts[digest], self._put_ns[digest]
        return len(old[:limit])

    async def slo_position(self) -> int:
        """Return the position."""
        return self._slo_position

    async def slo_rows(self, width: int, first: int, last: int) -> list[tuple[RollupKey, bytes]]:
        """Return rollups."""
        return sorted(row for row in self._slo.items() if row[0].width == width and first <= row[0].start <= last)

    async def put_slo(
        self, before: int, after: int, rows: Sequence[tuple[RollupKey, bytes]], prunable: Sequence[tuple[int, int]]
    ) -> bool:
        """Put rollups."""
        if self._slo_position != before:
            return False
        self._slo_position = after
        self._slo.update(rows)
        for width, start in prunable:
            self._slo = {key: row for key, row in self._slo.items() if key.width != width or key.start >= start}
        return True

    async def quota_rows(self) -> dict[str, bytes]:
        """Return counters."""
        return dict(self._quotas)

    async def write_spans(self, spans: Sequence[traces.TraceSpan]) -> None:
        """Keep spans."""
        self._spans.extend(spans)

    async def spans(self, run_id: str, after: int, limit: int) -> list[tuple[int, traces.TraceSpan]]:
        """Return spans of one run."""
        numbered = enumerate(self._spans, start=1)
        return [(key, span) for key, span in numbered if key > after and span.run_id == run_id][:limit]

    async def spans_of(self, run_ids: Sequence[str], limit: int) -> list[traces.TraceSpan]:
        """Return spans of some runs."""
        return [span for span in self._spans if span.run_id in run_ids][:limit]

    async def close(self) -> None:
        """Forget nothing: the object goes anyway."""


def _copy(run: shared.Run) -> shared.Run:
    copy = shared.Run()
    copy.CopyFrom(run)
    return copy
