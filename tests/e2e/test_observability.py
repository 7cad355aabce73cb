"""One trace from the client to the tool, measurements in the recorder, one log line for each RPC."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_rpc.channels import channel
from tests.e2e.conftest import Cli, started
from tests.fakes.otlp_collector import Exported, collector

QUESTION = "Where is order A-1001?"
TRACE_ID, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT}-01"
SERVICES = {"pal-core", "pal-adapter.agno", "pal-llm_provider", "pal-tool_executor"}


async def run(pal: Cli, traceparent: str) -> list[events.RunEvent]:
    """Run the support desk as a client that is traced, and return the events."""
    request = pb.RunRequest(agent=common.SpecSelector(name="support-desk"), input=common.Payload(text=QUESTION))
    async with channel(pal.address("router")) as opened:
        call = rpc.RouterServiceStub(opened).Run(request, metadata=(("traceparent", traceparent),))
        return [frame.event async for response in call for frame in response.frames if frame.HasField("event")]


def of_the_run(spans: list[Exported]) -> list[Exported]:
    return [span for span in spans if span.trace_id == TRACE_ID]


async def test_one_trace_reaches_from_the_client_to_the_tool(tmp_path: Path) -> None:
    async with collector() as (kept, address), started(tmp_path, PAL_OTLP_ENDPOINT=f"http://{address}") as pal:
        assert (await pal("apply", "-f", "examples")).code == 0

        await run(pal, TRACEPARENT)
        await kept.until(lambda spans: {span.service for span in of_the_run(spans)} >= SERVICES, 30)
        spans = of_the_run(kept.spans)

    names = {span.name.rpartition("/")[2] for span in spans}
    assert {"Run", "StreamComplete", "ExecuteTool"} <= names
    known = {span.span_id for span in spans} | {PARENT}
    assert all(span.parent_id in known for span in spans), spans


async def test_what_a_run_took_is_measured_under_the_trace_of_its_client(pal: Cli) -> None:
    log = await run(pal, TRACEPARENT)
    kinds: set[str] = set()
    async with asyncio.timeout(10):
        while len(kinds) < 4:
            # Spans are written about once a second, and nobody is told.
            shown = (await pal("runs", "show", log[0].run_id, "-o", "json")).json
            kinds = {span["kind"].removeprefix("SPAN_KIND_") for span in shown["spans"]}

    assert kinds == {"RUN", "RUNTIME", "MODEL_CALL", "TOOL_CALL"}
    assert {span["traceId"] for span in shown["spans"]} == {TRACE_ID}
    assert {event.traceparent.split("-")[1] for event in log} == {TRACE_ID}


async def test_each_rpc_is_one_line_with_its_run(pal: Cli) -> None:
    log = await run(pal, TRACEPARENT)

    lines = [
        entry
        for path in (pal.home / "logs").glob("*.log")
        for line in path.read_text().splitlines()
        if line.startswith("{") and (entry := json.loads(line)).get("run_id") == log[0].run_id
    ]

    by_method = sorted(line["method"].rpartition("/")[2] for line in lines)
    assert by_method == ["ExecuteTool", "Run", "Run", "StreamComplete", "StreamComplete"]
    assert all(line["code"] == "OK" and line["duration_ms"] > 0 for line in lines)
