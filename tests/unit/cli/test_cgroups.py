"""Control groups, on a tree of plain files: what is written where. The kernel's part cannot be had in every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pal_cli.plugins.cgroups import Groups, delegated, offered
from pal_cli.plugins.limits import Limits


def tree(root: Path, controllers: str) -> Path:
    """Make the group ``/user/mesh`` in a hierarchy at *root*."""
    own = root / "user" / "mesh"
    own.mkdir(parents=True)
    (own / "cgroup.controllers").write_text(controllers)
    return own


def test_groups_are_had_where_all_controllers_are_offered(tmp_path: Path) -> None:
    own = tree(tmp_path, "cpuset cpu io memory pids\n")

    with delegated(tmp_path, "/user/mesh") as groups:
        leaf = (own / "supervisor" / "cgroup.procs").read_text()
        enabled = (own / "cgroup.subtree_control").read_text()

    assert groups is not None
    assert leaf == str(os.getpid())
    assert enabled == "+cpu +memory +pids"
    assert (own / "cgroup.procs").read_text() == str(os.getpid())


@pytest.mark.parametrize("controllers", ["", "hugetlb", "cpu memory"])
def test_without_one_of_the_controllers_nothing_is_touched(tmp_path: Path, controllers: str) -> None:
    own = tree(tmp_path, controllers)

    with delegated(tmp_path, "/user/mesh") as groups:
        pass

    assert groups is None
    assert [path.name for path in own.iterdir()] == ["cgroup.controllers"]


def test_without_the_hierarchy_there_are_none(tmp_path: Path) -> None:
    assert not offered(tmp_path, "/user/mesh")
    assert not offered(Path(), "")


def test_limits_are_in_force_before_the_adapter_starts(tmp_path: Path) -> None:
    group = Groups(tmp_path).make("blue", Limits(memory_mib=100, cpu_percent=50, processes=20))

    written = {path.name: path.read_text() for path in group.path.iterdir()}
    assert written == {
        "memory.max": str(100 * 1024 * 1024),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "20",
        "cpu.max": "50000 100000",
    }


def test_what_the_kernel_ended_for_its_memory_is_told(tmp_path: Path) -> None:
    group = Groups(tmp_path).make("blue", Limits(memory_mib=100))

    (group.path / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\n")
    killed = group.verdict()
    (group.path / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 0\noom_kill 0\n")

    assert killed == "killed: out of memory: its limit is 100 MiB"
    assert group.verdict() == ""


def test_every_life_has_a_group_of_its_own(tmp_path: Path) -> None:
    groups = Groups(tmp_path)

    assert groups.make("blue", Limits()).path != groups.make("blue", Limits()).path
