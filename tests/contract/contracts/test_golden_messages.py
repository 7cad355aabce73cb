"""Encoded messages of every release, which the current code has to read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from pal.v1 import agent_spec_pb2, policy_spec_pb2, run_event_pb2, runtime_capability_pb2, tool_spec_pb2, trace_span_pb2
from tests.golden.messages import corpus

GOLDEN = Path(__file__).parents[2] / "golden" / "messages.jsonl"
TYPES: dict[str, type[Message]] = {
    message.DESCRIPTOR.full_name: message
    for message in (
        agent_spec_pb2.AgentSpec,
        policy_spec_pb2.PolicySpec,
        run_event_pb2.RunEvent,
        runtime_capability_pb2.RuntimeCapability,
        tool_spec_pb2.ToolSpec,
        trace_span_pb2.TraceSpan,
    )
}


def recorded() -> list[dict[str, str]]:
    """Return the corpus; PAL_GOLDEN=write adds the messages it lacks and never touches those it has."""
    lines = GOLDEN.read_text().splitlines() if GOLDEN.exists() else []
    entries = [json.loads(line) for line in lines]
    if os.environ.get("PAL_GOLDEN") == "write":
        known = {entry["name"] for entry in entries}
        entries += [entry for entry in corpus() if entry["name"] not in known]
        GOLDEN.write_text("".join(json.dumps(entry, sort_keys=True) + "\n" for entry in entries))
    return entries


@pytest.mark.parametrize("entry", recorded(), ids=lambda entry: entry["name"])
def test_the_current_code_reads_what_was_encoded(entry: dict[str, str]) -> None:
    message = TYPES[entry["type"]].FromString(bytes.fromhex(entry["bytes"]))

    assert json_format.MessageToDict(message) == json.loads(entry["json"])


def test_every_event_type_is_in_the_corpus() -> None:
    bodies = {field.name for field in run_event_pb2.RunEvent.DESCRIPTOR.oneofs_by_name["body"].fields}

    assert bodies <= {entry["name"].removeprefix("event ") for entry in recorded()}
