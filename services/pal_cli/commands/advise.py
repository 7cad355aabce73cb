"""`pal advise`: whether to stay on a runtime or to leave it, with the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import advice_pb2 as advice
from pal_cli import advice_files as files
from pal_cli.advice import show
from pal_cli.advice_rules import drafted
from pal_cli.failures import OK, RUN_FAILED, UNDECIDED, CommandError
from pal_cli.licences import PYPI, Installed, installed
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, count, print_json, say
from pal_cli.texts import read_text

_CALL_SECONDS = 60.0
_EXITS = {advice.ADVICE_VERDICT_MAY_STAY: OK, advice.ADVICE_VERDICT_MUST_MIGRATE: RUN_FAILED}


@command
async def advise(
    runtime: Annotated[str, typer.Argument(help="the runtime, as in `pal runtime list`", show_default=False)] = "",
    osv: Annotated[list[Path] | None, typer.Option(help="advisories in the JSON of OSV; repeatable")] = None,
    matrix: Annotated[Path | None, typer.Option(help="what `pal runtime matrix --output json` printed")] = None,
    releases: Annotated[Path | None, typer.Option(help="releases in the JSON of a package index")] = None,
    index: Annotated[bool, typer.Option("--index", help="ask the package index for the releases")] = False,
    rules: Annotated[Path | None, typer.Option(help="rules of your own; default: those that come with PAL")] = None,
    check: Annotated[bool, typer.Option("--check", help="only check --rules")] = False,
    home: HomeOption = None,
    output: Output = OutputFormat.table,
    json: Annotated[bool, typer.Option("--json", help="the same as --output json")] = False,
) -> int:
    """Advise whether to stay on a runtime. Exit code 0 for MAY_STAY, 1 for MUST_MIGRATE, 8 for PREPARE and WATCH."""
    own = drafted(read_text(rules), str(rules)) if rules else None
    if check:
        return _checked(own, rules)
    if not runtime:
        raise CommandError("RUNTIME: missing; `pal runtime list` shows what there is")
    built = installed(home_of(home), runtime)
    request = pb.AdviseRequest(
        runtime=runtime,
        rules=own,
        osv=[files.file(path) for path in osv or ()],
        matrix=files.matrix(matrix) if matrix else None,
        releases=await _releases(releases, built, index=index),
        package=built.package,
        ecosystem=built.ecosystem,
        licences=built.licences(),
    )
    async with connected(home_of(home)) as mesh:
        found = (await mesh.migration.Advise(request, timeout=_CALL_SECONDS)).advice
    if json or output is OutputFormat.json:
        print_json(as_json(found))
    else:
        show(found)
    return _EXITS.get(found.verdict, UNDECIDED)


async def _releases(path: Path | None, built: Installed, *, index: bool) -> pb.AdviceFile | None:
    if path is not None or not index:
        return files.releases(path) if path else None
    if built.ecosystem != PYPI:
        raise CommandError(
            f"--index: {built.package or 'this runtime'} is no package of a Python index; use --releases"
        )
    # Only whoever asks for it pays for its import.
    from pal_cli.release_list import release_list

    return await release_list(built.package)


def _checked(rules: advice.AdviceRules | None, path: Path | None) -> int:
    if rules is None:
        raise CommandError("--check: name the rules with --rules FILE")
    conditions = count(sum(len(rule.conditions) for rule in rules.spec.rules), "condition")
    name = f"{rules.metadata.name} {rules.metadata.version}"
    say(f"{escape(str(path))}: {escape(name)}, {count(len(rules.spec.rules), 'rule')}, {conditions}")
    return OK
