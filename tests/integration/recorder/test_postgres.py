"""Recorders that share a PostgreSQL: one log, whoever writes, and nothing lost when the database goes away."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import psycopg
import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter
from pal_log.payload import by_reference, digest
from pal_recorder.__main__ import Config, recorder
from pal_recorder.checkpoints import statement_of
from pal_recorder.postgres import PostgresStore
from pal_recorder.postgres_reader import PostgresReader
from pal_recorder.store import Entry, Group, StoreLost
from pal_rpc.appender import Appender
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.server import Server
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.fakes.postgres import Postgres

ROUTER = EventWriter("router")
BREAK = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pal'"
Database = Callable[[], Awaitable[str]]


def event(run_id: str, epoch: int = 1, **body: object) -> events.RunEvent:
    return ROUTER.event(run_id, common.EXECUTION_MODE_LIVE, epoch, **body)


def accepted(run_id: str = "r1") -> events.RunEvent:
    return event(run_id, run_accepted=events.RunAccepted(agent=common.SpecRef(name="desk")))


def note(run_id: str = "r1", epoch: int = 1) -> events.RunEvent:
    return event(run_id, epoch, note_added=events.NoteAdded(name="test"))


def stub_of(server: Server) -> rpc.RecorderServiceStub:
    return rpc.RecorderServiceStub(server.local)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True)
class Replica:
    """A recorder, and a router that writes to it."""

    stub: rpc.RecorderServiceStub
    router: Appender

    @property
    def client(self) -> RecorderClient:
        return RecorderClient(self.stub, "")

    async def refusal(self, run_id: str, batch: Sequence[events.RunEvent], **expected: int) -> str:
        with pytest.raises(MeshError) as caught:
            await self.router.append(run_id, batch, **expected)  # type: ignore[arg-type]
        return caught.value.reason_name

    async def log(self, run_id: str) -> list[events.RunEvent]:
        return [found async for found in self.client.log(run_id)]


@contextlib.asynccontextmanager
async def replica(config: Config, store_url: str) -> AsyncIterator[Replica]:
    token = issue_token(private_key(config.keys_dir, MESH), "router")
    async with (
        recorder(dataclasses.replace(config, store_url=store_url)) as server,
        Appender(stub_of(server), token) as router,
    ):
        yield Replica(stub_of(server), router)


@pytest.fixture
async def pair(config: Config, database: Database) -> AsyncIterator[tuple[Replica, Replica]]:
    url = await database()
    async with replica(config, url) as a, replica(config, url) as b:
        yield a, b


# --- several recorders --------------------------------------------------------------------------------------------


async def test_a_run_that_two_recorders_write_has_no_gap(pair: tuple[Replica, Replica]) -> None:
    a, b = pair
    await a.router.append("r1", [accepted()])

    seqs = await asyncio.gather(*(each.router.append("r1", [note(), note()]) for each in (a, b) * 20))

    assert sorted(seq for batch in seqs for seq in batch) == list(range(2, 82))
    assert [found.seq for found in await a.log("r1")] == list(range(1, 82))
    assert await a.log("r1") == await b.log("r1")


async def test_what_one_has_acknowledged_the_other_knows(pair: tuple[Replica, Replica]) -> None:
    a, b = pair
    for number in range(10):
        await a.router.append(f"r{number}", [accepted(f"r{number}"), note(f"r{number}")])
        run = await b.client.run(f"r{number}")

        assert run.head_seq == 2


async def test_an_epoch_that_one_has_taken_is_known_to_the_other(pair: tuple[Replica, Replica]) -> None:
    a, b = pair
    await a.router.append("r1", [accepted()])
    await b.router.append("r1", [note(epoch=1)])
    await a.router.append("r1", [note(epoch=2)])

    assert await b.refusal("r1", [note(epoch=1)]) == "STALE_EPOCH"


async def test_of_two_who_expect_the_same_head_one_wins(pair: tuple[Replica, Replica]) -> None:
    await pair[0].router.append("r1", [accepted()])

    tried = (each.router.append("r1", [note()], expected_head_seq=1) for each in pair)
    ends = await asyncio.gather(*tried, return_exceptions=True)

    assert [end for end in ends if end == [2]] == [[2]]
    assert [end.reason_name for end in ends if isinstance(end, MeshError)] == ["HEAD_MISMATCH"]


async def test_a_run_is_finished_for_both(pair: tuple[Replica, Replica]) -> None:
    a, b = pair
    batch = [accepted(), event("r1", run_finished=events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED))]
    await a.router.append("r1", batch)

    assert await b.refusal("r1", [note()]) == "RUN_FINISHED"
    assert await b.router.append("r1", batch) == [1, 2]
    assert (await b.client.run("r1")).state == shared.RUN_STATE_FINISHED


async def test_a_repeat_at_the_other_recorder_keeps_its_position(pair: tuple[Replica, Replica]) -> None:
    a, b = pair
    batch = [accepted(), note()]
    first = await a.router.append("r1", batch)

    assert await b.router.append("r1", [*batch, note()]) == [*first, 3]


async def test_tails_of_both_deliver_all_in_one_order(pair: tuple[Replica, Replica]) -> None:
    calls = [each.stub.TailAll(pb.TailAllRequest(from_oldest=True)) for each in pair]
    for run_id, each in (("r1", pair[0]), ("r2", pair[1])):
        await each.router.append(run_id, [accepted(run_id)])

    runs = [(run_id, each) for run_id in ("r1", "r2") for each in pair]
    written = asyncio.gather(*(each.router.append(run_id, [note(run_id)]) for run_id, each in runs * 25))
    tails = [await _ids(call, 102) for call in calls]
    await written

    assert tails[0] == tails[1] and len(set(tails[0])) == 102


async def _ids(call: object, count: int) -> list[str]:
    seen: list[str] = []
    async for frame in call:  # type: ignore[attr-defined]
        seen += [found.event_id for found in frame.events]
        if len(seen) >= count:
            break
    call.cancel()  # type: ignore[attr-defined]
    return seen


async def test_a_cursor_of_one_recorder_holds_for_the_other(pair: tuple[Replica, Replica]) -> None:
    a, b = pair
    await a.router.append("r1", [accepted()])
    cursor = (await a.stub.TailAll(pb.TailAllRequest()).read()).cursor
    await a.router.append("r1", [note(), note()])

    call = b.stub.TailAll(pb.TailAllRequest(after_cursor=cursor))
    seen = await _ids(call, 2)

    assert seen == [found.event_id for found in (await a.log("r1"))[1:]]


async def test_a_follower_of_one_run_sees_what_the_other_recorder_writes(pair: tuple[Replica, Replica]) -> None:
    a, b = pair
    await a.router.append("r1", [accepted()])
    frames = b.client.follow("r1", 0)
    seen = [(await anext(frames)).event.seq]
    await a.router.append("r1", [note()])
    seen.append((await anext(frames)).event.seq)
    await a.router.append("r1", [event("r1", run_finished=events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED))])

    assert [*seen, *[frame.event.seq async for frame in frames]] == [1, 2, 3]


async def test_two_recorders_sign_one_chain_and_the_audit_finds_tampering(
    config: Config, database: Database, postgres: Callable[[], Awaitable[Postgres]]
) -> None:
    url = await database()
    for _ in range(2):
        async with replica(config, url) as a, replica(config, url) as b:
            for each in (a, b):
                run_id = f"r{EventWriter('x').producer.instance_id}"
                await each.router.append(run_id, [accepted(run_id), *(note(run_id) for _ in range(600))])
    async with replica(config, url) as a:
        untouched = [frame async for frame in a.stub.Audit(pb.AuditRequest())]
        await (await postgres()).execute("DELETE FROM events WHERE seq > 500", url)
        tampered = [frame async for frame in a.stub.Audit(pb.AuditRequest())]

    assert not any(frame.HasField("finding") for frame in untouched)
    summary = untouched[-1].summary
    assert (summary.runs, summary.events) == (4, 4 * 601)
    assert statement_of(summary.newest).through_position == 4 * 601
    lost = {frame.finding.kind for frame in tampered if frame.HasField("finding")}
    assert lost == {pb.AUDIT_FINDING_KIND_TAIL_LOST}


async def test_recorders_that_start_at_once_migrate_once(config: Config, database: Database) -> None:
    url = await database()

    async with contextlib.AsyncExitStack() as stack:
        replicas = await asyncio.gather(*(stack.enter_async_context(replica(config, url)) for _ in range(3)))
        await replicas[0].router.append("r1", [accepted()])

        assert [(await each.client.run("r1")).head_seq for each in replicas] == [1, 1, 1]


TO_REVISION_2 = """
ALTER TABLE runs DROP COLUMN outcome, DROP COLUMN mode, DROP COLUMN source;
DROP TABLE stand_ins, deleted_runs, archived_runs, slo, slo_position, holders, quota_counters, artifact_uses;
ALTER TABLE artifacts DROP COLUMN put_ns;
UPDATE pal_recorder_schema SET version_num = 'r0002'
"""


async def test_runs_of_an_earlier_revision_are_listed_by_their_end(
    config: Config, database: Database, postgres: Callable[[], Awaitable[Postgres]]
) -> None:
    url = await database()
    failed = event("r1", run_finished=events.RunFinished(outcome=events.RUN_OUTCOME_FAILED))
    said = events.MessageAdded(parts=[by_reference(common.Payload(digest=digest(b"said")))])
    async with replica(config, url) as a:
        await a.router.append("r1", [accepted(), failed])
        await a.router.append("r2", [accepted("r2"), event("r2", message_added=said)])
    await (await postgres()).execute(TO_REVISION_2, url)

    async with replica(config, url) as a:
        found = await a.client.runs(shared.RunQuery(outcomes=[events.RUN_OUTCOME_FAILED]))
    async with await psycopg.AsyncConnection.connect(url) as connection:
        uses = await (await connection.execute("SELECT digest, run_id FROM artifact_uses")).fetchall()

    assert [run.run_id for run in found.runs] == ["r1"]
    assert uses == [(digest(b"said"), "r2")]


# --- a database that goes away ------------------------------------------------------------------------------------


async def write_on(each: Replica, run_id: str, stop: asyncio.Event) -> list[str]:
    """Append until told to stop; return the ids of what was acknowledged."""
    acknowledged = [accepted(run_id)]
    await each.router.append(run_id, acknowledged)
    while not stop.is_set():
        batch = [note(run_id), note(run_id)]
        await each.router.append(run_id, batch)
        acknowledged += batch
    return [found.event_id for found in acknowledged]


async def disturbed(pair: Sequence[Replica], disturb: Callable[[], Awaitable[None]]) -> None:
    """Check that nothing is lost, and nothing is there twice, when *disturb* happens under load."""
    stop = asyncio.Event()
    runs = [(each, f"r{number}") for number, each in enumerate(pair * 4)]
    async with asyncio.TaskGroup() as group:
        writing = [group.create_task(write_on(each, run_id, stop)) for each, run_id in runs]
        await _begun(pair, [run_id for _, run_id in runs])
        await disturb()
        # Whoever is answered now was answered after the disturbance.
        for number, each in enumerate(pair):
            await each.router.append(f"after-{number}", [accepted(f"after-{number}")])
        stop.set()
    for (each, run_id), task in zip(runs, writing, strict=True):
        log = await each.log(run_id)
        assert [found.event_id for found in log] == task.result()
        assert [found.seq for found in log] == list(range(1, len(log) + 1))


async def _begun(pair: Sequence[Replica], run_ids: Sequence[str]) -> None:
    call = pair[0].stub.TailAll(pb.TailAllRequest(from_oldest=True))
    waited_for = set(run_ids)
    async for frame in call:
        waited_for -= {found.run_id for found in frame.events if found.type == "note.added"}
        if not waited_for:
            break
    call.cancel()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
async def test_a_restart_of_the_database_loses_nothing(
    pair: tuple[Replica, Replica], postgres: Callable[[], Awaitable[Postgres]], number: signal.Signals
) -> None:
    server = await postgres()

    async def restart() -> None:
        await server.stop(number)
        await server.start()

    await disturbed(pair, restart)


async def test_broken_connections_lose_nothing(
    pair: tuple[Replica, Replica], postgres: Callable[[], Awaitable[Postgres]]
) -> None:
    server = await postgres()

    async def break_all() -> None:
        for _ in range(5):
            await server.execute(BREAK)

    await disturbed(pair, break_all)


async def test_a_group_whose_commit_is_not_answered_is_recorded_once(config: Config, database: Database) -> None:
    url = await database()
    target = url.partition("@")[2].partition("/")[0]
    async with cut_proxy(target) as proxy, replica(config, url.replace(target, proxy.address)) as a:
        cutting = CutAtCommit(proxy)
        await a.router.append("r1", [accepted()])
        async with cutting:
            for _ in range(10):
                await a.router.append("r1", [note()])

        assert cutting.cuts > 0
        assert [found.seq for found in await a.log("r1")] == list(range(1, 12))


class CutAtCommit:
    """Cuts the wire as soon as the database has committed something that the recorder has not heard of."""

    def __init__(self, proxy: CutProxy) -> None:
        self._proxy = proxy
        self.cuts = 0

    async def __aenter__(self) -> None:
        self._proxy.swallow = self._answered

    async def __aexit__(self, *_: object) -> None:
        self._proxy.swallow = None

    def _answered(self, answer: bytes) -> bool:
        # The tag that a COMMIT is answered with.
        if b"COMMIT\0" not in answer or self.cuts >= 5:
            return False
        self.cuts += 1
        return True


async def test_a_database_that_stays_away_is_named(
    config: Config, database: Database, postgres: Callable[[], Awaitable[Postgres]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pal_recorder.log._PATIENCE_SECONDS", 0.5)
    server = await postgres()
    async with replica(config, await database()) as a:
        await a.router.append("r1", [accepted()])
        await server.stop(signal.SIGINT)
        try:
            with pytest.raises(MeshError, match="see that it runs") as caught:
                await a.router.append("r1", [note()])
        finally:
            await server.start()
        seqs = await a.router.append("r1", [note()])

    assert caught.value.reason_name == "STORE_UNAVAILABLE"
    assert seqs == [2]


@pytest.mark.slow
async def test_a_recorder_that_stands_still_in_its_turn_is_passed(database: Database) -> None:
    url = await database()
    still, other = PostgresStore(url), PostgresStore(url)
    await still.open()
    await other.open()
    entry = Entry(1, "r1", 1, "a", "run.accepted", b"h", b"x")
    try:
        with pytest.raises(StoreLost):
            async with still.turn() as turn:
                async with other.turn() as others:
                    await others.write(Group([entry]))
                await turn.write(Group([entry]))

        assert [found.event_id for found in await still.entries("r1", 0, 10)] == ["a"]
    finally:
        await still.close()
        await other.close()


# --- what can be wrong with the URL -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://host/db", "write postgresql://"),
        ("record.db", "write postgresql://"),
        ("postgresql://pal:secret@127.0.0.1:1/db", r"pal:\*\*\*@127.0.0.1:1/db: .*start the server, or correct host"),
        ("postgresql://127.0.0.1:1/db?user=pal&password=secret", r"password=\*\*\*: "),
        ("postgresql://127.0.0.1:port/db", "PAL_STORE_URL"),
        ("postgresql://pal@127.0.0.1/db?colour=red", "colour"),
    ],
)
async def test_a_wrong_url_is_named_without_its_password(config: Config, url: str, message: str) -> None:
    with pytest.raises(StartError, match=message) as caught:
        async with replica(config, url):
            pass

    assert "PAL_STORE_URL" in str(caught.value) and "secret" not in str(caught.value)


async def test_a_database_that_is_not_there_is_named(config: Config, database: Database) -> None:
    url = await database()

    with pytest.raises(StartError, match=r"PAL_STORE_URL=.*does not exist; create it"):
        async with replica(config, url + "_other"):
            pass


async def test_a_user_without_rights_is_told_which(
    config: Config, database: Database, postgres: Callable[[], Awaitable[Postgres]]
) -> None:
    url, server = await database(), await postgres()
    await server.execute("DROP ROLE IF EXISTS guest")
    await server.execute("CREATE ROLE guest LOGIN")

    with pytest.raises(StartError, match=r"PAL_STORE_URL=.*permission denied.*let the user create tables"):
        async with replica(config, url.replace("pal@", "guest@")):
            pass


async def test_a_database_of_a_newer_version_is_refused(
    config: Config, database: Database, postgres: Callable[[], Awaitable[Postgres]]
) -> None:
    url = await database()
    async with replica(config, url):
        pass
    await (await postgres()).execute("UPDATE pal_recorder_schema SET version_num = 'r9999'", url)

    with pytest.raises(StartError, match=r"PAL_STORE_URL=.*newer version .*r9999.*upgrade PAL"):
        async with replica(config, url):
            pass


async def test_an_audit_of_a_database_without_a_record_names_it(database: Database) -> None:
    with pytest.raises(StartError, match="holds no record"):
        await PostgresReader(await database()).open()


async def test_the_data_directory_is_still_checked(config: Config, database: Database, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a directory belongs")

    with pytest.raises(StartError, match="PAL_DATA_DIR"):
        async with replica(config, await database()):
            pass
