"""Many runs at once, and one whose reader is slow."""

from __future__ import annotations

import asyncio

from pal_conformance import specs
from pal_conformance.bench import Bench, expect, same
from pal_conformance.case import CONVERSATIONAL, Cases, declares
from pal_conformance.doings import ok
from pal_conformance.run import Run
from pal_conformance.script import Say, Script, asked_of
from pal_conformance.verdict import Broken
from pal_log.payload import text_payload

cases = Cases("load", CONVERSATIONAL)
RUNS = 100
_CHUNK = "0123456789abcdef" * 32
# With the message and the result in one response this stays below what gRPC passes on at once.
_CHUNKS = 3500
_STALLED_SECONDS = 0.5


@cases.case("concurrent", f"{RUNS} runs at once, or as many as are declared, do not mix.", alone=True)
async def concurrent(bench: Bench) -> None:
    gate = asyncio.Event()
    tools = declares(bench.target.declared, "tool_calling")
    runs = [_numbered(bench, n, tools, gate) for n in range(RUNS)]
    waiting = dict(enumerate(runs))
    for run in runs:
        await run.play.changes.until(lambda run=run: run.play.holding > 0 or run.over.is_set(), 20.0)  # type: ignore[misc]
    going = sum(run.play.holding for run in runs)
    allowed = min(RUNS, bench.target.declared.limits.concurrent_runs or RUNS)
    refused = [n for n, run in waiting.items() if not run.play.holding]
    first = runs[refused[0]] if refused else runs[0]
    expect(going >= allowed, f"{going} runs went on at once, {allowed} are declared ({first.end})", _last(first))
    gate.set()
    for n, run in waiting.items():
        if n not in refused:
            await _is_its_own(bench, n, run, tools)
    for n in refused:
        await _is_its_own(bench, n, _numbered(bench, n, tools, gate), tools)


def _numbered(bench: Bench, n: int, tools: bool, gate: asyncio.Event) -> Run:
    calls = [(f"c{n}", "add", f'{{"n":{n}}}')] if tools else []
    says = [Say(hold=gate, after=[f"looking {n}"], calls=calls)]
    if tools:
        says.append(Say(chunks=["answer ", str(n)]))
    script = Script(says=says, tools={"add": ok} if tools else {})
    given = text_payload(f"question {n}")
    return bench.start(script, given=given, tool_specs=[specs.ADD] if tools else [], timeout=60)


async def _is_its_own(bench: Bench, n: int, run: Run, tools: bool) -> None:
    bench.ends(await bench.ended(run))
    same(f"output of run {n}", run.output, f"answer {n}" if tools else f"looking {n}", run.result)
    for request in run.asked:
        expect(("USER", f"question {n}") in asked_of(request), f"run {n} asked the question of another", request)


@cases.case(
    "back-pressure", "While nobody reads a run its model stalls; nothing is lost when reading goes on.", alone=True
)
async def back_pressure(bench: Bench) -> None:
    run = bench.start(Script(says=[Say(chunks=[_CHUNK] * _CHUNKS)]), read=False, timeout=60)
    await run.play.changes.until(lambda: run.play.sent_chunks > 0, 10.0)
    while True:
        known = run.play.sent_chunks
        if known == _CHUNKS:
            size = len(_CHUNK) * _CHUNKS // 1024
            raise Broken(f"all {size} KiB of the answer were taken in while nobody read the run", run.asked[0])
        if not await run.play.changes.until(lambda known=known: run.play.sent_chunks > known, _STALLED_SECONDS):  # type: ignore[misc]
            # One that is only slow has taken in more by the time it answers something else.
            await bench.heard()
            if run.play.sent_chunks == known:
                break

    bench.read(run)

    bench.ends(await bench.ended(run))
    expect(run.output == _CHUNK * _CHUNKS, "the output is not what the model said")


def _last(run: Run) -> object:
    return run.frames[-1] if run.frames else "no frame came"
