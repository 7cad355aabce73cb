"""What a confined process can and cannot do, on the kernel that runs the tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pal_cli.plugins import confine

pytestmark = pytest.mark.skipif(
    not all(confine.abilities().values()), reason="this kernel cannot enforce it; pal doctor says so"
)


@pytest.fixture
def server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def confined(script: str, tmp_path: Path, *ports: int, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run a Python *script* confined to *ports*, with ``secret`` below *tmp_path* out of reach."""
    stated = confine.Settings(
        parent=settings.get("parent", os.getpid()),
        group="",
        ports=list(ports),
        hidden=[str(tmp_path / "secret")],
        memory_mib=settings.get("memory_mib"),
        open_files=settings.get("open_files"),
    )
    command = [sys.executable, "-I", "-S", confine.__file__, json.dumps(stated), sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=30)


def tried(action: str) -> str:
    """Return a script that prints how *action* went."""
    return f"import os, socket\ntry:\n    {action}\n    print('done')\nexcept OSError as error:\n    print(error.errno)"


def test_a_port_that_is_granted_is_reached_and_no_other(server: int, tmp_path: Path) -> None:
    action = tried(f"socket.create_connection(('127.0.0.1', {server}))")

    assert confined(action, tmp_path, server).stdout == "done\n"
    assert confined(action, tmp_path, server + 1).stdout == "13\n"


@pytest.mark.parametrize(
    "family",
    [
        "socket.AF_INET, socket.SOCK_DGRAM",
        "socket.AF_INET6, socket.SOCK_DGRAM",
        "socket.AF_INET, socket.SOCK_RAW, 1",
        "socket.AF_INET, socket.SOCK_STREAM, 262",
        "socket.AF_UNIX, socket.SOCK_STREAM",
        "socket.AF_PACKET, socket.SOCK_RAW",
    ],
)
def test_there_is_no_other_way_out(family: str, tmp_path: Path) -> None:
    assert confined(tried(f"socket.socket({family})"), tmp_path).stdout == "13\n"


def test_what_a_process_needs_of_sockets_is_left(tmp_path: Path) -> None:
    script = "import socket as s; s.socketpair(); s.socket(s.AF_INET6); print(s.getaddrinfo('localhost', 1)[0][0].name)"

    assert confined(script, tmp_path).stdout.startswith("AF_INET")


def test_secrets_are_out_of_reach_and_everything_beside_them_is_not(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("hidden")
    (tmp_path / "work").mkdir()
    (tmp_path / "way-round").symlink_to(tmp_path)

    assert confined(tried("print(open('way-round/secret/key').read())"), tmp_path).stdout == "13\n"
    assert confined(tried("print(open('secret/key').read())"), tmp_path).stdout == "13\n"
    assert confined(tried("os.remove('secret/key')"), tmp_path).stdout == "13\n"
    assert confined(tried("open('work/own', 'w').write('x')"), tmp_path).stdout == "done\n"
    assert (tmp_path / "secret" / "key").read_text() == "hidden"


def test_the_environment_of_another_process_is_out_of_reach(tmp_path: Path) -> None:
    assert confined(tried(f"open('/proc/{os.getpid()}/environ').read()"), tmp_path).stdout == "13\n"
    assert confined(tried("open('/proc/self/environ').read()"), tmp_path).stdout == "done\n"


def test_files_and_memory_are_limited_and_nothing_is_dumped(tmp_path: Path) -> None:
    script = (
        "import resource as r; print(*(r.getrlimit(k)[1] for k in (r.RLIMIT_NOFILE, r.RLIMIT_DATA, r.RLIMIT_CORE)))"
    )

    shown = confined(script, tmp_path, memory_mib=100, open_files=200).stdout.split()

    assert [int(value) for value in shown] == [200, (2 * 100 + 1024) * 1024 * 1024, 0]


def test_a_process_whose_supervisor_is_gone_does_not_begin(tmp_path: Path) -> None:
    ended = confined("print('here')", tmp_path, parent=1)

    assert (ended.returncode, ended.stdout) == (1, "") and "the supervisor is gone" in ended.stderr


def test_a_confined_process_dies_with_its_supervisor(tmp_path: Path) -> None:
    settings = confine.Settings(
        parent=0, group="", ports=[], hidden=[str(tmp_path / "x")], memory_mib=None, open_files=None
    )
    supervisor = f"""
import json, os, subprocess, sys
settings = json.loads({json.dumps(json.dumps(settings))})
settings["parent"] = os.getpid()
child = subprocess.Popen([sys.executable, "-I", "-S", {confine.__file__!r}, json.dumps(settings), "sleep", "600"])
print(child.pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", supervisor], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        while Path(f"/proc/{child}/comm").read_text().strip() != "sleep":
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)

    until = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(f"/proc/{child}").exists()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = confine.Settings(parent=os.getpid(), group="", ports=[], hidden=[], memory_mib=None, open_files=None)

    ended = subprocess.run(
        [sys.executable, "-I", "-S", confine.__file__, json.dumps(settings), str(tmp_path / "nothing")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1 and "nothing: No such file or directory" in ended.stderr
