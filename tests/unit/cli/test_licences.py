"""The licence of what is installed is the one that its distribution states."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pal_cli.home import Home
from pal_cli.licences import in_environment, in_node_modules, installed
from pal_cli.plugins.records import Record, Records


def distribution(environment: Path, *lines: str) -> None:
    folder = environment / "lib" / "python3.11" / "site-packages" / "my_sdk-2.1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("\n".join(("Metadata-Version: 2.4", "Name: my-sdk", "Version: 2.1", *lines, "")))


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        (["License-Expression: MIT"], "MIT"),
        (["License: BSD-3-Clause", "Classifier: License :: OSI Approved :: BSD License"], "BSD-3-Clause"),
        (["Classifier: Topic :: X", "Classifier: License :: OSI Approved :: MIT License"], "MIT License"),
        ([f"License: {'a whole text ' * 40}", "Classifier: License :: OSI Approved :: MIT License"], "MIT License"),
        ([], ""),
    ],
)
def test_a_distribution_states_it_in_one_of_several_places(tmp_path: Path, lines: list[str], licence: str) -> None:
    distribution(tmp_path, *lines)

    assert in_environment(tmp_path, "My_SDK") == ("2.1", licence)


def test_what_is_not_installed_has_none(tmp_path: Path) -> None:
    assert in_environment(tmp_path, "my-sdk") == ("", "")
    assert in_node_modules(tmp_path, "my-sdk") == ("", "")


@pytest.mark.parametrize(
    ("source", "package", "ecosystem"),
    [
        ("agno==3.0.11", "agno", "PyPI"),
        ("my-adapter[fast]>=1,<2", "my-adapter", "PyPI"),
        ("npm:@me/adapter@1.0", "@me/adapter", "npm"),
        ("--command /bin/true", "", ""),
    ],
)
def test_a_runtime_that_was_added_is_known_by_what_was_asked_for(
    tmp_path: Path, source: str, package: str, ecosystem: str
) -> None:
    Records(tmp_path).write(Record(name="mine", source=source, command=("x",), environment="envs/1"))

    built = installed(Home(tmp_path), "mine")

    assert (built.package, built.ecosystem, built.licences()) == (package, ecosystem, [])


def test_the_licence_of_an_added_runtime_is_read_where_it_is_installed(tmp_path: Path) -> None:
    record = Record(name="mine", source="my-sdk==2.1", command=("x",), environment="envs/1")
    Records(tmp_path).write(record)
    distribution(Records(tmp_path).folder("mine") / "envs/1" / "venv", "License-Expression: MIT")
    node = Record(name="web", source="npm:web@1", command=("x",), environment="envs/1")
    Records(tmp_path).write(node)
    folder = Records(tmp_path).folder("web") / "envs/1" / "node_modules" / "web"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": "1.0.3", "license": "ISC"}))

    stated = [installed(Home(tmp_path), name).licences() for name in ("mine", "web")]

    assert [(one.version, one.licence) for (one,) in stated] == [("2.1", "MIT"), ("1.0.3", "ISC")]


def test_of_a_runtime_that_nobody_knows_nothing_is_said(tmp_path: Path) -> None:
    assert installed(Home(tmp_path), "nobody").package == ""
