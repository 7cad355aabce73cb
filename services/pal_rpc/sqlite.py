"""SQLite for services that keep little: one file, opened at its revision, and what is said when it cannot be used.

Only the services that keep something import this; apsw is not in every environment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError

_UNUSABLE = (apsw.FullError, apsw.ReadOnlyError, apsw.IOError, apsw.BusyError, apsw.CantOpenError)


def opened(path: Path, schema: str, version: int, later: str = "") -> apsw.Connection:
    """Return the database at *path*, made by *schema* where there is none yet; every commit is on the disk.

    *later* is what came to the schema without a new version, and does nothing where it is there.

    Raises:
        StartError: it cannot be used, or a version after *version* wrote it.
    """
    try:
        db = apsw.Connection(str(path))
        db.set_busy_timeout(200)
        found = db.pragma("user_version")
        if found > version:
            raise StartError(
                f"{path} was written by a newer version (found {found}, this version supports {version}); "
                "upgrade PAL or choose another data directory"
            )
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        if found == 0:
            with db:
                db.execute(schema)
                db.pragma("user_version", version)
        if later:
            db.execute(later)
    except apsw.Error as error:
        raise StartError(f"{path}: cannot be used as a store ({error}); move it away or mend it") from None
    return db


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say STORE_UNAVAILABLE of the database at *path* when the disk or its file fails in the block."""
    try:
        yield
    except _UNUSABLE as error:
        raise MeshError(
            reasons.ERROR_REASON_STORE_UNAVAILABLE,
            f"{path.name} cannot be used ({error}); free or mend the disk, then try again",
            store=path.name,
        ) from None
