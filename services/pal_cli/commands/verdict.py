"""`pal verdict`: whether a candidate is as good as production, by everything that was compared so far."""

from __future__ import annotations

from typing import Annotated

import typer

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import comparison_pb2 as comparisons
from pal_cli.failures import OK, RUN_FAILED, UNDECIDED
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, print_json, shorten, table
from pal_cli.verdicts import outcome, show

_JUDGE_SECONDS, _CALL_SECONDS = 300.0, 30.0
_EXITS = {comparisons.VERDICT_OUTCOME_PASS: OK, comparisons.VERDICT_OUTCOME_FAIL: RUN_FAILED}


@command
async def verdict(
    agent: Annotated[str, typer.Argument(help="the agent", show_default=False)],
    candidate: Annotated[str, typer.Option("--candidate", "-c", help="the runtime; default: any, the newest")] = "",
    home: HomeOption = None,
    history: Annotated[bool, typer.Option("--history", help="list the verdicts that were reached before")] = False,
    output: Output = OutputFormat.table,
) -> int:
    """Judge a candidate by its shadow. Exit code 0 for PASS, 1 for FAIL, 8 for everything that is neither."""
    async with connected(home_of(home)) as mesh:
        if history:
            asked = pb.ListVerdictsRequest(agent=agent, candidate=candidate, page_size=200)
            listed = await mesh.migration.ListVerdicts(asked, timeout=_CALL_SECONDS)
            return _list(listed, output)
        selector = pb.ShadowSelector(agent=agent, candidate=candidate)
        found = await mesh.migration.GetVerdict(pb.GetVerdictRequest(shadow=selector), timeout=_JUDGE_SECONDS)
    if output is OutputFormat.json:
        print_json(as_json(found))
    else:
        show(found.verdict)
    return _EXITS.get(found.verdict.outcome, UNDECIDED)


def _list(listed: pb.ListVerdictsResponse, output: OutputFormat) -> int:
    if output is OutputFormat.json:
        print_json({"verdicts": [as_json(kept) for kept in listed.verdicts]})
        return OK
    rows = [
        [
            moment(kept.verdict.decided_at),
            outcome(kept.verdict.outcome),
            kept.verdict.candidate,
            kept.verdict.baseline,
            f"{kept.verdict.coverage.compared} of {kept.verdict.coverage.eligible}",
            shorten(kept.verdict.reason, 100),
        ]
        for kept in listed.verdicts
    ]
    table(["REACHED", "VERDICT", "CANDIDATE", "PRODUCTION", "PAIRS", "WHY"], rows, empty="no verdict was reached yet")
    return OK
