"""What two runs handed back: output and artifacts by their schema and path by path, and what was said in words."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import Any

from pal.v1 import common_pb2 as common
from pal_diff import paths
from pal_diff.calls import text_of
from pal_diff.findings import STRUCTURE, TEXT, VALUES, Findings
from pal_diff.record import Record
from pal_diff.schemas import problem
from pal_diff.terms import Terms
from pal_diff.values import Opaque, line, normal, read
from pal_log.payload import artifact_digest

_WORDS_COMPARED = 400
_CHUNK = 64 * 1024


def compare_outputs(a: Record, b: Record, terms: Terms, findings: Findings) -> None:
    """Compare output, artifacts by name, and the last words."""
    if a.output or b.output:
        _output(a, b, terms, findings)
    of_a, of_b = _artifacts(a), _artifacts(b)
    for name in sorted(of_a.keys() | of_b.keys()):
        one, other = of_a.get(name), of_b.get(name)
        if one is None or other is None:
            seq, kind = (one or other or (0, None))[0], "ARTIFACT_MISSING" if one else "ARTIFACT_ADDED"
            findings.tally(VALUES, f"artifacts/{name}", 1, 1)
            findings.add(
                VALUES, kind, path=f"artifacts/{name}", field=f"artifacts/{name}", a=name if one else "",
                b=name if other else "", seq_a=seq if one else 0, seq_b=seq if other else 0,
                message=f"only {'A' if one else 'B'} made {name}",
            )  # fmt: skip
        else:
            _content(f"artifacts/{name}", one[1], other[1], (one[0], other[0]), terms, findings)
    _said(a, b, terms, findings)


def _artifacts(record: Record) -> dict[str, tuple[int, common.Payload]]:
    found: dict[str, tuple[int, common.Payload]] = {}
    times: Counter[str] = Counter()
    for seq, artifact in record.artifacts:
        name = artifact.content.filename or artifact.title or "artifact"
        times[name] += 1
        found[name if times[name] == 1 else f"{name}#{times[name]}"] = seq, artifact.content
    return found


def _output(a: Record, b: Record, terms: Terms, findings: Findings) -> None:
    seqs = a.finished_seq, b.finished_seq
    schema = terms.agent.spec.output.schema.text if terms.agent else ""
    if schema and b.output and a.output:
        findings.compared(STRUCTURE)
        wrong = problem(schema, text_of(b.output, terms))
        if wrong and not problem(schema, text_of(a.output, terms)):
            findings.add(
                STRUCTURE, "OUTPUT_INVALID", hard=True, path=f"output{wrong[0]}", field="output", b=wrong[1],
                seq_a=seqs[0], seq_b=seqs[1], message="the output of B does not fit the schema; that of A does",
            )  # fmt: skip
    if a.output and b.output and "json" in (a.output.WhichOneof("content"), b.output.WhichOneof("content")):
        _content("output", a.output, b.output, seqs, terms, findings)


def _content(
    name: str, a: common.Payload, b: common.Payload, seqs: tuple[int, int], terms: Terms, findings: Findings
) -> None:
    findings.compared(VALUES)
    if a.digest and a.digest == b.digest:
        findings.tally(VALUES, name, 1, 0)
        return
    size = max(a.size_bytes, b.size_bytes)
    known = all(_present(payload, terms) for payload in (a, b))
    if not known:
        findings.remark(f"{name} is kept elsewhere and was compared by its digest")
    one = two = Opaque("")
    if known and size <= terms.max_parsed_bytes:
        one_text, two_text = text_of(a, terms), text_of(b, terms)
        if max(len(one_text), len(two_text)) <= terms.max_parsed_bytes:
            one, two = read(one_text), read(two_text)
    if isinstance(one, Opaque) or isinstance(two, Opaque):
        if known and size > terms.max_parsed_bytes:
            findings.remark(f"{name} is larger than {terms.max_parsed_bytes} bytes and was compared as bytes")
        _bytes(name, a, b, seqs, known, terms, findings)
        return
    _json(name, normal(one, terms.output_rules), normal(two, terms.output_rules), seqs, findings)


def _present(payload: common.Payload, terms: Terms) -> bool:
    if payload.WhichOneof("content") in ("text", "json", "blob"):
        return True
    return (artifact_digest(payload) or payload.digest) in terms.contents


def _json(name: str, a: Any, b: Any, seqs: tuple[int, int], findings: Findings) -> None:
    compared, differing = Counter(paths.leaves(a)), Counter[str]()
    for found in paths.differences(a, b):
        field = paths.pattern(found.path)
        differing[field] += 1
        what = {paths.MISSING: "B has no", paths.ADDED: "only B has", paths.TYPE: "of another type is"}.get(found.what)
        findings.add(
            VALUES, f"OUTPUT_{found.what}", path=name + paths.pointer(found.path), field=name + field,
            a="" if found.a is None else line(found.a), b="" if found.b is None else line(found.b), seq_a=seqs[0],
            seq_b=seqs[1], message=f"{what or 'another value has'} {name}{paths.pointer(found.path)}",
        )  # fmt: skip
    for field in compared.keys() | differing.keys():
        findings.tally(VALUES, name + field, max(compared[field], differing[field]), differing[field])


def _bytes(
    name: str,
    a: common.Payload,
    b: common.Payload,
    seqs: tuple[int, int],
    known: bool,
    terms: Terms,
    findings: Findings,
) -> None:
    one, two = (text_of(a, terms), text_of(b, terms)) if known else (a.digest, b.digest)
    findings.tally(VALUES, name, 1, int(one != two))
    if one == two:
        return
    at = _first_difference(one, two)
    row = one.count("\n", 0, at) + 1
    findings.add(
        VALUES, "CONTENT_DIFFERS", path=f"{name}:{row}" if known else name, field=name,
        a=one[max(at - 20, 0) : at + 180],
        b=two[max(at - 20, 0) : at + 180], seq_a=seqs[0], seq_b=seqs[1],
        message=f"{name} differs from line {row} on" if known else f"{name} has another digest",
    )  # fmt: skip


def _first_difference(a: str, b: str) -> int:
    """Return where two unequal texts part; chunks are compared at once, which a loop over 50 MB is not."""
    start = 0
    while a[start : start + _CHUNK] == b[start : start + _CHUNK]:
        start += _CHUNK
    pairs = zip(a[start : start + _CHUNK], b[start : start + _CHUNK], strict=False)
    shared = min(len(a) - start, len(b) - start)
    return start + next((place for place, (one, other) in enumerate(pairs) if one != other), shared)


def _said(a: Record, b: Record, terms: Terms, findings: Findings) -> None:
    one, two = _last_words(a, terms), _last_words(b, terms)
    if not one and not two:
        return
    findings.compared(TEXT)
    findings.tally(TEXT, "text/last", 1, int(one != two))
    if one != two:
        seqs = a.said[-1][0] if a.said else a.finished_seq, b.said[-1][0] if b.said else b.finished_seq
        likeness = difflib.SequenceMatcher(None, one[:_WORDS_COMPARED], two[:_WORDS_COMPARED], autojunk=False).ratio()
        findings.add(
            TEXT, "TEXT_DIFFERS", path="text/last", field="text/last", a=" ".join(one), b=" ".join(two), seq_a=seqs[0],
            seq_b=seqs[1], message=f"the last words share {likeness:.0%}",
        )  # fmt: skip


def _last_words(record: Record, terms: Terms) -> list[str]:
    if record.said:
        return " ".join(text_of(part, terms)[:20_000] for part in record.said[-1][1].parts).split()
    if record.output is not None and record.output.WhichOneof("content") == "text":
        return record.output.text[:20_000].split()
    return []
