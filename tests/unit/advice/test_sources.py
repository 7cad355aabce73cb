"""What matrices, releases, licences, service levels, certificates and other runtimes say as evidence."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf import timestamp_pb2

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import advice_pb2 as advice
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import gameday_pb2 as gameday
from pal.v1 import run_event_pb2 as events
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_advice import levels, matrix, releases, standing
from pal_advice.evidence import stamp
from pal_rpc.errors import InvalidField
from tests.unit.advice.facts import NOW

MATRIX: dict[str, Any] = {
    "versions": [
        {"version": "2.9.0", "behaviour": {"a": 1}, "licence": "MPL-2.0"},
        {"version": "2.10.0", "behaviour": {"a": 1}, "licence": "Apache-2.0"},
        {"version": "3.0.0", "problem": "it cannot be used"},
        {"version": "3.0.11", "behaviour": {"a": 2}, "licence": "apache-2.0"},
        {
            "version": "3.1.10",
            "behaviour": {"a": 2},
            "cases": {"tool.one": "failed", "run.plain": "passed", "x": "skipped"},
        },
    ],
    "changes": [
        {"before": "2.10.0", "after": "3.0.11", "changes": ["scenarios tool ended: a → b", "surface agent: with x"]},
        {"before": "3.0.11", "after": "3.1.10", "changes": ["surface agent: with compaction"]},
    ],
}


def file(content: object, **fields: Any) -> pb.AdviceFile:
    return pb.AdviceFile(source="given.json", text=json.dumps(content), **fields)


def values(evidence: list[advice.AdviceEvidence]) -> dict[str, float | None]:
    return {one.measure: one.value if one.HasField("value") else None for one in evidence}


def test_upgrades_that_changed_behaviour_are_counted_and_mere_additions_are_not() -> None:
    seen = matrix.upgrades(MATRIX, "given.json", NOW)

    assert values(seen) == {"upgrades.broke_percent": pytest.approx(100 / 3), "upgrades.measured": 3}
    assert seen[0].detail == "1 of 3 upgrades changed behaviour: 2.10.0 to 3.0.11"


def test_a_removal_from_the_surface_is_a_change() -> None:
    changes = [{"after": "2.10.0", "changes": ["surface agent: without skills; with memory"]}]

    assert matrix.upgrades({**MATRIX, "changes": changes}, "", NOW)[0].value == pytest.approx(100 / 3)


def test_one_version_is_no_upgrade() -> None:
    seen = matrix.upgrades({"versions": MATRIX["versions"][:1]}, "", NOW)

    assert values(seen) == {"upgrades.broke_percent": None, "upgrades.measured": 0}


def test_failed_cases_are_those_of_the_version_in_use() -> None:
    (seen,) = matrix.conformance(MATRIX, "3.1.10", "given.json", NOW)

    assert (seen.value, seen.detail) == (1, "3.1.10: 1 of 3 cases failed: tool.one")
    assert matrix.conformance(MATRIX, "3.0.11", "given.json", NOW) == []


def test_a_declaration_speaks_for_the_version_it_was_measured_with() -> None:
    capability = capabilities.RuntimeCapability(
        evidence=capabilities.ConformanceEvidence(runtime_version="3.1.10", measured_on="2026-11-20", passed=100)
    )

    assert values(matrix.declared(capability, "3.1.10")) == {"conformance.failed_cases": 0}
    assert matrix.declared(capability, "3.1.11") == []
    assert matrix.declared(capabilities.RuntimeCapability(), "") == []


def test_a_matrix_is_dated_by_itself_else_by_its_file() -> None:
    day = NOW - timedelta(days=3)

    assert matrix.measured_at({"measuredOn": "2026-11-01"}, file({}), NOW).date().isoformat() == "2026-11-01"
    assert matrix.measured_at({}, file({}, observed_at=stamp(day)), NOW) == day


@pytest.mark.parametrize("cases", [[], "failed", 3, None, {}], ids=str)
def test_cases_that_are_none_are_not_known(cases: object) -> None:
    assert matrix.conformance({"versions": [{"version": "3.1.10", "cases": cases}]}, "3.1.10", "", NOW) == []


def test_a_moment_that_is_none_is_refused() -> None:
    given = file({}, observed_at=timestamp_pb2.Timestamp(seconds=10**15))

    with pytest.raises(InvalidField, match=r"observed_at: given\.json: no moment"):
        matrix.measured_at({}, given, NOW)


@pytest.mark.parametrize("text", ["9" * 5000, "[" * 100_000], ids=["digits", "depth"])
def test_a_number_or_a_nesting_without_end_is_refused(text: str) -> None:
    with pytest.raises(InvalidField, match=r"matrix: given\.json: nested deeper, or with longer numbers"):
        matrix.read(pb.AdviceFile(source="given.json", text=text), "agno")


@pytest.mark.parametrize("content", [[], {}, {"versions": [{}]}, {"versions": [{"version": "x"}]}], ids=str)
def test_what_is_no_matrix_is_refused(content: object) -> None:
    with pytest.raises(InvalidField, match=r"^matrix.*given.json"):
        matrix.read(file(content), "agno")


def test_a_matrix_of_another_package_is_refused() -> None:
    assert matrix.read(file({**MATRIX, "sdk": "agno"}), "agno")["versions"] == MATRIX["versions"]
    with pytest.raises(
        InvalidField, match=r"^matrix: given\.json: measured langgraph, and the runtime is built on agno"
    ):
        matrix.read(file({**MATRIX, "sdk": "langgraph"}), "agno")


PYPI = {
    "releases": {
        "1.0": [{"upload_time_iso_8601": "2024-01-01T00:00:00.5Z"}, {"upload_time_iso_8601": "2024-02-01T00:00:00Z"}],
        "1.1": [{"upload_time_iso_8601": "2026-11-14T12:00:00Z"}],
        "1.2": [{"upload_time_iso_8601": "2026-11-20T12:00:00Z", "yanked": True}],
        "2.0b1": [{"upload_time_iso_8601": "2026-11-21T12:00:00Z"}],
        "3.0": [],
    }
}
SIMPLE = {
    "files": [
        {"filename": "agno-1.0.tar.gz", "upload-time": "2024-01-01T00:00:00Z"},
        {"filename": "agno-1.1-py3-none-any.whl", "upload-time": "2026-11-14T12:00:00.000000Z"},
        {"filename": "notes.txt", "upload-time": "2026-11-23T12:00:00Z"},
    ]
}
NPM = {"time": {"created": "2020-01-01", "modified": "2026-11-24T00:00:00Z", "1.0.0": "2024-01-01T00:00:00Z",
                "1.1.0": "2026-11-14T12:00:00Z", "2.0.0-canary.1": "2026-11-22T00:00:00Z"}}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "ecosystem"), [(PYPI, "PyPI"), (SIMPLE, "PyPI"), (NPM, "npm")], ids=["json", "simple", "npm"]
)
def test_cadence_is_of_releases_that_can_be_had(content: object, ecosystem: str) -> None:
    seen = releases.cadence(file(content), ecosystem, NOW)

    assert values(seen) == {"cadence.days_since_release": 10, "cadence.releases_per_year": 1}
    assert seen[1].detail == "1 of 2 releases in the newest 365 days"


def test_no_releases_are_not_known_and_other_files_are_refused() -> None:
    assert values(releases.cadence(None, "PyPI", NOW)) == dict.fromkeys(releases.MEASURES)
    assert values(releases.cadence(file({"releases": {}}), "PyPI", NOW)) == dict.fromkeys(releases.MEASURES)
    with pytest.raises(InvalidField, match=r"releases: given\.json: no releases"):
        releases.cadence(file([]), "PyPI", NOW)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.10.0", 1), ("3.0.11", 0), ("2.9.0", None), ("3.1.10", None), ("9.9", None), ("", None)],
)
def test_a_licence_is_compared_with_the_version_before(version: str, expected: int | None) -> None:
    stated = releases.licences_of(MATRIX, "given.json")

    assert values([releases.licence(version, stated, "PyPI", NOW)]) == {"licence.changed": expected}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("Apache Software License", "Apache-2.0", 0),
        ("mit", "MIT", 0),
        ("MIT", "MIT OR Apache-2.0", 1),
        ("A licence of ours", "a  licence of OURS", 0),
        ("MPL-2.0", "Proprietary", 1),
    ],
)
def test_another_spelling_is_no_other_licence(before: str, after: str, changed: int) -> None:
    stated = [("1.0", before, "a"), ("2.0", after, "b")]

    assert releases.licence("2.0", stated, "PyPI", NOW).value == changed


def report(agent: str, runtime: str, runs: int, succeeded: int, **fields: Any) -> slo.SloReport:
    made = slo.SloReport(agent=agent, runtime=runtime, counted=runs, status=slo.SLO_STATUS_MET, **fields)
    made.totals.outcomes[events.RUN_OUTCOME_SUCCEEDED] = succeeded
    return made


def burning(seconds: int, rate: float | None) -> slo.BurnRate:
    made = slo.BurnRate(rate=rate)
    made.window.seconds = seconds
    return made


def test_the_worst_agent_speaks_for_a_runtime_and_quiet_time_burns_nothing() -> None:
    calm = report("desk", "agno", 100, 100, budget_left=1.0, burn_rates=[burning(3600, 0.5), burning(300, None)])
    hot = report("vault", "agno", 100, 90, budget_left=-2.0, burn_rates=[burning(3600, 20), burning(300, 16)])
    few = report("seer", "agno", 3, 0, budget_left=-50.0, burn_rates=[burning(3600, 100)])
    few.status = slo.SLO_STATUS_NO_DATA
    other = report("desk", "langgraph", 100, 0, budget_left=-90.0)

    seen = {one.measure: one for one in levels.levels("agno", [calm, hot, few, other], [], NOW)}

    assert (seen["slo.burn_1h"].value, seen["slo.burn_5m"].value, seen["slo.burn_3d"].value) == (20, 16, 0)
    assert seen["slo.budget_left_percent"].value == -200
    assert seen["slo.burn_1h"].detail == "vault: 100 live runs in 30 days"
    assert not seen["slo.trend_points"].HasField("value")


def test_a_runtime_without_enough_runs_has_no_levels() -> None:
    few = report("desk", "agno", 3, 3)
    few.status = slo.SLO_STATUS_NO_DATA

    assert set(values(levels.levels("agno", [few], [], NOW)).values()) == {None}


def test_the_trend_is_the_success_lost_in_the_newest_week() -> None:
    month = [report("desk", "agno", 120, 110, budget_left=1), report("vault", "agno", 50, 50, budget_left=1)]
    week = [report("desk", "agno", 20, 15), report("vault", "agno", 19, 19)]

    seen = values(levels.levels("agno", month, week, NOW))

    assert seen["slo.trend_points"] == pytest.approx(20)


def test_the_trend_of_another_runtime_is_not_its_own() -> None:
    month = [report("desk", "agno", 100, 100, budget_left=1), report("desk", "other", 120, 110, budget_left=1)]
    week = [report("desk", "agno", 30, 30), report("desk", "other", 20, 0)]

    assert values(levels.levels("agno", month, week, NOW))["slo.trend_points"] == 0


def test_cost_is_against_the_best_alternative_in_the_same_currency() -> None:
    def priced(agent: str, runtime: str, nanos: int, currency: str = "USD") -> slo.SloReport:
        cost = common.Money(currency_code=currency, nanos=nanos)
        return report(agent, runtime, 50, 50, cost_per_success=cost)

    month = [
        priced("desk", "agno", 150),
        priced("desk", "langgraph", 100),
        priced("desk", "pydantic-ai", 120),
        priced("desk", "openai-agents", 1, "EUR"),
        priced("vault", "agno", 100),
        priced("vault", "langgraph", 200),
    ]

    assert levels.cost("agno", month, NOW).value == pytest.approx(50)
    assert levels.cost("langgraph", month, NOW).value == pytest.approx(100)
    assert not levels.cost("openai-agents", month, NOW).HasField("value")


def certificate(runtime: str, days: float, *problems: str, verdict: int = 1) -> standing.Checked:
    stated = gameday.Certificate(
        number=1,
        verdict=verdict,  # type: ignore[arg-type]
        expires_at=stamp(NOW + timedelta(days=days)),
        runs=[gameday.DrillRun(runtimes=[runtime])],
    )
    return standing.Checked(stated, problems)


@pytest.mark.parametrize(
    ("ones", "fresh", "days"),
    [
        ([], 0, None),
        ([certificate("agno", 9)], 1, 9),
        ([certificate("agno", 9), certificate("agno", 20)], 2, 20),
        ([certificate("agno", -2, "expired")], 0, -2),
        ([certificate("agno", 30, "edited"), certificate("agno", 5)], 1, 5),
        ([certificate("agno", 30, verdict=2), certificate("other", 30)], 0, None),
    ],
)
def test_certificates_count_when_they_are_genuine_passed_and_of_the_runtime(
    ones: list[standing.Checked], fresh: int, days: float | None
) -> None:
    seen = standing.certificates("agno", ones, "here", NOW)

    assert values(seen) == {"certificate.fresh": fresh, "certificate.days_left": days}


def test_unknown_certificates_are_not_missing_ones() -> None:
    seen = standing.certificates("agno", None, "nobody said where they are", NOW)

    assert set(values(seen).values()) == {None}
    assert {one.detail for one in seen} == {"nobody said where they are"}


def test_a_standby_serves_is_able_certified_and_proven() -> None:
    def runtime(state: registry.RuntimeState, *, tools: bool) -> registry.RegisteredRuntime:
        capability = capabilities.RuntimeCapability(capabilities={"tool_calling": tools})
        return registry.RegisteredRuntime(state=state, capability=capability)

    users = {"desk": agents.AgentSpec(), "vault": agents.AgentSpec()}
    users["desk"].spec.requires.tool_calling = True
    runtimes = {
        "agno": runtime(registry.RUNTIME_STATE_SERVING, tools=True),
        "able": runtime(registry.RUNTIME_STATE_SERVING, tools=True),
        "other": runtime(registry.RUNTIME_STATE_SERVING, tools=True),
        "weak": runtime(registry.RUNTIME_STATE_SERVING, tools=False),
        "lost": runtime(registry.RUNTIME_STATE_LOST, tools=True),
    }
    ones = [certificate("able", 9), certificate("other", -1, "expired"), certificate("weak", 9)]
    passed = {("desk", "able"), ("vault", "able"), ("desk", "other"), ("desk", "weak"), ("vault", "weak")}

    seen = standing.standby("agno", users, runtimes, ones, passed, NOW)

    assert values(seen) == {"standby.able": 2, "standby.ready": 1, "standby.passed": 1}
    assert values(standing.standby("agno", users, runtimes, None, passed, NOW))["standby.ready"] is None


def test_without_a_runtime_that_is_able_none_is_ready_whatever_certificates_there_are() -> None:
    seen = standing.standby("agno", {}, {}, None, set(), NOW)

    assert values(seen) == {"standby.able": 0, "standby.ready": 0, "standby.passed": 0}
