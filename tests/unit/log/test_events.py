"""Event types and their writers."""

from __future__ import annotations

import uuid

import pytest

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import BODIES, IMPORTER, LLM_PROVIDER, ROUTER, SEAMS, TOOL_EXECUTOR, EventWriter, stable_id, writers


def test_the_type_agrees_with_the_body() -> None:
    event = EventWriter("router").event(
        "r1", common.EXECUTION_MODE_LIVE, 1, run_stop_requested=events.RunStopRequested()
    )

    assert event.type == "run.stop.requested"


@pytest.mark.parametrize(
    ("type_", "allowed"),
    [
        ("run.finished", {ROUTER}),
        ("message.added", {ROUTER}),
        ("model.call.finished", {LLM_PROVIDER}),
        ("tool.call.requested", {TOOL_EXECUTOR}),
        ("policy.decided", SEAMS),
        ("run.limit.reached", SEAMS),
        ("family.of.the.future", frozenset()),
    ],
)
def test_each_family_has_its_writer(type_: str, allowed: set[str]) -> None:
    assert writers(type_) == (allowed | {IMPORTER} if allowed else allowed)


def test_every_body_has_a_writer() -> None:
    assert [type_ for type_ in BODIES if not writers(type_)] == []


@pytest.mark.parametrize("parts", [("run-1", "message", "model-1", "1"), ("",), ("é", "日本", "\x00")])
def test_the_identifier_of_a_fact_is_that_of_its_words(parts: tuple[str, ...]) -> None:
    facts = uuid.UUID("0c6b0a53-5d53-5b0f-9f0a-2f5d1f6f7c52")

    assert stable_id(*parts) == str(uuid.uuid5(facts, "\0".join(parts)))
