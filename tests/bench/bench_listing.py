"""How long it takes to list runs and to read one, in a store of a million runs; on SQLite and on PostgreSQL."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from measure import percentile, report

sys.path.insert(0, str(Path(__file__).parents[2]))

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_recorder.__main__ import Config, recorder
from pal_recorder.chain import GENESIS, chained
from pal_recorder.checkpoints import statement_of
from pal_recorder.postgres import PostgresStore
from pal_recorder.projection import project
from pal_recorder.sqlite import SqliteStore
from pal_recorder.store import Entry, EventStore, Group
from pal_rpc.channels import channel
from pal_rpc.keys import create_keys
from tests.fakes.postgres import running_postgres

_GROUP_RUNS = 2000
_BEGAN_SECONDS = 1_700_000_000


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=400, help="of each kind")
    parser.add_argument("--store", choices=["sqlite", "postgres"], action="append", help="default: both")
    arguments = parser.parse_args()
    for kind in arguments.store or ["sqlite", "postgres"]:
        report(f"recorder: {arguments.runs:,} runs on {kind}", uvloop.run(measured(kind, arguments)))


async def measured(kind: str, arguments: argparse.Namespace) -> dict[str, float | int | str]:
    """Return the latencies of each call."""
    with tempfile.TemporaryDirectory() as directory:
        create_keys(Path(directory) / "keys")
        async with _url(kind) as url:
            config = Config(
                address="127.0.0.1:0",
                data_dir=Path(directory) / "data",
                keys_dir=Path(directory) / "keys",
                store_url=url or None,
            )
            took_seconds = await fill(config, arguments.runs)
            rows: dict[str, float | int | str] = {"filled in s": took_seconds}
            async with recorder(config) as server, channel(server.address) as opened:
                stub = rpc.RecorderServiceStub(opened)
                await _anchored(stub, arguments.runs)
                for name, call in calls(stub, arguments.runs).items():
                    rows |= {f"{name}: {key}": value for key, value in (await latencies(call, arguments.calls)).items()}
            return rows


@asynccontextmanager
async def _url(kind: str) -> AsyncIterator[str]:
    if kind == "sqlite":
        yield ""
        return
    async with running_postgres() as server:
        yield await server.create_database()


async def fill(config: Config, runs: int) -> float:
    """Write finished runs of three events, and one in a thousand that still goes; return the seconds it took."""
    began = time.perf_counter()
    store: EventStore
    if config.store_url:
        store = PostgresStore(config.store_url)
        await store.open()
    else:
        store = SqliteStore(config.data_dir)
    position = 0
    for first in range(0, runs, _GROUP_RUNS):
        group = Group()
        for number in range(first, min(first + _GROUP_RUNS, runs)):
            position = _add(group, number, position)
        async with store.turn() as turn:
            await turn.write(group)
    if isinstance(store, PostgresStore):
        # As autovacuum does a minute later.
        async with store._pool.connection() as connection:
            await connection.execute("ANALYZE")
    await store.close()
    return time.perf_counter() - began


async def _anchored(stub: rpc.RecorderServiceStub, runs: int) -> None:
    """Wait until the recorder has signed what it found, which it does beside its work."""
    last = 3 * runs - (runs + 999) // 1000
    while True:
        newest = (await stub.ListCheckpoints(pb.ListCheckpointsRequest(page_size=1))).checkpoints
        if newest and statement_of(newest[0]).through_position == last:
            return
        await asyncio.sleep(0.5)


def _add(group: Group, number: int, position: int) -> int:
    run, run_id, previous = shared.Run(), run_name(number), GENESIS
    accepted = events.RunAccepted(
        agent=common.SpecRef(name=f"agent-{number % 50}", version="1.0.0"),
        conversation_id=f"conversation-{number // 5}" if number % 2 else "",
        source_run_id="" if number % 4 else run_name(number // 40),
        labels={"tier": "prod" if number % 10 else "canary", "order": f"A-{number % 20_000}"},
    )
    bodies: list[dict[str, object]] = [
        {"run_accepted": accepted},
        {"run_routed": events.RunRouted(runtime=f"runtime-{number % 5}")},
        {"run_finished": events.RunFinished(outcome=_outcome(number))},
    ]
    for seq, body in enumerate(bodies if number % 1000 else bodies[:2], start=1):
        type_ = next(iter(body)).replace("_", ".")
        event_id = f"{run_id}-{seq}"
        mode = common.EXECUTION_MODE_LIVE if number % 4 else common.EXECUTION_MODE_REPLAY
        event = events.RunEvent(run_id=run_id, seq=seq, event_id=event_id, type=type_, mode=mode, **body)  # type: ignore[arg-type]
        event.recorded_at.seconds = _BEGAN_SECONDS + number
        encoded = event.SerializeToString()
        previous = chained(previous, run_id, seq, event_id, type_, encoded)
        position += 1
        group.entries.append(Entry(position, run_id, seq, event_id, type_, previous, encoded))
        project(run, event)
    group.runs[run_id] = run
    return position


def _outcome(number: int) -> events.RunOutcome:
    # The rare ends are all old, which is the worst place for a list of the newest.
    if number < 100:
        return events.RUN_OUTCOME_CANCELLED
    return events.RUN_OUTCOME_SUCCEEDED if number % 20 else events.RUN_OUTCOME_FAILED


def run_name(number: int) -> str:
    """Return a run id in no order of time."""
    return f"{(number * 2_654_435_761) % 2**32:08x}-{number}"


def calls(stub: rpc.RecorderServiceStub, runs: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return what is measured: each kind of list, and each way to read a run."""
    random_ = random.Random(1)

    def listing(query: Callable[[int], shared.RunQuery]) -> Callable[[], Awaitable[object]]:
        def call() -> Awaitable[object]:
            asked = query(random_.randrange(runs))
            return stub.ListRuns(pb.RecorderServiceListRunsRequest(query=asked))

        return call

    def page(number: int) -> shared.RunQuery:
        return shared.RunQuery(page_token=f"{(_BEGAN_SECONDS + number) * 10**9}.{run_name(number)}")

    def week(number: int) -> shared.RunQuery:
        query = shared.RunQuery(agent_name=f"agent-{number % 50}", mode=common.EXECUTION_MODE_LIVE)
        query.accepted_from.seconds = _BEGAN_SECONDS + number - 7 * 24 * 3600
        query.accepted_before.seconds = _BEGAN_SECONDS + number
        return query

    def run_id() -> str:
        return run_name(random_.randrange(runs))

    return {
        "list newest": listing(lambda _: shared.RunQuery()),
        "list any page": listing(page),
        "list by agent": listing(lambda number: shared.RunQuery(agent_name=f"agent-{number % 50}")),
        "list by runtime": listing(lambda number: shared.RunQuery(runtime=f"runtime-{number % 5}")),
        "list by conversation": listing(lambda number: shared.RunQuery(conversation_id=f"conversation-{number // 5}")),
        "list open": listing(lambda _: shared.RunQuery(states=[shared.RUN_STATE_PENDING, shared.RUN_STATE_RUNNING])),
        "list by common label": listing(lambda _: shared.RunQuery(labels={"tier": "prod"})),
        "list by rare label": listing(lambda number: shared.RunQuery(labels={"order": f"A-{number % 20_000}"})),
        "list by two labels": listing(
            lambda number: shared.RunQuery(labels={"tier": "canary", "order": f"A-{number % 20_000 // 10 * 10}"})
        ),
        "list by a rare end": listing(lambda _: shared.RunQuery(outcomes=[events.RUN_OUTCOME_CANCELLED])),
        "list by two ends and an agent": listing(
            lambda number: shared.RunQuery(
                outcomes=[events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_SUCCEEDED], agent_name=f"agent-{number % 50}"
            )
        ),
        "list by mode": listing(lambda _: shared.RunQuery(mode=common.EXECUTION_MODE_REPLAY)),
        "list by source": listing(lambda number: shared.RunQuery(source_run_id=run_name(number // 40))),
        "list a week of an agent": listing(week),
        "get": lambda: stub.GetRun(pb.RecorderServiceGetRunRequest(run_id=run_id())),
        "read events": lambda: stub.ReadEvents(pb.ReadEventsRequest(run_id=run_id())),
    }


async def latencies(call: Callable[[], Awaitable[object]], count: int) -> dict[str, float]:
    """Return p50 and p99 in milliseconds of *count* calls, one after the other."""
    took: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        await call()
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0)
    return {"p50 ms": percentile(took, 0.5), "p99 ms": percentile(took, 0.99)}


if __name__ == "__main__":
    main()
