"""What the doctor says of a mesh."""

from __future__ import annotations

from pal.service.v1 import router_service_pb2 as pb
from pal_cli.commands.doctor import opened


def test_an_open_breaker_is_something_wrong() -> None:
    blue = {"agent": "desk", "runtime": "blue", "attempts": 5, "failures": 5, "cause": "RUNTIME_ERROR"}
    known = pb.ListBreakersResponse(
        breakers=[
            pb.Breaker(**blue, state=pb.BREAKER_STATE_OPEN),
            pb.Breaker(agent="desk", runtime="agno", attempts=9, failures=1, state=pb.BREAKER_STATE_CLOSED),
        ]
    )

    (told,) = opened(known)

    assert not told.good
    assert told.seen == "blue fails desk: 5 of 5 runs, last with RUNTIME_ERROR"
    assert "pal logs blue" in told.mend
