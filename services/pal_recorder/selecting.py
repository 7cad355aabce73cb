"""How runs are selected in SQL: by conditions, each of which knows how an index is read along it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from google.protobuf import timestamp_pb2

from pal.service.v1 import shared_pb2 as shared
from pal_recorder.store import key_of

# The years that a column of nanoseconds can hold end in 2262.
_MAX_NS = 2**63 - 1
# Equality by column, and what else its index is limited to.
_PARTIAL = {"conversation": " AND conversation <> ''", "source": " AND source <> ''", "outcome": " AND outcome <> 0"}


@dataclass(frozen=True)
class Condition:
    """One condition on a run: as an index of *runs* is read along it, and as it is only checked.

    *leading* is empty where there is no such index.
    """

    checked: str
    values: tuple[object, ...]
    leading: str = ""

    @property
    def strongest(self) -> str:
        """All that is known, for a planner that decides by itself."""
        return self.leading or self.checked


def single(query: shared.RunQuery) -> list[shared.RunQuery]:
    """Return queries of one outcome at most, along which a list is read; together they select what *query* does."""
    outcomes = sorted(set(query.outcomes))
    if len(outcomes) < 2:
        return [query]
    queries = []
    for outcome in outcomes:
        one = shared.RunQuery()
        one.CopyFrom(query)
        del one.outcomes[:]
        one.outcomes.append(outcome)
        queries.append(one)
    return queries


def merged(lists: Iterable[Sequence[shared.Run]], limit: int) -> list[shared.Run]:
    """Return the newest *limit* runs of *lists*."""
    found = sorted((run for runs in lists for run in runs), key=key_of, reverse=True)
    return list(islice(found, limit))


def conditions(query: shared.RunQuery) -> list[Condition]:
    """Return what *query*, of one outcome at most, asks of a row of *runs*; its labels are rows of their own."""
    fields: dict[str, object] = {
        "source": query.source_run_id,
        "conversation": query.conversation_id,
        "agent": query.agent_name,
        "runtime": query.runtime,
        "mode": int(query.mode),
    }
    found = [_equal(column, value) for column, value in fields.items() if value]
    found += [_equal("outcome", int(outcome)) for outcome in query.outcomes]
    if query.states:
        found.append(_states(query))
    for comparison, bound in ((">=", "accepted_from"), ("<", "accepted_before")):
        if query.HasField(bound):
            moment = _moment(getattr(query, bound))
            found.append(Condition(f"accepted_ns {comparison} ?", (moment,)))
    return found


def _equal(column: str, value: object) -> Condition:
    # SQLite takes no index for a column that a sign stands before.
    checked = f"+{column} = ?"
    if column == "outcome" and not value:
        return Condition(checked, (value,))
    return Condition(checked, (value,), f"{column} = ?{_PARTIAL.get(column, '')}")


def _states(query: shared.RunQuery) -> Condition:
    listed = f"state IN ({', '.join('?' for _ in query.states)})"
    values = tuple(int(state) for state in query.states)
    if shared.RUN_STATE_FINISHED in query.states:
        return Condition(f"+{listed}", values)
    return Condition(f"+{listed}", values, f"{listed} AND state <> {shared.RUN_STATE_FINISHED}")


def _moment(bound: timestamp_pb2.Timestamp) -> int:
    return max(-_MAX_NS, min(bound.ToNanoseconds(), _MAX_NS))
