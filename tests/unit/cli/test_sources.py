"""What `pal runtime install` is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pal_cli.failures import CommandError
from pal_cli.plugins.sources import Bundled, Distribution, NodePackage, Program, source


@pytest.mark.parametrize(
    ("text", "kind", "clauses"),
    [
        ("agno", "agno", ""),
        ("agno==3.0.11", "agno", "==3.0.11"),
        ("Agno >= 3.0, < 3.1", "agno", ">= 3.0,< 3.1"),
        ("pydantic-ai-slim==2.60.0", "pydantic-ai", "==2.60.0"),
        ("pydantic-ai==2.60.0", "pydantic-ai", "==2.60.0"),
    ],
)
def test_an_sdk_whose_adapter_comes_with_pal_is_known_by_both_names(
    text: str, kind: str, clauses: str, tmp_path: Path
) -> None:
    found = source(text, tmp_path)

    assert isinstance(found, Bundled)
    assert (found.kind.name, found.clauses) == (kind, clauses)


def test_any_other_requirement_is_a_distribution(tmp_path: Path) -> None:
    assert source("my-adapter[fast]>=1.0", tmp_path) == Distribution(
        requirement="my-adapter[fast]>=1.0", text="my-adapter[fast]>=1.0"
    )


@pytest.mark.parametrize(
    ("file", "kind"),
    [("pyproject.toml", Distribution), ("package.json", NodePackage)],
)
def test_a_folder_is_what_its_project_file_says(
    file: str, kind: type[Distribution] | type[NodePackage], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / file).write_text("")

    found = source("./mine", tmp_path)

    assert found == kind(requirement=str(tmp_path / "mine"), text=str(tmp_path / "mine"))


@pytest.mark.parametrize("package", ["left", "left@1.2.3", "@mine/left", "@mine/left@^1.2"])
def test_npm_packages_are_named_with_their_registry(package: str, tmp_path: Path) -> None:
    assert source(f"npm:{package}", tmp_path) == NodePackage(requirement=package, text=f"npm:{package}")


def test_a_program_keeps_what_it_is_given_and_finds_its_files_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "adapter.py").write_text("")

    found = source("--command sh -c 'exit 3' adapter.py --flag", tmp_path)

    assert isinstance(found, Program)
    assert found.command[0].endswith("/sh")
    assert found.command[1:] == ("-c", "exit 3", str(tmp_path / "adapter.py"), "--flag")
    assert source(found.text, Path("/")) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be installed"),
        ("agno@3.0.11", "write agno==3.0.11"),
        ("agno=3.0.11", "write agno==3.0.11"),
        ("agno==3.0.11; rm -rf", "cannot be installed"),
        ("git+https://example.invalid/x", "cannot be installed"),
        ("npm:", "npm:PACKAGE"),
        ("npm:LEFT PAD", "npm:PACKAGE"),
        ("./nothing", "no such file or folder"),
        ("mine-1.0-py3-none-any.whl", "no such file or folder"),
        ("--command ", "--command is empty"),
        ("--command 'open", "quote it as for a shell"),
        ("--command ./nothing", "there is no such program"),
    ],
)
def test_what_cannot_be_installed_is_refused_with_what_could(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=words):
        source(text, tmp_path)


def test_a_file_that_is_no_package_is_taken_for_a_program_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "adapter").write_text("")

    with pytest.raises(CommandError, match=r'--command "\./adapter"'):
        source("./adapter", tmp_path)
    with pytest.raises(CommandError, match=r"chmod \+x it"):
        source("--command ./adapter", tmp_path)
