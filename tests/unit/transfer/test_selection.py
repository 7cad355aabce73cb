"""A selection of runs is read word by word, and a wrong word is named with what there is."""

from __future__ import annotations

import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_transfer.replays import meant
from pal_transfer.selection import BadSelection, query


def test_every_word_narrows_the_selection() -> None:
    found = query("agent=desk runtime=agno conversation=c1 outcome=failed since=2026-11-24 label.tier=canary")

    assert (found.agent_name, found.runtime, found.conversation_id) == ("desk", "agno", "c1")
    assert list(found.outcomes) == [events.RUN_OUTCOME_FAILED]
    assert found.accepted_from.seconds == 1795478400
    assert dict(found.labels) == {"tier": "canary"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("desk", "write KEY=VALUE"),
        ("agent=", "write KEY=VALUE"),
        ("agnt=desk", "there are: agent"),
        ("label.=x", "no such key"),
        ("outcome=nice", "there are: succeeded"),
        ("since=yesterday", "30m, 2h, 7d"),
    ],
)
def test_a_wrong_word_is_named(text: str, problem: str) -> None:
    with pytest.raises(BadSelection) as bad:
        query(text)

    assert problem in str(bad.value)


def test_what_the_recorder_does_not_look_at_is_looked_at_here() -> None:
    wanted = query("outcome=failed before=2026-11-24")
    run = shared.Run(mode=common.EXECUTION_MODE_LIVE, outcome=events.RUN_OUTCOME_FAILED)
    run.accepted_at.FromSeconds(1_700_000_000)
    late, other, repeated = (shared.Run.FromString(run.SerializeToString()) for _ in range(3))
    late.accepted_at.FromSeconds(1_900_000_000)
    other.outcome = events.RUN_OUTCOME_SUCCEEDED
    repeated.mode = common.EXECUTION_MODE_REPLAY

    assert [meant(candidate, wanted) for candidate in (run, late, other, repeated)] == [True, False, False, False]
