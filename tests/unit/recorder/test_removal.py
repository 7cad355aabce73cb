"""What stands in for events that leave is what the checkpoints need."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_recorder.memory import MemoryStore
from pal_recorder.removal import Ends, stand_ins
from pal_recorder.store import Entry, Group, Removal


async def store_with(ends: list[int]) -> MemoryStore:
    store = MemoryStore()
    for number, end in enumerate(ends, start=1):
        statement = pb.CheckpointStatement(number=number, through_position=end)
        async with store.turn() as turn:
            await turn.write(Group(checkpoint=pb.Checkpoint(statement=statement.SerializeToString())))
    return store


async def test_ends_near_and_far_are_found() -> None:
    ends = [place * 3 for place in range(1, 2000)]
    store = await store_with(ends)
    asked = [*range(1, 40), 2999, 3000, 3001, 5000, 5001, 5997, 5998, 7000]
    read = Ends(store)

    found = [place for place in asked if await read.ends_at(place)]

    assert found == [place for place in asked if place in set(ends)]


@settings(max_examples=100)
@given(
    runs=st.lists(st.sampled_from("abc"), min_size=1, max_size=40),
    cuts=st.sets(st.integers(1, 40)),
    gone=st.sampled_from("abc"),
)
async def test_heads_stay_as_checkpoints_state_them(runs: list[str], cuts: set[int], gone: str) -> None:
    seqs: dict[str, int] = {}
    entries = []
    for position, run_id in enumerate(runs, start=1):
        seqs[run_id] = seqs.get(run_id, 0) + 1
        entries.append(Entry(position, run_id, seqs[run_id], "id", "note.added", bytes([position]) * 32, b"event"))
    bounds = sorted({0, *(cut for cut in cuts if cut < len(runs)), len(runs)})
    store = await store_with(bounds[1:])
    async with store.turn() as turn:
        await turn.write(Group(entries))
    stretches = list(pairwise(bounds))
    stated = [await store.heads(*stretch) for stretch in stretches]

    (kept,) = await stand_ins(store, [[entry for entry in entries if entry.run_id == gone]])

    removal = Removal(shared.Run(run_id=gone), kept, archived=pb.ArchivedRun(run_id=gone))
    async with store.turn() as turn:
        await turn.write(Group(removals=[removal]))
    assert [await store.heads(*stretch) for stretch in stretches] == stated
    assert not await store.entries(gone, 0, 1)
    assert all(not entry.encoded for entry in kept)
