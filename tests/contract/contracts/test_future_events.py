"""A reader of today and an event of tomorrow."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events

# RunEvent{run_id "r1", seq 7, type "stage.finished", and a body with the unused number 121}
KNOWN = events.RunEvent(run_id="r1", seq=7, type="stage.finished").SerializeToString()
UNKNOWN_BODY = bytes([0xCA, 0x07, 0x03]) + b"\x0a\x01x"


def test_an_old_reader_keeps_the_bytes_of_a_future_event() -> None:
    event = events.RunEvent.FromString(KNOWN + UNKNOWN_BODY)

    assert event.WhichOneof("body") is None
    assert event.type == "stage.finished"
    assert event.SerializeToString() == KNOWN + UNKNOWN_BODY
