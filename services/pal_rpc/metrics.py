"""Metrics for Prometheus, over HTTP on a loopback address, for a process that is given one."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pal_rpc import edge
from pal_rpc.config import StartError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

# Seconds; from a look-up in memory to a run that waits for its models.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
_registry: list[CollectorRegistry] = []


@contextmanager
def metrics_served(service: str, address: str) -> Iterator[str]:
    """Serve the metrics of this process at *address* (port 0 picks one) until the block ends; yield the address.

    Raises:
        StartError: the address is taken, or is none on loopback.
    """
    # Only a process that serves them pays for the import.
    import prometheus_client

    host, port = _parsed(address)
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.ProcessCollector(registry=registry)
    prometheus_client.Info("pal_service", "Which service this process is", registry=registry).info({"service": service})
    seconds = prometheus_client.Histogram(
        "pal_rpc_seconds", "RPCs served, by how long they took", ["method", "code"], registry=registry, buckets=BUCKETS
    )
    edge.observe(lambda method, code, took: seconds.labels(method, code).observe(took))
    try:
        server, _ = prometheus_client.start_http_server(port, host, registry)
    except OSError as error:
        raise StartError(f"PAL_METRICS_ADDRESS={address}: {error.strerror}; choose another") from None
    _registry.append(registry)
    try:
        yield f"{host}:{server.server_port}"
    finally:
        _registry.remove(registry)
        server.shutdown()
        server.server_close()


def when_served(addition: Callable[[CollectorRegistry], None]) -> None:
    """Call *addition* with the registry of this process, if it serves metrics."""
    for registry in _registry:
        addition(registry)


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    try:
        loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
        number = int(port)
    except ValueError:
        raise StartError(f"PAL_METRICS_ADDRESS={address}: write an address with a port, 127.0.0.1:9464") from None
    if not loopback or not 0 <= number < 65536:
        raise StartError(f"PAL_METRICS_ADDRESS={address}: has to be a loopback address; there is no authentication")
    return host.strip("[]"), number
