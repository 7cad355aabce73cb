"""One bug fixed under three tool layouts: other tools, other steps, the same effect."""

from __future__ import annotations

import itertools
import json
from functools import cache

from google.protobuf import json_format

from pal.v1 import comparison_pb2 as pb
from pal.v1 import tool_spec_pb2 as tools
from pal_diff.compare import compare
from pal_diff.terms import Log, Terms
from pal_transfer.trajectories import Answer, Call, Trajectory, Turn
from tests.verdicts.airline import DATA, Specs, log, tool_specs
from tests.verdicts.report import Section

_EFFECT = "submit"


def same_effect() -> Section:
    """Compare the three layouts with each other."""
    section = Section(
        "Three tool layouts, one fix",
        "SWE-agent demonstrations of the same bug. Every action is a call of the tool it begins with. What happens in "
        "the run's own workspace leaves nothing behind, `submit` hands in the patch and is the write; line ends of the "
        "patch are declared to mean nothing.",
        ("Pair", "Calls", "Aligned", "Hard", "Effects that differ", "Soft differences"),
    )
    runs = _runs()
    hard = differing = different = 0
    for (name_a, a), (name_b, b) in itertools.combinations(runs.items(), 2):
        found = compare(a, b, _terms())
        aligned = sum(bool(call.seq_a and call.seq_b) for call in found.calls)
        counts = {tier.tier: tier for tier in found.tiers}
        effects = counts[pb.COMPARISON_TIER_EFFECTS]
        hard_here, soft = sum(tier.hard for tier in found.tiers), sum(tier.soft for tier in found.tiers)
        calls = f"{found.a.tool_calls} and {found.b.tool_calls}"
        section.rows.append([f"{name_a}, {name_b}", calls, aligned, hard_here, effects.soft + effects.hard, soft])
        hard, differing = hard + hard_here, differing + effects.soft + effects.hard
        different += _actions(a) != _actions(b)
    section.claim("the action streams differ in every pair", f"{different} of 3", different == 3)
    section.claim("no hard finding", hard, hard == 0)
    section.claim("the effect is the same", f"{differing} differences", differing == 0)
    broken = compare(runs["default"], _with_other_patch(), _terms())
    found_other = any(one.kind == "EFFECT_DIFFERS" for one in broken.findings)
    section.claim("another patch is another effect", "found" if found_other else "missed", found_other)
    return section


def _actions(run: Log) -> list[str]:
    return [event.tool_call_requested.arguments.json for event in run if event.HasField("tool_call_requested")]


@cache
def _trajectories() -> dict[str, Trajectory]:
    found = {}
    for path in sorted((DATA / "swe-agent-layouts").glob("*.traj.json")):
        document = json.loads(path.read_text())
        answers = [Answer(step["response"], [_call(step, document)]) for step in document["trajectory"]]
        found[path.name.split("__")[0].split("_t-")[0]] = Trajectory("", [Turn("fix the bug", answers)], {})
    return found


def _call(step: dict[str, str], document: dict[str, dict[str, str]]) -> Call:
    name, _, rest = step["action"].strip().partition(" ")
    name, _, more = name.partition("\n")
    text = document["info"]["submission"] if name == _EFFECT else "\n".join(filter(None, (rest, more)))
    return Call(name, json.dumps({"text": text}), step["observation"])


@cache
def _specs() -> Specs:
    found = tool_specs(list(_trajectories().values()), ["*"])
    submit = found[_EFFECT][1]
    submit.spec.effect.effect_class = tools.EFFECT_CLASS_WRITE
    json_format.ParseDict({"spaces": ["/text"]}, submit.spec.equivalence.input)
    return found


def _terms() -> Terms:
    return Terms(tools={name: spec for name, (_, spec) in _specs().items()})


def _runs() -> dict[str, Log]:
    return {name: log(name, trajectory, _specs(), "swe") for name, trajectory in _trajectories().items()}


def _with_other_patch() -> Log:
    trajectory = _trajectories()["default"]
    answers = [Answer(answer.text, list(answer.calls)) for answer in trajectory.turns[0].answers]
    patch = json.loads(answers[-1].calls[0].arguments)["text"].replace("round(", "floor(")
    answers[-1].calls[0] = Call(_EFFECT, json.dumps({"text": patch}), "")
    return log("other", Trajectory("", [Turn("fix the bug", answers)], {}), _specs(), "swe")
