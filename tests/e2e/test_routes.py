"""Routes from the command line: a trial, its end, and who did what."""

from __future__ import annotations

import asyncio

import pytest

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal_rpc.channels import channel
from tests.e2e.conftest import Cli

AGENT = "testcase-writer"


@pytest.mark.drill
async def test_a_trial_is_begun_and_taken_back(pal: Cli) -> None:
    assert (await pal("route", "set", AGENT, "agno")).code == 0
    begun = await pal("route", "set", AGENT, "agno=75", "pydantic-ai=25", "--reason", "try it", "--author", "ann")
    wrong, stale, unable = await asyncio.gather(
        pal("route", "set", AGENT, "agno=90", "pydantic-ai=5"),
        pal("route", "set", AGENT, "agno", "--expect", "1"),
        pal("route", "set", "testcase-review", "agno=90", "pydantic-ai=10"),
    )
    ended = await pal("route", "rollback", AGENT)
    again = await pal("route", "rollback", AGENT)
    diff, history = await asyncio.gather(
        pal("route", "diff", AGENT, "2", "3", "-o", "json"), pal("route", "history", AGENT, "-o", "json")
    )
    every = await pal("route", "get", "--all", "-o", "json")
    assert (await pal("route", "set", AGENT, "agno")).code == 0
    ran = await pal("run", AGENT, "--input", "The door shall close.", "--output", "json")
    run_id = next(frame["event"]["runId"] for frame in ran.lines if "event" in frame)
    told, told_json, slo = await asyncio.gather(
        pal("explain", run_id), pal("explain", run_id, "-o", "json"), pal("slo", AGENT, "-o", "json")
    )

    assert (told.code, told_json.code, slo.code) == (0, 0, 0), told.err
    assert "revision 5: agno" in told.out
    assert told_json.json["choices"][0]["routeRevision"] == "5"
    assert told_json.json["now"].startswith("would go to agno")
    assert {report["agent"] for report in slo.json["reports"]} == {AGENT}
    unlabelled, labelled = await asyncio.gather(pal("slo", "--by", "colour"), pal("slo", "--by", "tier", "-o", "json"))
    assert (unlabelled.code, "no agent has the label colour" in unlabelled.err) == (3, True)
    assert "tier=prod" in {report["agent"] for report in labelled.json["reports"]}
    assert AGENT not in {report["agent"] for report in labelled.json["reports"]}
    assert (begun.code, ended.code, again.code) == (0, 0, 0), (begun.err, ended.err, again.err)
    assert (wrong.code, "add up to 95 %" in wrong.err) == (2, True)
    assert (stale.code, "ROUTE_CHANGED" in stale.err) == (4, True)
    assert (unable.code, "CAPABILITY_MISSING" in unable.err) == (4, True)
    assert "followed by 1 router after" in ended.out
    assert diff.json["differences"] == [{"field": "candidate_basis_points", "before": "25 %", "after": "0 %"}]
    # Other tests leave routes of other agents in this mesh.
    assert [one["revision"] for one in every.json["routes"] if one.get("agent") == AGENT] == ["4"]
    revisions = history.json["routes"]
    assert [route["revision"] for route in revisions] == ["4", "3", "2", "1"]
    assert (revisions[2]["author"], revisions[2]["reason"]) == ("ann", "try it")
    assert revisions[0]["candidateBasisPoints"] == 2500


GOING = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {{name: {name}, version: 1.0.0}}
spec: {{objective: Take long., modelNeeds: {{profile: {profile}}}}}
"""


async def begun(pal: Cli, agent: str, profile: str) -> str:
    """Begin a run of a new agent on pydantic-ai and leave it; return its id."""
    assert (await pal("apply", "-f", "-", stdin=GOING.format(name=agent, profile=profile).encode())).code == 0
    assert (await pal("route", "set", agent, "pydantic-ai")).code == 0
    request = pb.RunRequest(agent=common.SpecSelector(name=agent), input=common.Payload(text="hello"))
    async with channel(pal.address("router")) as opened:
        call = rpc.RouterServiceStub(opened).Run(request)
        response = await call.read()
        call.cancel()
    return str(response.frames[0].event.run_id)


async def choices(pal: Cli, run_id: str, count: int) -> list[str]:
    """Return the first *count* runtimes that a run goes to; the run is stopped then."""
    found: list[str] = []
    async with channel(pal.address("router")) as opened:
        stub = rpc.RouterServiceStub(opened)
        async for response in stub.Watch(pb.WatchRequest(run_id=run_id, follow=True)):
            routed = [frame.event for frame in response.frames if frame.event.type == "run.routed"]
            found += [event.run_routed.runtime for event in routed]
            if len(found) >= count:
                break
        await stub.Cancel(pb.CancelRequest(run_id=run_id))
    return found


async def test_runs_that_are_going_are_waited_for(pal: Cli) -> None:
    run_id = await begun(pal, "drained", "slow")

    told = await pal("route", "set", "drained", "agno", "--running", "drain")
    shown = await pal("runs", "show", run_id, "-o", "json")

    assert "no run goes on pydantic-ai any more" in told.out
    assert (shown.json["run"]["state"], shown.json["run"]["runtime"]) == ("RUN_STATE_FINISHED", "pydantic-ai")


async def test_runs_that_are_going_are_moved(pal: Cli) -> None:
    run_id = await begun(pal, "moved", "endless")

    told = await pal("route", "set", "moved", "agno", "--running", "move")

    assert told.code == 0
    assert await choices(pal, run_id, 2) == ["pydantic-ai", "agno"]
