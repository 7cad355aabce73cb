"""The airline runs as event logs in memory: 25 tasks, each tried four times by one agent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_diff.terms import Log, Terms
from pal_transfer import documents
from pal_transfer.events import Imported, TurnEvents
from pal_transfer.trajectories import Trajectory, Turn, read

DATA = Path(__file__).parents[3] / "shared/data"
_READS = ("get_*", "search_*", "list_*", "calculate", "think")


@cache
def trials() -> dict[int, list[Log]]:
    """Return the four runs of each task."""
    text = (DATA / "tau-bench-airline/runs.jsonl").read_text()
    rows = sorted((json.loads(line) for line in text.splitlines()), key=lambda row: (row["task_id"], row["trial"]))
    found: dict[int, list[Log]] = {}
    trajectories = read([json.dumps(row) for row in rows])
    specs = tool_specs(trajectories, _READS)
    for row, trajectory in zip(rows, trajectories, strict=True):
        run_id = f"task-{row['task_id']}.trial-{row['trial']}"
        found.setdefault(row["task_id"], []).append(log(run_id, trajectory, specs, "airline"))
    return found


@cache
def terms() -> Terms:
    """Return how the runs are compared: nothing is declared beyond which tools only read; success is the reward."""
    trajectories = read((DATA / "tau-bench-airline/runs.jsonl").read_text().splitlines())
    return Terms(
        tools={name: spec for name, (_, spec) in tool_specs(trajectories, _READS).items()},
        check=rewarded,
        check_name="reward",
    )


def rewarded(run: Log) -> bool | None:
    """Return what the benchmark says of a run."""
    reward = run[0].run_accepted.labels.get("reward")
    return None if reward is None else float(reward) == 1.0


Specs = dict[str, tuple[common.SpecRef, tools.ToolSpec]]


def tool_specs(trajectories: Sequence[Trajectory], reads: Sequence[str]) -> Specs:
    """Return the tools that the trajectories call, as an import would publish them."""
    found: Specs = {}
    for document in documents.tools(trajectories, reads):
        spec = json_format.ParseDict(_schema_as_text(document), tools.ToolSpec())
        ref = common.SpecRef(name=spec.metadata.name, version=spec.metadata.version)
        found[spec.metadata.name] = ref, spec
    return found


def _schema_as_text(document: dict[str, Any]) -> dict[str, Any]:
    spec = {
        **document["spec"],
        "input": {"text": json.dumps(document["spec"]["input"])},
        "effect": {"effectClass": f"EFFECT_CLASS_{document['spec']['effect']['effectClass']}"},
    }
    return {**document, "spec": spec}


def log(run_id: str, trajectory: Trajectory, specs: Specs, agent: str) -> Log:
    """Return a whole conversation as one run: what the user said in between is not the agent's doing."""
    answers = [answer for turn in trajectory.turns for answer in turn.answers]
    imported = Imported(
        agent=common.SpecRef(name=agent, version="1.0.0"),
        instructions="",
        tools=specs,
        conversation_id=run_id,
        labels=trajectory.labels,
        source=run_id,
    )
    run: list[events.RunEvent] = TurnEvents(run_id, imported, []).of(Turn(trajectory.turns[0].text, answers))
    for seq, event in enumerate(run, start=1):
        event.seq = seq
        # The moment of the import says nothing about the run.
        event.ClearField("occurred_at")
    return run
