"""One trace from the client to the tool, measurements in the recorder, one log line for each RPC."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_rpc.channels import channel
from tests.e2e.conftest import Cli
from tests.fakes.otlp_collector import Collector, Exported

QUESTION = "Where is order A-1001?"
PARENT = "b7ad6b7169203331"
SERVICES = {"pal-core", "pal-adapter.agno", "pal-llm_provider", "pal-tool_executor"}


async def run(pal: Cli, trace_id: str) -> list[events.RunEvent]:
    """Run the support desk as a client that is traced, and return the events."""
    traceparent = f"00-{trace_id}-{PARENT}-01"
    request = pb.RunRequest(agent=common.SpecSelector(name="support-desk"), input=common.Payload(text=QUESTION))
    async with channel(pal.address("router")) as opened:
        call = rpc.RouterServiceStub(opened).Run(request, metadata=(("traceparent", traceparent),))
        return [frame.event async for response in call for frame in response.frames if frame.HasField("event")]


async def test_one_trace_reaches_from_the_client_to_the_tool(pal: Cli, traces: tuple[Collector, str]) -> None:
    collected, trace_id = traces[0], uuid.uuid4().hex

    await run(pal, trace_id)
    # What ends last is exported last: a span may be there before the one that it is part of.
    await collected.until(lambda spans: is_whole([span for span in spans if span.trace_id == trace_id]), 30)

    names = {span.name.rpartition("/")[2] for span in collected.spans if span.trace_id == trace_id}
    assert {"Run", "StreamComplete", "ExecuteTool"} <= names


def is_whole(spans: list[Exported]) -> bool:
    """Tell whether every service took part, and every span is part of another or of the client's."""
    known = {span.span_id for span in spans} | {PARENT}
    return {span.service for span in spans} >= SERVICES and all(span.parent_id in known for span in spans)


async def test_what_a_run_took_is_measured_under_the_trace_of_its_client(pal: Cli) -> None:
    trace_id = uuid.uuid4().hex
    log = await run(pal, trace_id)
    kinds: set[str] = set()
    async with asyncio.timeout(60):
        while len(kinds) < 4:
            # Spans are written about once a second, and nobody is told.
            shown = (await pal("runs", "show", log[0].run_id, "-o", "json")).json
            kinds = {span["kind"].removeprefix("SPAN_KIND_") for span in shown["spans"]}

    assert kinds == {"RUN", "RUNTIME", "MODEL_CALL", "TOOL_CALL"}
    assert {span["traceId"] for span in shown["spans"]} == {trace_id}
    assert {event.traceparent.split("-")[1] for event in log} == {trace_id}


async def test_each_rpc_is_one_line_with_its_run(pal: Cli) -> None:
    log = await run(pal, uuid.uuid4().hex)
    expected = ["ExecuteTool", "Run", "Run", "StreamComplete", "StreamComplete"]

    # Whoever serves an RPC writes its line when it is over, and nobody is told.
    async with asyncio.timeout(60):
        while len(lines := logged(pal, log[0].run_id)) < len(expected):  # noqa: ASYNC110  files of other processes
            await asyncio.sleep(0.05)

    assert sorted(line["method"].rpartition("/")[2] for line in lines) == expected
    assert all(line["code"] == "OK" and line["duration_ms"] > 0 for line in lines)


def logged(pal: Cli, run_id: str) -> list[dict[str, Any]]:
    """Return the lines that name a run; the last of a file may be half written."""
    return [
        entry
        for path in (pal.home / "logs").glob("*.log")
        for line in path.read_text().splitlines(keepends=True)
        if line.startswith("{") and line.endswith("\n") and (entry := json.loads(line)).get("run_id") == run_id
    ]
