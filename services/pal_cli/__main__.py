"""The `pal` command line."""

from __future__ import annotations

import logging
import sys

import typer

from pal_cli.commands import (
    audit,
    conformance,
    demo,
    doctor,
    documents,
    imports,
    inputs,
    mesh,
    replay,
    run,
    runs,
    runtime,
    runtimes,
)

app = typer.Typer(
    name="pal",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Run agents on replaceable runtimes. `pal up` starts a mesh, `pal run AGENT --input TEXT` runs an agent.",
)
app.command()(mesh.up)
app.command()(mesh.down)
app.command()(mesh.status)
app.command()(mesh.logs)
app.command()(documents.apply)
app.command()(documents.get)
app.command()(documents.describe)
app.command()(documents.delete)
app.command()(run.run)
app.add_typer(runs.app, name="runs")
app.add_typer(inputs.app, name="inputs")
app.command()(replay.replay)
app.add_typer(imports.app, name="import")
app.add_typer(runtime.app, name="runtime")
app.add_typer(runtime.app, name="runtimes", hidden=True)
app.add_typer(runtimes.routes, name="route")
app.command()(conformance.conformance)
app.add_typer(audit.app, name="audit")
app.command()(doctor.doctor)
app.command()(doctor.version)
app.command()(demo.demo)


def main() -> None:
    """Run the command that the arguments name."""
    # grpc writes what it thinks of lost peers to stderr; commands say it in their own words.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    app()


if __name__ == "__main__":
    main()
