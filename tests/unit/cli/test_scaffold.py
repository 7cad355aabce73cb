"""Projects for authors of runtimes."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import pytest

from pal_cli.failures import CommandError
from pal_cli.plugins.scaffold import Language, write_project


@pytest.mark.parametrize("language", Language)
def test_nothing_of_the_template_is_left_in_a_project(language: Language, tmp_path: Path) -> None:
    files = write_project("my-runtime", language, tmp_path / "project")

    assert files
    for file in files:
        assert "__NAME__" not in file.read_text() and "__MODULE__" not in str(file)


def test_a_python_project_publishes_the_runtime_that_its_class_declares(tmp_path: Path) -> None:
    write_project("my-runtime", Language.python, tmp_path)

    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    tree = ast.parse((tmp_path / "my_runtime" / "runtime.py").read_text())
    assert project["entry-points"]["pal.runtimes"] == {"my-runtime": "my_runtime.runtime:MyRuntimeRuntime"}
    assert "MyRuntimeRuntime" in [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def test_a_typescript_project_names_one_program(tmp_path: Path) -> None:
    write_project("mine", Language.typescript, tmp_path)

    document = json.loads((tmp_path / "package.json").read_text())
    assert (tmp_path / document["bin"]).is_file()


@pytest.mark.parametrize(
    ("name", "words"),
    [("My Runtime", "is not a name"), ("1st", "begin with a letter"), ("a.b", "no dots"), ("agno", "comes with PAL")],
)
def test_a_name_that_no_package_can_have_is_refused(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=words):
        write_project(name, Language.python, tmp_path)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("")

    with pytest.raises(CommandError, match="not empty"):
        write_project("mine", Language.python, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
