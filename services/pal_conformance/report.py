"""The results of a target for machines: JSON, JUnit, and a digest of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from pal_conformance.suite import SUITE
from pal_conformance.target import Target
from pal_conformance.verdict import Result, Status
from pal_log.canonical import dump
from pal_log.payload import digest


def counted(results: Sequence[Result]) -> dict[str, int]:
    """Return how many cases ended in each way."""
    return {status.value: sum(1 for result in results if result.status is status) for status in Status}


def results_digest(results: Sequence[Result]) -> str:
    """Return the digest over what every case found: equal results have equal digests, whenever they were found."""
    found = sorted([result.case_id, result.status.value] for result in results)
    return digest(dump({"suite": SUITE, "results": found}).encode())


def as_json(target: Target, results: Sequence[Result]) -> dict[str, Any]:
    """Return everything that was found, as JSON values."""
    return {
        "suite": SUITE,
        "target": target.address,
        "runtime": target.declared.runtime,
        "runtimeVersion": target.described.installed_version,
        "resultsDigest": results_digest(results),
        **counted(results),
        "cases": [_case(result) for result in results],
    }


def _case(result: Result) -> dict[str, Any]:
    return {
        "id": result.case_id,
        "claim": result.claim,
        "status": result.status.value,
        "seconds": result.seconds,
        **({"capability": result.capability} if result.capability else {}),
        **({"reason": result.reason} if result.reason else {}),
        **({"evidence": result.evidence} if result.evidence else {}),
        **({"runs": list(result.runs)} if result.runs else {}),
    }


def as_junit(target: Target, results: Sequence[Result]) -> str:
    """Return the results as JUnit XML: a suite for the target, a test case for each case."""
    count = counted(results)
    suite = ElementTree.Element(
        "testsuite",
        name=f"{SUITE} {target.name}",
        tests=str(len(results)),
        failures=str(count["failed"]),
        errors="0",
        skipped=str(count["skipped"]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        group, _, name = result.case_id.partition(".")
        case = ElementTree.SubElement(suite, "testcase", classname=group, name=name, time=f"{result.seconds:.3f}")
        if result.status is Status.failed:
            failure = ElementTree.SubElement(case, "failure", message=_printable(result.reason))
            failure.text = _printable(result.evidence)
        elif result.status is Status.skipped:
            ElementTree.SubElement(case, "skipped", message=_printable(result.reason))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    # XML has no place for control characters.
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
