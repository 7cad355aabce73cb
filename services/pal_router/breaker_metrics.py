"""Breakers as Prometheus sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pal_router.breakers import Breakers, State

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def show_breakers(breakers: Breakers, registry: CollectorRegistry) -> None:
    """Have *registry* show which breakers are open."""
    from prometheus_client import Gauge

    text = "1 while a runtime is kept from new runs of an agent"
    opened = Gauge("pal_breaker_open", text, ["agent", "runtime"], registry=registry)
    breakers.listen(lambda agent, runtime, state: opened.labels(agent, runtime).set(state is not State.CLOSED))
