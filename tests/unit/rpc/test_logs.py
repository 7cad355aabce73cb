"""A log line is one JSON object, whatever is in it."""

from __future__ import annotations

import json
import logging
from typing import Any

from pal_rpc.logs import JsonFormatter


def line(created: float = 0.0, **extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"msg": "rpc", "levelno": 20, "levelname": "INFO", **extra})
    record.created, record.msecs = created, created % 1 * 1000
    return json.loads(FORMATTER.format(record))


FORMATTER = JsonFormatter("router")


def test_a_line_has_the_time_to_the_millisecond() -> None:
    assert [line(at)["time"] for at in (0.001, 0.5, 1.25, 86_400.0)] == [
        "1970-01-01T00:00:00.001Z",
        "1970-01-01T00:00:00.500Z",
        "1970-01-01T00:00:01.250Z",
        "1970-01-02T00:00:00.000Z",
    ]


def test_values_stand_beside_the_message() -> None:
    written = line(run_id="r1", duration_ms=1.5, path=object)

    assert (written["message"], written["service"], written["run_id"], written["duration_ms"]) == (
        "rpc",
        "router",
        "r1",
        1.5,
    )
    assert "object" in written["path"]


def test_an_exception_is_part_of_its_line() -> None:
    try:
        raise ValueError("odd")
    except ValueError as error:
        written = line(exc_info=(ValueError, error, error.__traceback__))

    assert "ValueError: odd" in written["exception"]
