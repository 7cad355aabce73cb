"""What the home wants of its runtimes survives whoever writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pal_cli.failures import CommandError
from pal_cli.plugins.limits import DEFAULTS, Limits
from pal_cli.plugins.records import Record, Records
from pal_cli.plugins.staging import staged

RECORD = Record(name="blue", source="agno==3.0.11", command=("a", "b"), limits=Limits(memory_mib=256))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    records = Records(tmp_path)

    records.write(RECORD)

    assert records.read("blue") == RECORD
    assert records.names() == ["blue"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "blue"}', '{"name": "blue", "colour": 1}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    records = Records(tmp_path)
    records.write(RECORD)

    (records.folder("blue") / "runtime.json").write_text(text)

    assert records.read("blue") is None


def test_what_is_forgotten_is_no_runtime_any_more(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.write(RECORD)

    records.forget("blue")

    assert records.names() == [] and records.read("blue") is None


def test_an_adopted_environment_leaves_the_one_in_use_and_no_other(tmp_path: Path) -> None:
    records = Records(tmp_path)
    with staged(records.path) as first:
        used = records.adopt("blue", first)
    records.write(Record(name="blue", environment=used))
    (records.folder("blue") / "envs" / "7").mkdir()

    with staged(records.path) as second:
        new = records.adopt("blue", second)

    assert (used, new) == ("envs/1", "envs/2")
    assert sorted(path.name for path in (records.folder("blue") / "envs").iterdir()) == ["1", "2"]


def test_what_a_command_that_died_was_making_is_deleted(tmp_path: Path) -> None:
    left = tmp_path / ".stage" / "left"
    left.mkdir(parents=True)

    with staged(tmp_path) as first, staged(tmp_path) as second:
        assert first.is_dir() and second.is_dir()
        assert not left.exists()

    assert list((tmp_path / ".stage").iterdir()) == []


def test_a_runtime_is_worked_on_by_one_command_at_a_time(tmp_path: Path) -> None:
    records = Records(tmp_path)

    with records.held("blue"), records.held("green"):
        refused = pytest.raises(CommandError, match="another command works on runtime blue")
        with refused, records.held("blue"):
            pass


def test_limits_that_are_stated_win_over_those_that_are_declared_and_the_defaults() -> None:
    stated, declared = Limits(memory_mib=100), Limits(memory_mib=200, processes=40)

    assert stated.over(declared).over(DEFAULTS) == Limits(
        memory_mib=100, processes=40, open_files=DEFAULTS.open_files, cpu_percent=None
    )
