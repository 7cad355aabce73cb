"""Runs read from the record and compared, away from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import run_event_pb2 as events
from pal_diff.compare import brief, compare
from pal_diff.terms import Terms
from pal_migration.checks import NamedCheck
from pal_migration.contents import kept_elsewhere
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import InvalidField
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.snapshot import RegistrySnapshot

RUNTIME, DRIFT = comparisons.PAIR_KIND_RUNTIME, comparisons.PAIR_KIND_DRIFT
DEFAULT_ENTRIES, MOST_ENTRIES = 200, 1000
# What is kept beside the logs of a pair is read as long as it stays below this; the rest is compared by digest.
_MOST_CONTENT_BYTES = 64 * 1024 * 1024
Log = list[events.RunEvent]


@dataclass(frozen=True)
class Triple:
    """The logs of a sample: the live run A, and its shadows A' and B."""

    live: Log
    baseline: Log
    candidate: Log


class Comparing:
    """Compares runs."""

    def __init__(
        self,
        record: RecorderClient,
        artifacts: ArtifactClient,
        snapshot: RegistrySnapshot,
        checks: Mapping[str, NamedCheck],
    ) -> None:
        """Read logs from *record*, what they refer to from *artifacts*, and documents from *snapshot*.

        What is success is told by one of *checks*, by agent, where there is one.
        """
        self._checks = checks
        self._record = record
        self._artifacts = artifacts
        self._snapshot = snapshot

    async def compare(self, request: pb.CompareRequest) -> comparisons.Comparison:
        """Return how two runs differ.

        Raises:
            MeshError: RUN_NOT_FOUND, INVALID_FIELD, or a document of a run is not there any more.
        """
        for field in ("run_a", "run_b"):
            if not getattr(request, field):
                raise InvalidField(field, "empty; name a run")
        if request.max_entries < 0:
            raise InvalidField("max_entries", f"{request.max_entries} is negative; write 0 for {DEFAULT_ENTRIES}")
        entries = min(request.max_entries or DEFAULT_ENTRIES, MOST_ENTRIES)
        one, two = await self.log(request.run_a), await self.log(request.run_b)
        terms = await self.terms([one, two], entries)
        return await asyncio.to_thread(compare, one, two, terms)

    async def triple(self, sample: pb.Sample) -> Triple:
        """Return the logs of a sample that has both lanes."""
        return Triple(
            live=await self.log(sample.run_id),
            baseline=await self.log(sample.baseline_run_id),
            candidate=await self.log(sample.candidate_run_id),
        )

    async def pairs(self, triple: Triple) -> list[comparisons.Comparison]:
        """Return the comparisons of a sample as they are kept, that of A and A' first."""
        terms = await self.terms([triple.live, triple.baseline, triple.candidate], DEFAULT_ENTRIES)
        drift = await asyncio.to_thread(compare, triple.live, triple.baseline, terms, DRIFT)
        runtime = await asyncio.to_thread(compare, triple.baseline, triple.candidate, terms, RUNTIME)
        return [brief(drift), brief(runtime)]

    async def log(self, run_id: str) -> Log:
        """Return the log of a run.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        return [event async for event in self._record.log(run_id)]

    async def terms(self, logs: Sequence[Log], entries: int) -> Terms:
        """Return what *logs* are compared by: the documents that the first of them pins."""
        accepted = logs[0][0].run_accepted
        agent = (await self._snapshot.pinned(registry.DOCUMENT_KIND_AGENT, accepted.agent)).agent
        tools = {
            ref.name: (await self._snapshot.pinned(registry.DOCUMENT_KIND_TOOL, ref)).tool for ref in accepted.tools
        }
        named = self._checks.get(accepted.agent.name)
        return Terms(
            agent=agent,
            check=named.check if named else None,
            check_name=named.name if named else "check",
            tools=tools,
            contents=await self._contents(logs),
            max_findings=entries,
            max_calls=entries,
            max_fields=entries,
        )

    async def _contents(self, logs: Sequence[Log]) -> dict[str, bytes]:
        wanted = {digest: size for log in logs for digest, size in kept_elsewhere(log).items()}
        contents, room = {}, _MOST_CONTENT_BYTES
        for digest, size_bytes in sorted(wanted.items(), key=lambda entry: entry[1]):
            room -= size_bytes
            if room < 0:
                break
            if (content := await self._artifacts.found(digest)) is not None:
                contents[digest] = content
        return contents
