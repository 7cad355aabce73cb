"""A selection of runs is read word by word, and a wrong word is named with what there is."""

from __future__ import annotations

import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
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
        ("mode=fast", "there are: live"),
        ("since=yesterday", "30m, 2h, 7d"),
    ],
)
def test_a_wrong_word_is_named(text: str, problem: str) -> None:
    with pytest.raises(BadSelection) as bad:
        query(text)

    assert problem in str(bad.value)


def test_finished_live_runs_are_meant() -> None:
    found = query("before=2026-11-24")

    assert (list(found.states), found.mode) == ([shared.RUN_STATE_FINISHED], common.EXECUTION_MODE_LIVE)
    assert found.accepted_before.seconds == 1795478400


def test_another_mode_can_be_meant() -> None:
    assert query("mode=drill").mode == common.EXECUTION_MODE_DRILL
