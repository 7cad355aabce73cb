"""Advice over gRPC: the mesh says what it knows, the request what the mesh cannot know."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import advice_pb2 as advice
from pal.v1 import comparison_pb2 as comparisons
from pal_advice.rules import shipped
from pal_gameday.chain import Chain
from pal_gameday.evidence import Evidence
from pal_log.events import new_id
from pal_migration.sqlite import SqliteStore
from pal_migration.store import Item, Kind
from pal_rpc.keys import GAMEDAY, create_keys, private_key
from tests.integration.migration.conftest import Bench, refusal
from tests.unit.gameday.seen import evidence, log, receipt

MATRIX = {"versions": [{"version": "0.0", "behaviour": {"a": 1}}, {"version": "0.1", "behaviour": {"a": 1}}]}

PASS, FAIL = comparisons.VERDICT_OUTCOME_PASS, comparisons.VERDICT_OUTCOME_FAIL


def file(content: object) -> pb.AdviceFile:
    return pb.AdviceFile(source="given.json", text=json.dumps(content))


def passed_on_echo() -> Evidence:
    """Return what a drill saw just now in which nothing went wrong."""
    return dataclasses.replace(evidence([log("r1", 10, receipt(), runtime="echo")]), ended_ns=time.time_ns())


def seen(found: advice.Advice) -> dict[str, advice.AdviceEvidence]:
    return {one.measure: one for one in found.evidence}


def only(*names: str) -> advice.AdviceRules:
    """Return the shipped rules of these names."""
    rules = advice.AdviceRules()
    rules.CopyFrom(shipped())
    kept = [rule for rule in rules.spec.rules if rule.rule in names]
    del rules.spec.rules[:]
    rules.spec.rules.extend(kept)
    return rules


async def test_what_the_mesh_knows_and_what_is_given_are_judged_together(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        request = pb.AdviseRequest(runtime="echo", osv=[file({})], matrix=file(MATRIX))
        found = (await service.Advise(request)).advice

    assert (found.runtime, found.rules.name) == ("echo", "default")
    assert found.version == next(
        one.installed_version
        for one in (await bench.registry.ListRuntimes(registry.ListRuntimesRequest())).runtimes
        if one.name == "echo"
    )
    assert seen(found)["advisories.count"].value == 0
    assert seen(found)["upgrades.measured"].value == 1
    assert "desk, seer, vault" in seen(found)["standby.passed"].detail
    assert found.verdict == advice.ADVICE_VERDICT_PREPARE
    assert found.HasField("milder") and found.HasField("severer")


async def test_runs_of_an_agent_are_evidence_once_there_are_enough(bench: Bench, tmp_path: Path) -> None:
    for _ in range(20):
        await bench.live()

    async with bench.service(tmp_path) as service:
        found = (await service.Advise(pb.AdviseRequest(runtime="echo", rules=only("slo")))).advice

    assert seen(found)["slo.burn_1h"].value == 0
    assert seen(found)["slo.budget_left_percent"].value == 100
    assert found.verdict == advice.ADVICE_VERDICT_WATCH
    assert [shift.measure for shift in found.milder.shifts] == ["slo.trend_points"]


async def test_certificates_are_believed_when_the_mesh_has_signed_them(bench: Bench, tmp_path: Path) -> None:
    own, others = tmp_path / "keys", tmp_path / "others"
    create_keys(own)
    create_keys(others)
    directory = tmp_path / "certificates"
    genuine, _ = Chain(directory).add(passed_on_echo(), private_key(own, GAMEDAY))
    forged, _ = Chain(tmp_path / "forged").add(passed_on_echo(), private_key(others, GAMEDAY))
    request = pb.AdviseRequest(runtime="echo", rules=only("certificate"))

    async with bench.service(tmp_path, certificates_dir=directory, keys_dir=own) as service:
        found = (await service.Advise(request)).advice
        request.certificates.append(pb.AdviceFile(source=forged.name, text=forged.read_text()))
        not_believed = (await service.Advise(request)).advice
        request.certificates.append(pb.AdviceFile(source="x.json", text="{}"))
        error = await refusal(service.Advise(request))

    assert genuine.exists() and seen(found)["certificate.fresh"].value == 1
    assert seen(not_believed)["certificate.fresh"].value == 0
    assert "wrong key" in seen(not_believed)["certificate.fresh"].detail
    assert error.message.startswith("certificates[1]: x.json: not a certificate")


async def test_a_record_that_is_away_is_not_known_and_no_error(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path, recorder_address="127.0.0.1:1") as service:
        found = (await service.Advise(pb.AdviseRequest(runtime="echo", rules=only("slo", "licence")))).advice

    assert found.verdict == advice.ADVICE_VERDICT_WATCH
    assert "the recorder at 127.0.0.1:1 cannot be reached" in seen(found)["slo.burn_1h"].detail


async def test_licences_that_the_caller_knows_are_compared(bench: Bench, tmp_path: Path) -> None:
    licences = [pb.AdviceLicence(version=one, licence=name) for one, name in (("0.0.9", "MIT"), ("0.1.0", "BUSL-1.1"))]

    async with bench.service(tmp_path) as service:
        request = pb.AdviseRequest(runtime="echo", rules=only("licence"), licences=licences)
        found = (await service.Advise(request)).advice

    assert found.verdict == advice.ADVICE_VERDICT_PREPARE
    assert seen(found)["licence.changed"].detail == "0.0.9: MIT, 0.1.0: BUSL-1.1"


async def test_without_a_directory_certificates_are_not_known(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        found = (await service.Advise(pb.AdviseRequest(runtime="echo", rules=only("certificate")))).advice

    assert found.verdict == advice.ADVICE_VERDICT_WATCH
    assert "PAL_CERTIFICATES_DIR" in seen(found)["certificate.fresh"].detail


@pytest.mark.parametrize(
    ("fields", "reason", "message"),
    [
        ({"runtime": "ecko"}, "RUNTIME_NOT_FOUND", "runtime ecko is not registered; did you mean echo? registered"),
        ({}, "INVALID_FIELD", "runtime: empty; name one of echo, other"),
        ({"runtime": "echo", "matrix": file([])}, "INVALID_FIELD", "matrix: given.json: no matrix"),
        ({"runtime": "echo", "osv": [file([1])]}, "INVALID_FIELD", "osv[0][0]: given.json: not OSV"),
        ({"runtime": "echo", "releases": file(1)}, "INVALID_FIELD", "releases: given.json: no releases"),
        (
            {"runtime": "echo", "rules": advice.AdviceRules(api_version="pal/v1", kind="AdviceRules")},
            "INVALID_FIELD",
            "rules.metadata.name: missing; give the rules a name",
        ),
    ],
    ids=str,
)
async def test_a_wrong_request_is_refused_by_field(
    bench: Bench, tmp_path: Path, fields: dict[str, Any], reason: str, message: str
) -> None:
    async with bench.service(tmp_path) as service:
        error = await refusal(service.Advise(pb.AdviseRequest(**fields)))

    assert error.reason_name == reason
    assert error.message.startswith(message)


async def test_an_unknown_rule_or_measure_is_refused_by_name(bench: Bench, tmp_path: Path) -> None:
    rule, measure = only("slo"), only("slo")
    rule.spec.rules[0].rule = "weather"
    measure.spec.rules[0].conditions[0].when[0].measure = "slo.burn_1w"

    async with bench.service(tmp_path) as service:
        errors = [await refusal(service.Advise(pb.AdviseRequest(runtime="echo", rules=one))) for one in (rule, measure)]

    assert errors[0].message.startswith("rules.spec.rules[0].rule: there is no rule weather")
    assert "there is no measure slo.burn_1w; did you mean slo.burn_1h?" in errors[1].message


async def kept(path: Path, *verdicts: tuple[str, comparisons.VerdictOutcome, float]) -> None:
    """Keep verdicts about agents, the oldest first, each reached so many days ago, as a migration service does."""
    items = []
    for agent, outcome, days_ago in verdicts:
        verdict = comparisons.Verdict(baseline="echo 0.1.0", candidate="other 0.1.0", outcome=outcome)
        verdict.agent.name = agent
        verdict.decided_at.FromDatetime(datetime.now(UTC) - timedelta(days=days_ago))
        items.append(Item(Kind.VERDICT, new_id(), pb.KeptVerdict(verdict=verdict).SerializeToString()))
    store = SqliteStore(path)
    await store.put(items)
    await store.close()


@pytest.mark.parametrize(
    ("verdicts", "passed"),
    [
        ([("desk", PASS, 1), ("vault", PASS, 29)], 1),
        ([("desk", PASS, 1), ("vault", PASS, 31)], 0),
        ([("desk", PASS, 1)], 0),
        ([("desk", FAIL, 3), ("vault", PASS, 2), ("desk", PASS, 1)], 1),
        ([("desk", PASS, 3), ("vault", PASS, 2), ("desk", FAIL, 1)], 0),
    ],
    ids=str,
)
async def test_a_standby_is_proven_by_the_newest_verdicts_of_every_agent(
    bench: Bench, tmp_path: Path, verdicts: list[tuple[str, comparisons.VerdictOutcome, float]], passed: int
) -> None:
    # No other runtime is able for it.
    seer = registry.DeleteDocumentRequest(kind=registry.DOCUMENT_KIND_AGENT, name="seer", version="1.0.0")
    await bench.registry.DeleteDocument(seer)
    await kept(tmp_path, *verdicts)

    async with bench.service(tmp_path) as service:
        found = (await service.Advise(pb.AdviseRequest(runtime="echo", rules=only("standby")))).advice

    assert seen(found)["standby.passed"].value == passed
    assert "able: other" in seen(found)["standby.passed"].detail
