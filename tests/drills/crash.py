"""The crash drill: kill -9 of every process at random and at named points, under load, round after round.

After each round: every accepted run has ended as it would have without the crash, no effect happened twice or not at
all, no log has a gap, and nothing that a client saw is missing from the record. A run is reproducible from its seed as
far as the machine lets it: the same runs, the same process, the same moment.

    python -m tests.drills.crash --rounds 200 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from pal_rpc.channels import channel
from pal_rpc.recorder_client import RecorderClient, RecorderUnavailable
from pal_rpc.status import is_lost
from tests.drills.effects import AFTER, BEFORE, effects

ROOT = Path(__file__).parents[2]
PAL = ROOT / ".venv" / "bin" / "pal"
RUNTIMES = ("agno", "pydantic-ai")
RUNS_A_ROUND = 6
ROUND_SECONDS = 60.0
# Where a process ends itself: docs of pal_rpc.kill_points.
POINTS = (
    *(f"append.{when}@{name}" for name in ("core", "llm_provider", "tool_executor") for when in ("before", "after")),
    "commit.before@core",
    "commit.after@core",
    "dispatch.before@tool_executor",
    "dispatch.after@tool_executor",
    "result.before@tool_executor",
)
# How often a process passes a point, at most, before it ends there.
MOST_PASSES = 8
VICTIMS = ("agno", "pydantic-ai", "core", "llm_provider", "tool_executor", "everything", BEFORE, AFTER, *POINTS)
TOOLS = {
    "charge": {"effectClass": "WRITE", "idempotency": "KEYED"},
    "note": {"effectClass": "WRITE", "idempotency": "NONE"},
    "look": {"effectClass": "READ"},
}


class Broken(Exception):
    """A promise is broken."""


@dataclass
class Mesh:
    """A mesh of its own, and the world that its tools change."""

    home: Path
    world: Path
    environment: dict[str, str]

    def pal(self, *arguments: str) -> None:
        """Run a command."""
        done = subprocess.run(
            [PAL, *arguments], env=self.environment, capture_output=True, text=True, cwd=ROOT, check=False
        )
        if done.returncode:
            raise Broken(f"pal {' '.join(arguments)}: {done.stderr.strip()}")

    def state(self) -> dict[str, Any]:
        """Return what the supervisor says of the mesh."""
        return json.loads((self.home / "mesh.json").read_text())

    @property
    def points(self) -> Path:
        """Where processes find at which point they are to end."""
        return Path(self.environment["PAL_KILL_POINTS"])

    def kill(self, victim: str, passes: int) -> None:
        """Take *victim* down, or leave the wish for a tool to do it, or a process, after it has passed so often."""
        if victim in (BEFORE, AFTER):
            (self.world / victim).touch()
            return
        if victim in POINTS:
            (self.points / victim).write_text(str(passes))
            return
        processes = self.state()["processes"]
        for name in processes if victim == "everything" else (victim,):
            # Killing a process that is being started again at this moment is part of the drill.
            if pid := processes[name]["pid"]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue


@dataclass
class Client:
    """A client that follows its run across every cut, and remembers what it saw."""

    request: pb.RunRequest
    seen: dict[int, bytes] = field(default_factory=dict)
    last: events.RunEvent = field(default_factory=events.RunEvent)

    async def follow(self, router: rpc.RouterServiceStub) -> None:
        """Repeat the request until the run is over."""
        while True:
            try:
                async for response in router.Run(self.request, timeout=ROUND_SECONDS):
                    for frame in response.frames:
                        if frame.HasField("event"):
                            self._see(frame.event)
                if self.last.type == "run.finished":
                    return
            except grpc.aio.AioRpcError as error:
                if not (is_lost(error) or error.code() is grpc.StatusCode.UNAVAILABLE):
                    raise Broken(f"{self.request.request_id}: {error.code().name} {error.details()}") from None
            # A cut takes a moment to mend.
            await asyncio.sleep(0.05)

    def _see(self, event: events.RunEvent) -> None:
        encoded = event.SerializeToString(deterministic=True)
        if self.seen.setdefault(event.seq, encoded) != encoded:
            raise Broken(f"{event.run_id}: seq {event.seq} was seen as two different events")
        self.last = event


async def drill(rounds: int, seed: int) -> Counter[str]:
    """Run *rounds* from *seed* and return how often each process was taken down.

    Raises:
        Broken: a promise is broken; the message says which, and in which round.
    """
    with _folder() as folder:
        mesh = _mesh(folder)
        mesh.pal("up", "--detach", "--port", "0", "--tools", str(mesh.home.parent / "tools.yaml"), *_runtimes())
        try:
            mesh.pal("apply", "-f", str(mesh.home.parent / "documents.json"))
            addresses = mesh.state()["addresses"]
            async with channel(addresses["router"]) as opened, channel(addresses["recorder"]) as kept:
                record = RecorderClient(recorder_rpc.RecorderServiceStub(kept), addresses["recorder"])
                taken: Counter[str] = Counter()
                for number in range(1, rounds + 1):
                    await _round(
                        mesh, rpc.RouterServiceStub(opened), record, random.Random(f"{seed}/{number}"), number, taken
                    )
                return taken
        finally:
            mesh.pal("down")


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder for everything; it stays, with the record and the logs of the mesh, when a promise is broken."""
    folder = Path(tempfile.mkdtemp(prefix="pal-drill-"))
    try:
        yield folder
    except Broken as broken:
        raise Broken(f"{broken}\nthe record and the logs are in {folder}") from None
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


