"""What `pal runtime matrix` measured: how versions hold the contract, and what upgrades changed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from packaging.version import InvalidVersion, Version

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import advice_pb2 as advice
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_advice.evidence import known, unknown
from pal_advice.files import date_of, mappings, observed, parsed, wrong

_FAILED = "failed"
_SHOWN = 5
_REMEDY = "not measured; write it with `pal runtime matrix SDK OLD..NEW --output json` and name it (--matrix)"


def read(file: pb.AdviceFile, package: str) -> dict[str, Any]:
    """Return the matrix of *package* in *file*.

    Raises:
        InvalidField: it is none, or one of another package.
    """
    raw = parsed(file, "matrix")
    if not isinstance(raw, dict) or not isinstance(raw.get("versions"), list):
        raise wrong(file, "matrix", "no matrix: `pal runtime matrix SDK OLD..NEW --output json` prints one")
    if (sdk := raw.get("sdk", package)) != package:
        raise wrong(file, "matrix", f"measured {str(sdk)[:60]}, and the runtime is built on {package}")
    for place, one in enumerate(raw["versions"]):
        try:
            Version(one["version"])
        except (InvalidVersion, KeyError, TypeError):
            raise wrong(file, f"matrix.versions[{place}].version", "missing or no version") from None
    return raw


def measured_at(raw: Mapping[str, Any], file: pb.AdviceFile, now: datetime) -> datetime:
    """Return when a matrix was measured: what it says itself, else the date of its file."""
    return date_of(raw.get("measuredOn", "")) or observed(file, now)


def upgrades(raw: Mapping[str, Any], source: str, at: datetime) -> list[advice.AdviceEvidence]:
    """Return how many of the measured upgrades changed what a runtime does."""
    usable = sorted(
        (one for one in mappings(raw["versions"]) if one.get("behaviour") or one.get("cases")),
        key=lambda one: Version(one["version"]),
    )
    steps = list(itertools.pairwise(one["version"] for one in usable))
    if not steps:
        remedy = f"{source} has fewer than two versions that were measured"
        return [
            unknown("upgrades.broke_percent", remedy, source),
            known("upgrades.measured", 0, remedy, source, at),
        ]
    broken = {str(one.get("after")) for one in mappings(raw.get("changes")) if _breaks(one.get("changes"))}
    hit = [f"{before} to {after}" for before, after in steps if after in broken]
    more = f" and {len(hit) - _SHOWN} more" if len(hit) > _SHOWN else ""
    said = f"{len(hit)} of {len(steps)} upgrades changed behaviour" + (
        f": {', '.join(hit[:_SHOWN])}{more}" if hit else ""
    )
    return [
        known("upgrades.broke_percent", 100 * len(hit) / len(steps), said, source, at),
        known("upgrades.measured", len(steps), f"{usable[0]['version']} to {usable[-1]['version']}", source, at),
    ]


def conformance(raw: Mapping[str, Any], version: str, source: str, at: datetime) -> list[advice.AdviceEvidence]:
    """Return how *version* holds the contract by a matrix; nothing when it does not have the version."""
    measured = (one.get("cases") for one in mappings(raw["versions"]) if one["version"] == version)
    cases = next((found for found in measured if found and isinstance(found, dict)), None)
    if cases is None:
        return []
    failed = sorted(name for name, status in cases.items() if status == _FAILED)
    more = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    said = f"{version}: {len(failed)} of {len(cases)} cases failed" + (
        f": {', '.join(failed[:_SHOWN])}{more}" if failed else ""
    )
    return [known("conformance.failed_cases", len(failed), said, source, at)]


def declared(capability: capabilities.RuntimeCapability, version: str) -> list[advice.AdviceEvidence]:
    """Return how *version* holds the contract by the declaration of its adapter; a declaration is of passed cases."""
    found = capability.evidence
    at = date_of(found.measured_on) if found.measured_on else None
    if at is None or found.runtime_version != version:
        return []
    said = f"{version}: {found.passed} cases passed, none failed, {found.skipped} not declared ({found.suite})"
    return [known("conformance.failed_cases", 0, said, "the declaration of the adapter", at)]


def unmeasured(measures: Sequence[str]) -> list[advice.AdviceEvidence]:
    """Return that *measures* are not known for want of a matrix."""
    return [unknown(measure, _REMEDY) for measure in measures]


def _breaks(lines: object) -> bool:
    """Tell whether a change is more than an addition to the surface of the SDK."""
    listed = lines if isinstance(lines, list | tuple) else ()
    return any(not (str(line).startswith("surface ") and ": with " in str(line)) for line in listed)
