"""What watchers are told, also those that are slow."""

from __future__ import annotations

import contextlib

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_registry.feed import Feed, parts


def whole() -> pb.RegistryServiceWatchResponse:
    return pb.RegistryServiceWatchResponse(routes=[pb.Route(stable="whole")])


async def test_the_state_comes_first_and_changes_follow() -> None:
    feed = Feed()
    async with contextlib.aclosing(feed.follow(whole)) as watch:
        first = await anext(watch)
        feed.publish(routes=[pb.Route(stable="one")])
        second = await anext(watch)

    assert (first.snapshot, first.routes[0].stable) == (True, "whole")
    assert (second.snapshot, second.routes[0].stable) == (False, "one")


async def test_a_watcher_that_falls_behind_begins_anew() -> None:
    feed = Feed()
    async with contextlib.aclosing(feed.follow(whole)) as watch:
        await anext(watch)
        for revision in range(10_000):
            feed.publish(routes=[pb.Route(revision=revision)])

        following = await anext(watch)

    assert following.snapshot


async def test_closing_ends_a_watch() -> None:
    feed = Feed()
    watch = feed.follow(whole)
    await anext(watch)

    feed.close()

    assert [change async for change in watch] == []


def test_a_large_state_is_split_into_messages_that_fit() -> None:
    documents = [pb.Document(ref=common.SpecRef(name="x" * 1_000_000, version=str(i))) for i in range(5)]

    split = parts(pb.RegistryServiceWatchResponse(documents=documents))

    assert [message.snapshot for message in split] == [True, False, False]
    assert [document.ref.version for message in split for document in message.documents] == list("01234")
