"""The `pal` command line."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterable

import typer

from pal_cli.examples import with_examples

# The module of each word and what it means there: a command, or the words of a group.
WORDS = {
    "up": ("mesh", "up"),
    "down": ("mesh", "down"),
    "status": ("mesh", "status"),
    "logs": ("mesh", "logs"),
    "apply": ("documents", "apply"),
    "get": ("documents", "get"),
    "describe": ("documents", "describe"),
    "delete": ("documents", "delete"),
    "run": ("run", "run"),
    "runs": ("runs", "app"),
    "inputs": ("inputs", "app"),
    "replay": ("replay", "replay"),
    "worker": ("worker", "worker"),
    "shadow": ("shadow", "app"),
    "verdict": ("verdict", "verdict"),
    "advise": ("advise", "advise"),
    "diff": ("diff", "diff"),
    "import": ("imports", "app"),
    "export": ("export", "export"),
    "archive": ("retention", "archive"),
    "retention": ("retention", "retention"),
    "runtime": ("runtime", "app"),
    "runtimes": ("runtime", "app"),
    "route": ("route", "app"),
    "rollout": ("rollout", "app"),
    "quota": ("quota", "app"),
    "tenant": ("tenant", "app"),
    "slo": ("slo", "slo"),
    "explain": ("explain", "explain"),
    "conformance": ("conformance", "conformance"),
    "audit": ("audit", "app"),
    "gameday": ("gameday", "app"),
    "certificate": ("certificate", "app"),
    "doctor": ("doctor", "doctor"),
    "version": ("doctor", "version"),
    "demo": ("demo", "demo"),
}
_HIDDEN = {"runtimes"}


def command_line(words: Iterable[str]) -> typer.Typer:
    """Return the command line that knows *words*; nothing else is imported."""
    app = typer.Typer(
        name="pal",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        help="Run agents on replaceable runtimes. `pal up` starts a mesh, `pal run AGENT --input TEXT` runs an agent.",
    )
    # Without it a command that is alone would be the whole command line.
    app.callback()(lambda: None)
    for word in words:
        module, name = WORDS[word]
        meant = getattr(importlib.import_module(f"pal_cli.commands.{module}"), name)
        if isinstance(meant, typer.Typer):
            app.add_typer(meant, name=word, hidden=word in _HIDDEN)
        else:
            app.command(word)(meant)
    return with_examples(app)


def main() -> None:
    """Run the command that the arguments name."""
    # Read when grpc is imported. With it, one in a hundred processes that are started beside an open channel dies by
    # SIGSEGV before it becomes its program: grpc starts its threads anew in each.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # grpc writes what it thinks of lost peers to stderr; commands say it in their own words.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    asked = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    command_line([asked] if asked in WORDS else WORDS)()


if __name__ == "__main__":
    main()
