"""A comparison as JUnit: a test case for each tier, failed by what is hard."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from pal.v1 import comparison_pb2 as pb
from pal_cli.diffs.figures import judged_word, tier_word

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(comparison: pb.Comparison) -> str:
    """Return *comparison* as the text of a JUnit file."""
    cases = [_case(entry, comparison) for entry in comparison.tiers]
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "skipped": str(skipped), "errors": "0"}
    suite = ElementTree.Element("testsuite", {"name": "pal diff", **counts})
    suite.extend(cases)
    root = ElementTree.Element("testsuites", {"name": "pal diff", **counts})
    root.append(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(entry: pb.TierDifference, comparison: pb.Comparison) -> ElementTree.Element:
    name = f"{comparison.a.run_id} and {comparison.b.run_id}"
    case = ElementTree.Element("testcase", {"classname": _clean(name), "name": tier_word(entry.tier), "time": "0"})
    found = [one for one in comparison.findings if one.tier == entry.tier]
    told = "\n".join(f"{one.path}: {one.message} (A: {one.a or '-'}, B: {one.b or '-'})" for one in found)
    if entry.hard:
        failure = ElementTree.SubElement(
            case, "failure", {"message": judged_word(entry, comparison), "type": _kinds(found)}
        )
        failure.text = _clean(told)
    elif not entry.compared and not entry.soft:
        ElementTree.SubElement(case, "skipped", {"message": "nothing to compare"})
    elif told:
        ElementTree.SubElement(case, "system-out").text = _clean(told)
    return case


def _kinds(found: list[pb.Finding]) -> str:
    return ", ".join(sorted({one.kind for one in found if one.hard}))


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
