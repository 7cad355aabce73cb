"""A fake OTLP collector: keeps what services export."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc

from pal_rpc.server import serving


@dataclass(frozen=True)
class Exported:
    """One span as it was exported."""

    service: str
    trace_id: str
    span_id: str
    parent_id: str
    name: str


@dataclass
class Collector(rpc.TraceServiceServicer):
    """Remembers spans."""

    spans: list[Exported] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def Export(self, request: pb.ExportTraceServiceRequest, context: Any) -> pb.ExportTraceServiceResponse:
        """Keep the spans of *request*."""
        async with self.changed:
            for resource in request.resource_spans:
                attributes = {entry.key: entry.value.string_value for entry in resource.resource.attributes}
                for scope in resource.scope_spans:
                    self.spans.extend(
                        Exported(
                            service=attributes["service.name"],
                            trace_id=span.trace_id.hex(),
                            span_id=span.span_id.hex(),
                            parent_id=span.parent_span_id.hex(),
                            name=span.name,
                        )
                        for span in scope.spans
                    )
            self.changed.notify_all()
        return pb.ExportTraceServiceResponse()

    async def until(self, holds: Callable[[list[Exported]], bool], timeout_seconds: float) -> None:
        """Return once what was exported *holds*."""
        async with asyncio.timeout(timeout_seconds), self.changed:
            await self.changed.wait_for(lambda: holds(self.spans))


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[Collector, str]]:
    """Serve a collector; yield it and its address."""
    kept = Collector()
    async with serving(
        "127.0.0.1:0", [], lambda server: rpc.add_TraceServiceServicer_to_server(kept, server), drain_seconds=0
    ) as server:
        yield kept, server.address
