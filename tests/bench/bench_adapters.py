"""What an adapter costs above the SDK that it wraps, each beside the bare SDK under the same load.

Rounds are short and alternate, and the one that cost least counts: the one the rest of the machine disturbed least. The
seams are in this process: only the adapter's own CPU counts.
Usage: .venv/bin/python tests/bench/bench_adapters.py [--runtime agno] [--runs 64] [--rounds 12]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import bare_sdk
import uvloop
from adapter import Adapter, adapter
from bare_sdk import BareSdk, Runs
from load import Load
from measure import heap_bytes, report

from pal_cli.bundled import BUNDLED
from tests.fakes.seams import FakeSeams, seams

CONCURRENT = 16
FEW, MANY = 5, 205
# A model that says 50 chunks a second, here for two seconds. They leave the LLM provider in pairs.
PACED, PAUSE_SECONDS, TOGETHER = 100, 0.02, 2
MEMORY_RUNS = 1000
KIB = 1024


class Pair:
    """The bare SDK and the adapter, under the same loads in turn."""

    def __init__(self, sdk: BareSdk, wrapped: Adapter, rounds: int) -> None:
        """Repeat each load *rounds* times."""
        self._targets = (sdk, wrapped)
        self._rounds = rounds

    async def cheapest(self, wanted: Runs) -> tuple[Load, Load]:
        """Return the rounds that took the least CPU."""
        bare_rounds, rounds = await self._all(wanted)
        return min(bare_rounds, key=_cpu), min(rounds, key=_cpu)

    async def fastest(self, wanted: Runs) -> tuple[Load, Load]:
        """Return the rounds that took the least time."""
        bare_rounds, rounds = await self._all(wanted)
        return min(bare_rounds, key=_seconds), min(rounds, key=_seconds)

    async def growth(self, wanted: Runs) -> tuple[float, float]:
        """Return by how many KiB *wanted* makes each grow."""
        grown = []
        for target in self._targets:
            before = heap_bytes(target.pid)
            await target.load(wanted)
            grown.append((heap_bytes(target.pid) - before) / KIB)
        return grown[0], grown[1]

    async def _all(self, wanted: Runs) -> tuple[list[Load], list[Load]]:
        sdk, wrapped = self._targets
        pairs = [(await sdk.load(wanted), await wrapped.load(wanted)) for _ in range(self._rounds)]
        return [first for first, _ in pairs], [second for _, second in pairs]


def _cpu(load: Load) -> float:
    return load.cpu_seconds


def _seconds(load: Load) -> float:
    return load.seconds


async def measured(pair: Pair, runs: int) -> dict[str, float]:
    """Return the figures of one runtime."""
    # First, for what a burst leaves behind shrinks later.
    memory = await pair.growth(Runs(runs=MEMORY_RUNS, concurrent=CONCURRENT, together=TOGETHER))
    rows = {}
    for name, tool in {"run": False, "run with a tool": True}.items():
        sdk, wrapped = await pair.cheapest(Runs(runs=runs, concurrent=CONCURRENT, tool=tool, together=TOGETHER))
        rows |= _compared(f"{name}: CPU ms", sdk.cpu_ms_per_run, wrapped.cpu_ms_per_run)
    for name, together in {"chunk in a message of its own": 1, "chunks in pairs": TOGETHER}.items():
        few = await pair.cheapest(Runs(runs=runs, concurrent=CONCURRENT, together=together))
        many = await pair.cheapest(Runs(runs=runs // 4, concurrent=CONCURRENT, chunks=MANY, together=together))
        rows |= _compared(f"{name}: CPU us", *(_us_per_chunk(*loads) for loads in zip(few, many, strict=True)))
    sdk, wrapped = await pair.fastest(
        Runs(runs=100, concurrent=100, chunks=PACED, pause_seconds=PAUSE_SECONDS, together=TOGETHER)
    )
    rows |= _compared("100 at once: seconds", sdk.seconds, wrapped.seconds)
    rows["100 at once: adapter / bare"] = wrapped.seconds / sdk.seconds
    return rows | _compared(f"{MEMORY_RUNS} runs: KiB grown", *memory)


def _compared(name: str, sdk: float, wrapped: float) -> dict[str, float]:
    return {f"{name}, bare": sdk, f"{name}, adapter": wrapped, f"{name}, above bare": wrapped - sdk}


def _us_per_chunk(few: Load, many: Load) -> float:
    return (many.cpu_ms_per_run - few.cpu_ms_per_run) * 1000 / (MANY - FEW)


async def measure(runtime: str, fakes: FakeSeams, runs: int, rounds: int) -> None:
    """Measure one runtime and print."""
    if why := _missing(runtime):
        print(f"\nadapter of {runtime}: skipped: {why}")
        return
    async with bare_sdk.bare_sdk(runtime) as sdk, adapter(runtime, fakes) as wrapped:
        pair = Pair(sdk, wrapped, rounds)
        # Caches fill, lazy parts load and the heap finds its size before anything counts.
        for warm_up in (Runs(runs=200, concurrent=1, tool=True), Runs(runs=1500, concurrent=CONCURRENT)):
            for target in (sdk, wrapped):
                await target.load(warm_up)
        report(f"adapter of {runtime}", {"runtime": runtime, **await measured(pair, runs)})


def _missing(runtime: str) -> str:
    if not BUNDLED[runtime].installed:
        return "its environment is not installed; run make setup"
    return "" if bare_sdk.script(runtime) else "nobody has written its bare SDK below tests/bench/adapters"


async def main(runtimes: Sequence[str], runs: int, rounds: int) -> None:
    """Measure one runtime after the other."""
    async with seams() as (fakes, _):
        for runtime in runtimes:
            await measure(runtime, fakes, runs, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", action="append", choices=BUNDLED, help="default: all")
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=12)
    arguments = parser.parse_args()
    uvloop.run(main(arguments.runtime or list(BUNDLED), arguments.runs, arguments.rounds))
