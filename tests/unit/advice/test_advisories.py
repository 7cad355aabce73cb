"""Advisories: which versions they affect, how bad they are, and whether a release fixes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import advice_pb2 as advice
from pal_advice.advisories import Package, evidence_of
from pal_rpc.errors import InvalidField
from tests.unit.advice.facts import NOW

CRITICAL = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}

NEWER = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}


def vulnerability(*events: dict[str, str], kind: str = "ECOSYSTEM", **fields: Any) -> dict[str, Any]:
    """Return an advisory about agno with one range."""
    package = {"ecosystem": "PyPI", "name": "Agno"}
    affected = [{"package": package, "ranges": [{"type": kind, "events": list(events)}]}]
    return {"id": "GHSA-1", "severity": [CRITICAL], "affected": affected, **fields}


def found(*entries: object, version: str = "3.1.10", ecosystem: str = "PyPI") -> dict[str, advice.AdviceEvidence]:
    files = [pb.AdviceFile(source=f"{place}.json", text=json.dumps(entry)) for place, entry in enumerate(entries)]
    return {one.measure: one for one in evidence_of(files, Package("agno", ecosystem, version), NOW)}


def count(*entries: object, version: str = "3.1.10", ecosystem: str = "PyPI") -> float:
    return found(*entries, version=version, ecosystem=ecosystem)["advisories.count"].value


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([{"introduced": "0"}], ["0.0.1", "9.9"], []),
        ([{"introduced": "0"}, {"fixed": "3.1"}], ["2.9", "3.1rc1", "3.0.post1"], ["3.1", "3.1.0", "3.2"]),
        ([{"introduced": "2.0"}, {"fixed": "3.1"}], ["2.0", "3.0"], ["1.9.9", "2.0rc1", "3.1"]),
        ([{"introduced": "2.0"}, {"last_affected": "3.1"}], ["2.0", "3.1", "3.1.0"], ["3.1.1", "1.0"]),
        (
            [{"introduced": "3.0"}, {"fixed": "3.1"}, {"introduced": "1.0"}, {"fixed": "1.5"}],
            ["1.0", "1.4", "3.0"],
            ["1.5", "2.0", "3.1"],
        ),
        ([{"introduced": "0"}, {"limit": "2.0"}], ["1.9"], ["2.0"]),
        ([{"introduced": "1.0"}, {"fixed": "2.0"}, {"introduced": "2.0"}, {"fixed": "3.0"}], ["2.0", "2.5"], ["3.0"]),
        ([{"fixed": "2.0"}], [], ["1.0", "2.0"]),
    ],
    ids=str,
)
def test_a_range_holds_the_versions_between_its_events(
    events: list[dict[str, str]], inside: list[str], outside: list[str]
) -> None:
    entry = vulnerability(*events)

    assert [version for version in (*inside, *outside) if count(entry, version=version)] == inside


def test_semver_is_ordered_as_semver() -> None:
    entry = vulnerability({"introduced": "1.0.0-alpha.2"}, {"fixed": "1.0.0"}, kind="SEMVER")
    entry["affected"][0]["package"] = {"ecosystem": "npm", "name": "agno"}

    hit = [
        version
        for version in ("1.0.0-alpha.1", "1.0.0-alpha.10", "1.0.0-rc.1", "1.0.0")
        if count(entry, version=version, ecosystem="npm")
    ]

    assert hit == ["1.0.0-alpha.10", "1.0.0-rc.1"]


def test_versions_that_are_listed_are_affected() -> None:
    entry = vulnerability({"introduced": "9"})
    entry["affected"][0]["versions"] = ["3.1.9", "3.1.10"]

    assert count(entry) == 1
    assert count(entry, version="3.1.11") == 0


def test_commits_and_other_packages_and_ecosystems_do_not_count() -> None:
    everything = {"introduced": "0"}
    other, elsewhere = vulnerability(everything), vulnerability(everything)
    other["affected"][0]["package"]["name"] = "agno-extras"
    elsewhere["affected"][0]["package"]["ecosystem"] = "npm"

    assert count([vulnerability(everything, kind="GIT"), other, elsewhere]) == 0


def test_what_was_withdrawn_does_not_count() -> None:
    gone = vulnerability({"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z")
    to_go = vulnerability({"introduced": "0"}, withdrawn="2027-01-01T00:00:00Z")

    assert (count(gone), count(to_go)) == (0, 1)
    assert count(vulnerability({"introduced": "0"}, withdrawn=None)) == 1


@pytest.mark.parametrize(
    ("fields", "worst", "unrated"),
    [
        ({}, 9.8, 0),
        ({"severity": [NEWER]}, 9.3, 0),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}, 7.5, 0),
        ({"severity": [], "database_specific": {"severity": "MODERATE"}}, 6.9, 0),
        ({"severity": [{"type": "CVSS_V3", "score": "9.8"}]}, 0, 1),
        ({"severity": []}, 0, 1),
    ],
    ids=str,
)  # fmt: skip
def test_severity_is_computed_or_said_to_be_missing(fields: dict[str, Any], worst: float, unrated: int) -> None:
    seen = found(vulnerability({"introduced": "0"}, **fields))

    assert (seen["advisories.worst"].value, seen["advisories.unrated"].value) == (worst, unrated)


def test_an_advisory_that_a_later_release_fixes_is_no_open_hole() -> None:
    fixed = vulnerability({"introduced": "0"}, {"fixed": "3.2"})
    earlier = vulnerability({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "3.0"})

    assert found(fixed)["advisories.worst_unfixed"].value == 0
    assert found(earlier)["advisories.worst_unfixed"].value == 9.8


def test_files_are_a_vulnerability_a_list_or_the_answer_to_a_query() -> None:
    one, two = vulnerability({"introduced": "0"}), vulnerability({"introduced": "0"}, id="GHSA-2")

    seen = found([one], {"vulns": [two, one]}, two, {})

    assert seen["advisories.count"].value == 2
    assert seen["advisories.count"].detail == "GHSA-1 (9.8), GHSA-2 (9.8) of 4 read affect agno 3.1.10"
    assert seen["advisories.count"].source == "0.json, 1.json, 2.json, 3.json"


def test_without_a_file_or_a_version_nothing_is_known() -> None:
    entry = vulnerability({"introduced": "0"})

    assert not any(one.HasField("value") for one in evidence_of([], Package("agno", "PyPI", "3.1.10"), NOW))
    assert not any(one.HasField("value") for one in found(entry, version="").values())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("text", "osv[0]: 0.json: not OSV: write a vulnerability"),
        ([{}], "osv[0][0]: 0.json: not OSV: a vulnerability has an id"),
        ({"vulns": [{"id": 7}]}, "osv[0].vulns[0]: 0.json: not OSV: a vulnerability has an id"),
        (vulnerability({"introduced": "soon"}), "osv[0].affected: 0.json: GHSA-1: Invalid version: 'soon'"),
        (vulnerability({"introduced": "0"}, withdrawn="yes"), "osv[0].withdrawn: 0.json: yes is no moment"),
    ],
    ids=str,
)
def test_what_is_no_osv_is_refused_by_place(entry: object, message: str) -> None:
    with pytest.raises(InvalidField) as error:
        found(entry)

    assert error.value.message.startswith(message)


def test_what_is_no_json_is_refused_by_line() -> None:
    file = pb.AdviceFile(source="a.json", text="{\n  nothing\n}")

    with pytest.raises(InvalidField, match=r"osv\[0\]: a.json: line 2: not JSON"):
        evidence_of([file], Package("agno", "PyPI", "3.1.10"), NOW)
