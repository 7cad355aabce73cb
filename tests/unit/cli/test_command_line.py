"""A command starts as fast as it can: what the others need is not imported."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
import typer

from pal_cli.__main__ import WORDS, command_line
from pal_cli.examples import EXAMPLES

LOADED = """
import sys
from pal_cli.__main__ import command_line
command_line(["get"])
print(*(name for name in sys.modules if name.startswith("pal_cli.commands.")))
"""

STARTED = """
import os
import sys
from pal_cli.__main__ import main
print("grpc" in sys.modules)
sys.argv = ["pal", "up", "--help"]
try:
    main()
finally:
    print("grpc" in sys.modules, os.environ["GRPC_ENABLE_FORK_SUPPORT"])
"""


def test_a_command_imports_no_other() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == ["pal_cli.commands.documents"]


def test_every_word_is_there() -> None:
    app = command_line(WORDS)

    words = [command.name for command in app.registered_commands] + [group.name for group in app.registered_groups]
    assert sorted(filter(None, words)) == sorted(WORDS)


@pytest.mark.parametrize(("path", "line"), [(path, line) for path, lines in EXAMPLES.items() for line in lines])
def test_an_example_is_a_command(path: str, line: str) -> None:
    word, *rest = path.split()
    command = typer.main.get_command(command_line([word])).commands[word]  # type: ignore[attr-defined]
    for name in rest:
        command = command.commands[name]

    context = command.make_context(path, shlex.split(line.partition(" > ")[0]))

    assert context.command is command
    assert f"pal {path} {line}" in command.epilog.replace("\\", "")


def test_grpc_leaves_alone_what_a_command_starts() -> None:
    started = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True)

    said = started.stdout.splitlines()
    # It reads that when it is imported.
    assert (said[0], said[-1]) == ("False", "True 0")
