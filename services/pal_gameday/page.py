"""A certificate as a page for people: one file, nothing to load."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from pal.v1 import gameday_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_log import clock

_STYLE = (
    ":root{color-scheme:light dark;--ink:#1c2430;--mute:#5a6675;--line:#dde3ea;--paper:#fff;"
    "--pass:#11713a;--fail:#b3261e;--invalid:#8a5a00}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ee;--mute:#9aa6b4;--line:#38424e;--paper:#14181d;"
    "--pass:#58c583;--fail:#ff8a80;--invalid:#e0b050}}"
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;"
    "color:var(--ink);background:var(--paper)}"
    "div{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.4rem 0 1.4rem}"
    "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}"
    ".facts td{overflow-wrap:anywhere}th{font-weight:600;color:var(--mute)}"
    ".PASS{color:var(--pass)}.FAIL{color:var(--fail)}.INVALID{color:var(--invalid)}"
    "code{font-size:.86em;word-break:break-all}h1 span{font-weight:700}"
    "@media(max-width:40rem){body{margin:1rem auto}th,td{padding:.3rem .3rem;font-size:.85rem}}"
)
_ROLLBACK = ("Step", "Agent", "From", "Back on", "Took", "Limit", "Late runs")


def page(certificate: pb.Certificate, key: str) -> str:
    """Return *certificate*, signed by *key*, as HTML."""
    verdict = _word(pb.DrillVerdict.Name(certificate.verdict), "DRILL_VERDICT_")
    name = f"{certificate.plan.name} {certificate.plan.version}"
    parts = [
        f'<h1>{_text(name)}: <span class="{verdict}">{verdict}</span></h1>',
        f"<p>{_text(certificate.hypothesis)}</p>",
        _list(certificate.reasons),
        _facts(certificate, key),
        _section("What had to hold", ("", "Invariant", "Found"), _findings(certificate)),
        _section("Probes", ("", "Probe", "Measured", "Bounds"), _probes(certificate)),
        _section("Rollbacks", _ROLLBACK, _rollbacks(certificate)),
        _section("Rollouts", ("Step", "Expected", "Ended", "Because", "What happened"), _rollouts(certificate)),
        _section("Receipts", ("Step", "What", "Where"), _receipts(certificate)),
        _section("Runs", ("Step", "Run", "Runtimes", "End", "Expected", "Faults", "Took"), _runs(certificate)),
        _section("Documents", ("Kind", "Name", "Before", "After"), _documents(certificate)),
        _section("Processes", ("Process", "Before", "After", "Taken down by the plan"), _processes(certificate)),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{_text(name)}: {verdict}</title>'
        f"<style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )


def _facts(certificate: pb.Certificate, key: str) -> str:
    clean, below = certificate.clean_drills, certificate.failure_rate_below_ppm / 10_000
    usage = certificate.usage
    rows = [
        ("Certificate", f"{certificate.number}, after {certificate.previous_digest or 'none'}"),
        ("Drill", certificate.drill_id),
        ("Took place", f"{clock.second(certificate.began_at)} to {clock.second(certificate.ended_at)}"),
        ("Good until", clock.second(certificate.expires_at)),
        ("Plan", certificate.plan.digest),
        ("Signed by", key),
        ("Cost", f"{_money(certificate)}, {usage.input_tokens} + {usage.output_tokens} tokens"),
        ("Audit", f"{certificate.audit.runs} runs, {certificate.audit.events} events"),
        ("Clean drills", f"{clean} in a row: with 95 % confidence fewer than {below:g} % of such drills fail (3/n)"),
    ]
    if clean < 4:
        rows[-1] = ("Clean drills", f"{clean} in a row, which is too few to say how often such a drill fails (3/n)")
    cells = "".join(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in rows)
    return f'<table class="facts">{cells}</table>'


def _findings(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for finding in certificate.findings:
        name = _word(pb.GameDayInvariant.Name(finding.invariant), "GAME_DAY_INVARIANT_")
        yield _verdict(finding.verdict), _text(name.replace("_", " ").lower()), _text(finding.detail)


def _probes(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for probe in certificate.probes:
        low = f"at least {probe.at_least}" if probe.HasField("at_least") else ""
        high = f"at most {probe.at_most}" if probe.HasField("at_most") else ""
        value = str(probe.value) if probe.HasField("value") else "no data"
        measure = _word(pb.GameDayMeasure.Name(probe.measure), "GAME_DAY_MEASURE_").replace("_", " ").lower()
        bounds = " ".join(filter(None, (low, high)))
        yield _verdict(probe.verdict), _text(f"{probe.id}: {measure}"), _text(value), _text(bounds)


def _rollbacks(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for one in certificate.rollbacks:
        took = f"{one.took.ToMilliseconds() / 1000:.2f} s" if one.HasField("ended_at") else "did not end"
        limit = f"{one.limit.ToMilliseconds() / 1000:g} s"
        yield tuple(map(_text, (one.step, one.agent, one.left, one.back_on, took, limit, str(one.late_runs))))


def _rollouts(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for one in certificate.rollouts:
        expected, ended = (
            _word(pb.GameDayRolloutEnd.Name(end), "GAME_DAY_ROLLOUT_END_") for end in (one.expected, one.ended)
        )
        yield *map(_text, (one.step, expected, ended, one.reason)), "<br>".join(map(_text, one.history))


def _receipts(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for one in certificate.receipts:
        where = f"{one.run_id}, event {one.seq}" if one.run_id else one.seen
        yield tuple(map(_text, (one.step, one.what, where)))


def _runs(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for run in certificate.runs:
        end = f"{_word(events.RunOutcome.Name(run.outcome), 'RUN_OUTCOME_')} {run.reason}"
        expected = "yes" if run.expected else "no"
        took = f"{run.took.ToMilliseconds()} ms"
        cells = (run.step, run.run_id, ", ".join(run.runtimes), end, expected, str(run.faults), took)
        yield tuple(map(_text, cells))


def _documents(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for one in certificate.documents:
        yield _text(one.kind), _text(one.name), _code(one.before), _code(one.after)


def _processes(certificate: pb.Certificate) -> Iterable[Sequence[str]]:
    for one in certificate.processes:
        yield _text(one.name), _code(one.before), _code(one.after), "yes" if one.planned else ""


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    if not body:
        return ""
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    return f"<h2>{_text(title)}</h2><div><table><tr>{head}</tr>{body}</table></div>"


def _list(reasons: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(reason)}</li>" for reason in reasons)
    return f"<ul>{items}</ul>" if items else ""


def _verdict(verdict: pb.DrillVerdict) -> str:
    word = _word(pb.DrillVerdict.Name(verdict), "DRILL_VERDICT_")
    return f'<b class="{word}">{word}</b>'


def _money(certificate: pb.Certificate) -> str:
    cost = certificate.cost
    return f"{cost.nanos / 1e9:.6f} {cost.currency_code}" if cost.currency_code else "no price known"


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    return html.escape(text)


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)
