"""A store of an earlier version: backed up, chained in place, and whole whatever happens on the way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import apsw
import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.payload import by_reference, digest
from pal_recorder.__main__ import Config, recorder
from pal_recorder.audit import Audit
from pal_recorder.projection import project
from pal_recorder.sqlite import SqliteStore
from pal_recorder.sqlite_reader import SqliteReader
from pal_rpc.config import StartError
from pal_rpc.keys import RECORDER, known_keys
from pal_rpc.recorder_client import RecorderClient

# As the first version made it.
SCHEMA_1 = """
CREATE TABLE events (
  position INTEGER PRIMARY KEY, run_id TEXT NOT NULL, seq INTEGER NOT NULL,
  event_id TEXT NOT NULL, type TEXT NOT NULL, encoded BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_run ON events (run_id, seq);
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, accepted_ns INTEGER NOT NULL, state INTEGER NOT NULL, agent TEXT NOT NULL,
  conversation TEXT NOT NULL, runtime TEXT NOT NULL, labels TEXT NOT NULL, encoded BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (accepted_ns, run_id);
CREATE INDEX runs_by_conversation ON runs (conversation, accepted_ns) WHERE conversation <> '';
CREATE INDEX runs_open ON runs (state) WHERE state <> 5;
CREATE TABLE artifacts (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE spans (key INTEGER PRIMARY KEY, run_id TEXT NOT NULL, encoded BLOB NOT NULL) STRICT;
CREATE INDEX spans_by_run ON spans (run_id);
PRAGMA user_version = 1;
"""
TO_SCHEMA_2 = """
DROP TABLE run_labels; DROP INDEX runs_by_agent; DROP INDEX runs_by_runtime;
DROP INDEX runs_open; CREATE INDEX runs_open ON runs (state) WHERE state <> 5;
PRAGMA user_version = 2;
"""
TO_SCHEMA_7 = """
DROP TABLE artifact_uses; ALTER TABLE artifacts DROP COLUMN put_ns;
PRAGMA user_version = 7;
"""
TO_SCHEMA_3 = (
    TO_SCHEMA_7
    + """
DROP TABLE slo; DROP TABLE slo_position; DROP TABLE quota_counters;
DROP TABLE stand_ins; DROP TABLE deleted_runs; DROP TABLE archived_runs;
DROP INDEX runs_by_outcome; DROP INDEX runs_by_mode; DROP INDEX runs_by_source;
ALTER TABLE runs DROP COLUMN outcome; ALTER TABLE runs DROP COLUMN mode; ALTER TABLE runs DROP COLUMN source;
PRAGMA user_version = 3;
"""
)
INSERT_RUN = "INSERT INTO runs VALUES (?, 0, 0, '', '', '', '{}', ?)"
# Ends its own process in the midst of the migration.
KILLED = """
import os, signal, sys
from pathlib import Path
from pal_recorder import sqlite_schema

def chained(previous, run_id, seq, *rest, chained=sqlite_schema.chained):
    if seq == 1000:
        os.kill(os.getpid(), signal.SIGKILL)
    return chained(previous, run_id, seq, *rest)

sqlite_schema.chained = chained
sqlite_schema.opened(Path(sys.argv[1]))
"""


def write_schema_1(path: Path, event_count: int) -> None:
    """Write two runs whose events lie between each other."""
    path.parent.mkdir(parents=True)
    db = apsw.Connection(str(path))
    db.pragma("journal_mode", "wal")
    db.execute(SCHEMA_1)
    with db:
        for position in range(1, event_count + 1):
            run_id, seq = f"r{position % 2}", (position + 1) // 2
            event = events.RunEvent(run_id=run_id, seq=seq, event_id=f"id-{position}", type="note.added", mode=1)
            if seq == 1:
                event.type = "run.accepted"
                event.run_accepted.SetInParent()
                listed = shared.Run()
                project(listed, event)
                db.execute(INSERT_RUN, (run_id, listed.SerializeToString()))
            row = (position, run_id, seq, event.event_id, event.type, event.SerializeToString())
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
    db.close()


async def findings(config: Config) -> list[str]:
    reader = SqliteReader(config.data_dir)
    try:
        audit = Audit(reader, known_keys(config.keys_dir, RECORDER), pb.AuditRequest())
        return [frame.finding.message async for frame in audit.frames() if frame.HasField("finding")]
    finally:
        await reader.close()


def rows(path: Path) -> list[tuple[object, ...]]:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = db.execute("SELECT position, run_id, seq, event_id, type, encoded FROM events ORDER BY position").fetchall()
    db.close()
    return found


async def test_an_earlier_store_is_backed_up_and_chained_in_place(config: Config) -> None:
    path = config.data_dir / "record.db"
    write_schema_1(path, 30)
    before = rows(path)

    async with recorder(config) as server:
        stub = rpc.RecorderServiceStub(server.local)  # type: ignore[arg-type]
        read = (await RecorderClient(stub, "").read("r1")).events

    assert [event.seq for event in read] == list(range(1, 16))
    assert rows(path) == before == rows(config.data_dir / "record.schema-1.db")
    assert await findings(config) == []


async def test_labels_of_the_second_version_are_indexed(config: Config) -> None:
    path = config.data_dir / "record.db"
    async with recorder(config):
        pass
    db = apsw.Connection(str(path))
    db.execute(TO_SCHEMA_3 + TO_SCHEMA_2)
    listed = shared.Run(run_id="r1", labels={"tier": "prod"}).SerializeToString()
    db.execute("""INSERT INTO runs VALUES ('r1', 0, 1, '', '', '', '{"tier": "prod"}', ?)""", (listed,))
    db.close()

    async with recorder(config) as server:
        stub = rpc.RecorderServiceStub(server.local)  # type: ignore[arg-type]
        found = await RecorderClient(stub, "").runs(shared.RunQuery(labels={"tier": "prod"}))

    assert [run.run_id for run in found.runs] == ["r1"]
    assert (config.data_dir / "record.schema-2.db").exists()


async def test_ends_modes_and_sources_of_the_third_version_are_indexed(config: Config) -> None:
    path = config.data_dir / "record.db"
    async with recorder(config):
        pass
    db = apsw.Connection(str(path))
    db.execute(TO_SCHEMA_3)
    for number, (outcome, mode, source) in enumerate([(1, 1, ""), (2, 1, ""), (2, 3, "r0")]):
        run = shared.Run(run_id=f"r{number}", state=5, outcome=outcome, mode=mode, source_run_id=source)  # type: ignore[arg-type]
        db.execute("INSERT INTO runs VALUES (?, 0, 5, '', '', '', '{}', ?)", (run.run_id, run.SerializeToString()))
    db.close()

    async with recorder(config) as server:
        client = RecorderClient(rpc.RecorderServiceStub(server.local), "")  # type: ignore[arg-type]
        queries = [shared.RunQuery(outcomes=[2]), shared.RunQuery(mode=1), shared.RunQuery(source_run_id="r0")]  # type: ignore[list-item]
        found = [[run.run_id for run in (await client.runs(query)).runs] for query in queries]

    assert found == [["r2", "r1"], ["r1", "r0"], ["r2"]]
    assert (config.data_dir / "record.schema-3.db").exists()


@pytest.mark.parametrize("archived", [False, True])
async def test_artifacts_of_the_seventh_version_stay_as_long_as_a_run_may_refer_to_them(
    config: Config, archived: bool, tmp_path: Path
) -> None:
    path = config.data_dir / "record.db"
    used, unused = digest(b"used"), digest(b"unused")
    message = events.MessageAdded(parts=[by_reference(common.Payload(digest=used))])
    event = events.RunEvent(run_id="r1", seq=1, type="message.added", message_added=message)
    async with recorder(config):
        pass
    db = apsw.Connection(str(path))
    db.execute(TO_SCHEMA_7)
    for name in (used, unused):
        db.execute("INSERT INTO artifacts VALUES (?, 'text/plain', 4)", (name,))
    db.execute("INSERT INTO events VALUES (1, 'r1', 1, 'e1', 'message.added', x'00', ?)", (event.SerializeToString(),))
    if archived:
        db.execute("INSERT INTO archived_runs VALUES ('r0', 'elsewhere.parquet', x'')")
    db.close()

    store = SqliteStore(config.data_dir)
    swept = await store.sweep_artifacts(time.time_ns(), 10)
    await store.close()

    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    left = {name for (name,) in db.execute("SELECT digest FROM artifacts")}
    db.close()
    assert (swept, left) == ((0, {used, unused}) if archived else (1, {used}))
    assert (config.data_dir / "record.schema-7.db").exists()


async def test_without_a_backup_nothing_is_migrated(config: Config) -> None:
    path = config.data_dir / "record.db"
    write_schema_1(path, 4)
    (config.data_dir / "record.schema-1.db").mkdir()

    with pytest.raises(StartError, match=r"backup.*free 1 MiB"):
        async with recorder(config):
            pass
    db = apsw.Connection(str(path))

    assert db.pragma("user_version") == 1
    db.close()


async def test_a_migration_that_is_killed_is_done_by_the_next_start(config: Config) -> None:
    path = config.data_dir / "record.db"
    write_schema_1(path, 3000)
    before = rows(path)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(path), env=env)
    killed = await process.wait()

    async with recorder(config):
        pass

    assert killed == -signal.SIGKILL
    assert rows(path) == before
    assert await findings(config) == []
