"""Breakers: a runtime that fails an agent again and again gets no new runs of it for a while.

One breaker per agent and runtime. What counts is the cause of a failure and not its status: a model that refuses, a
tool that fails or a policy that says no are not the runtime's. Nothing here blocks a run: whoever chooses goes
elsewhere where there is an elsewhere, so that two runtimes are never out of use at once.

Routers tell each other what they have opened by what they have seen. A breaker that was opened by such news closes by a
trial of its own, or with that of the router that told of it.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from google.protobuf import duration_pb2

from pal.service.v1 import recorder_service_pb2 as recorder
from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError

# What a runtime is to blame for.
BLAMED = frozenset(
    {
        reasons.ERROR_REASON_ADAPTER_LOST,
        reasons.ERROR_REASON_ADAPTER_PROTOCOL,
        reasons.ERROR_REASON_RUNTIME_ERROR,
        reasons.ERROR_REASON_OUTPUT_EMPTY,
    }
)
IN_A_ROW = 5
WINDOW, LEAST, SHARE = 20, 10, 0.5
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 10.0, 300.0
# A trial that is not heard of again does not keep the next one away for ever.
TRIAL_SECONDS = 60.0
Clock = Callable[[], float]


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


_SHOWN = {
    State.CLOSED: pb.BREAKER_STATE_CLOSED,
    State.OPEN: pb.BREAKER_STATE_OPEN,
    State.HALF_OPEN: pb.BREAKER_STATE_HALF_OPEN,
}


@dataclass
class Breaker:
    """How the newest runs of one agent ended on one runtime, and what follows from that."""

    state: State = State.CLOSED
    # Whether each failed, for which the runtime is to blame.
    ends: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    pause_seconds: float = 0.0
    since: float = 0.0
    trial_since: float | None = None
    cause: str = ""
    # Number of the opening, when what was seen here has opened it; the router that told of it otherwise.
    opening: int = 0
    heard_from: str = ""

    @property
    def failing(self) -> bool:
        """Whether it is time to open."""
        newest = list(self.ends)[-IN_A_ROW:]
        in_a_row = len(newest) == IN_A_ROW and all(newest)
        return in_a_row or (len(self.ends) >= LEAST and sum(self.ends) >= SHARE * len(self.ends))


class Breakers:
    """All breakers of a router."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        """Begin with every breaker closed."""
        self._clock = clock
        self._listeners: list[Callable[[str, str, State], None]] = []
        self._by_agent: defaultdict[str, dict[str, Breaker]] = defaultdict(dict)
        self._openings = 0

    def listen(self, listener: Callable[[str, str, State], None]) -> None:
        """Call *listener* with the agent, the runtime and the state of a breaker that may have opened or closed."""
        self._listeners.append(listener)

    def avoided(self, agent: str) -> dict[str, str]:
        """Return the runtimes that *agent* does better without now, each with the reason."""
        known = self._by_agent.get(agent)
        return {name: "BREAKER_OPEN" for name, one in known.items() if not self._admits(one)} if known else {}

    def chosen(self, agent: str, runtime: str) -> None:
        """Take in that a run goes there; the first after the pause is the trial."""
        breaker = self._by_agent[agent].get(runtime) if agent in self._by_agent else None
        if breaker is not None and breaker.state is not State.CLOSED:
            breaker.state, breaker.trial_since = State.HALF_OPEN, self._clock()

    def report(self, agent: str, runtime: str, cause: reasons.ErrorReason | None) -> None:
        """Take in how an attempt ended: None for an end that is not a failure."""
        failed = cause in BLAMED
        known = self._by_agent.get(agent, {}).get(runtime)
        if known is None:
            if not failed:
                return
            known = self._by_agent[agent][runtime] = Breaker()
        if cause is not None and not failed:
            # It says nothing of the runtime; a trial is still to be made.
            known.trial_since = None
            return
        self._take(known, failed, MeshError(cause, "").reason_name if failed and cause else "")
        self._tell(agent, runtime, known)

    def open(self, told: recorder.OpenBreaker, holder: str) -> None:
        """Open what another router has opened, unless what was seen here has opened it already."""
        known = self._by_agent[told.agent].setdefault(told.runtime, Breaker())
        if known.opening:
            return
        pause_seconds = told.pause.ToNanoseconds() / 1e9
        known.state, known.trial_since, known.cause, known.heard_from = State.OPEN, None, told.cause, holder
        known.pause_seconds = pause_seconds
        known.since = self._clock() - (pause_seconds - told.retry_after.ToNanoseconds() / 1e9)
        self._tell(told.agent, told.runtime, known)

    def close(self, agent: str, runtime: str, holder: str) -> None:
        """Close what the router that told of it has closed."""
        known = self._by_agent.get(agent, {}).get(runtime)
        if known is not None and known.heard_from == holder:
            known.ends.clear()
            self._enter(known, State.CLOSED, 0.0)
            self._tell(agent, runtime, known)

    def opened(self) -> list[recorder.OpenBreaker]:
        """Return the breakers that what was seen here has opened, as they are told to other routers."""
        return [
            recorder.OpenBreaker(
                agent=agent,
                runtime=runtime,
                cause=one.cause,
                opening=one.opening,
                retry_after=_duration(self._left_seconds(one)),
                pause=_duration(one.pause_seconds),
            )
            for agent, runtime, one in self.all()
            if one.opening
        ]

    def all(self) -> Iterator[tuple[str, str, Breaker]]:
        """Yield those that have seen a failure lately: agent, runtime, breaker."""
        for agent, runtimes in sorted(self._by_agent.items()):
            for runtime, breaker in sorted(runtimes.items()):
                yield agent, runtime, breaker

    def shown(self, agent: str, runtime: str, breaker: Breaker) -> pb.Breaker:
        """Return *breaker* as it is told."""
        told = pb.Breaker(
            agent=agent,
            runtime=runtime,
            state=_SHOWN[breaker.state],
            attempts=len(breaker.ends),
            failures=sum(breaker.ends),
            cause=breaker.cause,
        )
        if breaker.state is State.OPEN:
            told.retry_after.CopyFrom(_duration(self._left_seconds(breaker)))
        return told

    def _tell(self, agent: str, runtime: str, breaker: Breaker) -> None:
        for listener in self._listeners:
            listener(agent, runtime, breaker.state)
        if breaker.state is State.CLOSED and not any(breaker.ends):
            del self._by_agent[agent][runtime]

    def _left_seconds(self, breaker: Breaker) -> float:
        return max(breaker.since + breaker.pause_seconds - self._clock(), 0.0)

    def _admits(self, breaker: Breaker) -> bool:
        now = self._clock()
        match breaker.state:
            case State.CLOSED:
                return True
            case State.OPEN:
                return now - breaker.since >= breaker.pause_seconds
            case _:
                return breaker.trial_since is None or now - breaker.trial_since >= TRIAL_SECONDS

    def _take(self, breaker: Breaker, failed: bool, cause: str) -> None:
        breaker.ends.append(failed)
        breaker.cause = cause or breaker.cause
        if breaker.state is State.CLOSED:
            if failed and breaker.failing:
                self._enter(breaker, State.OPEN, FIRST_PAUSE_SECONDS)
        elif failed and breaker.state is State.HALF_OPEN:
            self._enter(breaker, State.OPEN, min(breaker.pause_seconds * 2, MAX_PAUSE_SECONDS))
        elif not failed and breaker.state is State.HALF_OPEN:
            breaker.ends.clear()
            self._enter(breaker, State.CLOSED, 0.0)

    def _enter(self, breaker: Breaker, state: State, pause_seconds: float) -> None:
        breaker.state, breaker.pause_seconds, breaker.trial_since = state, pause_seconds, None
        breaker.since, breaker.heard_from = self._clock(), ""
        self._openings += state is State.OPEN
        breaker.opening = self._openings if state is State.OPEN else 0


def _duration(seconds: float) -> duration_pb2.Duration:
    duration = duration_pb2.Duration()
    duration.FromNanoseconds(int(seconds * 1e9))
    return duration
