"""Wheels of what comes with PAL."""

from __future__ import annotations

import zipfile
from pathlib import Path

from pal_cli.bundled import BUNDLED
from pal_cli.plugins.wheels import HOST, write_wheels


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        write_wheels([HOST], tmp_path / folder)

    first, second = (next((tmp_path / folder).iterdir()).read_bytes() for folder in ("first", "second"))
    assert first == second


def test_the_host_brings_what_an_adapter_imports(tmp_path: Path) -> None:
    write_wheels([HOST], tmp_path)

    with zipfile.ZipFile(next(tmp_path.iterdir())) as wheel:
        names = wheel.namelist()
        metadata = wheel.read(next(name for name in names if name.endswith("METADATA"))).decode()

    wanted = {"pal_adapter_host/host.py", "pal_rpc/server.py", "pal_log/events.py", "pal/v1/agent_spec_pb2.py"}
    assert wanted <= set(names)
    assert "Requires-Dist: grpcio" in metadata
    assert not [name for name in names if "__pycache__" in name]


def test_each_python_adapter_publishes_its_runtime(tmp_path: Path) -> None:
    for kind in BUNDLED.values():
        if kind.installer == "npm":
            continue
        write_wheels([kind.folder], tmp_path / kind.name)
        with zipfile.ZipFile(next((tmp_path / kind.name).iterdir())) as wheel:
            entries = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
            assert f"{kind.name} = " in wheel.read(entries).decode()
