"""Addresses for whoever listens later are none that a connection is given meanwhile."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pal_cli import ports
from pal_cli.ports import free_addresses


def port_of(address: str) -> int:
    host, _, port = address.rpartition(":")
    assert host == "127.0.0.1"
    return int(port)


def test_addresses_are_different_and_outside_of_what_the_kernel_gives() -> None:
    lowest = int(ports._GIVEN.read_text().split()[0])

    found = [port_of(address) for address in free_addresses(50)]

    assert len(set(found)) == 50
    assert all(port < lowest for port in found)


def test_what_somebody_has_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        first = port_of(free_addresses(1)[0])
        taken.bind(("127.0.0.1", first))
        taken.listen()
        monkeypatch.setattr(ports, "_ports", lambda: iter([first, first + 1]))

        assert port_of(free_addresses(1)[0]) != first


def test_where_the_kernel_keeps_nothing_back_it_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "range").write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "_GIVEN", tmp_path / "range")

    assert len(set(free_addresses(3))) == 3
