"""A reader of today and an event of tomorrow."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events

# RunEvent{run_id "r1", seq 7, type "stage.skipped", and a body with the unused number 139}
KNOWN = events.RunEvent(run_id="r1", seq=7, type="stage.skipped").SerializeToString()
UNKNOWN_BODY = bytes([0xDA, 0x08, 0x03]) + b"\x0a\x01x"


def test_an_old_reader_keeps_the_bytes_of_a_future_event() -> None:
    event = events.RunEvent.FromString(KNOWN + UNKNOWN_BODY)

    assert event.WhichOneof("body") is None
    assert event.type == "stage.skipped"
    assert event.SerializeToString() == KNOWN + UNKNOWN_BODY
