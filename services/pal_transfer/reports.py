"""The report on many replays: JSON for machines, JUnit for CI, one page of HTML for people."""

from __future__ import annotations

import html
import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format

from pal_transfer.replays import Replayed

_STYLE = (
    "body{font:15px system-ui;margin:2rem auto;max-width:72rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.35rem .6rem;border-bottom:1px solid #ddd;text-align:left}"
    ".bad{color:#a40000}.good{color:#046b1e}code{font-size:.9em}"
)


_WORDS = {
    "replays": "replays",
    "same": "ended as their source did",
    "outcomes": "outcomes",
    "reasons": "reasons",
    "modelHits": "model answers from the record",
    "toolHits": "tool results from the record",
    "misses": "misses",
    "unused": "recorded answers not asked for",
}


def summary(results: Sequence[Replayed]) -> dict[str, Any]:
    """Return the sums of *results*."""
    return {
        "replays": len(results),
        "same": sum(result.same for result in results),
        "outcomes": dict(Counter(result.outcome for result in results)),
        "reasons": dict(Counter(result.reason for result in results if result.reason)),
        "modelHits": sum(result.claim.model_hits for result in results),
        "toolHits": sum(result.claim.tool_hits for result in results),
        "misses": sum(result.claim.misses for result in results),
        "unused": sum(result.claim.unused for result in results),
    }


def as_json(title: str, results: Sequence[Replayed]) -> str:
    """Return the report as JSON text."""
    rows = [
        {**vars(result), "claim": json_format.MessageToDict(result.claim)}
        for result in sorted(results, key=lambda result: result.source_run_id)
    ]
    return json.dumps({"title": title, "summary": summary(results), "replays": rows}, indent=2, ensure_ascii=False)


def as_junit(title: str, results: Sequence[Replayed]) -> str:
    """Return the report in the XML that JUnit readers take."""
    failed = [result for result in results if not result.same]
    suite = ElementTree.Element("testsuite", name=title, tests=str(len(results)), failures=str(len(failed)))
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", name=result.source_run_id, classname="replay", time=f"{result.seconds:.3f}"
        )
        if not result.same:
            failure = ElementTree.SubElement(case, "failure", type=result.reason or result.outcome)
            failure.text = result.message
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def as_html(title: str, results: Sequence[Replayed]) -> str:
    """Return the report as a page that stands alone."""
    sums = summary(results)
    facts = "".join(
        f"<tr><th>{_WORDS[key]}</th><td>{html.escape(_told(value))}</td></tr>" for key, value in sums.items()
    )
    rows = "".join(_row(result) for result in sorted(results, key=lambda result: result.same))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><table>{facts}</table><h2>Runs</h2>"
        "<table><tr><th>source<th>replay<th>ended<th>model + tool<th>misses<th>why</tr>" + rows + "</table></html>"
    )


def _told(value: int | dict[str, int]) -> str:
    if isinstance(value, int):
        return str(value)
    return ", ".join(f"{name} {count}" for name, count in sorted(value.items())) or "none"


def _row(result: Replayed) -> str:
    mark = "good" if result.same else "bad"
    record = f"{result.claim.model_hits} + {result.claim.tool_hits}<td>{result.claim.misses}"
    why = f"{result.reason} {result.message}".strip()
    return (
        f"<tr><td><code>{html.escape(result.source_run_id)}</code><td><code>{html.escape(result.run_id)}</code>"
        f"<td class={mark}>{html.escape(result.outcome)}<td>{record}<td>{html.escape(why)}</tr>"
    )
