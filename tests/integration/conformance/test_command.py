"""`pal conformance` from outside: what it prints and writes, what it says of targets that are none, its exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from google.protobuf import json_format

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_cli.candidates import started
from pal_cli.ports import free_addresses
from pal_conformance.kit import ADDRESSES, Kit, kit
from tests.fakes.faulty_adapter import Fault, faulty_adapter

ECHO = (sys.executable, "-m", "pal_adapter_host.echo")


@pytest.fixture
async def elsewhere() -> AsyncIterator[Kit]:
    """Serve a kit that is not the one of the command."""
    async with kit() as served:
        yield served


def own_addresses() -> tuple[dict[str, str], list[str]]:
    """Return free addresses for the command's own kit, and the options that name them."""
    addresses = dict(zip(ADDRESSES, free_addresses(len(ADDRESSES)), strict=True))
    options = [word for name, at in addresses.items() for word in (f"--{name.replace('_', '-')}", at)]
    return addresses, options


async def pal(*arguments: str | Path) -> tuple[int, str, str]:
    """Run the command; return its exit code, what it printed and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pal_cli", "conformance", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def held(address: str, *options: str) -> tuple[int, str]:
    """Hold what is on *address* to the contract; return the exit code and the one line of complaint."""
    _, own = own_addresses()
    code, _, err = await pal("--target", address, *own, *options)
    assert "Traceback" not in err
    return code, err


@asynccontextmanager
async def listener(answer: bytes | None) -> AsyncIterator[str]:
    """Accept connections; answer *answer*, or nothing at all."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer:
            await reader.read(1)
            writer.write(answer)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_adapter_that_runs_is_held_to_the_contract(tmp_path: Path) -> None:
    addresses, own = own_addresses()
    async with started(ECHO, addresses) as address:
        code, out, err = await pal(
            *("--target", address, *own, "--case", "answer", "--case", "ability.multimodal"),
            *("--json", tmp_path / "found.json", "--junit", tmp_path / "found.xml"),
        )

    assert (code, err) == (0, "")
    assert "echo 0.1.0 conforms: 14 passed, 0 failed, 1 skipped" in out
    found = json.loads((tmp_path / "found.json").read_text())
    assert (found["suite"], found["passed"], found["cases"][0]["id"]) == ("pal-conformance/1", 14, "answer.plain")
    assert found["cases"][0]["runs"][0]["end"] == "SUCCEEDED"
    (suite,) = ElementTree.parse(tmp_path / "found.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("15", "0", "1")


async def test_a_case_that_fails_is_shown_with_what_broke_it(elsewhere: Kit) -> None:
    def hide(state: object, frame: rt.RunFrame) -> list[rt.RunFrame]:
        frame.result.failure.reason = "OTHER" if frame.result.HasField("failure") else ""
        return [frame]

    addresses, own = own_addresses()
    fault = Fault(frames=hide, warm=False)
    async with faulty_adapter(fault, {**elsewhere.addresses, **addresses}) as address:
        code, out, _ = await pal("--target", address, *own, "--case", "model.429", "-o", "json")

    assert code == 1
    (case,) = json.loads(out)["cases"]
    assert (case["status"], "MODEL_RATE_LIMITED" in case["reason"]) == ("failed", True)
    assert case["evidence"].startswith("RuntimeResult {")


async def test_nothing_there_is_said() -> None:
    (address,) = free_addresses(1)

    assert await held(address) == (5, f"error: nothing listens on {address}; start the adapter, then try again\n")


async def test_a_target_that_is_no_address_is_said() -> None:
    code, err = await held("there")

    assert (code, "write HOST:PORT" in err) == (2, True)


@pytest.mark.drill
async def test_a_target_that_says_nothing_is_said() -> None:
    async with listener(None) as address:
        code, err = await held(address)

    assert (code, "accepts connections and says nothing" in err) == (6, True)


@pytest.mark.drill
async def test_an_adapter_that_does_not_answer_is_said(elsewhere: Kit) -> None:
    async with faulty_adapter(Fault(mute=True), elsewhere.addresses) as address:
        code, err = await held(address)

    assert (code, "does not answer Describe within 5 s" in err) == (6, True)


@pytest.mark.drill
async def test_a_target_that_speaks_http_is_no_adapter() -> None:
    async with listener(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as address:
        code, err = await held(address)

    assert (code, "is no adapter" in err) == (4, True)


async def test_another_service_is_no_adapter(elsewhere: Kit) -> None:
    code, err = await held(elsewhere.addresses["registry"])

    assert (code, "serves no pal.service.v1.RuntimeService" in err) == (4, True)


async def test_a_newer_contract_is_refused(elsewhere: Kit) -> None:
    def newer(response: rt.DescribeResponse) -> None:
        response.contract_level = 2

    async with faulty_adapter(Fault(described=newer), elsewhere.addresses) as address:
        code, err = await held(address)

    assert (code, "needs level 2 of the contract and this kit speaks level 1" in err) == (4, True)


@pytest.mark.drill
async def test_an_adapter_that_does_not_reach_the_kit_is_told_where_it_is(elsewhere: Kit) -> None:
    async with faulty_adapter(Fault(), elsewhere.addresses) as address:
        code, err = await held(address)

    assert (code, "asks the model nothing" in err, "PAL_LLM_PROVIDER_ADDRESS=127.0.0.1:" in err) == (5, True, True)


async def test_a_port_in_use_is_named_with_the_way_out(elsewhere: Kit) -> None:
    taken = elsewhere.addresses["tool_executor"]
    code, err = await held("127.0.0.1:1", "--tool-executor", taken)

    assert (code, f"cannot listen on {taken}" in err, "PAL_TOOL_EXECUTOR_ADDRESS" in err) == (2, True, True)


@pytest.mark.drill
async def test_a_runtime_is_measured_and_declares_what_was_shown(tmp_path: Path) -> None:
    file = tmp_path / "declaration.json"

    code, out, err = await pal("--install", f"--command {' '.join(ECHO)}", "--declare", file)

    assert (code, err) == (0, "")
    assert "was not measured" in out
    declared = json_format.Parse(file.read_text(), capabilities.RuntimeCapability())
    assert list(declared.capabilities.modes) == ["conversational", "workflow"]
    assert (declared.capabilities.human_in_loop, declared.capabilities.multimodal) == (True, False)
    assert (declared.evidence.runtime_version, declared.evidence.skipped) == ("0.1.0", 1)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "name what is to be tested"),
        (["--target", "127.0.0.1:1", "--runtime", "agno"], 2, "name what is to be tested"),
        (["--case", "nope"], 3, "pal conformance --list"),
        (["--runtime", "nope"], 3, "there are: agno"),
        (["--runtime", "agno", "--version", "2.3.0"], 4, "agno>=2.5.17"),
        (["--install", "./nope"], 2, "no such file or folder"),
        (["--target", "127.0.0.1:1", "--version", "3"], 2, "--version goes with --runtime"),
        (["--runtime", "agno", "--declare", "x", "--case", "tool"], 2, "leave out --case"),
        (["--runtime", "agno", "--json", "/nowhere/x"], 2, "is no directory"),
    ],
)
async def test_bad_input_is_answered_with_the_fix(arguments: list[str], code: int, says: str) -> None:
    found, _, err = await pal(*arguments)

    assert (found, says in err, "Traceback" in err) == (code, True, False)


async def test_the_cases_are_listed() -> None:
    code, out, _ = await pal("--list", "--case", "cancel.*", "-o", "json")

    cases = {case["id"]: case for case in json.loads(out)["cases"]}
    assert code == 0
    assert cases["cancel.at-model"]["ends"] == "CANCELLED RUN_CANCELLED"
    assert all(name.startswith("cancel.") for name in cases)
