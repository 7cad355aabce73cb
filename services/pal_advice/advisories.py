"""Advisories in the JSON of OSV (schema 1.x): which of them affect a version, how badly, and whether one is fixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cvss import CVSS2, CVSS3, CVSS4, CVSSError

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import advice_pb2 as advice
from pal_advice.evidence import known, unknown
from pal_advice.files import date_of, mappings, observed, parsed, wrong
from pal_advice.versions import ordered, same_package, same_version

_SCORES = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}
# A word stands for the top of its band.
_WORDS = {"LOW": 3.9, "MODERATE": 6.9, "MEDIUM": 6.9, "HIGH": 8.9, "CRITICAL": 10.0}
_MEASURES = ("advisories.count", "advisories.unrated", "advisories.worst", "advisories.worst_unfixed")
_ORDERED = ("SEMVER", "ECOSYSTEM")
_SHOWN = 5


@dataclass(frozen=True)
class Package:
    """A version of a package that is in use."""

    name: str
    ecosystem: str
    version: str


@dataclass(frozen=True)
class Advisory:
    """An advisory that affects what is in use; *score* is None when it states no severity."""

    advisory_id: str
    score: float | None
    fixed: bool


def evidence_of(files: Sequence[pb.AdviceFile], package: Package, now: datetime) -> list[advice.AdviceEvidence]:
    """Return what *files* of advisories say of *package*.

    Raises:
        InvalidField: a file is no OSV.
    """
    if not files:
        return [unknown(measure, "no advisories were given; name a file of them (--osv)") for measure in _MEASURES]
    try:
        ordered(package.version, package.ecosystem)
    except ValueError:
        remedy = f"{package.version or '(no version)'} cannot be compared with the versions of {package.ecosystem}"
        return [unknown(measure, remedy) for measure in _MEASURES]
    found: dict[str, Advisory] = {}
    read = 0
    for place, file in enumerate(files):
        for where, entry in _entries(file, f"osv[{place}]"):
            read += 1
            if (one := _affecting(entry, package, file, where, now)) is not None:
                found[one.advisory_id] = one
    # As old as the oldest of them.
    at = min(observed(file, now) for file in files)
    source = ", ".join(file.source or f"osv[{place}]" for place, file in enumerate(files))
    return _evidence(list(found.values()), read, package, source, at)


def _evidence(
    found: Sequence[Advisory], read: int, package: Package, source: str, at: datetime
) -> list[advice.AdviceEvidence]:
    name = f"{package.name} {package.version}"
    unrated = [one for one in found if one.score is None]
    unfixed = [one for one in found if not one.fixed]
    listed = f"{_listed(found)} of {read} read affect {name}" if found else f"none of {read} read affects {name}"
    values = (
        (len(found), listed),
        (len(unrated), f"{_listed(unrated)} of those that affect {name}"),
        (_worst(found), f"the worst of {_listed(found)}"),
        (_worst(unfixed), f"the worst without a fix, of {_listed(unfixed)}"),
    )
    return [
        known(measure, value, detail, source, at) for measure, (value, detail) in zip(_MEASURES, values, strict=True)
    ]


def _entries(file: pb.AdviceFile, field: str) -> Iterator[tuple[str, dict[str, Any]]]:
    raw = parsed(file, field)
    listed = raw if isinstance(raw, list) else raw.get("vulns", [raw] if raw else []) if isinstance(raw, dict) else None
    if not isinstance(listed, list):
        raise wrong(file, field, 'not OSV: write a vulnerability, a list of them, or {"vulns": [...]}')
    for place, entry in enumerate(listed):
        where = f"{field}[{place}]" if isinstance(raw, list) else f"{field}.vulns[{place}]" if "vulns" in raw else field
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise wrong(file, where, "not OSV: a vulnerability has an id")
        yield where, entry


def _affecting(
    entry: dict[str, Any], package: Package, file: pb.AdviceFile, where: str, now: datetime
) -> Advisory | None:
    if (stated := entry.get("withdrawn")) is not None:
        withdrawn = date_of(stated)
        if withdrawn is None:
            raise wrong(file, f"{where}.withdrawn", f"{str(stated)[:60]} is no moment")
        if withdrawn <= now:
            return None
    mine = [one for one in mappings(entry.get("affected")) if _names(one, package)]
    try:
        hit = [one for one in mine if _affects(one, package)]
        fixed = any(_fix_after(one, package) for one in mine)
    except ValueError as error:
        raise wrong(file, f"{where}.affected", f"{entry['id'][:60]}: {error}") from None
    if not hit:
        return None
    return Advisory(entry["id"], _score(entry, hit), fixed)


def _names(affected: dict[str, Any], package: Package) -> bool:
    stated = affected.get("package")
    return (
        isinstance(stated, dict)
        and str(stated.get("ecosystem", "")).partition(":")[0] == package.ecosystem
        and same_package(str(stated.get("name", "")), package.name, package.ecosystem)
    )


def _affects(affected: dict[str, Any], package: Package) -> bool:
    listed = affected.get("versions")
    if isinstance(listed, list) and any(same_version(str(one), package.version, package.ecosystem) for one in listed):
        return True
    return any(_lies_in(events, package) for events in _ranges(affected))


def _ranges(affected: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    for one in mappings(affected.get("ranges")):
        if one.get("type") in _ORDERED:
            yield list(mappings(one.get("events")))


def _lies_in(events: Sequence[dict[str, Any]], package: Package) -> bool:
    """Tell whether the version is affected, by the algorithm of OSV: events in order, the last one counts."""
    version = ordered(package.version, package.ecosystem)
    limits = [str(event["limit"]) for event in events if "limit" in event]
    if limits and not any(limit == "*" or version < ordered(limit, package.ecosystem) for limit in limits):
        return False
    marks = [(_place(str(text), package), kind) for event in events for kind, text in event.items() if kind != "limit"]
    affected = False
    # At the same version a fix goes before an introduction.
    for at, kind in sorted(marks, key=lambda mark: (*mark[0], mark[1] == "introduced")):
        if kind == "introduced" and (not at[0] or version >= at[1]):
            affected = True
        elif (kind == "fixed" and version >= at[1]) or (kind == "last_affected" and version > at[1]):
            affected = False
    return affected


def _place(text: str, package: Package) -> tuple[int, Any]:
    # "0" comes before every version.
    return (0, "") if text == "0" else (1, ordered(text, package.ecosystem))


def _fix_after(affected: dict[str, Any], package: Package) -> bool:
    version = ordered(package.version, package.ecosystem)
    return any(
        ordered(str(event["fixed"]), package.ecosystem) > version
        for events in _ranges(affected)
        for event in events
        if "fixed" in event
    )


def _score(entry: dict[str, Any], hit: Sequence[dict[str, Any]]) -> float | None:
    stated = [one for place in (*hit, entry) for one in mappings(place.get("severity"))]
    scores = [score for one in stated if (score := _computed(one)) is not None]
    if scores:
        return max(scores)
    notes = [place.get("database_specific") for place in (*hit, entry)]
    words = [_WORDS.get(str(note.get("severity", "")).upper()) for note in notes if isinstance(note, dict)]
    return max((word for word in words if word is not None), default=None)


def _computed(severity: dict[str, Any]) -> float | None:
    kind = _SCORES.get(str(severity.get("type")))
    if kind is None:
        return None
    try:
        return float(kind(str(severity.get("score"))).base_score)
    except CVSSError:
        return None


def _worst(found: Sequence[Advisory]) -> float:
    return max((one.score for one in found if one.score is not None), default=0.0)


def _listed(found: Sequence[Advisory]) -> str:
    names = [f"{one.advisory_id} ({'no severity' if one.score is None else f'{one.score:.1f}'})" for one in found]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more or "none"
