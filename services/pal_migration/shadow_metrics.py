"""Shadows as Prometheus sees them, read when it asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pal.service.v1 import migration_service_pb2 as pb
from pal_migration.shadows import Shadows

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

_SAMPLES = ("seen", "sampled", "waiting", "under_way", "compared", "pairs", "horizons")
_WHOSE = ["agent", "candidate"]


def show_shadows(shadows: Shadows, registry: CollectorRegistry) -> None:
    """Have *registry* show how far the shadows are that are going."""
    registry.register(_Collector(shadows))


class _Collector:
    def __init__(self, shadows: Shadows) -> None:
        self._shadows = shadows

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        samples = GaugeMetricFamily(
            "pal_shadow_samples", "Live runs of a shadow, by where they stand", labels=[*_WHOSE, "state"]
        )
        losses = GaugeMetricFamily(
            "pal_shadow_losses", "Sampled runs without a comparison, by reason", labels=[*_WHOSE, "reason"]
        )
        runs = GaugeMetricFamily("pal_shadow_runs_of_day", "Shadow runs begun on this day (UTC)", labels=_WHOSE)
        cost = GaugeMetricFamily(
            "pal_shadow_cost_of_day", "Money spent by a shadow on this day (UTC)", labels=[*_WHOSE, "currency"]
        )
        for shadow in self._shadows.all(""):
            if shadow.state != pb.SHADOW_STATE_GOING:
                continue
            whose, progress = [shadow.plan.agent, shadow.plan.candidate], shadow.progress
            for name in _SAMPLES:
                samples.add_metric([*whose, name], getattr(progress, name))
            for loss in progress.losses:
                losses.add_metric([*whose, loss.reason], loss.pairs)
            runs.add_metric(whose, progress.runs_of_day)
            if progress.cost_of_day.currency_code:
                cost.add_metric([*whose, progress.cost_of_day.currency_code], progress.cost_of_day.nanos / 1e9)
        return [samples, losses, runs, cost]
