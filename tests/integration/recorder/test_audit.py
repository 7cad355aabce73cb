"""The audit: each way to tamper with a record is found, with its place, and an untouched record is not blamed."""

from __future__ import annotations

import os
import random
import shutil
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest
from google.protobuf import json_format

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter
from pal_recorder.__main__ import Config, recorder
from pal_recorder.audit import Audit
from pal_recorder.chain import GENESIS, chained
from pal_recorder.checkpoints import statement_of
from pal_recorder.sqlite_reader import SqliteReader
from pal_rpc.appender import Appender
from pal_rpc.channels import channel
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, RECORDER, create_keys, known_keys, private_key
from pal_rpc.server import Server

LIVE = common.EXECUTION_MODE_LIVE
ROUTER = EventWriter("router")
RUNS = ("r1", "r2", "r3")
CHANGED, REMOVED, ADDED, REORDERED, TAIL_LOST, RUN_LOST, CHECKPOINT, ROLLED_BACK = range(1, 9)


@dataclass(frozen=True)
class Home:
    """A stopped recorder's directories."""

    path: Path

    @property
    def config(self) -> Config:
        return Config(
            address="127.0.0.1:0", data_dir=self.path / "data", keys_dir=self.path / "keys", drain_seconds=0.1
        )

    def db(self) -> apsw.Connection:
        return apsw.Connection(str(self.path / "data" / "record.db"))

    def tamper(self, *statements: str) -> None:
        db = self.db()
        for statement in statements:
            db.execute(statement)
        db.close()

    async def audit(self, run_id: str = "", kept: Sequence[pb.Checkpoint] = ()) -> list[pb.AuditFinding]:
        reader = SqliteReader(self.path / "data")
        try:
            request = pb.AuditRequest(run_id=run_id, kept=kept)
            frames = [
                frame async for frame in Audit(reader, known_keys(self.path / "keys", RECORDER), request).frames()
            ]
        finally:
            await reader.close()
        assert frames[-1].HasField("summary")
        return [frame.finding for frame in frames if frame.HasField("finding")]

    async def newest(self) -> pb.Checkpoint:
        reader = SqliteReader(self.path / "data")
        try:
            found = await reader.last_checkpoint()
        finally:
            await reader.close()
        assert found is not None
        return found


def event(run_id: str, **body: object) -> events.RunEvent:
    return ROUTER.event(run_id, LIVE, 1, **body)


def note(run_id: str, text: str = "as it was") -> events.RunEvent:
    return event(run_id, note_added=events.NoteAdded(name="test", text=f"{run_id}: {text}"))


async def append(server: Server, config: Config, *batches: Sequence[events.RunEvent]) -> None:
    token = issue_token(private_key(config.keys_dir, MESH), "router")
    async with channel(server.address) as opened, Appender(rpc.RecorderServiceStub(opened), token) as router:
        for batch in batches:
            await router.append(batch[0].run_id, batch)


