"""A mesh whose record and documents are in PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli, started

ONE = ("pydantic-ai",)


@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_a_mesh_on_postgresql_finds_everything_again(
    tmp_path: Path, database: Callable[[], Awaitable[str]]
) -> None:
    url = await database()
    options = ("--store", url, "--default-runtime", *ONE)
    async with started(tmp_path, *options, runtimes=ONE) as mesh:
        await mesh("apply", "-f", "examples")
        ran = await mesh("run", "support-desk", "--input", "Where is order A-1001?", "-o", "json")
    async with started(tmp_path, *options, runtimes=ONE) as mesh:
        listed = await mesh("runs", "list", "-o", "json")
        documents = await mesh("get", "agents", "-o", "json")
        audited = await mesh("audit", "verify")
    offline = await Cli(tmp_path)("audit", "verify", "--store", url)

    assert ran.code == 0, ran.err
    assert [run["outcome"] for run in listed.json["runs"]] == ["RUN_OUTCOME_SUCCEEDED"]
    assert "support-desk" in documents.out
    assert audited.code == 0 and "all as recorded" in audited.out
    assert offline.code == 0 and "all as recorded" in offline.out
    assert not (tmp_path / "data" / "record.db").exists()


async def test_a_database_that_cannot_be_reached_is_named_in_one_line(tmp_path: Path) -> None:
    url = "postgresql://pal:secret@127.0.0.1:1/pal"

    ended = await Cli(tmp_path)("up", "--port", "0", "--runtime", *ONE, "--store", url)

    assert ended.code == 2
    assert "PAL_STORE_URL=postgresql://pal:***@127.0.0.1:1/pal" in ended.err and "start the server" in ended.err
    assert "secret" not in ended.err
