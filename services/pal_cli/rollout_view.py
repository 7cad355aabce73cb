"""How a rollout looks to people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape

from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import comparison_pb2 as comparisons
from pal_cli.routes import shares
from pal_cli.show import count, moment, money, word
from pal_rollout.machine import ACTIVE, DONE, ROLLED_BACK, ROLLING_BACK
from pal_rollout.plan import step_name
from pal_rollout.routes import known

_COLOURS = {
    pb.ROLLOUT_STATE_RUNNING: "cyan",
    pb.ROLLOUT_STATE_PAUSED: "yellow",
    pb.ROLLOUT_STATE_ABORTING: "red",
    pb.ROLLOUT_STATE_ABORTED: "red",
    pb.ROLLOUT_STATE_CONCLUDING: "cyan",
    pb.ROLLOUT_STATE_DONE: "green",
    pb.ROLLOUT_STATE_ROLLING_BACK: "red",
    pb.ROLLOUT_STATE_ROLLED_BACK: "red",
}
# Every step was taken.
_WHOLE = frozenset({DONE, ROLLING_BACK, ROLLED_BACK})


def state_word(status: pb.RolloutStatus) -> str:
    """Return where *status* stands, as a word."""
    return word(pb.RolloutState, status.state, "ROLLOUT_STATE_")


def lines(status: pb.RolloutStatus) -> Iterator[str]:
    """Yield *status* line by line, with rich markup."""
    colour = _COLOURS.get(status.state, "default")
    when = f" at {moment(status.ended_at)}" if status.state not in ACTIVE else f", begun {moment(status.applied_at)}"
    reason = f": {escape(status.reason)}" if status.reason else ""
    yield (
        f"[bold]{escape(status.rollout.metadata.name)}[/] to {escape(status.rollout.spec.candidate)}: "
        f"[{colour}]{state_word(status)}[/]{when}{reason}"
    )
    if status.problem:
        yield f"  [red]waits:[/] {escape(status.problem)}"
    yield from waves(status)
    if status.state in ACTIVE:
        if status.promoted_by:
            yield f"  [green]✓[/] promoted by {escape(status.promoted_by)} [dim]without what is open below[/]"
        for gate in status.gates:
            mark = "[green]✓[/]" if gate.holds else "[dim]…[/]"
            yield f"  {mark} {escape(gate.name)} [dim]{escape(gate.detail)}[/]"
    if status.spent.currency_code:
        yield f"  spent {money(status.spent)}"


def waves(status: pb.RolloutStatus) -> Iterator[str]:
    """Yield the waves of *status* with their steps and agents, line by line."""
    for place in range(len(status.rollout.spec.waves)):
        yield from _wave(status, place)


def entry_line(entry: pb.RolloutEntry) -> str:
    """Return something that happened, as one line with rich markup."""
    reason = f"[dim]: {escape(entry.reason)}[/]" if entry.reason else ""
    who = "" if entry.who == "rollout" else f" [dim]by {escape(entry.who)}[/]"
    return f"[dim]{moment(entry.at)}[/] {escape(entry.what)}{who}{reason}"


def _wave(status: pb.RolloutStatus, place: int) -> Iterator[str]:
    wave = status.rollout.spec.waves[place]
    steps = [_step(status, place, position) for position in range(len(wave.steps))]
    yield f"  [bold]{escape(wave.name)}[/]  {' → '.join(steps)}"
    for agent in status.agents:
        if agent.wave == place:
            # Where the runs of one that is left go is not the rollout's to say.
            route = "" if agent.left else f"{shares(known(agent))}  "
            yield f"    {escape(agent.agent)}  {route}[dim]{escape(_counted(status, agent))}[/]"


def _step(status: pb.RolloutStatus, wave: int, step: int) -> str:
    name = escape(step_name(status.rollout.spec.waves[wave].steps[step]))
    if status.state in _WHOLE or (wave, step) < (status.wave, status.step):
        return f"[green]{name} ✓[/]"
    if (wave, step) == (status.wave, status.step):
        return f"[bold]▸ {name}[/]"
    return f"[dim]{name}[/]"


def _counted(status: pb.RolloutStatus, agent: pb.RolloutAgent) -> str:
    if agent.left:
        return f"left alone: {agent.left}"
    if agent.wave != status.wave:
        return ""
    counts, told = agent.counts, []
    if counts.to_candidate or counts.to_stable:
        told.append(f"{counts.to_candidate} of {counts.to_candidate + counts.to_stable} new runs to the candidate")
    if counts.ended:
        told.append(f"{counts.succeeded} of {counts.ended} succeeded there")
    if counts.replayed:
        told.append(f"{counts.replays_succeeded} of {counts.replayed} replays succeeded")
    if agent.shadow_id:
        outcome = comparisons.VerdictOutcome.Name(agent.verdict).removeprefix("VERDICT_OUTCOME_")
        told.append(f"{count(counts.pairs, 'shadow pair')}, verdict {outcome if agent.verdict else 'NO_DATA'}")
    return ", ".join(told)
