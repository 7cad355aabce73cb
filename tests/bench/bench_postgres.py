"""Durable events per second on PostgreSQL, with one recorder and with two, beside SQLite; rounds alternate."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import uvloop
from bench_recorder import through_recorder
from measure import report

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fakes.postgres import Postgres, running_postgres


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--batch", type=int, default=4, help="events a batch, as a run appends them")
    parser.add_argument("--in-flight", type=int, default=4, help="batches a writer has open at a time")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    report("recorder: durable events on PostgreSQL", uvloop.run(measured(parser.parse_args())))


async def measured(arguments: argparse.Namespace) -> dict[str, float | int | str]:
    """Return the medians over the rounds."""
    kinds = {"SQLite": 0, "PostgreSQL, 1 recorder": 1, "PostgreSQL, 2 recorders": 2}
    found: dict[str, list[dict[str, float | int | str]]] = {kind: [] for kind in kinds}
    async with running_postgres() as server:
        for _ in range(arguments.rounds):
            for kind, recorders in kinds.items():
                found[kind].append(await one(server, recorders, arguments))
    rows: dict[str, float | int | str] = {"writers": arguments.writers, "events a batch": arguments.batch}
    for kind, rounds in found.items():
        for name in ("events/s", "append p50 ms", "append p99 ms", "recorder CPU us/event"):
            rows[f"{kind}: {name}"] = median(float(each[name]) for each in rounds)
    sqlite, one_, two = (float(rows[f"{kind}: events/s"]) for kind in kinds)
    rows["PostgreSQL with one / SQLite"] = one_ / sqlite
    rows["PostgreSQL with two / with one"] = two / one_
    return rows


async def one(server: Postgres, recorders: int, arguments: argparse.Namespace) -> dict[str, float | int | str]:
    """Return one measurement; no recorder on PostgreSQL means one on SQLite."""
    with tempfile.TemporaryDirectory() as directory:
        if not recorders:
            return await through_recorder(Path(directory), arguments)
        url = await server.create_database()
        found = await through_recorder(Path(directory), arguments, store_url=url, recorders=recorders)
        await server.drop_database(url)
        return found


if __name__ == "__main__":
    main()
