"""`pal certificate ...`: what drills have shown, and whether that can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pal.v1 import gameday_pb2 as pb
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, CommandError
from pal_cli.settings import HomeOption, Output, OutputFormat, command, home_of
from pal_cli.show import as_json, count, moment, money, print_json, say, table
from pal_cli.texts import read_text
from pal_gameday.page import page
from pal_rpc.certificates import Certificates, Signed, Unreadable, problems, read
from pal_rpc.keys import GAMEDAY, known_keys

app = typer.Typer(no_args_is_help=True, help="The certificates of drills.")
_COLOURS = {pb.DRILL_VERDICT_PASS: "green", pb.DRILL_VERDICT_FAIL: "red"}
File = Annotated[Path, typer.Argument(help="certificate, a .json file of `pal gameday run` or its number in the home")]


@app.command()
@command
async def verify(
    file: File,
    home: HomeOption = None,
    keys: Annotated[
        Path | None, typer.Option(help="directory with gameday.pub; default: the keys of the home", show_default=False)
    ] = None,
    output: Output = OutputFormat.table,
) -> int:
    """Check signature, chain and expiry of a certificate. Exit code 1 when something is wrong with it."""
    file = _located(file, home)
    one = _read(file)
    try:
        before = Certificates(file.parent).before(one)
    except Unreadable as error:
        raise CommandError(f"{file}: the certificate before it: {error}") from None
    found = problems(one, before, known_keys(keys or home_of(home).keys, GAMEDAY))
    stated = one.stated
    if output is OutputFormat.json:
        print_json({"problems": found, "verdict": _verdict(stated), "digest": one.digest, "keyId": one.key})
    else:
        for problem in found:
            say(f"[bold red]✗[/] {escape(problem)}")
        if not found:
            name = f"{stated.plan.name} {stated.plan.version}"
            until = moment(stated.expires_at)
            say(f"[bold green]✓[/] genuine: {escape(name)} came to {_verdict(stated)}; good until {until}")
    return RUN_FAILED if found else OK


@app.command()
@command
async def show(
    file: File,
    home: HomeOption = None,
    html: Annotated[Path | None, typer.Option(help="write it as a page to this file")] = None,
    output: Output = OutputFormat.table,
) -> int:
    """Show what a certificate states. Whether it is genuine says `pal certificate verify`."""
    one = _read(_located(file, home))
    if html:
        try:
            html.write_text(page(one.stated, one.key))
        except OSError as error:
            raise CommandError(f"--html {html}: {error.strerror}") from None
    if output is OutputFormat.json:
        print_json(as_json(one.stated))
    else:
        _headed(one.stated)
        shown(one.stated)
    return OK


@app.command("list")
@command
async def list_(
    plan: Annotated[str, typer.Option(help="only those of this plan")] = "",
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """List the certificates of a home, newest first."""
    directory = home_of(home).certificates
    try:
        known = [one.stated for one in reversed(Certificates(directory).all()) if plan in ("", one.stated.plan.name)]
    except Unreadable as error:
        raise CommandError(f"{directory}: {error}") from None
    if output is OutputFormat.json:
        print_json({"certificates": [as_json(one) for one in known]})
        return
    rows = [
        (
            str(one.number),
            f"{one.plan.name} {one.plan.version}",
            _verdict(one),
            str(one.clean_drills),
            moment(one.ended_at),
            moment(one.expires_at),
        )
        for one in known
    ]
    empty = f"no drill of the plan {plan} was carried out here" if plan else "no drill was carried out here"
    table(["NUMBER", "PLAN", "VERDICT", "CLEAN", "MADE", "GOOD UNTIL"], rows, empty=empty)


def shown(certificate: pb.Certificate) -> None:
    """Print what *certificate* states."""
    for finding in certificate.findings:
        name = pb.GameDayInvariant.Name(finding.invariant).removeprefix("GAME_DAY_INVARIANT_")
        say(f"{_mark(finding.verdict)} {name.replace('_', ' ').lower():22} [dim]{escape(finding.detail)}[/]")
    for probe in certificate.probes:
        value = str(probe.value) if probe.HasField("value") else "no data"
        measure = pb.GameDayMeasure.Name(probe.measure).removeprefix("GAME_DAY_MEASURE_").replace("_", " ").lower()
        say(f"{_mark(probe.verdict)} {escape(probe.id):22} [dim]{measure}: {value}[/]")
    for one in certificate.rollbacks:
        took = f"{one.took.ToMilliseconds() / 1000:.2f} s" if one.HasField("ended_at") else "did not end"
        limit = f"{one.limit.ToMilliseconds() / 1000:g} s"
        of = f" of {escape(one.agent)}" if one.agent else ""
        say(f"[dim]rollback[/]{of} {escape(one.left)} to {escape(one.back_on)}: {took} of {limit}")
    runs, met = count(len(certificate.runs), "run"), count(len(certificate.receipts), "receipt")
    usage = certificate.usage
    said = f"{runs}, {met}, {usage.input_tokens + usage.output_tokens} tokens"
    say(f"[dim]{said}, cost {money(certificate.cost)}, {count(certificate.clean_drills, 'clean drill')} in a row[/]")
    colour = _COLOURS.get(certificate.verdict, "yellow")
    say(f"[bold {colour}]{_verdict(certificate)}[/]")
    for reason in certificate.reasons:
        say(f"  {escape(reason)}")


def _headed(certificate: pb.Certificate) -> None:
    plan, until = certificate.plan, moment(certificate.expires_at)
    made = f"{moment(certificate.ended_at)}, good until {until}"
    say(f"[bold]{escape(plan.name)} {escape(plan.version)}[/] number {certificate.number} of {made}")
    say(f"[dim]{escape(certificate.hypothesis)}[/]")


def _located(file: Path, home: Path | None) -> Path:
    """Return *file*, or the certificate of the home that has this number."""
    if file.exists() or not str(file).isdecimal():
        return file
    directory = home_of(home).certificates
    found = next(directory.glob(f"{int(str(file)):06d}-*.json"), None)
    if found is None:
        raise CommandError(f"{directory} has no certificate {file}; `pal certificate list` lists them", NOT_FOUND)
    return found


def _read(file: Path) -> Signed:
    try:
        return read(read_text(file))
    except Unreadable as error:
        raise CommandError(f"{file}: {error}") from None


def _mark(verdict: pb.DrillVerdict) -> str:
    return {pb.DRILL_VERDICT_PASS: "[green]✓[/]", pb.DRILL_VERDICT_FAIL: "[red]✗[/]"}.get(verdict, "[yellow]?[/]")


def _verdict(certificate: pb.Certificate) -> str:
    return pb.DrillVerdict.Name(certificate.verdict).removeprefix("DRILL_VERDICT_")
