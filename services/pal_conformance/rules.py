"""The rules that hold for every run, whatever happens in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pal_conformance import call_rules, frame_rules
from pal_conformance.run import Run
from pal_conformance.violation import Violation
from pal_log import grammar

LOG = "log"


def violations(run: Run) -> Iterator[Violation]:
    """Yield what *run* breaks, in the order of the rules."""
    rules: tuple[Callable[[Run], Iterator[Violation]], ...] = (
        frame_rules.result_is_last,
        frame_rules.result_says_how,
        frame_rules.events_are_the_adapters,
        frame_rules.one_run_id,
        frame_rules.live_output_is_whole,
        frame_rules.messages_are_the_models,
        frame_rules.messages_are_closed,
        frame_rules.nothing_twice,
        call_rules.asked_rightly,
        call_rules.arguments_are_the_models,
        call_rules.results_name_their_calls,
        _log_holds,
    )
    for rule in rules:
        yield from rule(run)


def _log_holds(run: Run) -> Iterator[Violation]:
    log = run.play.record.log
    if run.taken_away and not run.over.is_set():
        return
    if any(event.HasField("run_suspended") for event in log) and not log[-1].HasField("run_finished"):
        return
    for problem in grammar.violations(log):
        yield Violation(LOG, f"event grammar: {problem}", log[-1])
