"""The declaration of a runtime as it was measured: what its cases showed is declared, and nothing else."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from google.protobuf import json_format

from pal.v1 import runtime_capability_pb2 as capabilities
from pal_conformance.case import CONVERSATIONAL, WORKFLOW, declares
from pal_conformance.cases.abilities import SWITCHES
from pal_conformance.report import counted, results_digest
from pal_conformance.suite import SUITE
from pal_conformance.target import Target
from pal_conformance.verdict import Result, Status

_MODES = (CONVERSATIONAL, WORKFLOW)


def settled(target: Target, results: Iterable[Result]) -> list[Result]:
    """Return *results* with the failures of what *target* does not declare as skipped: they cost it nothing."""
    return [
        replace(result, status=Status.skipped, reason=f"not declared, and not so: {result.reason}")
        if result.status is Status.failed and not declares(target.declared, result.capability)
        else result
        for result in results
    ]


def measured(target: Target, results: Sequence[Result]) -> capabilities.RuntimeCapability:
    """Return the declaration of *target* with what *results*, all of them settled, have shown of it."""
    declared = capabilities.RuntimeCapability()
    declared.CopyFrom(target.declared)
    features = declared.capabilities
    features.modes[:] = [mode.removeprefix("mode:") for mode in _MODES if _shown(results, mode)]
    for name in SWITCHES:
        setattr(features, name, _shown(results, name))
    if not _shown(results, "max_context_tokens"):
        features.ClearField("max_context_tokens")
    count = counted(results)
    declared.evidence.CopyFrom(
        capabilities.ConformanceEvidence(
            runtime_version=target.described.installed_version,
            suite=SUITE,
            measured_on=datetime.datetime.now(datetime.UTC).date().isoformat(),
            results_digest=results_digest(results),
            passed=count["passed"],
            skipped=count["skipped"],
        )
    )
    return declared


def as_text(declared: capabilities.RuntimeCapability) -> str:
    """Return *declared* as the text of its file."""
    return json.dumps(json_format.MessageToDict(declared), indent=2, ensure_ascii=False) + "\n"


def standing(target: Target, results: Sequence[Result]) -> str:
    """Return how *results*, settled and of all cases, stand to the evidence that *target* declares."""
    evidence = target.declared.evidence
    if not evidence.suite:
        return "its declaration was not measured"
    if evidence.runtime_version != target.described.installed_version:
        return f"its declaration is stale: it was measured with version {evidence.runtime_version}"
    if evidence.suite != SUITE:
        return f"its declaration is stale: it was measured by {evidence.suite}"
    if evidence.results_digest != results_digest(results):
        return f"its declaration says something else than was found now: it was measured on {evidence.measured_on}"
    return f"its declaration, measured on {evidence.measured_on}, says the same"


def _shown(results: Sequence[Result], capability: str) -> bool:
    statuses = [result.status for result in results if result.capability == capability]
    return bool(statuses) and all(status is Status.passed for status in statuses)
