"""Meshes without runtimes: a registry and a recorder each, on SQLite or PostgreSQL, and what moves between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.events import EventWriter
from pal_log.payload import by_reference, digest, text_payload
from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.channels import channel
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_transfer.export_file import Manifest, opened
from pal_transfer.exporting import Exporter, Wanted
from pal_transfer.restoring import Restored, Restorer

LIVE = common.EXECUTION_MODE_LIVE
ROUTER = EventWriter("router")
AGENT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: desk, version: 1.0.0}
spec: {objective: Help people.}
"""


def ignored(*_: object) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class Mesh:
    """A registry and a recorder."""

    recorder: recorder_rpc.RecorderServiceStub
    registry: registry_rpc.RegistryServiceStub
    keys: Path
    # Of the recorder and of the registry.
    addresses: tuple[str, str] = ("", "")

    def token(self, service: str) -> str:
        return issue_token(private_key(self.keys, MESH), service)

    async def export(
        self, directory: Path, selection: str = "", told: Callable[[int, int], None] = ignored, **query: object
    ) -> Manifest:
        wanted = Wanted(query=shared.RunQuery(**query), selection=selection)  # type: ignore[arg-type]
        exporter = Exporter(self.recorder, self.registry, directory, told)
        return await exporter.export(wanted, pal_version="test", created_at="2026-11-24T00:00:00Z")

    async def restore(
        self, path: Path, service: str = "import", told: Callable[[str, int], None] = ignored
    ) -> Restored:
        source = opened(path)
        try:
            restorer = Restorer(self.recorder, self.registry, self.token(service), source, told)
            return await restorer.restore()
        finally:
            source.close()

    async def record(self, run_id: str, notes: int = 2, *, finished: bool = True, artifact: bytes = b"") -> None:
        """Record a run of the agent desk, with as many notes, a span, and perhaps content that is kept elsewhere."""
        agent = (await self.registry.Apply(registry_pb.ApplyRequest(text=AGENT))).applied[0].document.ref
        batch = [event(run_id, run_accepted=events.RunAccepted(agent=agent, labels={"tier": "test"}))]
        batch += [event(run_id, note_added=events.NoteAdded(name=f"note {number}")) for number in range(notes)]
        if artifact:
            await ArtifactClient(self.recorder, self.token("router")).put(artifact, "text/plain")
            payload = by_reference(common.Payload(digest=digest(artifact), size_bytes=len(artifact)))
            message = events.MessageAdded(message_id="m", role=events.MESSAGE_ROLE_AGENT, parts=[payload])
            batch.append(event(run_id, message_added=message))
        if finished:
            done = events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED, output=text_payload("done"))
            batch.append(event(run_id, run_finished=done))
        async with Appender(self.recorder, self.token("router")) as appender:
            for start in range(0, len(batch), 500):
                await appender.append(run_id, batch[start : start + 500])
        span = traces.TraceSpan(run_id=run_id, trace_id="0" * 32, span_id="1" * 16, name="work")
        metadata = (("authorization", f"Bearer {self.token('router')}"),)
        await self.recorder.WriteSpans(pb.WriteSpansRequest(spans=[span]), metadata=metadata)

    async def log(self, run_id: str) -> Sequence[events.RunEvent]:
        return (await self.recorder.ReadEvents(pb.ReadEventsRequest(run_id=run_id, max_events=5000))).events

    async def listed(self) -> list[shared.Run]:
        request = pb.RecorderServiceListRunsRequest(query=shared.RunQuery(page_size=200))
        return list((await self.recorder.ListRuns(request)).runs)

    async def findings(self) -> list[pb.AuditFinding]:
        frames = [frame async for frame in self.recorder.Audit(pb.AuditRequest())]
        assert frames[-1].HasField("summary")
        return [frame.finding for frame in frames if frame.HasField("finding")]


def event(run_id: str, epoch: int = 1, **body: object) -> events.RunEvent:
    return ROUTER.event(run_id, LIVE, epoch, **body)


Start = Callable[..., AbstractAsyncContextManager[Mesh]]


@pytest.fixture
def mesh(tmp_path: Path) -> Start:
    """Return what starts a mesh: by the name of its home, and perhaps the URL of its database."""

    @asynccontextmanager
    async def start(name: str, store_url: str | None = None, **settings: object) -> AsyncIterator[Mesh]:
        home = tmp_path / name
        if not (home / "keys").exists():
            create_keys(home / "keys")
        places = {"data_dir": home / "data", "keys_dir": home / "keys", "store_url": store_url}
        async with (
            registry(RegistryConfig(address="127.0.0.1:0", drain_seconds=0.1, **places)) as documents,  # type: ignore[arg-type]
            recorder(RecorderConfig(address="127.0.0.1:0", drain_seconds=0.1, **places, **settings)) as record,  # type: ignore[arg-type]
            channel(documents.address) as to_registry,
            channel(record.address) as to_recorder,
        ):
            yield Mesh(
                recorder_rpc.RecorderServiceStub(to_recorder),
                registry_rpc.RegistryServiceStub(to_registry),
                home / "keys",
                (record.address, documents.address),
            )

    return start
