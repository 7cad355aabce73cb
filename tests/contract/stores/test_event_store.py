"""What every EventStore has to do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.payload import by_reference, digest
from pal_recorder.memory import MemoryStore
from pal_recorder.postgres import PostgresStore
from pal_recorder.slo_rollup import RollupKey
from pal_recorder.sqlite import SqliteStore
from pal_recorder.store import Entry, EventStore, Group, Removal, accepted_ns


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, database: Callable[[], Awaitable[str]]
) -> AsyncIterator[EventStore]:
    match request.param:
        case "memory":
            opened: EventStore = MemoryStore()
        case "sqlite":
            opened = SqliteStore(tmp_path)
        case _:
            opened = PostgresStore(await database())
            await opened.open()
    yield opened
    await opened.close()


def entry(position: int, run_id: str = "r1", seq: int | None = None, type_: str = "note.added") -> Entry:
    return Entry(
        position,
        run_id,
        seq or position,
        f"id-{position}",
        type_,
        bytes([position]) * 32,
        b"\x01\x00" + bytes([position]),
    )


def run(run_id: str, accepted: int, **fields: object) -> shared.Run:
    listed = shared.Run(run_id=run_id, **{"state": shared.RUN_STATE_RUNNING, **fields})  # type: ignore[arg-type]
    listed.accepted_at.FromNanoseconds(accepted)
    return listed


async def write(store: EventStore, group: Group) -> None:
    async with store.turn() as turn:
        await turn.write(group)


async def test_an_empty_store_is_at_position_zero(store: EventStore) -> None:
    assert await store.last_position() == 0


async def test_entries_come_back_in_order_and_byte_for_byte(store: EventStore) -> None:
    written = [entry(number) for number in (1, 2, 3)]

    await write(store, Group(written))

    assert await store.entries("r1", 0, 10) == written
    assert await store.last_position() == 3


async def test_counters_of_quotas_are_put_replaced_and_dropped(store: EventStore) -> None:
    await write(store, Group(quotas={"a": b"1", "b": b"1"}))
    await write(store, Group([entry(1)], quotas={"a": b"2", "b": None}))

    # Several recorders on one store change them elsewhere.
    assert await store.quota_rows() == ({"a": b"2"} if store.exclusive else {})


async def test_entries_are_paged_by_seq(store: EventStore) -> None:
    await write(store, Group([entry(number) for number in (1, 2, 3)]))

    page = await store.entries("r1", 1, 1)

    assert [found.seq for found in page] == [2]


async def test_entries_are_filtered_by_type_prefix(store: EventStore) -> None:
    await write(store, Group([entry(1, type_="run.accepted"), entry(2, type_="tool.call.requested"), entry(3)]))

    page = await store.entries("r1", 0, 10, ["run.", "tool."])

    assert [found.seq for found in page] == [1, 2]


async def test_a_prefix_is_no_pattern(store: EventStore) -> None:
    await write(store, Group([entry(1, type_="run.accepted")]))

    assert await store.entries("r1", 0, 10, ["%", "*", "_un"]) == []


async def test_all_runs_share_one_order(store: EventStore) -> None:
    await write(store, Group([entry(1, "r1", 1), entry(2, "r2", 1), entry(3, "r1", 2)]))

    page = await store.entries_of_all(1, 10)

    assert [(found.run_id, found.seq) for found in page] == [("r2", 1), ("r1", 2)]


async def test_the_newest_ids_are_known(store: EventStore) -> None:
    await write(store, Group([entry(number) for number in (1, 2, 3)]))

    assert await store.newest_ids("r1", 2) == {"id-2": 2, "id-3": 3}


async def test_a_run_is_kept_as_last_written(store: EventStore) -> None:
    await write(store, Group([], {"r1": run("r1", 1)}))
    await write(store, Group([], {"r1": run("r1", 1, runtime="agno")}))

    found = await store.run("r1")

    assert found is not None and found.runtime == "agno"
    assert await store.run("r2") is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (shared.RunQuery(), ["c", "b", "a"]),
        (shared.RunQuery(runtime="agno"), ["b"]),
        (shared.RunQuery(conversation_id="talk"), ["c"]),
        (shared.RunQuery(labels={"tier": "prod"}), ["a"]),
        (shared.RunQuery(labels={"tier": "prod", "team": "x"}), ["a"]),
        (shared.RunQuery(labels={"tier": "prod", "team": "y"}), []),
        (shared.RunQuery(labels={"tier": "prod"}, agent_name="desk"), []),
        (shared.RunQuery(agent_name="desk"), ["c"]),
        (shared.RunQuery(states=[shared.RUN_STATE_FINISHED]), []),
        (shared.RunQuery(states=[shared.RUN_STATE_RUNNING, shared.RUN_STATE_FINISHED]), ["c", "b", "a"]),
    ],
)
async def test_runs_are_selected_newest_first(store: EventStore, query: shared.RunQuery, expected: list[str]) -> None:
    runs = {
        "a": run("a", 1, labels={"tier": "prod", "team": "x"}),
        "b": run("b", 2, runtime="agno"),
        "c": run("c", 3, conversation_id="talk", agent={"name": "desk"}),
    }
    await write(store, Group([], runs))

    found = await store.runs(query, None, 10)

    assert [listed.run_id for listed in found] == expected


FAILED, CANCELLED, SUCCEEDED = events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_CANCELLED, events.RUN_OUTCOME_SUCCEEDED
LIVE, REPLAY = common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_REPLAY


def bounded(start: int, end: int, **fields: Any) -> shared.RunQuery:
    query = shared.RunQuery(**fields)
    query.accepted_from.FromNanoseconds(start)
    query.accepted_before.FromNanoseconds(end)
    return query


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (shared.RunQuery(outcomes=[FAILED]), ["d", "b"]),
        (shared.RunQuery(outcomes=[FAILED, SUCCEEDED]), ["e", "d", "b", "a"]),
        (shared.RunQuery(outcomes=[FAILED, SUCCEEDED], agent_name="desk"), ["e", "b", "a"]),
        (shared.RunQuery(outcomes=[FAILED], labels={"tier": "prod"}), ["b"]),
        (shared.RunQuery(outcomes=[FAILED, CANCELLED], labels={"tier": "prod"}, runtime="agno"), ["b"]),
        (shared.RunQuery(outcomes=[CANCELLED]), []),
        (shared.RunQuery(outcomes=[events.RUN_OUTCOME_UNSPECIFIED]), ["c"]),
        (shared.RunQuery(mode=LIVE), ["e", "c", "b", "a"]),
        (shared.RunQuery(mode=REPLAY, agent_name="desk"), []),
        (shared.RunQuery(source_run_id="a"), ["d"]),
        (shared.RunQuery(source_run_id="a", mode=LIVE), []),
        (shared.RunQuery(states=[shared.RUN_STATE_RUNNING], mode=LIVE, agent_name="desk"), ["c"]),
        (bounded(2, 4), ["c", "b"]),
        (bounded(2, 4, outcomes=[FAILED, SUCCEEDED]), ["b"]),
        (bounded(-(10**18), 2), ["a"]),
    ],
)
async def test_runs_are_selected_by_their_end_their_mode_and_their_source(
    store: EventStore, query: shared.RunQuery, expected: list[str]
) -> None:
    desk, over = {"name": "desk"}, shared.RUN_STATE_FINISHED
    runs = [
        run("a", 1, mode=LIVE, agent=desk, outcome=SUCCEEDED, state=over),
        run("b", 2, mode=LIVE, agent=desk, outcome=FAILED, state=over, labels={"tier": "prod"}, runtime="agno"),
        run("c", 3, mode=LIVE, agent=desk),
        run("d", 4, mode=REPLAY, outcome=FAILED, state=over, source_run_id="a"),
        run("e", 5, mode=LIVE, agent=desk, outcome=SUCCEEDED, state=over, labels={"tier": "prod"}),
    ]
    # First as they were before they ended.
    for state in (shared.RUN_STATE_RUNNING, 0):
        for listed in runs:
            before = shared.Run.FromString(listed.SerializeToString())
            if state:
                before.state, before.outcome = state, 0
            await write(store, Group([], {listed.run_id: before}))

    found = await store.runs(query, None, 10)
    pages = [await store.runs(query, None, 1)] if expected else []
    while pages and pages[-1]:
        last = pages[-1][-1]
        pages.append(await store.runs(query, (accepted_ns(last), last.run_id), 1))

    assert [listed.run_id for listed in found] == expected
    assert [listed.run_id for page in pages for listed in page] == expected


async def test_runs_go_on_below_a_key(store: EventStore) -> None:
    await write(store, Group([], {name: run(name, 5) for name in ("a", "b", "c")}))

    found = await store.runs(shared.RunQuery(), (5, "b"), 10)

    assert [listed.run_id for listed in found] == ["a"]


async def test_labelled_runs_go_on_below_a_key_and_are_listed_as_last_written(store: EventStore) -> None:
    for runtime in ("", "agno"):
        labelled = {name: run(name, 5, labels={"tier": "prod"}, runtime=runtime) for name in ("a", "b", "c")}
        await write(store, Group([], labelled))

    found = await store.runs(shared.RunQuery(labels={"tier": "prod"}), (5, "c"), 1)

    assert [(listed.run_id, listed.runtime) for listed in found] == [("b", "agno")]


async def test_artifacts_are_kept_once(store: EventStore, tmp_path: Path) -> None:
    header = pb.ArtifactHeader(digest=digest(b"content"), media_type="text/plain", size_bytes=7)
    for _ in range(2):
        (tmp_path / "incoming").write_bytes(b"content")
        await store.put_artifact(header, tmp_path / "incoming")

    found = await store.artifact(header.digest)

    assert found is not None
    with found[1] as content:
        assert (found[0], content.read()) == (header, b"content")
    assert await store.artifact("sha256:0") is None


async def put(store: EventStore, path: Path, content: bytes) -> str:
    (path / "incoming").write_bytes(content)
    header = pb.ArtifactHeader(digest=digest(content), media_type="text/plain", size_bytes=len(content))
    await store.put_artifact(header, path / "incoming")
    return header.digest


def naming(position: int, run_id: str, content: str) -> Entry:
    payload = by_reference(common.Payload(digest=content))
    encoded = events.RunEvent(message_added=events.MessageAdded(parts=[payload])).SerializeToString()
    return entry(position, run_id, 1)._replace(encoded=encoded)


async def test_artifacts_stay_as_long_as_a_run_that_is_not_deleted_refers_to_them(
    store: EventStore, tmp_path: Path
) -> None:
    shared_, own, archived, unused = [await put(store, tmp_path, name.encode()) for name in ("s", "o", "a", "u")]
    runs = {name: run(name, 1) for name in ("r1", "r2", "r3")}
    names = ("r1", shared_), ("r1", own), ("r2", shared_), ("r3", archived)
    entries = [naming(number, *name)._replace(seq=number) for number, name in enumerate(names, 1)]
    await write(store, Group(entries=entries, runs=runs))
    before = time.time_ns()
    young = await put(store, tmp_path, b"y")

    first = [await store.sweep_artifacts(before, 10) for _ in range(2)]
    place = pb.ArchivedRun(run_id="r3", url="elsewhere")
    deleted = [Removal(runs["r1"], [], deleted=pb.RunRemoval(run_id="r1")), Removal(runs["r3"], [], archived=place)]
    await write(store, Group(removals=deleted))
    second = [await store.sweep_artifacts(before, 1) for _ in range(2)]
    again = await put(store, tmp_path, b"o")

    assert (first, second) == ([1, 0], [1, 0])
    kept = {name: await store.artifact(name) for name in (shared_, own, archived, unused, young)}
    assert [name for name, found in kept.items() if found is None] == [unused]
    found = kept[again]
    assert found is not None and found[1].read() == b"o"
    for one in kept.values():
        if one is not None:
            one[1].close()


async def test_spans_come_back_in_pages(store: EventStore) -> None:
    await store.write_spans([traces.TraceSpan(run_id="r1", name=name) for name in ("a", "b", "c")])

    first = await store.spans("r1", 0, 2)
    rest = await store.spans("r1", first[-1][0], 2)

    assert [span.name for _, span in (*first, *rest)] == ["a", "b", "c"]


async def test_known_runs_are_told_from_others(store: EventStore) -> None:
    await write(store, Group([], {"a": run("a", 1), "b": run("b", 2)}))

    assert await store.known(["a", "c"]) == {"a"}
    assert await store.known([]) == set()


async def test_all_entries_are_walked_run_by_run(store: EventStore) -> None:
    await write(store, Group([entry(1, "b", 1), entry(2, "a", 1), entry(3, "b", 2), entry(4, "B", 1)]))

    first = await store.entries_by_run(("", 0), 2)
    rest = await store.entries_by_run((first[-1].run_id, first[-1].seq), 10)

    assert [(found.run_id, found.seq) for found in (*first, *rest)] == [("B", 1), ("a", 1), ("b", 1), ("b", 2)]


async def test_heads_are_the_newest_ends_of_a_stretch(store: EventStore) -> None:
    await write(store, Group([entry(1, "b", 1), entry(2, "a", 1), entry(3, "b", 2), entry(4, "b", 3)]))

    heads = await store.heads(1, 3)

    assert [(head.run_id, head.seq, head.hash) for head in heads] == [("a", 1, b"\x02" * 32), ("b", 2, b"\x03" * 32)]
    assert await store.heads(4, 9) == []


async def test_a_turn_knows_the_newest_position_and_a_stretch_its_runs(store: EventStore) -> None:
    await write(store, Group([entry(1, "b", 1), entry(2, "a", 1), entry(3, "b", 2)]))

    async with store.turn() as turn:
        assert turn.position == 3
    assert await store.grown(0, 3) == {"a", "b"}
    assert await store.grown(1, 2) == {"a"}


async def test_checkpoints_come_back_in_order(store: EventStore) -> None:
    assert await store.last_checkpoint() is None
    made = [
        pb.Checkpoint(statement=pb.CheckpointStatement(number=number).SerializeToString(), signature=b"s")
        for number in (1, 2, 3)
    ]
    for checkpoint in made:
        await write(store, Group(checkpoint=checkpoint))

    assert await store.last_checkpoint() == made[-1]
    assert await store.checkpoints(1, 1) == [(2, made[1])]


async def test_what_is_not_written_in_a_turn_leaves_nothing(store: EventStore) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.turn():
            raise ZeroDivisionError
    await write(store, Group([entry(1)]))

    assert await store.last_position() == 1


async def test_routers_that_hold_runs_are_told_from_each_other_by_their_beats(store: EventStore) -> None:
    first = await store.hold("a", leaving=False)
    await store.hold("b", leaving=False)
    await store.hold("b", leaving=True)
    second = {holder.holder: holder for holder in await store.hold("a", leaving=False)}

    assert [(holder.holder, holder.left) for holder in first] == [("a", False)]
    assert second["a"].beat != first[0].beat
    assert (second["a"].left, second["b"].left) == (False, True)


async def test_what_a_router_has_opened_is_told_to_all_until_it_says_otherwise(store: EventStore) -> None:
    opened = pb.OpenBreaker(agent="desk", runtime="agno", cause="ADAPTER_LOST", opening=3)
    opened.pause.FromSeconds(10)
    await store.hold("a", leaving=False, opened=[opened])
    told = {holder.holder: list(holder.open_breakers) for holder in await store.hold("b", leaving=False)}
    await store.hold("a", leaving=False)
    later = {holder.holder: list(holder.open_breakers) for holder in await store.hold("b", leaving=False)}

    assert told == {"a": [opened], "b": []}
    assert later == {"a": [], "b": []}


async def test_a_moment_beyond_all_numbers_selects_nothing(store: EventStore) -> None:
    await write(store, Group([], {"a": run("a", 1)}))
    query = shared.RunQuery()
    query.accepted_from.FromJsonString("9999-01-01T00:00:00Z")
    early = shared.RunQuery()
    early.accepted_before.FromJsonString("0001-01-01T00:00:00Z")

    assert await store.runs(query, None, 10) == []
    assert await store.runs(early, None, 10) == []


async def removed(store: EventStore, name: str, *, archived: bool = False) -> None:
    """Have the events of a run leave; its last one is stood in for."""
    heads = [entry._replace(event_id="", type="", encoded=b"") for entry in (await store.entries(name, 0, 10))[-1:]]
    deleted = None if archived else pb.RunRemoval(run_id=name, head_seq=heads[0].seq, conversation_id="talk")
    place = pb.ArchivedRun(run_id=name, url="file:///a") if archived else None
    listed = await store.run(name)
    assert listed is not None
    await write(store, Group(removals=[Removal(listed, heads, deleted=deleted, archived=place)]))


async def two_runs(store: EventStore) -> None:
    runs = {name: run(name, place, labels={"tier": "prod"}) for place, name in enumerate(("a", "b"), start=1)}
    spans = [traces.TraceSpan(run_id=name, name=name) for name in runs]
    entries = [entry(1, "a", 1), entry(2, "b", 1), entry(3, "b", 2), entry(4, "a", 2)]
    await write(store, Group(entries, runs, spans=spans))


async def test_a_deleted_run_leaves_what_stands_in_for_it(store: EventStore) -> None:
    await two_runs(store)
    heads = await store.heads(0, 4)

    await removed(store, "a")

    assert await store.entries("a", 0, 10) == []
    assert await store.run("a") is None
    assert [listed.run_id for listed in await store.runs(shared.RunQuery(labels={"tier": "prod"}), None, 9)] == ["b"]
    assert await store.spans("a", 0, 10) == []
    assert [span.name for _, span in await store.spans("b", 0, 10)] == ["b"]
    assert await store.heads(0, 4) == heads
    assert (await store.last_position(), await store.runs_without_events("", 9)) == (4, ["a"])
    assert [left.position for left in await store.stand_ins("a")] == [4]
    found = await store.deleted("a")
    assert found is not None and found.head_seq == 2
    assert (await store.deleted("b"), await store.deleted_of("talk", 9), await store.known(["a", "c"])) == (
        None,
        ["a"],
        {"a"},
    )


async def test_a_run_whose_events_are_archived_stays_listed(store: EventStore) -> None:
    await two_runs(store)
    heads = await store.heads(0, 4)

    await removed(store, "a", archived=True)

    assert await store.entries("a", 0, 10) == []
    assert [entry.run_id for entry in await store.entries_of_all(0, 10)] == ["b", "b"]
    assert [listed.run_id for listed in await store.runs(shared.RunQuery(), None, 9)] == ["b", "a"]
    assert await store.heads(0, 4) == heads
    assert await store.archived("a") == pb.ArchivedRun(run_id="a", url="file:///a")
    assert (await store.archived("b"), await store.deleted("a")) == (None, None)
    assert (await store.in_archive("file:///a"), await store.in_archive("file:///b")) == (True, False)


async def test_a_run_may_be_deleted_once_it_is_archived(store: EventStore) -> None:
    await two_runs(store)
    await removed(store, "a", archived=True)
    listed = await store.run("a")
    assert listed is not None

    await write(store, Group(removals=[Removal(listed, [], deleted=pb.RunRemoval(run_id="a"))]))

    assert (await store.archived("a"), await store.run("a")) == (None, None)
    assert await store.in_archive("file:///a") is False
    assert [left.position for left in await store.stand_ins("a")] == [4]


ROLLUPS = [(RollupKey(60, start, 1, "desk", "agno"), b"row %d" % start) for start in (60, 120, 180)]


async def test_rollups_are_put_with_the_position_they_reach(store: EventStore) -> None:
    put = await store.put_slo(0, 7, ROLLUPS, [])
    again = await store.put_slo(7, 9, [(ROLLUPS[1][0], b"more")], [(60, 100)])

    assert (put, again, await store.slo_position()) == (True, True, 9)
    assert await store.slo_rows(60, 0, 1000) == [(ROLLUPS[1][0], b"more"), ROLLUPS[2]]
    assert await store.slo_rows(60, 130, 170) == await store.slo_rows(3600, 0, 1000) == []


async def test_rollups_of_whoever_is_late_are_not_put(store: EventStore) -> None:
    await store.put_slo(0, 7, ROLLUPS[:1], [])

    late = await store.put_slo(0, 5, ROLLUPS[1:], [])

    assert (late, await store.slo_position()) == (False, 7)
    assert await store.slo_rows(60, 0, 1000) == ROLLUPS[:1]
