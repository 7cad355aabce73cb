"""The recorder over gRPC: what is taken, what is refused, what is read back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import apsw
import grpc
import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.events import EventWriter
from pal_log.payload import digest
from pal_recorder.__main__ import Config, recorder
from pal_recorder.projection import project
from pal_recorder.sqlite import SqliteStore
from pal_recorder.store import Entry, EventStore, Group, StoreUnavailable
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.channels import channel
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.identity import bearer, issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.server import Server
from pal_rpc.status import from_rpc_error

LIVE = common.EXECUTION_MODE_LIVE
ROUTER = EventWriter("router")


def event(run_id: str = "r1", epoch: int = 1, **body: object) -> events.RunEvent:
    return ROUTER.event(run_id, LIVE, epoch, **body)


def accepted(run_id: str = "r1") -> events.RunEvent:
    return event(run_id, run_accepted=events.RunAccepted(agent=common.SpecRef(name="desk"), conversation_id="talk"))


def note(run_id: str = "r1", epoch: int = 1, text: str = "") -> events.RunEvent:
    return event(run_id, epoch, note_added=events.NoteAdded(name="test", text=text))


def finished(run_id: str = "r1") -> events.RunEvent:
    return event(run_id, run_finished=events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED))


async def refused(appender: Appender, *batch: events.RunEvent, **expected: int) -> str:
    with pytest.raises(MeshError) as caught:
        await appender.append(batch[0].run_id, batch, **expected)  # type: ignore[arg-type]
    return caught.value.reason_name


async def write(store: EventStore, group: Group) -> None:
    async with store.turn() as turn:
        await turn.write(group)


async def test_events_get_positions_without_holes(stub, writer) -> None:
    async with writer("router") as router:
        seqs = await router.append("r1", [accepted(), note()]) + await router.append("r1", [note()])

    read = await RecorderClient(stub, "").read("r1")

    assert seqs == [1, 2, 3]
    assert [found.seq for found in read.events] == [1, 2, 3]
    assert (read.through_seq, read.head_seq) == (3, 3)


async def test_recorded_at_never_decreases(stub, writer) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted(), *(note() for _ in range(20))])

    stamps = [found.recorded_at.ToNanoseconds() for found in (await RecorderClient(stub, "").read("r1")).events]

    assert stamps == sorted(stamps) and stamps[0] > 0


async def test_a_repeat_keeps_its_position(writer) -> None:
    batch = [accepted(), note()]
    async with writer("router") as router:
        first = await router.append("r1", batch, expected_head_seq=0)
        again = await router.append("r1", [*batch, note()], expected_head_seq=2)

    assert (first, again) == ([1, 2], [1, 2, 3])


async def test_nothing_follows_the_end(writer) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted(), finished()])

        assert await refused(router, note()) == "RUN_FINISHED"


async def test_the_end_may_be_repeated(writer) -> None:
    batch = [accepted(), finished()]
    async with writer("router") as router:
        await router.append("r1", batch)

        assert await router.append("r1", batch) == [1, 2]


async def test_an_old_epoch_is_refused(writer) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted(), note(epoch=2)])

        assert await refused(router, note(epoch=1)) == "STALE_EPOCH"


async def test_a_wrong_head_is_refused_with_the_right_one(writer) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted()])
        with pytest.raises(MeshError) as caught:
            await router.append("r1", [note()], expected_head_seq=0)

    assert (caught.value.reason_name, caught.value.metadata["actual"]) == ("HEAD_MISMATCH", "1")


async def test_a_refused_batch_does_not_disturb_its_neighbours(writer) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted()])
        bad = router.submit("r1", [note(epoch=1)], expected_head_seq=7)
        good = router.submit("r1", [note()])

        assert await good == [2]
        assert bad.exception() is not None


@pytest.mark.parametrize(
    ("service", "body"),
    [
        ("llm_provider", {"run_finished": events.RunFinished()}),
        ("tool_executor", {"model_call_started": events.ModelCallStarted()}),
        ("router", {"tool_call_requested": events.ToolCallRequested()}),
        ("adapter", {"message_added": events.MessageAdded()}),
    ],
)
async def test_a_family_has_one_writer(writer, service: str, body: dict[str, object]) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted()])
    async with writer(service) as stranger:
        assert await refused(stranger, event(**body)) == "WRONG_WRITER"


def _changed(**fields: object) -> events.RunEvent:
    changed = note()
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (_changed(event_id=""), "event_id"),
        (_changed(type=""), "type"),
        (_changed(type="run.started"), "type"),
        (_changed(mode=0), "mode"),
        (_changed(seq=7), "seq"),
        (accepted(), "type"),
    ],
)
async def test_garbage_is_refused_by_field(writer, bad: events.RunEvent, field: str) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted()])
        with pytest.raises(MeshError) as caught:
            await router.append("r1", [bad])

    assert (caught.value.reason_name, caught.value.metadata["field"]) == ("INVALID_EVENT", field)


async def test_a_run_begins_with_its_acceptance(writer) -> None:
    async with writer("router") as router:
        assert await refused(router, note()) == "INVALID_EVENT"


async def test_a_batch_names_one_run(writer) -> None:
    async with writer("router") as router:
        with pytest.raises(MeshError, match="in a batch of run r1"):
            await router.append("r1", [accepted("r2")])


async def test_without_a_token_nothing_is_written(stub) -> None:
    call = stub.Append()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call.read()

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    error = from_rpc_error(refused.value)
    assert error is not None and error.reason_name == "UNAUTHENTICATED"


async def test_an_event_of_the_future_keeps_its_bytes(stub, writer) -> None:
    unknown = note()
    unknown.ClearField("body")
    unknown.type, unknown.advisory = "note.improved", True
    future = events.RunEvent.FromString(unknown.SerializeToString() + b"\xd2\x2b\x03abc")
    async with writer("router") as router:
        await router.append("r1", [accepted(), future])

    kept = (await RecorderClient(stub, "").read("r1")).events[1]

    assert b"\xd2\x2b\x03abc" in kept.SerializeToString()


async def test_a_run_is_folded_from_its_events(stub, writer) -> None:
    async with writer("router") as router, writer("llm_provider") as provider:
        await router.append("r1", [accepted(), event(run_routed=events.RunRouted(runtime="agno"))])
        used = common.TokenUsage(input_tokens=3, output_tokens=2)
        await provider.append(
            "r1",
            [
                event(model_call_started=events.ModelCallStarted(call_id="m1")),
                event(model_call_finished=events.ModelCallFinished(call_id="m1", usage=used)),
            ],
        )
        going = await RecorderClient(stub, "").run("r1")
        await router.append("r1", [finished()])
    over = await RecorderClient(stub, "").run("r1")
    folded = shared.Run()
    async for recorded in RecorderClient(stub, "").log("r1"):
        project(folded, recorded)

    assert over == folded
    assert (going.state, going.model_calls, going.usage.input_tokens) == (shared.RUN_STATE_PENDING, 1, 3)
    assert (over.state, over.outcome, over.runtime) == (shared.RUN_STATE_FINISHED, events.RUN_OUTCOME_SUCCEEDED, "agno")
    assert over.head_seq == 5


async def test_an_unknown_run_is_not_found(stub) -> None:
    with pytest.raises(MeshError, match="no run r9") as caught:
        await RecorderClient(stub, "").run("r9")

    assert caught.value.reason_name == "RUN_NOT_FOUND"


async def test_runs_are_listed_in_pages(stub, writer) -> None:
    async with writer("router") as router:
        for number in range(5):
            await router.append(f"r{number}", [accepted(f"r{number}")])

    first = await RecorderClient(stub, "").runs(shared.RunQuery(page_size=3))
    rest = await RecorderClient(stub, "").runs(shared.RunQuery(page_size=3, page_token=first.next_page_token))

    assert [run.run_id for run in (*first.runs, *rest.runs)] == ["r4", "r3", "r2", "r1", "r0"]
    assert rest.next_page_token == ""


async def test_a_tail_of_one_run_ends_with_it(stub, writer) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted()])
        frames = RecorderClient(stub, "").follow("r1", 0)
        seen = [(await anext(frames)).event.seq]
        await router.append("r1", [note(), finished()])
        seen += [frame.event.seq async for frame in frames]

    assert seen == [1, 2, 3]


async def test_a_tail_of_all_runs_begins_now_and_goes_on_from_a_cursor(stub, writer) -> None:
    async with writer("router") as router:
        await router.append("r1", [accepted()])
        call = stub.TailAll(pb.TailAllRequest())
        start = await call.read()
        await router.append("r1", [note(), note()])
        live = await call.read()
        call.cancel()
        again = stub.TailAll(pb.TailAllRequest(after_cursor=start.cursor))
        first, repeated = await again.read(), await again.read()
        again.cancel()

    assert not start.events and [found.seq for found in live.events] == [2, 3]
    assert first.cursor == start.cursor and repeated.events == live.events


async def test_artifacts_of_any_size_come_back_whole(stub, config: Config) -> None:
    client = ArtifactClient(stub, issue_token(private_key(config.keys_dir, MESH), "router"))
    content = bytes(range(256)) * 40_000

    stored = await client.put(content, "application/octet-stream")

    assert stored == digest(content)
    assert await client.get(stored) == content


async def test_an_artifact_with_a_wrong_digest_is_not_stored(stub, config: Config) -> None:
    token = issue_token(private_key(config.keys_dir, MESH), "router")
    frames = [
        pb.PutArtifactRequest(header=pb.ArtifactHeader(digest="sha256:00")),
        pb.PutArtifactRequest(chunk=b"abc"),
    ]

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.PutArtifact(iter(frames), metadata=bearer(token))

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert list(config.data_dir.glob("artifacts/*")) == []
    assert (await ArtifactClient(stub, token).put(b"abc", "text/plain")) == digest(b"abc")


async def test_spans_are_kept_by_run(stub, config: Config) -> None:
    token = issue_token(private_key(config.keys_dir, MESH), "router")
    spans = [traces.TraceSpan(run_id="r1", trace_id="t", span_id=str(number)) for number in range(3)]

    written = await stub.WriteSpans(pb.WriteSpansRequest(spans=[*spans, traces.TraceSpan()]), metadata=bearer(token))
    page = await stub.ListSpans(pb.ListSpansRequest(run_id="r1", page_size=2))
    rest = await stub.ListSpans(pb.ListSpansRequest(run_id="r1", page_token=page.next_page_token))

    assert written.rejected_spans == 1
    assert [span.span_id for span in (*page.spans, *rest.spans)] == ["0", "1", "2"]


async def test_a_writer_outlives_a_restart_of_the_recorder(config: Config) -> None:
    token = issue_token(private_key(config.keys_dir, MESH), "router")
    async with recorder(config) as server:
        opened = channel(server.address)
        router = await Appender(rpc.RecorderServiceStub(opened), token).__aenter__()
        await router.append("r1", [accepted()])
    waiting = router.submit("r1", [note()])
    async with recorder(dataclasses.replace(config, address=server.address)):
        seqs = await waiting
        await router.__aexit__(None, None, None)
        await opened.close()

    assert seqs == [2]


async def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    try:
        await write(store, Group([Entry(1, "r1", 1, "a", "run.accepted", b"h", b"x")]))
        pages = store._writer.pragma("page_count")
        store._writer.pragma("max_page_count", pages)
        with pytest.raises(StoreUnavailable, match="free some space"):
            await write(store, Group([Entry(2, "r1", 2, "b", "note.added", b"h", bytes(100_000))]))
        store._writer.pragma("max_page_count", pages + 1000)
        await write(store, Group([Entry(2, "r1", 2, "b", "note.added", b"h", bytes(100_000))]))

        assert [entry.seq for entry in await store.entries("r1", 0, 10)] == [1, 2]
    finally:
        await store.close()


async def test_a_second_recorder_on_the_same_data_is_refused(config: Config, server: Server) -> None:
    with pytest.raises(StartError, match="another recorder"):
        async with recorder(config):
            pass


async def test_a_database_of_a_newer_version_is_refused(config: Config) -> None:
    config.data_dir.mkdir(parents=True)
    with apsw.Connection(str(config.data_dir / "record.db")) as db:
        db.pragma("user_version", 99)
    db.close()

    with pytest.raises(StartError, match="newer version"):
        async with recorder(config):
            pass


async def test_a_data_directory_that_cannot_be_written_is_named(config: Config) -> None:
    config.data_dir.parent.mkdir(parents=True, exist_ok=True)
    config.data_dir.write_text("a file where a directory belongs")

    with pytest.raises(StartError, match="PAL_DATA_DIR"):
        async with recorder(config):
            pass
