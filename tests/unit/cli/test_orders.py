"""Orders about runtimes that cannot be carried out: one line that names the fix, and an exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pal_cli.__main__ import command_line
from pal_cli.plugins.limits import Limits
from pal_cli.plugins.records import Record, Records

APP = command_line(["runtime", "runtimes"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["install"], 2, "name what to install"),
        (["install", "agno", "--command", "true"], 2, "one of the two"),
        (["install", "agno@3"], 2, "write agno==3.0.11"),
        (["install", "agno"], 2, "--name is missing"),
        (["install", "agno>=3,<4"], 2, "--name is missing"),
        (["install", "--command", "true"], 2, "--name is missing"),
        (["install", "agno", "--name", "agno"], 2, "agno-blue"),
        (["install", "agno==3.0.11", "--name", "Bad Name"], 2, "lower-case"),
        (["install", "--command", "true", "--name", "blue"], 4, "installed already"),
        (["install", "--command", "true", "--name", "core"], 2, "has this name"),
        (["install", "--command", "./nothing", "--name", "x"], 2, "no such program"),
        (["install", "./nothing"], 2, "no such file or folder"),
        (["install", "agno==3.0.11", "--memory-mib", "1"], 2, "64"),
        (["upgrade", "nobody"], 3, "not installed"),
        (["upgrade", "agno"], 3, "comes with PAL"),
        (["remove", "nobody"], 3, "not installed"),
        (["remove", "agno"], 3, "comes with PAL"),
        (["start", "nobody"], 3, "installed are: agno"),
        (["stop", "nobody"], 3, "installed are: agno"),
        (["limit", "blue"], 2, "name a limit"),
        (["logs", "nobody"], 3, "no log of nobody"),
        (["new", "agno"], 2, "comes with PAL"),
        (["new", "mine", "--language", "cobol"], 2, "python"),
    ],
)
def test_a_wrong_order_is_named(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAL_HOME", str(tmp_path))
    Records(tmp_path).write(Record(name="blue", source="--command true", command=("true",)))

    finished = CliRunner().invoke(APP, ["runtime", *arguments])

    # Long lines are wrapped where the terminal ends.
    assert finished.exit_code == code and words in " ".join(finished.output.split()), finished.output


def test_without_a_mesh_an_order_holds_from_the_next_start_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAL_HOME", str(tmp_path))

    stopped = CliRunner().invoke(APP, ["runtime", "stop", "agno"])
    limited = CliRunner().invoke(APP, ["runtime", "limit", "agno", "--memory-mib", "512"])

    record = Records(tmp_path).read("agno")
    assert "stays stopped with the next `pal up`" in " ".join(stopped.output.split()), stopped.output
    assert limited.exit_code == 0
    assert record and (record.running, record.limits, record.generation) == (False, Limits(memory_mib=512), 3)


def test_what_is_installed_can_be_listed_without_a_mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAL_HOME", str(tmp_path))
    monkeypatch.delenv("PAL_REGISTRY_ADDRESS", raising=False)
    Records(tmp_path).write(Record(name="blue", source="agno==3.0.11", command=("true",), version="3.0.11"))

    (listed,) = json.loads(CliRunner().invoke(APP, ["runtimes", "list", "-o", "json"]).output)["runtimes"]

    assert (listed["name"], listed["status"], listed["source"]) == ("blue", "not started", "agno==3.0.11")
