"""Metrics over HTTP, and the dashboard that reads them."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pal.v1 import error_reason_pb2 as reasons
from pal_recorder.memory import MemoryStore
from pal_recorder.quota_metrics import QuotaMetrics
from pal_recorder.slo_fold import SloFold
from pal_recorder.slo_metrics import count_runs
from pal_router.breaker_metrics import show_breakers
from pal_router.breakers import IN_A_ROW, Breakers
from pal_rpc import edge
from pal_rpc.config import StartError
from pal_rpc.metrics import metrics_served, when_served
from pal_rpc.quota_refusal import QuotaExceeded
from tests.unit.recorder.test_quotas import ONE_RUN, Bench, claim
from tests.unit.recorder.test_slo import FAILED, fold, record, run

DASHBOARD = Path(__file__).parents[3] / "deploy" / "grafana" / "pal.json"
LOST = reasons.ERROR_REASON_ADAPTER_LOST


def scraped(address: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the values at *address* by name and label values."""
    with urllib.request.urlopen(f"http://{address}/metrics") as response:
        text = response.read().decode()
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def use_up_a_quota() -> None:
    """Have one of two runs refused by a quota, and its figures shown."""
    bench, one = Bench(), claim(seconds=60, runs=1)
    metrics = QuotaMetrics(bench.quotas)
    when_served(metrics.show)
    for name in ("r1", "r2"):
        with contextlib.suppress(QuotaExceeded):
            await bench.reserve(name, ONE_RUN, one)
    await metrics.look()


@pytest.fixture
async def values() -> dict[tuple[str, tuple[str, ...]], float]:
    store, breakers = MemoryStore(), Breakers()
    counting: SloFold = fold(store)
    with metrics_served("recorder", "127.0.0.1:0") as address:
        when_served(lambda registry: count_runs(counting, registry))
        when_served(lambda registry: show_breakers(breakers, registry))
        await use_up_a_quota()
        await record(store, run(1, nanos=2_000_000_000), run(2, FAILED, unresolved=True))
        await counting.catch_up()
        for _ in range(IN_A_ROW):
            breakers.report("desk", "agno", LOST)
        with edge._logged("/pal.X/Y", None) as outcome:
            outcome["code"] = "NOT_FOUND"
        return scraped(address)


async def test_runs_rpcs_and_breakers_are_counted(values: dict[tuple[str, tuple[str, ...]], float]) -> None:
    assert values["pal_runs_total", ("desk", "live", "succeeded", "agno")] == 1
    assert values["pal_runs_total", ("desk", "live", "failed", "agno")] == 1
    assert values["pal_run_seconds_sum", ("desk", "live", "agno")] == pytest.approx(1.0)
    assert values["pal_run_overhead_seconds_sum", ("desk", "live", "agno")] == pytest.approx(0.2)
    assert values["pal_run_cost_total", ("desk", "USD", "live", "agno")] == 2
    assert values["pal_runs_incomplete_total", ("desk", "live", "agno")] == 1
    assert values["pal_breaker_open", ("desk", "agno")] == 1
    assert values["pal_quota_refusals_total", ("runs per 1m", "live", "day")] == 1
    assert values["pal_quota_used_ratio", ("runs per 1m", "live", "day")] == 1
    assert values["pal_rpc_seconds_count", ("NOT_FOUND", "/pal.X/Y")] == 1
    assert values["pal_service_info", ("recorder",)] == 1


async def test_the_dashboard_asks_for_nothing_that_is_not_there(
    values: dict[tuple[str, tuple[str, ...]], float],
) -> None:
    board = json.loads(DASHBOARD.read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\bpal_[a-z_]+", target["expr"])
    }

    assert asked <= {name for name, _ in values}
    assert all(panel["fieldConfig"]["defaults"]["noValue"] == "no data" for panel in board["panels"])


@pytest.mark.parametrize("address", ["0.0.0.0:9464", "here:9464", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"])
def test_a_wrong_address_stops_the_start(address: str) -> None:
    with pytest.raises(StartError, match=r"^PAL_METRICS_ADDRESS="), metrics_served("recorder", address):
        pass


def test_an_address_that_is_taken_stops_the_start() -> None:
    with (
        metrics_served("recorder", "127.0.0.1:0") as address,
        pytest.raises(StartError, match="choose another"),
        metrics_served("recorder", address),
    ):
        pass
