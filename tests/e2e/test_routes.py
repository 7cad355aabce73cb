"""Routes from the command line: a trial, its end, and who did what."""

from __future__ import annotations

import asyncio

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
