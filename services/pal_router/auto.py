"""Which of several able runtimes an agent does best on: proven enough first, then the least cost per success.

The rule: among runtimes whose lower bound of success meets the agent's objective, the one with the lowest cost per
success, ties by the 95 % latency. The one in use stays unless it is no longer proven, or another is clearly cheaper and
it has been in use for a while. A conversation stays where it is. A small share of runs goes to the least known runtime,
for agents whose tools change nothing.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

DEFAULT_MIN_SUCCESS = 0.95
# With fewer runs the interval is wide, and an early streak decides.
LEAST_RUNS = 30
# How much cheaper another one has to be, and how long the present one is in use before it is left for that.
CHEAPER_SHARE, DWELL_SECONDS = 0.1, 600.0
# Costs this close to each other are a tie.
_TIE_SHARE = 0.01
EXPLORED_BASIS_POINTS, _WHOLE = 200, 10_000
CHOSEN, DEARER, SLOWER, STAYS = "CHOSEN", "DEARER", "SLOWER", "NOT_CHEAPER_ENOUGH"
BELOW, TOO_FEW, EXPLORED = "BELOW_OBJECTIVE", "TOO_FEW_RUNS", "EXPLORED"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of the newest runs of an agent on a runtime."""

    runs: int = 0
    success_lower: float | None = None
    cost_nanos: float | None = None
    currency_code: str = ""
    p95_seconds: float | None = None


@dataclass(frozen=True)
class Choice:
    """The runtime that was chosen, why, and what was made of each."""

    runtime: str
    rule: str
    reason: str
    verdicts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a choice depends on beside what is known of the runtimes."""

    # Runtimes that can carry the agent out and take runs, in the order of their names.
    able: Collection[str]
    # The one that is used until something is known.
    default: str
    min_success: float = DEFAULT_MIN_SUCCESS
    # Where the conversation was until now; empty for none.
    earlier: str = ""
    # What the run is drawn by.
    key: str = ""
    # Whether runs may be spent on finding out: nothing they do lasts, and nothing else is on trial.
    explores: bool = False


@dataclass
class _Use:
    runtime: str
    since: float


class Auto:
    """Chooses, and remembers for each agent what is in use."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing in use."""
        self._clock = clock
        self._in_use: dict[str, _Use] = {}

    def choose(self, agent: str, situation: Situation, standings: Mapping[str, Standing]) -> Choice:
        """Return the runtime for a run of *agent*.

        Raises:
            ValueError: there is no able runtime.
        """
        if not situation.able:
            raise ValueError(f"no runtime is able to carry out {agent}")
        if situation.earlier in situation.able:
            return Choice(situation.earlier, "auto.sticky", "the conversation is there")
        known = {name: standings.get(name, Standing()) for name in situation.able}
        best = self._best(agent, situation, known)
        if situation.explores and _drawn(agent, situation.key) < EXPLORED_BASIS_POINTS:
            others = [name for name in known if name != best.runtime]
            if others:
                least = min(others, key=lambda name: (known[name].runs, name))
                reason = f"one of 50 runs finds out about others; {best.runtime} would be the choice"
                return Choice(least, "auto.explore", reason, {**best.verdicts, least: EXPLORED})
        return best

    def _best(self, agent: str, situation: Situation, known: Mapping[str, Standing]) -> Choice:
        verdicts = {name: _proof(standing, situation.min_success) for name, standing in known.items()}
        proven = {name: known[name] for name, verdict in verdicts.items() if not verdict}
        if not proven:
            return self._unproven(situation, known, verdicts)
        cheapest = min(proven, key=lambda name: _cost(proven[name]))
        tied = [name for name in proven if _cost(proven[name]) <= _cost(proven[cheapest]) * (1 + _TIE_SHARE)]
        winner = min(tied, key=lambda name: (_latency(proven[name]), name))
        chosen = self._kept(agent, winner, proven)
        for name in proven:
            verdicts[name] = SLOWER if name in tied else DEARER
        if chosen != winner:
            verdicts[winner] = STAYS
        verdicts[chosen] = CHOSEN
        return Choice(chosen, "auto", _why(chosen, winner, len(proven)), verdicts)

    def _kept(self, agent: str, winner: str, proven: Mapping[str, Standing]) -> str:
        """Return what is used from now on: *winner*, or what is in use while leaving it is not worth it."""
        now, use = self._clock(), self._in_use.get(agent)
        if use is None or use.runtime not in proven:
            self._in_use[agent] = _Use(winner, now)
            return winner
        cheaper = _cost(proven[winner]) < _cost(proven[use.runtime]) * (1 - CHEAPER_SHARE)
        if winner != use.runtime and cheaper and now - use.since >= DWELL_SECONDS:
            self._in_use[agent] = _Use(winner, now)
            return winner
        return use.runtime

    def _unproven(self, situation: Situation, known: Mapping[str, Standing], verdicts: Mapping[str, str]) -> Choice:
        """Return the default while it may still prove itself, else the one that comes nearest."""
        if verdicts.get(situation.default, BELOW) == TOO_FEW:
            chosen, reason = situation.default, "no runtime has proven itself yet; this is the default"
        else:
            chosen = max(known, key=lambda name: (known[name].success_lower or 0.0, name == situation.default))
            reason = "no runtime meets the objective; this one comes nearest"
        return Choice(chosen, "auto.unproven", reason, {**verdicts, chosen: CHOSEN})


def _proof(standing: Standing, min_success: float) -> str:
    if standing.runs < LEAST_RUNS or standing.success_lower is None:
        return TOO_FEW
    return "" if standing.success_lower >= min_success else BELOW


def _cost(standing: Standing) -> float:
    # Nobody knows what it costs: it is taken to be dear, and equal among equals.
    return math.inf if standing.cost_nanos is None else standing.cost_nanos


def _latency(standing: Standing) -> float:
    return math.inf if standing.p95_seconds is None else standing.p95_seconds


def _why(chosen: str, winner: str, proven: int) -> str:
    if chosen != winner:
        return f"{winner} is cheaper, but not by enough or not for long enough to leave {chosen}"
    return f"the least cost per success of {proven} that meet the objective" if proven > 1 else "it meets the objective"


def _drawn(agent: str, key: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{agent}\0{key}".encode(), digest_size=8).digest()) % _WHOLE
