"""The tables of the store in SQLite, and how those of an earlier version become these."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import apsw

from pal.service.v1 import shared_pb2 as shared
from pal_log.payload import artifact_digests
from pal_recorder.chain import GENESIS, chained
from pal_rpc.config import StartError

SCHEMA_VERSION = 8
_EVENTS = """
CREATE TABLE events (
  position INTEGER PRIMARY KEY, run_id TEXT NOT NULL, seq INTEGER NOT NULL,
  event_id TEXT NOT NULL, type TEXT NOT NULL, hash BLOB NOT NULL, encoded BLOB NOT NULL
) STRICT;
"""
_INDEX_AND_CHECKPOINTS = """
CREATE UNIQUE INDEX events_by_run ON events (run_id, seq);
CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, encoded BLOB NOT NULL) STRICT;
"""
_REST = """
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, accepted_ns INTEGER NOT NULL, state INTEGER NOT NULL, agent TEXT NOT NULL,
  conversation TEXT NOT NULL, runtime TEXT NOT NULL, labels TEXT NOT NULL, encoded BLOB NOT NULL,
  outcome INTEGER NOT NULL DEFAULT 0, mode INTEGER NOT NULL DEFAULT 0, source TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE artifacts (
  digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL, put_ns INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE spans (key INTEGER PRIMARY KEY, run_id TEXT NOT NULL, encoded BLOB NOT NULL) STRICT;
CREATE INDEX spans_by_run ON spans (run_id);
"""
# A list is cut off after a page, so each way to select runs has an index in the order of the list.
_LISTING = """
CREATE INDEX runs_by_time ON runs (accepted_ns, run_id);
CREATE INDEX runs_by_agent ON runs (agent, accepted_ns, run_id);
CREATE INDEX runs_by_runtime ON runs (runtime, accepted_ns, run_id);
CREATE INDEX runs_by_conversation ON runs (conversation, accepted_ns, run_id) WHERE conversation <> '';
CREATE INDEX runs_open ON runs (state, accepted_ns, run_id) WHERE state <> 5;
CREATE TABLE run_labels (
  key TEXT NOT NULL, value TEXT NOT NULL, accepted_ns INTEGER NOT NULL, run_id TEXT NOT NULL,
  PRIMARY KEY (key, value, accepted_ns, run_id)
) STRICT, WITHOUT ROWID;
"""
_ENDS_AND_MODES = """
CREATE INDEX runs_by_outcome ON runs (outcome, accepted_ns, run_id) WHERE outcome <> 0;
CREATE INDEX runs_by_mode ON runs (mode, accepted_ns, run_id);
CREATE INDEX runs_by_source ON runs (source, accepted_ns, run_id) WHERE source <> '';
"""
_NEW_COLUMNS = """
ALTER TABLE runs ADD COLUMN outcome INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN mode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN source TEXT NOT NULL DEFAULT '';
"""
# What is left of events that are not in the store any more.
_LEFT = """
CREATE TABLE stand_ins (
  position INTEGER PRIMARY KEY, run_id TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE INDEX stand_ins_by_run ON stand_ins (run_id, seq);
CREATE TABLE deleted_runs (run_id TEXT PRIMARY KEY, conversation TEXT NOT NULL, encoded BLOB NOT NULL) STRICT;
CREATE INDEX deleted_runs_by_conversation ON deleted_runs (conversation, run_id) WHERE conversation <> '';
CREATE TABLE archived_runs (run_id TEXT PRIMARY KEY, url TEXT NOT NULL, encoded BLOB NOT NULL) STRICT;
CREATE INDEX archived_runs_by_url ON archived_runs (url);
"""
# What finished runs add up to, and up to where they are counted.
_SLO = """
CREATE TABLE slo (
  width INTEGER NOT NULL, start INTEGER NOT NULL, mode INTEGER NOT NULL, agent TEXT NOT NULL, runtime TEXT NOT NULL,
  encoded BLOB NOT NULL, PRIMARY KEY (width, start, mode, agent, runtime)
) STRICT, WITHOUT ROWID;
CREATE TABLE slo_position (position INTEGER NOT NULL) STRICT;
INSERT INTO slo_position VALUES (0);
"""
_QUOTAS = "CREATE TABLE quota_counters (key TEXT PRIMARY KEY, encoded BLOB NOT NULL) STRICT, WITHOUT ROWID;"
# Which runs refer to which artifacts.
_USES = """
CREATE TABLE artifact_uses (digest TEXT NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY (digest, run_id))
  STRICT, WITHOUT ROWID;
CREATE INDEX artifact_uses_by_run ON artifact_uses (run_id);
"""
# The runs of an archive may refer to any of them, so where there is one they all stay.
_KEEP_ARTIFACTS = """
UPDATE artifacts SET put_ns = 9223372036854775807 WHERE EXISTS (SELECT 1 FROM archived_runs)
"""
_OLD_LISTING = "DROP INDEX runs_by_time; DROP INDEX runs_by_conversation; DROP INDEX runs_open;"
# A checkpoint of the write-ahead log holds the next commit up; a larger one is rarer and costs little more.
_CHECKPOINT_PAGES = 4000
# Every page of a store is read before it is written again; of one that is larger, `pal audit verify` does that.
_CHECKED_BYTES = 1024 * 1024 * 1024
_WAL_LIMIT_BYTES = 64 * 1024 * 1024


def opened(path: Path) -> apsw.Connection:
    """Return the store at *path* for writing, created or migrated where that is needed.

    Raises:
        StartError: it is damaged, a newer version wrote it, or there is no room for the backup that a migration begins
            with.
    """
    db = apsw.Connection(str(path))
    db.set_busy_timeout(5000)
    try:
        found = checked_version(db, path)
        if found and path.stat().st_size <= _CHECKED_BYTES:
            _check_pages(db, path)
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise _damaged(path, str(error)) from None
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    # What is deleted is overwritten.
    db.pragma("secure_delete", "on")
    db.pragma("journal_size_limit", _WAL_LIMIT_BYTES)
    db.wal_autocheckpoint(_CHECKPOINT_PAGES)
    if found == 0:
        with db:
            db.execute(
                _EVENTS + _INDEX_AND_CHECKPOINTS + _REST + _LISTING + _ENDS_AND_MODES + _LEFT + _SLO + _QUOTAS + _USES
            )
            db.pragma("user_version", SCHEMA_VERSION)
    elif found < SCHEMA_VERSION:
        _back_up(db, path, found)
        with db:
            if found < 2:
                _chain_events(db)
            if found < 3:
                _index_runs(db)
            if found < 4:
                _add_ends_and_modes(db)
            if found < 5:
                db.execute(_LEFT)
            if found < 6:
                db.execute(_SLO)
            if found < 7:
                db.execute(_QUOTAS)
            _add_uses(db)
            db.pragma("user_version", SCHEMA_VERSION)
    return db


def opened_for_reading(path: Path) -> apsw.Connection:
    """Return the store at *path* for reading.

    Raises:
        StartError: it is not there, or of another version.
    """
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(5000)
        found = checked_version(db, path)
    except apsw.Error as error:
        raise StartError(
            f"{path}: cannot be read as a store ({error}); name the directory that has record.db"
        ) from None
    if found < SCHEMA_VERSION:
        raise StartError(f"{path} is of an earlier version (schema {found}); start PAL on it once, which migrates it")
    return db


def checked_version(db: apsw.Connection, path: Path) -> int:
    """Return the version of the schema; 0 for an empty database.

    Raises:
        StartError: a newer version of PAL wrote it.
    """
    found = int(db.pragma("user_version"))
    if found > SCHEMA_VERSION:
        raise StartError(
            f"{path} was written by a newer version (schema {found}, this version knows {SCHEMA_VERSION}); "
            "upgrade PAL or choose another PAL_DATA_DIR"
        )
    return found


def _check_pages(db: apsw.Connection, path: Path) -> None:
    found: str = next(db.execute("PRAGMA quick_check(1)"))[0]
    if found != "ok":
        raise _damaged(path, found.splitlines()[-1])


def _damaged(path: Path, problem: str) -> StartError:
    return StartError(
        f"{path} is damaged ({problem}): the disk gave back something else than was written. Restore the data "
        "directory from a backup; `pal audit verify --data` tells which runs are hurt. To begin anew, move it away"
    )


def _back_up(db: apsw.Connection, path: Path, version: int) -> None:
    backup = path.with_name(f"{path.stem}.schema-{version}.db")
    incoming = backup.with_suffix(".incoming")
    incoming.unlink(missing_ok=True)
    try:
        db.execute("VACUUM INTO ?", (str(incoming),))
        with incoming.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(incoming, backup)
    except (apsw.Error, OSError) as error:
        incoming.unlink(missing_ok=True)
        raise StartError(
            f"{path} is migrated after a backup, which cannot be written as {backup.name} ({error}); "
            f"free {path.stat().st_size // 2**20 * 2 + 1} MiB and start again"
        ) from None


def _chain_events(db: apsw.Connection) -> None:
    hashes: dict[str, bytes] = {}

    def hash_of(*row: Any) -> bytes:
        run_id, seq, event_id, type_, encoded = row
        hashes[run_id] = chained(hashes.get(run_id, GENESIS), run_id, seq, event_id, type_, encoded)
        return hashes[run_id]

    db.create_scalar_function("hash_of", hash_of)
    db.execute("ALTER TABLE events RENAME TO unchained; DROP INDEX events_by_run;")
    db.execute(_EVENTS)
    db.execute(
        "INSERT INTO events SELECT position, run_id, seq, event_id, type,"
        " hash_of(run_id, seq, event_id, type, encoded), encoded FROM unchained ORDER BY position"
    )
    db.execute("DROP TABLE unchained;" + _INDEX_AND_CHECKPOINTS)
    db.create_scalar_function("hash_of", None)


def _index_runs(db: apsw.Connection) -> None:
    db.execute(_OLD_LISTING + _LISTING)
    db.execute(
        "INSERT INTO run_labels SELECT word.key, word.value, accepted_ns, run_id"
        " FROM runs, json_each(runs.labels) AS word"
    )


def _add_ends_and_modes(db: apsw.Connection) -> None:
    def of(*row: Any) -> int | str:
        encoded, column = row
        run = shared.Run.FromString(encoded)
        return (run.outcome, run.mode, run.source_run_id)[column]

    db.create_scalar_function("of", of)
    db.execute(_NEW_COLUMNS)
    db.execute("UPDATE runs SET outcome = of(encoded, 0), mode = of(encoded, 1), source = of(encoded, 2)")
    db.execute(_ENDS_AND_MODES)
    db.create_scalar_function("of", None)


def _add_uses(db: apsw.Connection) -> None:
    db.execute("ALTER TABLE artifacts ADD COLUMN put_ns INTEGER NOT NULL DEFAULT 0")
    db.execute(_USES + _KEEP_ARTIFACTS)
    for run_id, encoded in db.execute("SELECT run_id, encoded FROM events"):
        uses = [(digest, run_id) for digest in artifact_digests(encoded)]
        db.executemany("INSERT OR IGNORE INTO artifact_uses VALUES (?, ?)", uses)
