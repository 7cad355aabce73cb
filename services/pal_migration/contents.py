"""What the log of a run keeps elsewhere, by digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.protobuf.message import Message

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.payload import artifact_digest

# Bodies of which a comparison reads the payloads.
_READ = ("run_accepted", "run_finished", "tool_call_requested", "tool_call_finished", "artifact_added", "message_added")


def kept_elsewhere(log: Iterable[events.RunEvent]) -> dict[str, int]:
    """Return the digests of what *log* refers to, each with its size in bytes."""
    found: dict[str, int] = {}
    for event in log:
        body = event.WhichOneof("body")
        if body in _READ:
            for payload in _payloads(getattr(event, body)):
                if digest := artifact_digest(payload):
                    found[digest] = payload.size_bytes
    return found


def _payloads(message: Message) -> Iterator[common.Payload]:
    for _, value in message.ListFields():
        for each in value if isinstance(value, Iterable) and not isinstance(value, str | bytes) else [value]:
            if isinstance(each, common.Payload):
                yield each
