"""Errors that PAL raises on purpose: a documented reason, a sentence with the values, the values as metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons

DOMAIN = "pal"
_PREFIX = "ERROR_REASON_"
_CALLER_FIX = frozenset(range(1, 100))
_RETRY = frozenset({90, 100, 101, 102, 103, 104, 140, 142, 145, 165})


class MeshError(Exception):
    """Something was refused or failed for a reason of :class:`pal.v1.ErrorReason`.

    *metadata* repeats every value the message mentions, so that nobody has to parse the message; where the message
    tells of several fields, *violations* has the path of each and what is wrong with it.
    """

    def __init__(self, reason: reasons.ErrorReason, message: str, **metadata: object) -> None:
        """Keep the reason, the message for people and the values for machines."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations: Sequence[tuple[str, str]] = ()
        self.metadata = {key: str(value) for key, value in metadata.items()}

    @property
    def reason_name(self) -> str:
        """The reason as it stands in ErrorInfo and in Failure, without the enum's prefix."""
        return reason_name(self.reason)


class InvalidField(MeshError):
    """A field of a request is wrong."""

    def __init__(self, field: str, problem: str, **metadata: object) -> None:
        """Name the *field* by its path and say in *problem* what is wrong and how to mend it."""
        super().__init__(reasons.ERROR_REASON_INVALID_FIELD, f"{field}: {problem}", field=field, **metadata)


class TooLarge(MeshError):
    """A payload or message exceeds its limit."""

    def __init__(self, field: str, size_bytes: int, limit_bytes: int) -> None:
        """Name the *field*, its size and the limit."""
        super().__init__(
            reasons.ERROR_REASON_TOO_LARGE,
            f"{field}: {size_bytes} bytes exceed the limit of {limit_bytes} bytes; shorten it or split the work",
            field=field,
            size_bytes=size_bytes,
            limit_bytes=limit_bytes,
        )


def reason_name(reason: reasons.ErrorReason) -> str:
    """Return *reason* without the enum's prefix, for example ``RUN_NOT_FOUND``."""
    return reasons.ErrorReason.Name(reason).removeprefix(_PREFIX)


def parse_reason(name: str) -> reasons.ErrorReason:
    """Return the reason called *name*; UNSPECIFIED for a name this version does not know."""
    full = _PREFIX + name
    known = full in reasons.ErrorReason.keys()
    return cast("reasons.ErrorReason", reasons.ErrorReason.Value(full)) if known else reasons.ERROR_REASON_UNSPECIFIED


def disposition(reason: reasons.ErrorReason) -> common.FailureDisposition:
    """Return what a caller can sensibly do about *reason*."""
    if reason in _RETRY:
        return common.FAILURE_DISPOSITION_RETRY
    if reason in _CALLER_FIX:
        return common.FAILURE_DISPOSITION_CALLER_FIX
    return common.FAILURE_DISPOSITION_PERMANENT


def failure(error: MeshError) -> common.Failure:
    """Return *error* as the failure that is recorded."""
    return common.Failure(
        reason=error.reason_name,
        domain=DOMAIN,
        message=error.message[:1024],
        disposition=disposition(error.reason),
        metadata=error.metadata,
    )
