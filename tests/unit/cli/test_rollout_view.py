"""A rollout is told in words that people read."""

from __future__ import annotations

import pytest
from rich.text import Text

from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import rollout_pb2 as plans
from pal_cli.rollout_view import entry_line, lines


def told(*entry: str) -> str:
    what, who, reason = entry
    return Text.from_markup(entry_line(pb.RolloutEntry(what=what, who=who, reason=reason))).plain


def test_what_happened_is_set_apart_from_who_did_it_and_why() -> None:
    assert told("paused", "nina", "looking").endswith(" paused by nina: looking")
    assert told("resumed", "nina", "").endswith(" resumed by nina")
    assert told("aborting", "rollout", "verdict FAIL").endswith(" aborting: verdict FAIL")


def test_whoever_promotes_sees_it_at_once() -> None:
    status = pb.RolloutStatus(
        rollout=plans.Rollout(spec=plans.RolloutPlan(waves=[plans.RolloutWave(name="canary")])),
        state=pb.ROLLOUT_STATE_RUNNING,
        promoted_by="nina",
        gates=[pb.RolloutGate(name="min-runs", detail="desk: 1 of 3 runs")],
    )

    told = [Text.from_markup(line).plain for line in lines(status)]

    assert told[-2:] == ["  ✓ promoted by nina without what is open below", "  … min-runs desk: 1 of 3 runs"]


@pytest.mark.parametrize(("pairs", "said"), [(1, "1 shadow pair, verdict"), (2, "2 shadow pairs, verdict")])
def test_one_pair_is_a_pair(pairs: int, said: str) -> None:
    status = pb.RolloutStatus(rollout=plans.Rollout(spec=plans.RolloutPlan(waves=[plans.RolloutWave(name="canary")])))
    status.agents.add(agent="desk", shadow_id="s").counts.pairs = pairs

    assert said in "\n".join(lines(status))
