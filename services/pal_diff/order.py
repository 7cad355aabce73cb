"""The order of calls, as far as it means anything: calls of one model answer are parallel and have none."""

from __future__ import annotations

from bisect import bisect_right

from pal_diff.alignment import Pair
from pal_diff.findings import ORDER, Findings


def compare_order(pairs: list[Pair], findings: Findings) -> None:
    """Count the calls that have to move for both runs to have compatible partial orders.

    Aligned calls are sorted by the model answer that asked for them in A and then in B; the longest run of them whose
    places in B do not fall (patience sorting, Fredman 1975) stays, the rest has moved.
    """
    both = [pair for pair in pairs if pair.a and pair.b]
    findings.compared(ORDER, len(both))
    placed = sorted(
        ((pair.a.call.turn, pair.b.call.turn, number) for number, pair in enumerate(both) if pair.a and pair.b)
    )
    stays = _longest([turn for _, turn, _ in placed])
    for place, (_, _, number) in enumerate(placed):
        pair = both[number]
        if place in stays or pair.a is None or pair.b is None:
            continue
        tool = pair.a.call.tool
        findings.tally(ORDER, f"{tool}/order", 1, 1)
        findings.add(
            ORDER, "CALL_MOVED", path=f"calls/{number}", field=f"{tool}/order", a=pair.a.key, b=pair.b.key,
            seq_a=pair.a.call.seq, seq_b=pair.b.call.seq,
            message=f"{tool} waits for other calls in B than in A",
        )  # fmt: skip


def _longest(turns: list[int]) -> set[int]:
    """Return the places of a longest subsequence that does not fall."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for place, turn in enumerate(turns):
        pile = bisect_right(tops, turn)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [turn]
        piles[pile : pile + 1] = [place]
    stays: set[int] = set()
    place = piles[-1] if piles else -1
    while place >= 0:
        stays.add(place)
        place = before[place]
    return stays
