"""OpenTelemetry: one trace from the client to the tool, exported by OTLP where an endpoint is configured."""

from __future__ import annotations

import os
import secrets
from typing import Any


def configure(service: str, endpoint: str | None) -> None:
    """Export the spans of this process to the OTLP gRPC *endpoint*, for example ``http://127.0.0.1:4317``.

    Without an endpoint nothing is traced and nothing is loaded: spans of OpenTelemetry never decide anything.
    """
    if not endpoint:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"pal-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
    trace.set_tracer_provider(provider)


def enabled() -> bool:
    """Tell whether this process exports spans."""
    return bool(os.environ.get("PAL_OTLP_ENDPOINT"))


def server_interceptors() -> list[Any]:
    """Return the tracing interceptors of a server; they have to be the outermost."""
    if not enabled():
        return []
    from opentelemetry.instrumentation.grpc import aio_server_interceptor, filters

    return [aio_server_interceptor(filter_=filters.negate(filters.health_check()))]


def client_interceptors() -> list[Any]:
    """Return the tracing interceptors of a channel."""
    if not enabled():
        return []
    from opentelemetry.instrumentation.grpc import aio_client_interceptors, filters

    return list(aio_client_interceptors(filter_=filters.negate(filters.health_check())))


def new_traceparent() -> str:
    """Return a new W3C traceparent, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def current_traceparent() -> str:
    """Return the traceparent of the span in progress; empty when nothing is traced."""
    if not enabled():
        return ""
    from opentelemetry import propagate

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


def trace_id(traceparent: str) -> str:
    """Return the trace id in *traceparent*, 32 hex digits; empty when it has none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else ""
