"""Starting a registry: what stops it says how to mend it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import apsw
import pytest

from pal_registry.__main__ import Config, registry
from pal_registry.sqlite import SCHEMA_VERSION
from pal_rpc.config import StartError


async def start(config: Config) -> None:
    async with registry(config):
        pass


async def test_a_database_of_a_newer_version_is_left_alone(config: Config) -> None:
    await start(config)
    newer = apsw.Connection(str(config.data_dir / "registry.db"))
    newer.pragma("user_version", SCHEMA_VERSION + 1)
    newer.close()

    with pytest.raises(StartError, match=rf"found {SCHEMA_VERSION + 1}, this version supports {SCHEMA_VERSION}"):
        await start(config)


async def test_a_second_registry_on_the_same_directory_is_refused(config: Config) -> None:
    async with registry(config):
        with pytest.raises(StartError, match="another registry uses it"):
            await start(config)


async def test_a_directory_that_cannot_be_written_is_named(config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StartError, match=r"PAL_DATA_DIR=.*file/data: .*choose another directory"):
        await start(dataclasses.replace(config, data_dir=tmp_path / "file" / "data"))


async def test_what_is_no_database_is_named(config: Config) -> None:
    config.data_dir.mkdir()
    (config.data_dir / "registry.db").write_text("this is no database, whatever its name says" * 50)

    with pytest.raises(StartError, match="cannot be used as a store"):
        await start(config)


async def test_a_default_runtime_that_is_no_name_stops_the_start(config: Config) -> None:
    with pytest.raises(StartError, match="PAL_DEFAULT_RUNTIME=Agno!"):
        await start(dataclasses.replace(config, default_runtime="Agno!"))
