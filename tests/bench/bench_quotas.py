"""What quotas cost: the check in the recorder, the RPC around it, and whole runs with a quota and without one.

Rounds of runs alternate, and the ratio is the median of the ratios of neighbouring rounds. Usage:
.venv/bin/python tests/bench/bench_quotas.py [--runs 150] [--rounds 5]
"""

from __future__ import annotations

import argparse
import functools
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop
from bench_runs import run_on_pal
from google.protobuf import duration_pb2
from load import Load, apply_load
from measure import percentile, report
from mesh import mesh

from pal.service.v1 import quota_service_pb2 as pb
from pal.service.v1 import quota_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_recorder.__main__ import Config, recorder
from pal_recorder.quota_memory import MemoryCounters
from pal_recorder.quotas import Quotas
from pal_rpc.channels import channel
from pal_rpc.identity import bearer, issue_token
from pal_rpc.keys import MESH, create_keys, private_key

TENANTS, CHECKS, CALLS = 1000, 20_000, 2000
# What is committed together by a recorder that is busy.
GROUP = 64
CONCURRENT = 32
TTL = duration_pb2.Duration(seconds=60)
LIMITS = [
    quotas.QuotaLimit(window=duration_pb2.Duration(seconds=60), runs=10**9, tokens=10**12),
    quotas.QuotaLimit(
        window=duration_pb2.Duration(seconds=86_400), cost=common.Money(currency_code="USD", nanos=10**18)
    ),
]
AGENTS = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: free, version: 1.0.0}
spec: {objective: Answer., modelNeeds: {profile: bench}}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: bound, version: 1.0.0}
spec: {objective: Answer., modelNeeds: {profile: bench}}
---
apiVersion: pal/v1
kind: Quota
metadata: {name: bound, version: 1.0.0}
spec:
  match: {agent: bound}
  per: [TENANT]
  concurrentRuns: 1000
  limits: [{window: 1h, runs: 10000000, tokens: 100000000000}]
"""


def requests(count: int) -> Iterator[pb.ReserveRequest]:
    """Yield reservations of one tenant after the other: in a counter of its own, and in one of all."""
    amounts = pb.QuotaAmounts(runs=1, tokens=2000, concurrent_runs=1)
    for number in range(count):
        keys = (pb.QuotaKey(quota="tenant", pool=1, tenant=f"t{number % TENANTS}"), pb.QuotaKey(quota="all", pool=1))
        claims = [pb.QuotaClaim(key=key, limits=LIMITS, concurrent_runs=10**6) for key in keys]
        yield pb.ReserveRequest(reservation_id=f"r{number}", claims=claims, amounts=amounts, ttl=TTL)


def settling(request: pb.ReserveRequest) -> pb.SettleRequest:
    """Return what ends a reservation."""
    keys = [claim.key for claim in request.claims]
    used = pb.QuotaAmounts(tokens=700)
    ended = pb.QuotaSettlement(reservation_id=request.reservation_id, keys=keys, used=used)
    return pb.SettleRequest(settlements=[ended])


async def checks() -> None:
    """Measure a reservation in the recorder, and its share of the group that makes it durable."""
    counters = MemoryCounters({}, lambda: time.time_ns() // 1_000_000)
    kept = Quotas(counters, lambda: time.time_ns() // 1_000_000)
    took_us, cpu_us, rows_us = [], [], []
    for number, request in enumerate(requests(CHECKS), start=1):
        began, cpu_before = time.perf_counter(), time.thread_time()
        await kept.reserve(request)
        # What the scheduler gives to others meanwhile is not the check's.
        cpu_us.append((time.thread_time() - cpu_before) * 1e6)
        took_us.append((time.perf_counter() - began) * 1e6)
        await kept.settle(settling(request))
        if number % GROUP == 0:
            began = time.perf_counter()
            counters.rows()
            rows_us.append((time.perf_counter() - began) * 1e6 / GROUP)
    report(
        f"a reservation in two counters, {TENANTS} tenants, in the recorder",
        {
            "CPU p50 us": percentile(cpu_us, 0.5),
            "CPU p99 us": percentile(cpu_us, 0.99),
            "by the clock p50 us": percentile(took_us, 0.5),
            "by the clock p99 us": percentile(took_us, 0.99),
            f"made durable, us each in groups of {GROUP}": statistics.median(rows_us),
        },
    )


async def calls(path: Path) -> None:
    """Measure the RPC, beside one that does nothing."""
    create_keys(path / "keys")
    config = Config(address="127.0.0.1:0", data_dir=path / "data", keys_dir=path / "keys")
    token = bearer(issue_token(private_key(path / "keys", MESH), "router"))
    async with recorder(config) as server, channel(server.address) as opened:
        stub = rpc.QuotaServiceStub(opened)
        took_ms: dict[str, list[float]] = {"reserve": [], "nothing": []}
        for request in requests(CALLS):
            began = time.perf_counter()
            await stub.Reserve(request, metadata=token)
            took_ms["reserve"].append((time.perf_counter() - began) * 1000)
            await stub.Settle(settling(request), metadata=token)
            began = time.perf_counter()
            await stub.Renew(pb.RenewRequest(ttl=TTL), metadata=token)
            took_ms["nothing"].append((time.perf_counter() - began) * 1000)
    rows = {
        f"{name} {word} ms": percentile(took, q)
        for name, took in took_ms.items()
        for word, q in (("p50", 0.5), ("p99", 0.99))
    }
    report(
        "the same over gRPC, one call at a time", {**rows, "ratio p50": rows["reserve p50 ms"] / rows["nothing p50 ms"]}
    )


async def runs(path: Path, count: int, rounds: int) -> None:
    """Measure runs with a quota of runs, tokens and runs at once, beside runs without one."""
    profiles = {"bench": {"provider": "faulty", "model": "chunks", "options": {"chunks": 5}}}
    measured: dict[str, list[Load]] = {"free": [], "bound": []}
    async with mesh(path, profiles) as running:
        await running.apply(AGENTS)
        for name in measured:
            await apply_load(functools.partial(run_on_pal, running, "echo", name), runs=64, concurrent=8, pids=[])
        for _ in range(rounds):
            for name, loads in measured.items():
                once = functools.partial(run_on_pal, running, "echo", name)
                pids = running.pids.values()
                loads.append(await apply_load(once, runs=count, concurrent=CONCURRENT, pids=pids))
    free, bound = measured["free"], measured["bound"]
    pairs = list(zip(free, bound, strict=True))
    report(
        f"runs of one model call, {CONCURRENT} at once, on the echo runtime",
        {
            "without, runs/s": statistics.median(load.runs_per_second for load in free),
            "with, runs/s": statistics.median(load.runs_per_second for load in bound),
            "ratio runs/s": statistics.median(b.runs_per_second / a.runs_per_second for a, b in pairs),
            "without, CPU ms per run": statistics.median(load.cpu_ms_per_run for load in free),
            "ratio CPU per run": statistics.median(b.cpu_ms_per_run / a.cpu_ms_per_run for a, b in pairs),
            "without, p50 ms": statistics.median(load.p50_ms for load in free),
            "with, p50 ms": statistics.median(load.p50_ms for load in bound),
        },
    )


async def main(count: int, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        await checks()
        await calls(Path(directory))
        await runs(Path(directory) / "mesh", count, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    uvloop.run(main(arguments.runs, arguments.rounds))
