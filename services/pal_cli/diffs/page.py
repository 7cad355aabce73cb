"""Two runs as a page that needs nothing but itself: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from pal.v1 import comparison_pb2 as pb
from pal_cli.diffs.figures import figures, judged_word, tier_word
from pal_cli.diffs.reading import Compared
from pal_cli.diffs.timeline import Bar, bars
from pal_diff.terms import Log

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --hard: #d33; --soft: #b80; --same: #4a4; --mute: #888; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { color: var(--mute); font-weight: 600; } th.name, td.name { width: 15rem; }
code { font: 12px/1.4 ui-monospace, monospace; white-space: pre-wrap; }
.hard { color: var(--hard); font-weight: 600; } .soft { color: var(--soft); } .same { color: var(--same); }
.mute { color: var(--mute); } tr.gone td { background: #d331; } tr.new td { background: #4a42; }
tr.changed td { background: #b801; } del { background: #d332; text-decoration: none; }
ins { background: #4a43; text-decoration: none; }
svg { width: 100%; display: block; } svg text { font: 10px system-ui, sans-serif; fill: currentColor; }
.model { fill: #59c; } .tool { fill: #c83; } .person { fill: #a6c; } .stage { fill: #8886; }
@media (max-width: 40rem) {
  body { margin: 1rem auto; } th, td { padding: .3rem .3rem; font-size: .85rem; } th.name, td.name { width: 28%; }
}
.key span { margin-right: 1.2rem; } .key i { display: inline-block; width: .8rem; height: .8rem; margin-right: .3rem; }
"""
_LANES = ("stage", "model", "tool", "person")
_COLOURS = {"model": "#59c", "tool": "#c83", "person": "#a6c", "stage": "#8886"}
_WIDTH, _ROW = 1000, 16


def page(compared: Compared) -> str:
    """Return the whole page."""
    comparison = compared.comparison
    hard = sum(entry.hard for entry in comparison.tiers)
    soft = sum(entry.soft for entry in comparison.tiers)
    verdict = f'<span class="hard">{hard} hard</span>, ' if hard else ""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(comparison.a.run_id)} and {_text(comparison.b.run_id)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>Two runs of {_text(comparison.a.agent.name)}</h1>",
        f"<p>{verdict}{soft} soft differences</p>",
        *(f'<p class="mute">note: {_text(remark)}</p>' for remark in comparison.remarks),
        _table("Figures", ("", "A", "B"), map(_figure, figures(comparison))),
        _table("Tiers", ("Tier", "Differences", "Compared"), (_tier(entry, comparison) for entry in comparison.tiers)),
        _timelines(compared),
        _table("Calls", ("Tool", "A", "B"), map(_call, comparison.calls)),
        _table("Findings", ("What", "A", "B"), map(_finding, comparison.findings)),
        '<p class="mute">Some entries were left out.</p>' if comparison.truncated else "",
        "</body></html>",
    ]
    return "\n".join(filter(None, parts)) + "\n"


def _text(value: object) -> str:
    return escape(str(value).encode(errors="replace").decode())


def _table(title: str, columns: Sequence[str], rows: Iterable[str]) -> str:
    body = "\n".join(rows)
    if not body:
        return ""
    first, *rest = columns
    head = f'<th class="name">{first}</th>' + "".join(f"<th>{column}</th>" for column in rest)
    grid = f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f'<section id="{title.lower()}"><h2>{title}</h2>\n{grid}</section>'


def _figure(row: tuple[str, str, str]) -> str:
    name, a, b = row
    kind = "" if a == b or name == "run" else ' class="soft"'
    return f'<tr><td class="name mute">{_text(name)}</td><td>{_text(a)}</td><td{kind}>{_text(b)}</td></tr>'


def _tier(entry: pb.TierDifference, comparison: pb.Comparison) -> str:
    kind = "hard" if entry.hard else "soft" if entry.soft else "same" if entry.compared else "mute"
    word, come_to = _text(tier_word(entry.tier)), judged_word(entry, comparison)
    return f'<tr><td class="name">{word}</td><td class="{kind}">{come_to}</td><td>{entry.compared}</td></tr>'


def _call(call: pb.AlignedCall) -> str:
    kind = "gone" if not call.seq_b else "new" if not call.seq_a else "" if call.arguments_equal else "changed"
    sides = [
        f'<td><span class="mute">{seq}</span> <code>{_text(arguments)}</code></td>' if seq else "<td></td>"
        for seq, arguments in ((call.seq_a, call.arguments_a), (call.seq_b, call.arguments_b))
    ]
    return f'<tr class="{kind}"><td class="name">{_text(call.tool)}</td>{"".join(sides)}</tr>'


def _finding(found: pb.Finding) -> str:
    kind = "hard" if found.hard else "soft"
    where = f'<br><code class="mute">{_text(found.path)}</code>'
    what = f'<span class="{kind}">{_text(found.kind)}</span> {_text(found.message)}{where}'
    a = f"<del><code>{_text(found.a)}</code></del>" if found.a else ""
    b = f"<ins><code>{_text(found.b)}</code></ins>" if found.b else ""
    return f'<tr><td class="name">{what}</td><td>{_seq(found.seq_a)}{a}</td><td>{_seq(found.seq_b)}{b}</td></tr>'


def _seq(seq: int) -> str:
    return f'<span class="mute">{seq}</span> ' if seq else ""


def _timelines(compared: Compared) -> str:
    drawn = [bars(log) for log in (compared.a, compared.b)]
    longest = max(took for _, took in drawn)
    if not longest:
        return ""
    pictures = "\n".join(
        _timeline(lane, log, found, longest)
        for lane, log, (found, _) in zip("AB", (compared.a, compared.b), drawn, strict=True)
    )
    key = "".join(f'<span><i style="background:{_COLOURS[kind]}"></i>{kind}</span>' for kind in _LANES)
    return f'<section id="timeline"><h2>Timeline</h2><p class="key">{key}</p>\n{pictures}</section>'


def _timeline(lane: str, log: Log, found: list[Bar], longest: float) -> str:
    rows = _rows(found)
    height = (max(rows, default=0) + 1) * _ROW + 18
    scale = (_WIDTH - 20) / longest
    drawn = [f'<text x="2" y="11">{lane}: {_text(log[0].run_id)}</text>']
    for bar, row in zip(found, rows, strict=True):
        width = max((bar.end - bar.begin) * scale, 1.5)
        title = f"{bar.label}, seq {bar.seq}, {(bar.end - bar.begin) * 1000:,.1f} ms at {bar.begin:.3f} s"
        drawn.append(
            f'<rect class="{bar.kind}" x="{20 + bar.begin * scale:.2f}" y="{18 + row * _ROW}" width="{width:.2f}" '
            f'height="{_ROW - 4}" rx="2"><title>{_text(title)}</title></rect>'
        )
    size = f"0 0 {_WIDTH + 10} {height}"
    return f'<svg viewBox="{size}" role="img" aria-label="timeline of {lane}">{"".join(drawn)}</svg>'


def _rows(found: list[Bar]) -> list[int]:
    """Return the row of each bar: overlapping ones are put below each other, as deep as they overlap."""
    ends: list[float] = []
    rows = []
    for bar in found:
        row = next((place for place, end in enumerate(ends) if end <= bar.begin), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = max(bar.end, bar.begin + 1e-6)
        rows.append(row)
    return rows
