"""`pal conformance`: the contract of a runtime, as cases that an adapter in any language is held to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, CommandError
from pal_cli.settings import HomeOption, Output, OutputFormat, command, home_of
from pal_cli.show import err, print_json, say, table
from pal_cli.trials import running, started_for_this
from pal_conformance.case import Case
from pal_conformance.declaration import as_text, measured, settled, standing
from pal_conformance.kit import ADDRESSES
from pal_conformance.report import as_json, as_junit, counted
from pal_conformance.suite import ALL_SECONDS, CASE_SECONDS, matching, results
from pal_conformance.target import Target
from pal_conformance.verdict import Result, Status


@command
async def conformance(
    target: Annotated[str, typer.Option(help="HOST:PORT of an adapter that runs")] = "",
    runtime: Annotated[str, typer.Option(help="an installed runtime, whose adapter is started for this")] = "",
    version: Annotated[str, typer.Option(help="with --runtime: this version of its SDK, 3.0.11 or '>=3,<4'")] = "",
    install: Annotated[str, typer.Option(help="whatever `pal runtime install` takes, made for this alone")] = "",
    home: HomeOption = None,
    case: Annotated[list[str] | None, typer.Option(help="id, group or pattern such as 'tool.*', repeatable")] = None,
    list_: Annotated[bool, typer.Option("--list", help="list the cases and end")] = False,
    output: Output = OutputFormat.table,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write everything that was found to this file")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="write JUnit XML to this file")] = None,
    declare: Annotated[
        Path | None, typer.Option(help="measure all cases and write what was shown to this file, as the declaration")
    ] = None,
    timeout: Annotated[float, typer.Option(help="seconds for each case", min=1)] = CASE_SECONDS,
    total_timeout: Annotated[float, typer.Option(help="seconds for all of them", min=1)] = ALL_SECONDS,
    registry: Annotated[str, typer.Option(help="where the kit is the registry")] = ADDRESSES["registry"],
    llm_provider: Annotated[str, typer.Option(help="where the kit is the model")] = ADDRESSES["llm_provider"],
    tool_executor: Annotated[str, typer.Option(help="where the kit is the tools")] = ADDRESSES["tool_executor"],
) -> int:
    """Hold an adapter to the contract. Exit code 1 when a case fails.

    An adapter of your own: start it with PAL_REGISTRY_ADDRESS, PAL_LLM_PROVIDER_ADDRESS and PAL_TOOL_EXECUTOR_ADDRESS
    set to where the kit listens (the defaults are the mesh's), then name it with --target.
    """
    chosen = _chosen(case or [])
    if list_:
        _list(chosen, output)
        return OK
    if declare is not None and case:
        raise CommandError("--declare measures all cases: leave out --case")
    _check_tested(target, runtime, version, install)
    _check_writable(json_file, junit, declare)
    own = {"registry": registry, "llm_provider": llm_provider, "tool_executor": tool_executor}
    trial = running(target, own) if target else started_for_this(home_of(home), runtime, version, install)
    async with trial as (candidate, served):
        terms = {"case_seconds": timeout, "all_seconds": total_timeout}
        search = results(candidate, served, chosen, **terms, undeclared_too=declare is not None)
        found = settled(candidate, await _all(search, len(chosen)))
    _in_order(found, chosen)
    _write(json_file, json.dumps(as_json(candidate, found), indent=2, ensure_ascii=False) + "\n")
    _write(junit, as_junit(candidate, found))
    _show(candidate, found, output)
    if output is OutputFormat.table and not case:
        say(f"[dim]{escape(standing(candidate, found))}[/]")
    if declare is not None:
        _declare(declare, candidate, found)
    return RUN_FAILED if counted(found)["failed"] else OK


def _check_tested(target: str, runtime: str, version: str, install: str) -> None:
    if sum(map(bool, (target, runtime, install))) != 1:
        raise CommandError("name what is to be tested: --target HOST:PORT, --runtime NAME, or --install ./folder")
    if version and not runtime:
        raise CommandError("--version goes with --runtime")


def _check_writable(*files: Path | None) -> None:
    for file in files:
        if file and not file.parent.is_dir():
            raise CommandError(f"{file}: {file.parent} is no directory; make it, or name another")


def _in_order(found: list[Result], chosen: Sequence[Case]) -> None:
    order = [case.id for case in chosen]
    found.sort(key=lambda result: order.index(result.case_id))


async def _all(search: AsyncIterator[Result], count: int) -> list[Result]:
    found: list[Result] = []
    with err.status(f"0 of {count} cases") as status:
        async for result in search:
            found.append(result)
            status.update(f"{len(found)} of {count} cases")
    return found


def _declare(path: Path, target: Target, found: Sequence[Result]) -> None:
    if failed := counted(found)["failed"]:
        raise CommandError(f"--declare {path}: not written, because {failed} cases failed", RUN_FAILED)
    _write(path, as_text(measured(target, found)))
    say(f"{path} declares what was measured")


def _chosen(patterns: Sequence[str]) -> list[Case]:
    for pattern in patterns:
        if not matching([pattern]):
            raise CommandError(f"--case {pattern}: no such case; `pal conformance --list` shows them", NOT_FOUND)
    return matching(patterns)


def _list(cases: Sequence[Case], output: OutputFormat) -> None:
    if output is OutputFormat.json:
        rows = [{"id": c.id, "claim": c.claim, "capability": c.capability, "ends": c.ending} for c in cases]
        print_json({"cases": rows})
    else:
        table(["CASE", "NEEDS", "ENDS AS", "CLAIM"], [[c.id, c.capability, c.ending, c.claim] for c in cases], empty="")


def _write(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        path.write_text(text)
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from None


def _show(target: Target, found: Sequence[Result], output: OutputFormat) -> None:
    if output is OutputFormat.json:
        print_json(as_json(target, found))
        return
    rows = [[r.case_id, r.status.value, f"{r.seconds:.2f} s", r.reason or r.claim] for r in found]
    table(["CASE", "RESULT", "TIME", ""], rows, empty="no case")
    for result in found:
        if result.status is Status.failed:
            say(f"\n[bold red]{result.case_id}[/] {escape(result.claim)}\n  {escape(result.reason)}")
            if result.evidence:
                say(f"  [dim]{escape(result.evidence)}[/]")
    count = counted(found)
    verdict = "[bold red]does not conform[/]" if count["failed"] else "[bold green]conforms[/]"
    tally = ", ".join(f"{number} {name}" for name, number in count.items())
    say(f"\n{escape(target.name)} {verdict}: {tally}")
