"""PostgreSQL: one connection URL, what can be wrong with it, and migrations.

Only the services that keep something import this; psycopg is not in every environment.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import LiteralString

import psycopg

from pal_rpc.config import StartError

CONNECT_SECONDS = 5
# A session that stands still in a transaction, in a stopped process for example, must not hold up the others.
SESSION = "-c idle_in_transaction_session_timeout=15s -c lock_timeout=20s -c statement_timeout=60s"
_SCHEMES = ("postgresql://", "postgres://")
_STARTING_SECONDS, _PAUSE_SECONDS = 20.0, 0.2
# Classes and codes that come from a server which goes away, comes back, or is no longer the one to write to.
_LOST_CLASSES, _LOST_CODES = ("08", "57P"), frozenset({"25006", "40001", "40P01", "55P03", "53300", "25P03"})

_MENDS = {
    "role ": "correct the user, or create it (`createuser NAME`)",
    "database ": "create it (`createdb NAME`), or name another",
    "authentication failed": "correct user and password",
    "no password supplied": "add the password: postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    "permission denied": "let the user create tables there, or name a database that it owns",
}


def checked(url: str, setting: str = "PAL_STORE_URL") -> str:
    """Return *url* for psycopg; *setting* is where it was given.

    Raises:
        StartError: it is no URL of a PostgreSQL database.
    """
    if not url.startswith(_SCHEMES):
        raise StartError(f"{setting}={shown(url)}: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    try:
        known = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise StartError(f"{setting}={shown(url)}: {said(error)}") from None
    settings = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 10_000, "application_name": "pal", **known}
    settings["options"] = f"{SESSION} {known.get('options') or ''}".strip()
    return psycopg.conninfo.make_conninfo("", **settings)


def shown(url: str) -> str:
    """Return *url* as it may be shown: without its password."""
    return re.sub(r"(password=)[^&]*", r"\1***", re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url))


def is_lost(error: psycopg.Error) -> bool:
    """Tell whether a later try, on a new connection, may do what *error* kept from being done."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return state.startswith(_LOST_CLASSES) or state in _LOST_CODES


def start_error(url: str, error: psycopg.Error, setting: str = "PAL_STORE_URL") -> StartError:
    """Return why a database at *url*, which *setting* names, cannot be used, and what to do about it."""
    where, problem = f"{setting}={shown(url)}", said(error)
    # A refused connection has no code, only words.
    for words, mend in _MENDS.items():
        if words in problem:
            return StartError(f"{where}: {problem}; {mend}")
    return StartError(f"{where}: {problem}; start the server, or correct host and port")


async def connected(url: str, setting: str = "PAL_STORE_URL") -> psycopg.AsyncConnection:
    """Return a connection in autocommit mode to what *setting* names; a server that is starting is waited for.

    Raises:
        StartError: there is no such database, or it cannot be used.
    """
    conninfo, loop = checked(url, setting), asyncio.get_running_loop()
    until = loop.time() + _STARTING_SECONDS
    while True:
        try:
            return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        except psycopg.Error as error:
            if "starting up" not in str(error) or loop.time() > until:
                raise start_error(url, error, setting) from None
        await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def kept(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Yield a connection as :func:`connected` returns it; it stays open unless the block fails or is cancelled."""
    connection = await connected(url)
    try:
        yield connection
    except BaseException:
        await connection.close()
        raise


async def migrated(url: str, scripts: Path, table: LiteralString, newest: str) -> None:
    """Bring the tables of one service to revision *newest* by the alembic *scripts*; *table* holds the present one.

    Raises:
        StartError: there is no such database, it cannot be used, or a newer version of PAL wrote it.
    """
    async with await connected(url) as connection:
        try:
            # Two that start at once migrate one after the other.
            await connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (table,))
            found = await _revision(connection, table)
            if found == newest:
                return
            await asyncio.to_thread(_upgrade, checked(url), scripts, table, found, shown(url))
        except psycopg.Error as error:
            raise start_error(url, error) from None


async def _revision(connection: psycopg.AsyncConnection, table: LiteralString) -> str:
    known = await (await connection.execute("SELECT to_regclass(%s)", (table,))).fetchone()
    if known is None or known[0] is None:
        return ""
    row = await (await connection.execute(f"SELECT version_num FROM {table}")).fetchone()
    return str(row[0]) if row else ""


def _upgrade(conninfo: str, scripts: Path, table: str, found: str, where: str) -> None:
    # Half a second of imports that only a migration needs.
    import sqlalchemy
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(scripts))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in known:
        raise StartError(
            f"PAL_STORE_URL={where}: was written by a newer version (schema {found} is not known here); "
            "upgrade PAL or name another database"
        )
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=sqlalchemy.NullPool
    )
    try:
        with engine.begin() as connection:
            config.attributes.update(connection=connection, version_table=table)
            command.upgrade(config, "head")
    except sqlalchemy.exc.DBAPIError as error:
        raise error.orig if isinstance(error.orig, psycopg.Error) else error from None


def said(error: psycopg.Error) -> str:
    """Return what the server, or the way to it, says is wrong, in one line."""
    if error.diag.message_primary:
        return error.diag.message_primary
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # The last attempt of several addresses is the one to show.
    return lines[-1].partition("FATAL:")[2].strip() or lines[-1] if lines else type(error).__name__
