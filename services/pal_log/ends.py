"""How runs end, as far as more than one reader has to tell it apart."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events

_QUOTA = "QUOTA_EXCEEDED"

# Reason for which a runtime is not chosen again: it has failed the run.
LOST_BEFORE = "LOST_BEFORE"


def by_quota(finished: events.RunFinished) -> bool:
    """Tell whether a quota ended the run: what was left of it says nothing about whoever carried the run out."""
    return finished.outcome == events.RUN_OUTCOME_LIMITED and finished.failure.reason == _QUOTA


def lost_on(routed: events.RunRouted) -> set[str]:
    """Return the runtimes that had the run before and failed it, so that it went on elsewhere."""
    return {rejected.runtime for rejected in routed.rejected if rejected.reason == LOST_BEFORE}
