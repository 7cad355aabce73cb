"""The time of day as a mesh goes by it: a machine's clock that jumps ends no lease, no deadline and no order.

Time goes by evenly from what the clock said when the process began. Where the machine's clock says something else for
longer than SETTLED_SECONDS, it was set right, and is believed from then on.

In a drill one task may go by another clock: what it does, and what it starts, takes *now* to be off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar

from google.protobuf import timestamp_pb2

# As long as a run may take where nothing else is said: none of those that are going is hurt.
SETTLED_SECONDS = 900.0
_TOLERATED_NS = 1_000_000_000


class Clock:
    """The wall clock, evenly."""

    def __init__(self, wall_ns: Callable[[], int], running_ns: Callable[[], int]) -> None:
        """Begin at *wall_ns* and go on by *running_ns*, which nobody sets."""
        self._wall_ns = wall_ns
        self._running_ns = running_ns
        self._offset_ns = wall_ns() - running_ns()
        # Since when the wall clock says something else; 0 while it does not.
        self._other_since_ns = 0

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        running_ns = self._running_ns()
        offset_ns = self._wall_ns() - running_ns
        if abs(offset_ns - self._offset_ns) <= _TOLERATED_NS:
            # What NTP corrects little by little.
            self._offset_ns, self._other_since_ns = offset_ns, 0
        elif not self._other_since_ns:
            self._other_since_ns = running_ns
        elif running_ns - self._other_since_ns > SETTLED_SECONDS * 1e9:
            self._offset_ns, self._other_since_ns = offset_ns, 0
        return running_ns + self._offset_ns


def _running_ns() -> int:
    # Goes on while the machine sleeps.
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic_ns()


_CLOCK = Clock(lambda: time.time_ns(), _running_ns)


# Of the task that asks, and of those that it has started.
_SKEW_NS: ContextVar[int] = ContextVar("skew_ns", default=0)


def now_ns() -> int:
    """Return nanoseconds since the epoch."""
    return _CLOCK.now_ns() + _SKEW_NS.get()


def now() -> float:
    """Return seconds since the epoch."""
    return now_ns() / 1e9


def second(moment: timestamp_pb2.Timestamp) -> str:
    """Return *moment* as people read it: in UTC, to the second."""
    return moment.ToDatetime().strftime("%Y-%m-%dT%H:%M:%SZ")


def skew(seconds: float) -> None:
    """Have *now* be off by *seconds* for this task, and whatever it starts from here on."""
    _SKEW_NS.set(int(seconds * 1e9))
