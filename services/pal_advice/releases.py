"""Releases of a package, in the JSON of a package index, and licences of its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import advice_pb2 as advice
from pal_advice.evidence import DAY_SECONDS, known, unknown
from pal_advice.files import date_of, mappings, observed, parsed, wrong
from pal_advice.versions import is_prerelease, ordered, same_version

MEASURES = ("cadence.days_since_release", "cadence.releases_per_year")
_YEAR = timedelta(days=365)
# How classifiers call what has an SPDX identifier today: another spelling is no other licence.
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
Licence = tuple[str, str, str]


def cadence(file: pb.AdviceFile | None, ecosystem: str, now: datetime) -> list[advice.AdviceEvidence]:
    """Return how often a package is released, by the releases in *file*; those before a release do not count.

    Raises:
        InvalidField: the file holds no releases.
    """
    if file is None:
        return [unknown(measure, "no releases were given; name a file of them (--releases)") for measure in MEASURES]
    found = {
        version: at for version, at in _released(file).items() if not is_prerelease(version, ecosystem) and at <= now
    }
    if not found:
        return [unknown(measure, "the file names no release with a date", file.source) for measure in MEASURES]
    newest = max(found, key=lambda version: found[version])
    days = (now - found[newest]).total_seconds() / DAY_SECONDS
    recent = sum(1 for at in found.values() if now - at <= _YEAR)
    at = observed(file, now)
    return [
        known(MEASURES[0], days, f"{newest} was released on {found[newest].date().isoformat()}", file.source, at),
        known(MEASURES[1], recent, f"{recent} of {len(found)} releases in the newest 365 days", file.source, at),
    ]


def licence(version: str, stated: Sequence[Licence], ecosystem: str, at: datetime) -> advice.AdviceEvidence:
    """Return whether the licence of *version* is another than that of the newest version before it.

    *stated* are versions, their licences, and where those were read.
    """
    measure = "licence.changed"
    mine = next((one for one in stated if same_version(one[0], version, ecosystem) and one[1]), None)
    if mine is None:
        return unknown(measure, f"the licence of {version or 'the version in use'} is not stated anywhere")
    try:
        earlier = [one for one in stated if one[1] and ordered(one[0], ecosystem) < ordered(version, ecosystem)]
        before = max(earlier, key=lambda one: ordered(one[0], ecosystem), default=None)
    except ValueError:
        before = None
    if before is None:
        remedy = f"{version} is {_short(mine[1])}; the licence of no version before it is known (--matrix)"
        return unknown(measure, remedy)
    changed = _normal(mine[1]) != _normal(before[1])
    said = f"{before[0]}: {_short(before[1])}, {version}: {_short(mine[1])}"
    return known(measure, int(changed), said, ", ".join(dict.fromkeys((before[2], mine[2]))), at)


def _released(file: pb.AdviceFile) -> dict[str, datetime]:
    raw = parsed(file, "releases")
    if isinstance(raw, dict) and isinstance(raw.get("releases"), dict):
        return _earliest(
            (version, one.get("upload_time_iso_8601") or one.get("upload_time"))
            for version, files in raw["releases"].items()
            for one in mappings(files)
            if not one.get("yanked")
        )
    if isinstance(raw, dict) and isinstance(raw.get("files"), list):
        return _earliest(
            (_version_of(str(one.get("filename", ""))), one.get("upload-time"))
            for one in mappings(raw["files"])
            if not one.get("yanked")
        )
    if isinstance(raw, dict) and isinstance(raw.get("time"), dict):
        return _earliest((version, at) for version, at in raw["time"].items() if version not in ("created", "modified"))
    raise wrong(file, "releases", "no releases: the JSON of a package index has releases, files or time")


def _earliest(pairs: Any) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for version, text in pairs:
        if version and (at := date_of(text)) is not None:
            found[version] = min(at, found.get(version, at))
    return found


def _version_of(filename: str) -> str:
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""


def licences_of(raw: Mapping[str, Any], source: str) -> list[Licence]:
    """Return the licences that a matrix states."""
    return [
        (str(one["version"]), str(one["licence"]), source) for one in mappings(raw["versions"]) if one.get("licence")
    ]


def _normal(text: str) -> str:
    try:
        return canonicalize_license_expression(_CLASSIFIERS.get(text, text))
    except InvalidLicenseExpression:
        return " ".join(text.lower().split())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
