"""A store that forgets with the process: for tests and for trying things out."""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import trace_span_pb2 as traces
from pal_recorder.store import Entry, Group, Turn, key_of, selected


class MemoryStore:
    """An EventStore in memory."""

    exclusive = True

    def __init__(self) -> None:
        """Start empty."""
        self._all: list[Entry] = []
        self._by_run: dict[str, list[Entry]] = defaultdict(list)
        self._runs: dict[str, shared.Run] = {}
        self._artifacts: dict[str, tuple[pb.ArtifactHeader, bytes]] = {}
        self._spans: list[traces.TraceSpan] = []
        self._checkpoints: list[pb.Checkpoint] = []

    async def last_position(self) -> int:
        """Return the newest position."""
        return self._all[-1].position if self._all else 0

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
        return {entry.run_id for entry in self._all[after_position:through_position]}

    async def known(self, run_ids: Sequence[str]) -> set[str]:
        """Return which of some runs there are."""
        return self._runs.keys() & set(run_ids)

    async def _write(self, group: Group) -> None:
        for entry in group.entries:
            self._all.append(entry)
            self._by_run[entry.run_id].append(entry)
        self._runs.update((run_id, _copy(run)) for run_id, run in group.runs.items())
        if group.checkpoint:
            self._checkpoints.append(group.checkpoint)
        self._spans.extend(group.spans)

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

    async def newest_ids(self, run_id: str, limit: int) -> dict[str, int]:
        """Return the newest event ids of a run."""
        return {entry.event_id: entry.seq for entry in self._by_run.get(run_id, [])[-limit:]}

    async def entries_of_all(self, after_position: int, limit: int) -> list[Entry]:
        """Return entries of all runs."""
        return self._all[after_position : after_position + limit]

    async def entries_by_run(self, after: tuple[str, int], limit: int) -> list[Entry]:
        """Return entries of all runs by run id and seq."""
        ordered = sorted(self._all, key=lambda entry: (entry.run_id, entry.seq))
        return [entry for entry in ordered if (entry.run_id, entry.seq) > after][:limit]

    async def heads(self, after_position: int, through_position: int) -> list[pb.RunHead]:
        """Return the newest end of each run."""
        newest = {entry.run_id: entry for entry in self._all[after_position:through_position]}
        return [
            pb.RunHead(run_id=run_id, seq=newest[run_id].seq, hash=newest[run_id].hash) for run_id in sorted(newest)
        ]

    async def last_checkpoint(self) -> pb.Checkpoint | None:
        """Return the newest checkpoint."""
        return self._checkpoints[-1] if self._checkpoints else None

    async def checkpoints(self, after_number: int, limit: int) -> list[tuple[int, pb.Checkpoint]]:
        """Return checkpoints."""
        return list(enumerate(self._checkpoints, start=1))[after_number : after_number + limit]

    async def put_artifact(self, header: pb.ArtifactHeader, content: Path) -> None:
        """Keep content."""
        self._artifacts.setdefault(header.digest, (header, content.read_bytes()))
        content.unlink()

    async def artifact(self, digest: str) -> tuple[pb.ArtifactHeader, BinaryIO] | None:
        """Return content."""
        found = self._artifacts.get(digest)
        return (found[0], io.BytesIO(found[1])) if found else None

    async def write_spans(self, spans: Sequence[traces.TraceSpan]) -> None:
        """Keep spans."""
        self._spans.extend(spans)

    async def spans(self, run_id: str, after: int, limit: int) -> list[tuple[int, traces.TraceSpan]]:
        """Return spans of one run."""
        numbered = enumerate(self._spans, start=1)
        return [(key, span) for key, span in numbered if key > after and span.run_id == run_id][:limit]

    async def close(self) -> None:
        """Forget nothing: the object goes anyway."""


def _copy(run: shared.Run) -> shared.Run:
    copy = shared.Run()
    copy.CopyFrom(run)
    return copy
