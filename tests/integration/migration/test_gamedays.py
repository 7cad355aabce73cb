"""Drills over gRPC: who may begin one, what is refused before anything is done, and which certificates there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest
from google.protobuf import duration_pb2, json_format

from pal.service.v1 import gameday_service_pb2 as pb
from pal.service.v1 import gameday_service_pb2_grpc as rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.v1 import gameday_pb2 as gameday
from pal_gameday.chain import Chain
from pal_gameday.plan import drafted
from pal_migration.__main__ import Config, migration
from pal_migration.sqlite import SqliteStore
from pal_migration.store import Item, Kind
from pal_rpc.channels import channel
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import GAMEDAY, MESH, private_key
from tests.integration.migration.conftest import Bench, refusal
from tests.unit.gameday.seen import PLAN, evidence


@pytest.fixture(scope="module")
async def gamedays(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[rpc.GameDayServiceStub]:
    """Serve drills, with one certificate that was made before."""
    Chain(bench.home / "certificates").add(evidence(), private_key(bench.home / "keys", GAMEDAY))
    data = tmp_path_factory.mktemp("data")
    config = Config(**{**vars(bench.config), "data_dir": data, "home": bench.home})
    async with migration(config) as server, channel(server.address) as opened:
        yield rpc.GameDayServiceStub(opened)


@pytest.fixture
def operator(bench: Bench) -> Any:
    return bearer(issue_token(private_key(bench.home / "keys", MESH), OPERATOR))


async def all_of(call: Any) -> list[pb.RunGameDayResponse]:
    return [said async for said in call]


async def test_only_an_operator_begins_a_drill(bench: Bench, gamedays: rpc.GameDayServiceStub) -> None:
    other = bearer(issue_token(private_key(bench.home / "keys", MESH), "router"))
    request = pb.RunGameDayRequest(plan=drafted(PLAN))

    refused = [await refusal(all_of(gamedays.RunGameDay(request, metadata=given))) for given in ((), other)]

    assert [error.reason_name for error in refused] == ["UNAUTHENTICATED", "PERMISSION_DENIED"]


async def test_a_mesh_that_forbids_drills_refuses_one(gamedays: rpc.GameDayServiceStub, operator: Any) -> None:
    request = pb.RunGameDayRequest(plan=drafted(PLAN))

    refused = await refusal(all_of(gamedays.RunGameDay(request, metadata=operator)))

    assert refused.reason_name == "DRILLS_FORBIDDEN"


async def test_a_plan_is_checked_as_a_message_and_as_a_text(gamedays: rpc.GameDayServiceStub, operator: Any) -> None:
    plan = drafted(PLAN)
    understood = await gamedays.CheckGameDay(pb.CheckGameDayRequest(text=PLAN))
    wrong = gameday.GameDay()
    wrong.CopyFrom(plan)
    del wrong.spec.inputs[:]

    message = await refusal(all_of(gamedays.RunGameDay(pb.RunGameDayRequest(plan=wrong), metadata=operator)))
    text = await refusal(gamedays.CheckGameDay(pb.CheckGameDayRequest(text=PLAN.replace("hypothesis", "hypotesis"))))

    assert understood.plan == plan
    assert (message.reason_name, message.metadata["path"]) == ("INVALID_DOCUMENT", "spec.inputs")
    assert (text.reason_name, text.metadata["path"]) == ("INVALID_DOCUMENT", "spec.hypotesis")


@pytest.mark.parametrize(("field", "value"), [("drill_id", "d" * 129), ("delay", duration_pb2.Duration(seconds=-1))])
async def test_a_wrong_field_is_named(
    gamedays: rpc.GameDayServiceStub, operator: Any, field: str, value: object
) -> None:
    request = pb.RunGameDayRequest(plan=drafted(PLAN), **{field: value})  # type: ignore[arg-type]

    refused = await refusal(all_of(gamedays.RunGameDay(request, metadata=operator)))

    assert (refused.reason_name, refused.metadata["field"]) == ("INVALID_FIELD", field)


async def test_a_drill_that_is_over_cannot_be_stopped(gamedays: rpc.GameDayServiceStub, operator: Any) -> None:
    stopped = await gamedays.StopGameDay(pb.StopGameDayRequest(drill_id="none"), metadata=operator)

    assert not stopped.stopped


async def test_certificates_are_listed_read_and_verified(bench: Bench, gamedays: rpc.GameDayServiceStub) -> None:
    listed = await gamedays.ListCertificates(pb.ListCertificatesRequest())
    none = await gamedays.ListCertificates(pb.ListCertificatesRequest(plan="another"))
    given = (await gamedays.GetCertificate(pb.GetCertificateRequest(number=1))).certificate
    missing = await refusal(gamedays.GetCertificate(pb.GetCertificateRequest(number=7)))
    genuine = await gamedays.VerifyCertificate(pb.VerifyCertificateRequest(number=1))
    altered = given.text.replace("DRILL_VERDICT_", "DRILL_VERDICT_", 1).replace('"number": "1"', '"number": "2"', 1)
    edited = await gamedays.VerifyCertificate(pb.VerifyCertificateRequest(text=altered))
    no_text = await refusal(gamedays.VerifyCertificate(pb.VerifyCertificateRequest(text="{}")))

    assert [one.number for one in listed.certificates] == [1] and not none.certificates
    assert json_format.MessageToDict(given.certificate) == json_format.MessageToDict(listed.certificates[0])
    assert given.text == (bench.home / "certificates" / given.file_name).read_text()
    assert missing.reason_name == "CERTIFICATE_NOT_FOUND"
    assert not [problem for problem in genuine.problems if "expired" not in problem]
    assert "edited: the signature does not fit what it states" in edited.problems
    assert (no_text.reason_name, no_text.metadata["field"]) == ("INVALID_FIELD", "text")


async def test_a_service_without_a_home_serves_no_drills(bench: Bench, tmp_path: Path) -> None:
    config = Config(**{**vars(bench.config), "data_dir": tmp_path})
    async with migration(config) as server:
        assert not [name for name in server.services if name.endswith("GameDayService")]


@pytest.mark.parametrize(("author", "back_on"), [("gameday", "echo"), ("ann", "other")])
async def test_the_next_life_takes_back_the_route_of_a_drill_and_of_nobody_else(
    bench: Bench, tmp_path: Path, author: str, back_on: str
) -> None:
    agent = "desk" if author == "gameday" else "vault"
    unfinished = pb.UnfinishedDrill(drill_id="lost", plan=drafted(PLAN), route=registry_pb.Route(stable="echo"))
    unfinished.plan.spec.agent.name = unfinished.route.agent = agent
    store = SqliteStore(tmp_path)
    await store.put([Item(Kind.DRILL, "lost", unfinished.SerializeToString())])
    await store.close()
    route = registry_pb.Route(agent=agent, stable="other", author=author, reason="drill lost")
    await bench.registry.SetRoute(registry_pb.SetRouteRequest(route=route))

    config = Config(**{**vars(bench.config), "data_dir": tmp_path, "home": bench.home})
    async with migration(config), asyncio.timeout(20):
        while not await over(tmp_path):
            pass

    (found,) = (await bench.registry.GetRoute(registry_pb.GetRouteRequest(agent=agent))).routes
    assert found.stable == back_on


async def over(data: Path) -> bool:
    """Tell whether the journal in *data* says that everything is put back, a moment later."""
    await asyncio.sleep(0.05)
    with closing(apsw.Connection(str(data / "migration.db"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        ((encoded,),) = db.execute("SELECT encoded FROM items WHERE kind = 'drill'").fetchall()
    return pb.UnfinishedDrill.FromString(encoded).over