async def _round(
    mesh: Mesh,
    router: rpc.RouterServiceStub,
    record: RecorderClient,
    chance: random.Random,
    number: int,
    taken: Counter[str],
) -> None:
    victim = chance.choice(VICTIMS)
    # A point is passed all the time, from the beginning on.
    moment = chance.uniform(0.0, 0.05 if victim in POINTS else 0.25)
    passes = chance.randrange(MOST_PASSES)
    clients = [Client(_request(number, place, chance.choice(RUNTIMES))) for place in range(RUNS_A_ROUND)]
    began = time.monotonic()
    try:
        async with asyncio.timeout(ROUND_SECONDS), asyncio.TaskGroup() as tasks:
            people = [tasks.create_task(_answer(mesh, router)), tasks.create_task(_start_again(mesh))]
            following = [tasks.create_task(client.follow(router)) for client in clients]
            await asyncio.sleep(moment)
            mesh.kill(victim, passes)
            await asyncio.gather(*following)
            for person in people:
                person.cancel()
            for client in clients:
                await _check(client, record, effects(mesh.world))
    except (Broken, TimeoutError, ExceptionGroup) as error:
        reason = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        raise Broken(
            f"round {number}, {victim} after {moment * 1000:.0f} ms: {str(reason) or 'runs did not end'}"
        ) from error
    for wish in (mesh.world / BEFORE, mesh.world / AFTER, mesh.points / victim):
        wish.unlink(missing_ok=True)
    taken[victim] += 1
    print(
        f"round {number:4} {victim:30} after {moment * 1000:3.0f} ms: held, {time.monotonic() - began:.1f} s",
        flush=True,
    )


async def _answer(mesh: Mesh, router: rpc.RouterServiceStub) -> None:
    """Be the person who looks up what nobody knows, in the world itself."""
    while True:
        try:
            page = await router.ListInputs(pb.ListInputsRequest(page_size=200), timeout=5)
            for waiting in page.inputs:
                key = waiting.input.prompt.text
                done = any(effect["key"] in key for effect in effects(mesh.world))
                answer = common.Payload(text="done" if done else "not done")
                request = pb.AnswerRequest(
                    run_id=waiting.run_id,
                    input_id=waiting.input.input_id,
                    decision=events.INPUT_DECISION_ACCEPTED,
                    answer=answer,
                )
                await router.Answer(request, timeout=5)
        except grpc.aio.AioRpcError:
            pass
        await asyncio.sleep(0.1)


async def _start_again(mesh: Mesh) -> None:
    """Be the operator who starts a runtime that was given up: here it is the drill that has ended it so often."""
    while True:
        for name, process in mesh.state()["processes"].items():
            if process["state"] == "failed":
                # It may be ended again while it starts, and is then started again.
                with suppress(Broken):
                    await asyncio.to_thread(mesh.pal, "runtime", "start", name)
        await asyncio.sleep(0.5)


async def _check(client: Client, record: RecorderClient, world: list[dict[str, str]]) -> None:
    run_id = client.last.run_id
    log = await _recorded(record, run_id)
    try:
        _check_log(client, log, world)
    except Broken as broken:
        raise Broken(f"run {run_id}: {broken}\n{_told(log)}") from None


