"""Routes from the command line: a trial, its end, and who did what."""

from __future__ import annotations

import asyncio

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal_rpc.channels import channel
from tests.e2e.conftest import Cli

AGENT = "testcase-writer"


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
    assert (begun.code, ended.code, again.code) == (0, 0, 0), (begun.err, ended.err, again.err)
    assert (wrong.code, "add up to 95 %" in wrong.err) == (2, True)
    assert (stale.code, "ROUTE_CHANGED" in stale.err) == (4, True)
    assert (unable.code, "CAPABILITY_MISSING" in unable.err) == (4, True)
    assert "followed by 1 router after" in ended.out
    assert diff.json["differences"] == [{"field": "candidate_basis_points", "before": "25 %", "after": "0 %"}]
    revisions = history.json["routes"]
    assert [route["revision"] for route in revisions] == ["4", "3", "2", "1"]
    assert (revisions[2]["author"], revisions[2]["reason"]) == ("ann", "try it")
    assert revisions[0]["candidateBasisPoints"] == 2500


SLOW = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: drained, version: 1.0.0}
spec: {objective: Take long., modelNeeds: {profile: slow}}
"""


async def begun(pal: Cli) -> str:
    """Begin a run and leave it; return its id."""
    request = pb.RunRequest(agent=common.SpecSelector(name="drained"), input=common.Payload(text="hello"))
    async with channel(pal.address("router")) as opened:
        call = rpc.RouterServiceStub(opened).Run(request)
        response = await call.read()
        call.cancel()
    return str(response.frames[0].event.run_id)


async def test_runs_that_are_going_are_waited_for_or_moved(pal: Cli) -> None:
    assert (await pal("apply", "-f", "-", stdin=SLOW.encode())).code == 0
    told, runtimes = {}, {}
    for running in ("drain", "move"):
        assert (await pal("route", "set", "drained", "pydantic-ai")).code == 0
        run_id = await begun(pal)
        told[running] = await pal("route", "set", "drained", "agno", "--running", running)
        shown = await pal("runs", "watch", run_id, "-o", "json")
        log = [frame["event"] for frame in shown.lines if "event" in frame]
        runtimes[running] = [event["runRouted"]["runtime"] for event in log if event["type"] == "run.routed"]
        assert log[-1]["runFinished"]["outcome"] == "RUN_OUTCOME_SUCCEEDED"

    assert (told["drain"].code, told["move"].code) == (0, 0)
    assert "no run goes on pydantic-ai any more" in told["drain"].out
    assert runtimes == {"drain": ["pydantic-ai"], "move": ["pydantic-ai", "agno"]}
