"""What a plan has to say beyond its shape: stages that can be brought into an order with one end."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pal.v1 import agent_spec_pb2 as agents
from pal_log.plans import cycle, last_stages
from pal_registry.problems import Problems
from pal_registry.words import hint

MAX_STAGES = 32
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

# Notes what is wrong with the output that a path names.
CheckOutput = Callable[[str, agents.IoContract, Problems], None]


def check_plan(spec: agents.AgentDefinition, check_output: CheckOutput, problems: Problems) -> None:
    """Note what is wrong with the plan of *spec*."""
    stages = spec.plan.stages
    if spec.HasField("plan") and not stages:
        problems.add("spec.plan.stages", "missing; name the stages, or leave the plan out")
    if len(stages) > MAX_STAGES:
        problems.add("spec.plan.stages", f"{len(stages)} stages; a plan has at most {MAX_STAGES}, join some of them")
        return
    ids = [stage.id for stage in stages]
    granted = [grant.tool.name for grant in spec.tools]
    for position, stage in enumerate(stages):
        where = f"spec.plan.stages[{position}]"
        _id(where, ids, position, problems)
        if not stage.objective.strip():
            problems.add(f"{where}.objective", "missing; say in a sentence what the stage has to achieve")
        _names(f"{where}.after", list(stage.after), ids, "stage", problems)
        _names(f"{where}.tools", list(stage.tools), granted, "tool of the agent", problems)
        check_output(f"{where}.output", stage.output, problems)
    _files(spec, problems)
    # An order of names that are wrong would be a second problem for one mistake.
    if len(set(ids)) == len(ids) and all(name in ids for stage in stages for name in stage.after):
        _order(stages, problems)


def _id(where: str, ids: Sequence[str], position: int, problems: Problems) -> None:
    identifier = ids[position]
    if not identifier:
        problems.add(f"{where}.id", "missing; give the stage an id that others can come after")
    elif not _ID.fullmatch(identifier):
        problem = "is no id; use lower-case letters, digits and dashes, with a letter or digit at both ends"
        problems.add(f"{where}.id", f'"{identifier[:60]}" {problem}, at most 63 characters')
    elif (first := ids.index(identifier)) != position:
        problems.add(f"{where}.id", f"{identifier} is also the id of spec.plan.stages[{first}]; ids are unique")


def _names(path: str, named: Sequence[str], known: Sequence[str], word: str, problems: Problems) -> None:
    for position, name in enumerate(named):
        where = f"{path}[{position}]"
        if name not in known:
            advice = hint(name, known) if known else "there is none it could name; leave it out"
            problems.add(where, f'"{name[:60]}" is no {word}; {advice}')
        elif named.index(name) != position:
            problems.add(where, f"{name} is already named by {path}[{named.index(name)}]; keep one")


def _order(stages: Sequence[agents.PlanStage], problems: Problems) -> None:
    around = cycle(stages)
    if around:
        position = next(place for place, stage in enumerate(stages) if stage.id == around[0])
        way = " after ".join([*around, around[0]])
        problems.add(f"spec.plan.stages[{position}].after", f"goes round in a circle: {way}; take one of them out")
        return
    last = [stage.id for stage in last_stages(stages)]
    if len(last) > 1:
        advice = "add one stage after all of them, whose output is that of the run"
        problems.add("spec.plan.stages", f"{', '.join(last)} come last side by side; {advice}")
    elif last:
        position = next(place for place, stage in enumerate(stages) if stage.id == last[0])
        if stages[position].HasField("output"):
            advice = "is the last, so what it hands on is spec.output; write it there"
            problems.add(f"spec.plan.stages[{position}].output", f"{last[0]} {advice}")


def _files(spec: agents.AgentDefinition, problems: Problems) -> None:
    places = {spec.output.filename: "spec.output"}
    for position, stage in enumerate(spec.plan.stages):
        where, name = f"spec.plan.stages[{position}].output", stage.output.filename
        if name and name in places:
            problems.add(f"{where}.filename", f"{name} is also the file of {places[name]}; name another")
        places.setdefault(name, where)