@pytest.fixture(scope="session")
async def recorded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three runs of six events each, recorded in two lives of a recorder."""
    home = Home(tmp_path_factory.mktemp("recorded"))
    create_keys(home.path / "keys")
    accepted = events.RunAccepted(agent=common.SpecRef(name="desk"), labels={"tier": "prod"})
    async with recorder(home.config) as server:
        begun = [[event(run_id, run_accepted=accepted), note(run_id), note(run_id)] for run_id in RUNS]
        await append(server, home.config, *begun)
    async with recorder(home.config) as server:
        finished = events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)
        rest = [[note(run_id), note(run_id), event(run_id, run_finished=finished)] for run_id in RUNS]
        await append(server, home.config, *rest)
    return home


@pytest.fixture
def home(recorded: Home, tmp_path: Path) -> Home:
    """A copy to tamper with."""
    shutil.copytree(recorded.path, tmp_path, dirs_exist_ok=True)
    return Home(tmp_path)


def places(findings: Sequence[pb.AuditFinding]) -> set[tuple[int, str, int]]:
    return {(finding.kind, finding.run_id, finding.seq) for finding in findings}


async def test_an_untouched_record_is_not_blamed(home: Home) -> None:
    assert await home.audit() == []
    assert await home.audit("r2") == []
    assert await home.audit(kept=[await home.newest()]) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE events SET encoded = CAST(replace(encoded, 'r2: as it was', 'r2: as it is.') AS BLOB) WHERE seq = 3",
         (CHANGED, "r2", 3)),
        ("UPDATE events SET hash = zeroblob(32) WHERE run_id = 'r2' AND seq = 4", (CHANGED, "r2", 4)),
        ("UPDATE events SET event_id = 'other' WHERE run_id = 'r2' AND seq = 4", (CHANGED, "r2", 4)),
        ("UPDATE events SET type = 'note.other' WHERE run_id = 'r2' AND seq = 4", (CHANGED, "r2", 4)),
        ("UPDATE events SET encoded = x'ffff' WHERE run_id = 'r2' AND seq = 4", (CHANGED, "r2", 4)),
        ("UPDATE runs SET encoded = (SELECT encoded FROM runs WHERE run_id = 'r1') WHERE run_id = 'r2'",
         (CHANGED, "r2", 0)),
        ("UPDATE runs SET encoded = x'ffff' WHERE run_id = 'r2'", (CHANGED, "r2", 0)),
        ("DELETE FROM runs WHERE run_id = 'r2'", (CHANGED, "r2", 0)),
        ("DELETE FROM events WHERE run_id = 'r2' AND seq = 3", (REMOVED, "r2", 3)),
        ("DELETE FROM events WHERE run_id = 'r2' AND seq = 1", (REMOVED, "r2", 1)),
        ("DELETE FROM events WHERE run_id = 'r2' AND seq > 4", (TAIL_LOST, "r2", 5)),
        ("DELETE FROM events WHERE run_id = 'r2' AND seq = 6", (TAIL_LOST, "r2", 6)),
        ("DELETE FROM events WHERE run_id = 'r2'; DELETE FROM runs WHERE run_id = 'r2'", (RUN_LOST, "r2", 0)),
        ("UPDATE events SET run_id = 'r9' WHERE run_id = 'r2'", (RUN_LOST, "r2", 0)),
        ("UPDATE events SET position = -1 WHERE run_id = 'r2' AND seq = 6", (REORDERED, "r2", 6)),
        ("UPDATE events SET seq = 7 WHERE run_id = 'r2' AND seq = 6", (REMOVED, "r2", 6)),
    ],
)  # fmt: skip
async def test_what_was_done_to_a_row_is_found_with_its_place(
    home: Home, statement: str, expected: tuple[int, str, int]
) -> None:
    home.tamper(statement)

    assert expected in places(await home.audit())
    assert expected in places(await home.audit("r2"))
    assert {run_id for _, run_id, _ in places(await home.audit())} <= {"r2", "r9"}


async def test_an_inserted_event_is_found(home: Home) -> None:
    home.tamper(
        "UPDATE events SET seq = seq + 100 WHERE run_id = 'r1' AND seq > 3",
        "INSERT INTO events SELECT 100, run_id, 4, 'forged', type, hash, encoded FROM events"
        " WHERE run_id = 'r1' AND seq = 2",
        "UPDATE events SET seq = seq - 99 WHERE run_id = 'r1' AND seq > 100",
    )

    found = places(await home.audit())

    assert {(CHANGED, "r1", 4), (REORDERED, "r1", 5)} <= found


async def test_two_events_in_each_others_place_are_found(home: Home) -> None:
    home.tamper(
        "UPDATE events SET seq = 99 WHERE run_id = 'r1' AND seq = 4",
        "UPDATE events SET seq = 4 WHERE run_id = 'r1' AND seq = 5",
        "UPDATE events SET seq = 5 WHERE run_id = 'r1' AND seq = 99",
    )

    assert {(REORDERED, "r1", 4), (REORDERED, "r1", 5)} <= places(await home.audit("r1"))


async def test_events_swapped_between_runs_are_found(home: Home) -> None:
    home.tamper(
        "CREATE TEMP TABLE taken AS SELECT run_id, encoded FROM events WHERE seq = 3 AND run_id IN ('r1', 'r3')",
        "UPDATE events SET encoded = (SELECT encoded FROM taken WHERE taken.run_id <> events.run_id)"
        " WHERE seq = 3 AND run_id IN ('r1', 'r3')",
    )

    assert places(await home.audit()) == {(CHANGED, "r1", 3), (CHANGED, "r3", 3)}


def chain_anew(home: Home, run_id: str) -> None:
    """Do what somebody does who knows how hashes are made, but has no key."""
    db, previous = home.db(), GENESIS
    rows = db.execute("SELECT seq, event_id, type, encoded FROM events WHERE run_id = ? ORDER BY seq", (run_id,))
    for seq, event_id, type_, encoded in rows.fetchall():
        previous = chained(previous, run_id, seq, event_id, type_, encoded)
        db.execute("UPDATE events SET hash = ? WHERE run_id = ? AND seq = ?", (previous, run_id, seq))
    db.close()


@pytest.mark.parametrize("run_id", ["", "r1"])
async def test_a_chain_that_was_written_anew_contradicts_the_checkpoint(home: Home, run_id: str) -> None:
    home.tamper(
        "UPDATE events SET encoded = CAST(replace(encoded, 'as it was', 'as it is.') AS BLOB)"
        " WHERE run_id = 'r1' AND seq = 2"
    )
    chain_anew(home, "r1")

    (finding,) = await home.audit(run_id)

    assert (finding.kind, finding.run_id, finding.seq) == (CHANGED, "r1", 3)
    assert finding.checkpoint > 0


async def test_an_event_added_to_a_stopped_record_is_found(home: Home) -> None:
    forged = note("r3", "forged")
    forged.seq = 7
    db = home.db()
    row = (100, "r3", 7, forged.event_id, forged.type, b"", forged.SerializeToString())
    db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    db.close()
    chain_anew(home, "r3")

    stopped = places(await home.audit())
    async with recorder(home.config):
        pass
    later = places(await home.audit())

    assert stopped == later == {(ADDED, "r3", 7)}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM checkpoints WHERE number = 2",
        "DELETE FROM checkpoints",
        "DELETE FROM checkpoints WHERE number = 1",
        "UPDATE checkpoints SET encoded = (SELECT encoded FROM checkpoints WHERE number = 2) WHERE number = 3",
        "UPDATE checkpoints SET encoded = x'ff' WHERE number = 2",
    ],
)
async def test_a_missing_or_changed_checkpoint_is_found(home: Home, statement: str) -> None:
    home.tamper(statement)

    assert CHECKPOINT in {finding.kind for finding in await home.audit()}


async def test_a_checkpoint_of_another_key_is_found(home: Home) -> None:
    (home.path / "keys" / "recorder.key").unlink()
    shutil.move(home.path / "keys" / "recorder.pub", home.path / "keys" / "recorder-2025.pub")
    create_keys(home.path / "keys")
    async with recorder(home.config):
        pass

    known_both = await home.audit()
    (home.path / "keys" / "recorder-2025.pub").unlink()
    known_one = await home.audit()

    assert known_both == []
    assert "unknown key" in known_one[0].message


async def test_a_rolled_back_record_contradicts_a_kept_checkpoint(home: Home, tmp_path: Path) -> None:
    shutil.copytree(home.path / "data", tmp_path / "earlier")
    async with recorder(home.config) as server:
        await append(server, home.config, [event("r4", run_accepted=events.RunAccepted())])
    kept = await home.newest()
    shutil.rmtree(home.path / "data")
    shutil.copytree(tmp_path / "earlier", home.path / "data")

    alone, against_kept = await home.audit(), await home.audit(kept=[kept])
    async with recorder(home.config):
        pass
    async with recorder(home.config):
        pass
    gone_on = await home.audit(kept=[kept])

    assert alone == []
    assert [finding.kind for finding in against_kept] == [ROLLED_BACK]
    assert [finding.kind for finding in gone_on] == [ROLLED_BACK]


async def test_a_flipped_bit_anywhere_in_an_event_is_found(home: Home) -> None:
    home.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
    path = home.path / "data" / "record.db"
    whole, random_ = path.read_bytes(), random.Random(7)
    # The first pages are roots, whose free space still shows what they held before they grew.
    start = whole.rindex(b"r2: as it was") - 60
    for _ in range(25):
        at, bit = start + random_.randrange(73), 1 << random_.randrange(8)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])

        assert await home.audit(), f"bit {bit} at {at}"
    path.write_bytes(whole)
    assert await home.audit() == []


async def test_a_damaged_database_is_a_finding_and_no_traceback(home: Home) -> None:
    home.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
    path = home.path / "data" / "record.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(len(whole) - 4096))

    (finding, *_) = await home.audit()

    assert "damaged" in finding.message


async def test_a_crash_leaves_nothing_to_blame(home: Home, tmp_path: Path) -> None:
    async with recorder(home.config) as server:
        await append(server, home.config, [event("r4", run_accepted=events.RunAccepted()), note("r4")])
        # What a killed process leaves: the events are durable, no checkpoint covers them yet.
        shutil.copytree(home.path / "data", tmp_path / "crashed" / "data")
        shutil.copytree(home.path / "keys", tmp_path / "crashed" / "keys")
    crashed = Home(tmp_path / "crashed")

    before = await crashed.audit()
    async with recorder(crashed.config) as server:
        await append(server, crashed.config, [note("r4")])

    assert before == await crashed.audit() == []
    newest = statement_of(await crashed.newest())
    assert newest.closing and newest.through_position == 21


async def test_a_thousand_events_want_a_checkpoint(home: Home) -> None:
    async with recorder(home.config) as server:
        await append(server, home.config, [event("r4", run_accepted=events.RunAccepted())])
        for _ in range(3):
            await append(server, home.config, [note("r4") for _ in range(999)])
        stub = rpc.RecorderServiceStub(server.local)  # type: ignore[arg-type]
        listed = (await stub.ListCheckpoints(pb.ListCheckpointsRequest())).checkpoints

    covered = [statement_of(checkpoint).through_position for checkpoint in listed]
    assert any(18 < position < 3016 for position in covered)
    assert await home.audit() == []


async def test_checkpoints_are_listed_newest_first_in_pages(home: Home) -> None:
    async with recorder(home.config) as server:
        stub = rpc.RecorderServiceStub(server.local)  # type: ignore[arg-type]
        first = await stub.ListCheckpoints(pb.ListCheckpointsRequest(page_size=3))
        rest = await stub.ListCheckpoints(pb.ListCheckpointsRequest(page_token=first.next_page_token))

    numbers = [statement_of(checkpoint).number for checkpoint in (*first.checkpoints, *rest.checkpoints)]
    assert len(first.checkpoints) == 3
    assert numbers == list(range(numbers[0], 0, -1))
    assert not first.checkpoints[0].heads


async def test_a_serving_recorder_audits_itself(home: Home) -> None:
    home.tamper("DELETE FROM events WHERE run_id = 'r2' AND seq = 6")
    async with recorder(home.config) as server, channel(server.address) as opened:
        frames = [frame async for frame in rpc.RecorderServiceStub(opened).Audit(pb.AuditRequest(run_id="r2"))]

    assert (TAIL_LOST, "r2", 6) in {(f.finding.kind, f.finding.run_id, f.finding.seq) for f in frames}
    assert frames[-1].summary.findings > 0


async def test_a_growing_run_is_not_blamed(home: Home) -> None:
    async with recorder(home.config) as server, channel(server.address) as opened:
        await append(server, home.config, [event("r4", run_accepted=events.RunAccepted())])
        findings = []
        for run_id in ("", "r4") * 5:
            async for frame in rpc.RecorderServiceStub(opened).Audit(pb.AuditRequest(run_id=run_id)):
                findings += [frame.finding] if frame.HasField("finding") else []
                await append(server, home.config, [note("r4")])

    assert findings == []


# --- the command --------------------------------------------------------------------------------------------------


async def pal(home: Home, *arguments: str, address: str = "127.0.0.1:1") -> tuple[int, str, str]:
    env = {**os.environ, "PAL_RECORDER_ADDRESS": address, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = await create_subprocess_exec(
        sys.executable,
        "-m",
        "pal_cli",
        "audit",
        *arguments,
        "--home",
        str(home.path),
        env=env,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_asks_the_recorder_or_reads_the_directory(home: Home, tmp_path: Path) -> None:
    kept = str(tmp_path / "kept.jsonl")
    async with recorder(home.config) as server:
        shown = await pal(home, "checkpoint", "--out", kept, address=server.address)
        asked = await pal(home, "verify", "--checkpoint", kept, address=server.address)
    offline = await pal(home, "verify", "--data", str(home.path / "data"), "--checkpoint", kept)
    home.tamper("DELETE FROM events WHERE run_id = 'r2' AND seq = 3")
    found = await pal(home, "verify", "r2", "--data", str(home.path / "data"))

    assert (shown[0], asked[0], offline[0], found[0]) == (0, 0, 0, 1)
    assert json_format.Parse(Path(kept).read_text(), pb.Checkpoint()).signature
    assert "3 runs, 18 events" in asked[1] and "all as recorded" in offline[1]
    assert "run r2: event 3 is gone" in found[1]


def _second(path: Path) -> Path:
    target = path / "kept.jsonl"
    target.write_text("{}\nno json\n")
    return target


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (lambda path: ["verify", "r9", "--data", str(path / "data")], 3, "no run r9"),
        (lambda path: ["verify", "--data", str(path / "nowhere")], 2, "record.db"),
        (lambda path: ["verify", "--since", "yesterday", "--data", str(path / "data")], 2, "--since yesterday"),
        (lambda path: ["verify", "--checkpoint", str(path / "missing")], 2, "missing"),
        (lambda path: ["verify", "--checkpoint", str(_second(path))], 2, "kept.jsonl:2"),
        (lambda path: ["verify", "r1", "--all"], 2, "--all"),
        (lambda path: ["verify"], 5, "cannot be reached"),
    ],
)
async def test_wrong_input_is_named(
    home: Home, arguments: Callable[[Path], list[str]], code: int, message: str
) -> None:
    exit_code, _, err = await pal(home, *arguments(home.path))

    assert exit_code == code
    assert message in err and "Traceback" not in err


async def test_since_leaves_out_what_is_older(home: Home) -> None:
    data = str(home.path / "data")
    home.tamper("DELETE FROM events WHERE run_id = 'r2' AND seq = 3")

    recent = await pal(home, "verify", "--since", "1h", "--data", data)
    future = await pal(home, "verify", "--since", "2999-01-01", "--data", data)

    assert (recent[0], future[0]) == (1, 0)
    assert "0 runs, 0 events" in future[1]
