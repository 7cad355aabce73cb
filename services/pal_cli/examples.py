"""What `--help` shows of a command in use."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.markup import escape

EXAMPLES: dict[str, Sequence[str]] = {
    "route get": ("support-desk", "--all"),
    "route set": (
        'support-desk agno --reason "the trial is over"',
        'support-desk agno=90 langgraph=10 --fallback pydantic-ai --reason "trial of langgraph"',
        "support-desk langgraph --versions '>=2 <3' --sticky run --expect 4 --dry-run",
        "support-desk agno --running drain --within 60",
    ),
    "route history": ("support-desk -n 5",),
    "route diff": ("support-desk", "support-desk 3 5"),
    "route rollback": ('support-desk --reason "blue fails every run" --running move', "support-desk --to 4"),
    "route breakers": ("support-desk",),
    "rollout apply": (
        "examples/rollouts/to-pydantic-ai.yaml --check",
        'examples/rollouts/to-pydantic-ai.yaml --reason "it is cheaper" --watch',
    ),
    "rollout status": ("to-pydantic-ai -o json",),
    "rollout watch": ("to-pydantic-ai",),
    "rollout history": ("to-pydantic-ai",),
    "rollout list": ("support-desk",),
    "rollout pause": ('--reason "looking"',),
    "rollout resume": ('--reason "it was the network"',),
    "rollout approve": ('--reason "the team agreed" --author ada',),
    "rollout promote": ('--reason "enough was seen by hand"',),
    "rollout abort": ('--reason "customers call"',),
    "gameday run": ("examples/gamedays/switch-and-back.yaml", "examples/gamedays/recorder-away.yaml --delay 2"),
    "gameday check": ("examples/gamedays/failing-tool.yaml",),
    "gameday faults": ("-o json",),
    "gameday heal": ("01a20f5f-5cf7-719d-aebb-0e64bafcb62a",),
    "gameday tour": ("--out gameday-output",),
    "certificate list": ("--plan switch-and-back",),
    "certificate verify": ("1", ".pal/certificates/000001-failing-tool.json --keys .pal/keys"),
    "certificate show": ("1 --html certificate.html",),
    "quota list": ("-o json",),
    "quota show": ("acme",),
    "quota usage": ("acme",),
    "tenant token": ("acme > acme.token", "acme --caller ada"),
    "slo": ("support-desk --window 6h --objective 99.5", "--by tier --lane shadow", "--check --least 50"),
    "explain": ("01a21006-1864-73a4-879e-d6916c22a974",),
    "advise": (
        "agno --index --matrix agno.matrix.json --osv agno.osv.json",
        "--rules mine.yaml --check",
    ),
}


def with_examples(app: typer.Typer, words: Sequence[str] = ()) -> typer.Typer:
    """Return *app*, whose commands stand below *words*, with the examples of each."""
    for command in app.registered_commands:
        name = command.name or (command.callback.__name__ if command.callback else "")
        path = " ".join([*words, name])
        if lines := EXAMPLES.get(path):
            command.epilog = "\n\n".join(["For example:", *(f"[dim]$[/] pal {path} {escape(line)}" for line in lines)])
    for group in app.registered_groups:
        if group.typer_instance is not None:
            with_examples(group.typer_instance, [*words, group.name or ""])
    return app
