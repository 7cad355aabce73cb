"""Plans of rollouts: from a text to a plan, with the line of whatever is wrong."""

from __future__ import annotations

from pal.v1 import rollout_pb2 as pb
from pal_registry.conversion import to_message
from pal_registry.problems import Problems, refuse
from pal_registry.single import only
from pal_registry.words import found
from pal_rollout.checks import problems as problems_of
from pal_rollout.plan import API_VERSION, KIND


def drafted(text: str, source: str = "") -> pb.Rollout:
    """Return the plan in *text*; messages call it *source*.

    Raises:
        MeshError: INVALID_DOCUMENT with the first few problems, each with its line, its path and how to mend it.
    """
    node = only(text, source, "a plan")
    problems = Problems(KIND, node.line)
    if not isinstance(node.value, dict):
        problems.add("", f"expected a plan, found {found(node)}; begin with apiVersion: {API_VERSION}")
        refuse(problems.found, source)
    elif (kind := node.value.get("kind")) is not None and kind.value != KIND:
        problems.add("kind", f"expected {KIND}, found {found(kind)}", line=kind.line)
        refuse(problems.found, source)
    plan = to_message(node, pb.Rollout, problems)
    if not problems.found:
        for path, problem in problems_of(plan):
            problems.add(path, problem)
    refuse(problems.found, source)
    return plan
