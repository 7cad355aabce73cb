"""Files that come with a request: read as JSON, and refused by name and place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pal.service.v1 import migration_service_pb2 as pb
from pal_advice.evidence import moment
from pal_rpc.errors import InvalidField


def parsed(file: pb.AdviceFile, field: str) -> Any:
    """Return what is in *file*, which is the *field* of a request.

    Raises:
        InvalidField: it is no JSON.
    """
    try:
        return json.loads(file.text)
    except json.JSONDecodeError as error:
        raise wrong(file, field, f"line {error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise wrong(file, field, "nested deeper, or with longer numbers, than anything that this could be") from None


def observed(file: pb.AdviceFile, now: datetime) -> datetime:
    """Return when *file* was made or fetched.

    Raises:
        InvalidField: what it states is no moment.
    """
    if not file.HasField("observed_at"):
        return now
    try:
        return moment(file.observed_at)
    except (ValueError, OverflowError):
        raise wrong(file, "observed_at", "no moment; write one of this century, or leave it out") from None


def wrong(file: pb.AdviceFile, field: str, problem: str) -> InvalidField:
    """Return the error for a *problem* with *file*."""
    return InvalidField(field, f"{file.source}: {problem}" if file.source else problem)


def date_of(text: object) -> datetime | None:
    """Return an ISO 8601 moment, in UTC unless it says otherwise; None when *text* is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def mappings(value: object) -> Iterator[dict[str, Any]]:
    """Yield the mappings in a list; nothing for anything else."""
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))
