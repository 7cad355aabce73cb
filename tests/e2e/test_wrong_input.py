"""Wrong input on the command line: one line that names the field and the fix, an exit code, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Cli, started

DESK = "support-desk"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "support-dask", "-i", "x"], 3, "did you mean support-desk?"),
        (["run", f"{DESK}@>=7", "-i", "x"], 3, "1.0.0"),
        (["run", f"{DESK}@nonsense", "-i", "x"], 2, "SemVer"),
        (["run", DESK, "-i", "x", "-r", "agnoo"], 3, "did you mean agno?"),
        (["run", DESK, "-i", ""], 2, "input: empty"),
        (["run", DESK, "-i", "@/no/such/file"], 3, "No such file"),
        (["run", DESK, "-i", "x", "-l", "novalue"], 2, "KEY=VALUE"),
        (["run", DESK], 2, "Missing option"),
        (["runs", "show", "nobody"], 3, "no run nobody"),
        (["runs", "watch", "nobody"], 3, "no run nobody"),
        (["runs", "cancel", "nobody"], 3, "no run nobody"),
        (["runs", "events", "nobody"], 3, "no run nobody"),
        (["runs", "artifacts", "nobody"], 3, "no run nobody"),
        (["runtimes", "describe", "nobody"], 3, "registered are: agno"),
        (["describe", "agents", "nobody"], 3, "nobody"),
        (["get", "things"], 2, "agents, tools, policies"),
        (["delete", "agents", DESK], 2, "exact version"),
        (["route", "set", DESK, "agnoo"], 3, "agno"),
        (["route", "set", DESK, "agno", "--expect", "99999999999999999999"], 2, "--expect"),
        (["route", "get", "support-dask"], 3, "did you mean support-desk?"),
        (["slo", "support-dask"], 3, "did you mean support-desk?"),
        (["apply", "-f", "/no/such/file.yaml"], 3, "No such file"),
        (["logs", "nobody"], 3, "there are:"),
        (["nonsense"], 2, "No such command"),
    ],
)
async def test_a_wrong_argument_is_named(pal: Cli, arguments: list[str], code: int, words: str) -> None:
    finished = await pal(*arguments)

    assert finished.code == code, finished.err
    assert words in finished.err


AGENT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: x, version: 1.0.0}
spec: {objective: y}
"""


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("kind: AgentSpec", "kind: [", "bad.yaml:"),
        ("objective: y", "objectiv: y", "did you mean objective?"),
        ("AgentSpec", "AgentSpek", "AgentSpec"),
        ("1.0.0", "one", "metadata.version"),
        ("objective: y", "objective: [y]", "spec.objective"),
        ("objective: y", "objective: y, tools: [nope]", "nope"),
    ],
)
async def test_a_wrong_document_is_named_with_its_place(
    pal: Cli, tmp_path: Path, was: str, now: str, words: str
) -> None:
    (tmp_path / "bad.yaml").write_text(AGENT.replace(was, now))

    finished = await pal("apply", "-f", str(tmp_path / "bad.yaml"))

    assert finished.code in (2, 3), finished.err
    assert words in finished.err


async def test_a_place_in_one_of_several_files_is_named_by_file(pal: Cli, tmp_path: Path) -> None:
    good = "apiVersion: pal/v1\nkind: AgentSpec\nmetadata: {name: one, version: 1.0.0}\nspec: {objective: y}\n"
    (tmp_path / "a.yaml").write_text(good)
    (tmp_path / "b.yaml").write_text(good.replace("one", "two").replace("objective", "objektive"))

    finished = await pal("apply", "-f", str(tmp_path))
    listed = await pal("describe", "agent", "one")

    assert finished.code == 2 and "b.yaml:4" in finished.err, finished.err
    assert listed.code == 3


async def test_bytes_that_are_no_text_are_refused(pal: Cli, tmp_path: Path) -> None:
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe\x00bad")

    finished = await pal("run", DESK, "-i", f"@{tmp_path / 'binary.md'}")

    assert finished.code == 2 and "UTF-8" in finished.err


async def test_ten_mebibytes_of_input_are_refused(pal: Cli) -> None:
    finished = await pal("run", DESK, "-i", "-", stdin=b"x" * (10 * 1024 * 1024))

    assert finished.code == 4 and "too large" in finished.err


async def test_without_a_mesh_every_command_says_how_to_start_one(tmp_path: Path) -> None:
    nowhere = {f"PAL_{name}_ADDRESS": "127.0.0.1:1" for name in ("ROUTER", "REGISTRY", "RECORDER")}
    pal = Cli(tmp_path)

    for arguments in (["run", DESK, "-i", "x"], ["get", "agents"], ["runs", "list"], ["runtimes", "list"]):
        finished = await pal(*arguments, **nowhere)
        assert finished.code == 5 and "`pal up`" in finished.err, finished.err
        assert "127.0.0.1:1" in finished.err
    assert (await pal("status")).code == 5


async def test_a_second_mesh_in_one_home_is_refused(pal: Cli) -> None:
    finished = await pal("up", "--port", "0")

    assert finished.code == 2 and "a mesh runs in" in finished.err


async def test_a_port_in_use_is_named(pal: Cli, tmp_path: Path) -> None:
    port = pal.address("router").rpartition(":")[2]

    finished = await Cli(tmp_path)("up", "--port", port, "--runtime", "agno")

    assert finished.code == 2 and "in use" in finished.err, finished.err


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--profiles", "profiles: {default: {provider: opnai}}", "provider"),
        ("--profiles", "profiles: {default: {provider: scripted, modell: x}}", "did you mean model?"),
        ("--tools", "tools: {x: {pyton: a:b}}", "did you mean python?"),
        ("--tools", "tools: {x: {python: 'nowhere.at_all:f'}}", "tools.x.python"),
    ],
)
async def test_a_wrong_setting_stops_the_start_with_its_path(
    tmp_path: Path, option: str, text: str, words: str
) -> None:
    (tmp_path / "settings.yaml").write_text(text)

    pal = Cli(tmp_path / "home")
    finished = await pal("up", "--port", "0", "--runtime", "agno", option, str(tmp_path / "settings.yaml"))

    assert finished.code == 2 and words in finished.err, finished.err


async def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    finished = await Cli(tmp_path / "home")("up", "--port", "0")

    assert finished.code == 2 and "home" in finished.err


@pytest.mark.slow
async def test_a_missing_key_is_shown_by_doctor_and_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text(
        "profiles: {default: {provider: openai, model: gpt-4o-mini, api_key_env: PAL_TEST_NO_KEY}}"
    )
    async with started(tmp_path / "home", "--profiles", str(tmp_path / "profiles.yaml")) as pal:
        await pal("apply", "-f", "examples")

        found = await pal("doctor")
        finished = await pal("run", DESK, "-i", "Where is order A-1001?")

    assert found.code == 1 and "PAL_TEST_NO_KEY" in found.out
    assert finished.code == 1 and "PAL_TEST_NO_KEY" in finished.out
