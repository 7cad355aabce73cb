"""Chat trajectories in the message format of OpenAI, one JSON object a line, read strictly.

A line holds the messages under ``messages`` or ``traj``: an optional system message, then messages of user, assistant
and tool. Every other value of the line that is text, a number or a boolean becomes a label of its runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MESSAGE_KEYS = ("messages", "traj")


class BrokenLine(Exception):
    """A line is no trajectory."""

    def __init__(self, number: int, problem: str) -> None:
        """Name the line, from 1, and what is wrong with it."""
        super().__init__(f"line {number}: {problem}")


@dataclass
class Call:
    """A tool call and what came of it. The identifiers of providers repeat within a run, so they are left out."""

    name: str
    arguments: str
    result: str | None = None


@dataclass
class Answer:
    """What the model said in one answer, and the calls it asked for."""

    text: str
    calls: list[Call] = field(default_factory=list)


@dataclass
class Turn:
    """What a user said, and the answers until the next word of the user."""

    text: str
    answers: list[Answer] = field(default_factory=list)


@dataclass
class Trajectory:
    """One conversation."""

    system: str
    turns: list[Turn]
    labels: Mapping[str, str]


def read(lines: Sequence[str]) -> list[Trajectory]:
    """Return the trajectories in *lines*; empty lines are skipped.

    Raises:
        BrokenLine: a line is no trajectory.
    """
    return [_trajectory(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _trajectory(number: int, line: str) -> Trajectory:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BrokenLine(number, f"not JSON: {error}") from None
    if not isinstance(row, dict):
        raise BrokenLine(number, "a JSON object belongs here")
    key = next((key for key in MESSAGE_KEYS if isinstance(row.get(key), list)), None)
    if key is None:
        raise BrokenLine(number, f"no list of messages under {' or '.join(MESSAGE_KEYS)}")
    system, told = turns(number, row[key])
    labels = {name: _word(value) for name, value in row.items() if isinstance(value, str | int | float | bool)}
    return Trajectory(system, told, {name: word for name, word in labels.items() if len(word) <= 63})


def turns(number: int, messages: Sequence[Any]) -> tuple[str, list[Turn]]:
    """Return the system message and the turns that *messages*, of line *number*, tell.

    Raises:
        BrokenLine: they tell none.
    """
    system: list[str] = []
    told: list[Turn] = []
    open_calls: list[Call] = []
    for place, message in enumerate(messages):
        where = f"message {place}"
        if not isinstance(message, dict):
            raise BrokenLine(number, f"{where}: a JSON object belongs here")
        role, text = message.get("role"), _text(number, where, message.get("content"))
        if open_calls and role != "tool":
            raise BrokenLine(number, f"{where}: {len(open_calls)} tool calls before it have no result")
        if role in ("system", "developer") and not told:
            system.append(text)
        elif role == "user":
            told.append(Turn(text))
        elif role == "assistant" and told:
            open_calls = list(_calls(number, where, message.get("tool_calls") or ()))
            told[-1].answers.append(Answer(text, list(open_calls)))
        elif role == "tool" and open_calls:
            # By position: identifiers of providers repeat within a run.
            open_calls.pop(0).result = text
        else:
            raise BrokenLine(number, f"{where}: a message of {role!r} does not belong here")
    if not told:
        raise BrokenLine(number, "there is no message of a user")
    return "\n\n".join(system), told


def _calls(number: int, where: str, calls: Sequence[Any]) -> Iterator[Call]:
    for place, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise BrokenLine(number, f"{where}: tool_calls[{place}].function.name is missing")
        arguments = function.get("arguments") or "{}"
        try:
            fits = isinstance(json.loads(arguments), dict)
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise BrokenLine(number, f"{where}: tool_calls[{place}].function.arguments is no JSON object as text")
        yield Call(function["name"], arguments)


def _text(number: int, where: str, content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise BrokenLine(number, f"{where}: content is neither text nor a list of parts")
    return content


def _word(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
