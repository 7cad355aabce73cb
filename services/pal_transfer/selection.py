"""Which runs are meant: ``agent=desk since=2h outcome=succeeded label.tier=canary``."""

from __future__ import annotations

import datetime
import re
from typing import Any, cast

from google.protobuf import timestamp_pb2

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events

KEYS = ("agent", "runtime", "conversation", "outcome", "mode", "since", "before", "label.NAME")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class BadSelection(ValueError):
    """A selection cannot be read."""


def query(text: str) -> shared.RunQuery:
    """Return the finished live runs that *text* selects, as a query.

    Raises:
        BadSelection: the message names the part that is wrong and what there is.
    """
    found = shared.RunQuery(states=[shared.RUN_STATE_FINISHED], mode=common.EXECUTION_MODE_LIVE, page_size=200)
    narrow(found, text)
    return found


def narrow(found: shared.RunQuery, text: str) -> None:
    """Have *found* ask for what *text* selects alone.

    Raises:
        BadSelection: the message names the part that is wrong and what there is.
    """
    for part in text.split():
        key, separator, value = part.partition("=")
        if not separator or not value:
            raise BadSelection(f"{part}: write KEY=VALUE; there are: {', '.join(KEYS)}")
        _take(found, key, value)


def _take(found: shared.RunQuery, key: str, value: str) -> None:
    match key:
        case "agent":
            found.agent_name = value
        case "runtime":
            found.runtime = value
        case "conversation":
            found.conversation_id = value
        case "outcome":
            found.outcomes.append(_outcome(value))
        case "mode":
            found.mode = _mode(value)
        case "since":
            found.accepted_from.CopyFrom(moment(value))
        case "before":
            found.accepted_before.CopyFrom(moment(value))
        case _ if key.startswith("label.") and len(key) > len("label."):
            found.labels[key.removeprefix("label.")] = value
        case _:
            raise BadSelection(f"{key}: no such key; there are: {', '.join(KEYS)}")


def _outcome(value: str) -> events.RunOutcome:
    return cast("events.RunOutcome", _named(events.RunOutcome, "outcome", "RUN_OUTCOME_", value))


def _mode(value: str) -> common.ExecutionMode:
    return cast("common.ExecutionMode", _named(common.ExecutionMode, "mode", "EXECUTION_MODE_", value))


def _named(enum: Any, key: str, prefix: str, value: str) -> int:
    names = [name for name in enum.keys() if not name.endswith("_UNSPECIFIED")]
    if prefix + value.upper() not in names:
        raise BadSelection(
            f"{key}={value}: there are: {', '.join(name.removeprefix(prefix).lower() for name in names)}"
        )
    return int(enum.Value(prefix + value.upper()))


def moment(text: str) -> timestamp_pb2.Timestamp:
    """Return the moment that *text* names: ``2h`` ago, ``2026-11-24``, or ``2026-11-24T08:00`` (UTC).

    Raises:
        BadSelection: it names none.
    """
    found = timestamp_pb2.Timestamp()
    now = datetime.datetime.now(datetime.UTC)
    if ago := re.fullmatch(r"(\d{1,6})([smhd])", text):
        found.FromDatetime(now - datetime.timedelta(seconds=int(ago[1]) * _UNITS[ago[2]]))
        return found
    try:
        named = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise BadSelection(f"{text}: write 30m, 2h, 7d, 2026-11-24 or 2026-11-24T08:00") from None
    found.FromDatetime(named if named.tzinfo else named.replace(tzinfo=datetime.UTC))
    return found
