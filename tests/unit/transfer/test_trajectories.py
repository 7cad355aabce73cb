"""Chat trajectories are read strictly: what is wrong is named by line and message, and nothing is guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pal_transfer.trajectories import BrokenLine, read


def call(name: str, arguments: str = "{}", call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def said(*messages: dict[str, Any], **labels: Any) -> str:
    return json.dumps({"messages": messages, **labels})


USER = {"role": "user", "content": "hello"}
ANSWER = {"role": "assistant", "content": "hi"}


def test_a_word_of_the_user_begins_a_turn() -> None:
    (trajectory,) = read([said({"role": "system", "content": "Be kind."}, USER, ANSWER, USER, ANSWER)])

    assert trajectory.system == "Be kind."
    assert [(turn.text, [answer.text for answer in turn.answers]) for turn in trajectory.turns] == [
        ("hello", ["hi"]),
        ("hello", ["hi"]),
    ]


def test_results_join_their_calls_by_position_because_identifiers_repeat() -> None:
    asking = {"role": "assistant", "content": None, "tool_calls": [call("a", '{"n": 5.0}'), call("b")]}
    results = [{"role": "tool", "tool_call_id": "c1", "content": text} for text in ("first", "second")]

    (trajectory,) = read([said(USER, asking, *results)])

    calls = trajectory.turns[0].answers[0].calls
    assert [(c.name, c.arguments, c.result) for c in calls] == [("a", '{"n": 5.0}', "first"), ("b", "{}", "second")]


def test_plain_values_become_labels_and_empty_lines_are_skipped() -> None:
    (trajectory,) = read(["", said(USER, ANSWER, task_id=7, reward=1.0, ok=True, info={"not": "plain"}), ""])

    assert trajectory.labels == {"task_id": "7", "reward": "1.0", "ok": "true"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: a JSON object belongs here"),
        ('{"messages": "x"}', "line 2: no list of messages"),
        (said(), "line 2: there is no message of a user"),
        (said(ANSWER), "line 2: message 0: a message of 'assistant' does not belong here"),
        (said(USER, {"role": "tool", "content": "x"}), "line 2: message 1: a message of 'tool'"),
        (
            said(USER, {"role": "assistant", "tool_calls": [call("a")]}, USER),
            "line 2: message 2: 1 tool calls before it",
        ),
        (said(USER, {"role": "assistant", "tool_calls": [call("a", "{")]}), "tool_calls[0].function.arguments"),
        (said(USER, {"role": "assistant", "tool_calls": [{}]}), "tool_calls[0].function.name is missing"),
        (said(USER, {"role": "assistant", "content": 7}), "line 2: message 1: content is neither"),
    ],
)
def test_a_broken_line_is_named(line: str, problem: str) -> None:
    with pytest.raises(BrokenLine) as broken:
        read([said(USER, ANSWER), line])

    assert problem in str(broken.value)