async def _recorded(record: RecorderClient, run_id: str) -> list[events.RunEvent]:
    """Return the log of a run; a run may be over before its recorder is taken down."""
    while True:
        try:
            return [event async for event in record.log(run_id)]
        except RecorderUnavailable:
            await asyncio.sleep(0.05)


def _check_log(client: Client, log: list[events.RunEvent], world: list[dict[str, str]]) -> None:
    orders = _orders(client.request)
    if broken := violations(log):
        raise Broken(str(broken[0]))
    kept = {event.seq: event.SerializeToString(deterministic=True) for event in log}
    if lost := [seq for seq, encoded in client.seen.items() if kept.get(seq) != encoded]:
        raise Broken(f"a client saw seq {lost[0]}, which is not in the record as it was seen")
    finished = log[-1].run_finished
    if finished.outcome != events.RUN_OUTCOME_SUCCEEDED:
        raise Broken(f"it ended as {finished.failure.reason} {finished.failure.message}")
    for tool in ("charge", "note"):
        times = sum(effect["tool"] == tool and effect["order"] == orders for effect in world)
        if times != 1:
            raise Broken(f"{tool} took effect {times} times")
    for tool in TOOLS:
        if f"{tool} returned" not in finished.output.text:
            raise Broken(f"the answer does not tell what {tool} gave: {finished.output.text}")


def _told(log: list[events.RunEvent]) -> str:
    """Return the log of a run for whoever looks for the cause."""
    lines = []
    for event in log:
        body = event.WhichOneof("body")
        said = str(getattr(event, body)).replace("\n", " ") if body else ""
        when = event.recorded_at.ToDatetime().strftime("%H:%M:%S.%f")
        lines.append(f"{event.seq:4} {when} epoch {event.lease_epoch} {event.type} {said[:400]}")
    return "\n".join(lines)


def _request(number: int, place: int, runtime: str) -> pb.RunRequest:
    order = f"{number}-{place}"
    calls = "\n".join(f'call {tool} {{"order": "{order}"}}' for tool in TOOLS)
    return pb.RunRequest(
        request_id=f"drill-{order}",
        agent=common.SpecSelector(name="drill"),
        input=common.Payload(text=calls),
        pinned_runtime=runtime,
        labels={"order": order},
    )


def _orders(request: pb.RunRequest) -> str:
    return request.labels["order"]


def _runtimes() -> list[str]:
    return [part for runtime in RUNTIMES for part in ("--runtime", runtime)]


def _mesh(folder: Path) -> Mesh:
    world = folder / "world"
    world.mkdir()
    bindings = {name: {"python": f"tests.drills.effects:{name}"} for name in TOOLS}
    (folder / "tools.yaml").write_text(json.dumps({"python_path": [str(ROOT)], "tools": bindings}))
    documents = [_tool(name, effect) for name, effect in TOOLS.items()]
    spec = {"objective": "Do what you are told.", "tools": list(TOOLS)}
    documents.append(_document("AgentSpec", "drill", spec))
    (folder / "documents.json").write_text("\n---\n".join(map(json.dumps, documents)))
    points = folder / "points"
    points.mkdir()
    environment = {
        **os.environ,
        "PAL_HOME": str(folder / "home"),
        "PAL_DRILL_WORLD": str(world),
        "PAL_KILL_POINTS": str(points),
    }
    return Mesh(folder / "home", world, environment)


def _tool(name: str, effect: dict[str, str]) -> dict[str, Any]:
    schema = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}
    spec = {"purpose": f"Does {name}.", "input": schema, "effect": effect, "timing": {"timeout": "5s"}}
    return _document("ToolSpec", name, spec)


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "pal/v1", "kind": kind, "metadata": {"name": name, "version": "1.0.0"}, "spec": spec}


def main() -> int:
    """Run the drill and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    try:
        taken = asyncio.run(drill(wanted.rounds, wanted.seed))
    except Broken as broken:
        print(f"BROKEN with seed {wanted.seed}: {broken}", file=sys.stderr)
        return 1
    counts = ", ".join(f"{name} {count}" for name, count in sorted(taken.items()))
    print(f"{sum(taken.values())} rounds held with seed {wanted.seed}: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
