"""All shadows: begun, stopped, told of live runs, kept."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator

from google.protobuf import timestamp_pb2

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_log.events import new_id
from pal_migration.ledger import STOPPED, Ledger
from pal_migration.store import Item, Kind, MigrationStore
from pal_rpc.errors import MeshError

log = logging.getLogger("pal.migration")

KEEP_SECONDS = 0.5
QUEUE_FULL = "QUEUE_FULL"
Work = tuple[Ledger, pb.Sample]
_CURSOR = "record"
_NEWS_SECONDS = 0.5


class Shadows:
    """The shadows, and the queue of samples whose lanes have not begun. A full queue takes no newer ones."""

    def __init__(self, store: MigrationStore, queued_samples: int) -> None:
        """Keep them in *store*; nothing is known before :meth:`open`."""
        self._store = store
        self._ledgers: dict[str, Ledger] = {}
        self.queue: asyncio.Queue[Work] = asyncio.Queue(queued_samples)
        # Place in the record up to which everything is known, and whether anybody wants to know more.
        self.cursor = ""
        self._kept_cursor = ""
        self.wanted = asyncio.Event()
        self.connected = asyncio.Event()
        # Set once nobody wants to know what is being followed; what is wanted later is followed anew.
        self.over = asyncio.Event()
        self._news = asyncio.Condition()

    async def open(self) -> None:
        """Read what was kept; samples whose lanes were not over wait again."""
        for item in await self._store.items(Kind.SHADOW):
            samples = await self._store.items(Kind.SAMPLE, f"{item.key}/")
            shadow = pb.Shadow.FromString(item.encoded)
            ledger = Ledger(shadow, (pb.Sample.FromString(sample.encoded) for sample in samples))
            self._ledgers[shadow.shadow_id] = ledger
            for sample in ledger.waiting:
                self._enqueue(ledger, sample)
        for item in await self._store.items(Kind.CURSOR, _CURSOR):
            self.cursor = self._kept_cursor = item.encoded.decode()
        self._mind_wanted()

    def going(self, agent: str, candidate: str) -> Ledger | None:
        """Return the shadow of an agent and a candidate that is going, if there is one."""
        return next(
            (
                ledger
                for ledger in self._ledgers.values()
                if ledger.going and (ledger.plan.agent, ledger.plan.candidate) == (agent, candidate)
            ),
            None,
        )

    async def start(self, plan: pb.ShadowPlan, baseline: str, warnings: list[str]) -> pb.Shadow:
        """Return the shadow of *plan*, which is known to hold; live runs that end from now on are seen.

        Raises:
            MeshError: SHADOW_EXISTS, one with another plan is going.
        """
        known = self.going(plan.agent, plan.candidate)
        if known is not None:
            _check_same(known, plan)
            return known.shadow
        started_at = timestamp_pb2.Timestamp()
        started_at.FromNanoseconds(time.time_ns())
        shadow = pb.Shadow(
            shadow_id=new_id(),
            plan=plan,
            state=pb.SHADOW_STATE_GOING,
            started_at=started_at,
            baseline=baseline,
            warnings=warnings,
        )
        self._ledgers[shadow.shadow_id] = Ledger(shadow, ())
        await self.keep()
        self._mind_wanted()
        await self.connected.wait()
        log.info("shadow started", extra={"shadow_id": shadow.shadow_id, "agent": plan.agent})
        return shadow

    async def stop(self, selector: pb.ShadowSelector) -> pb.Shadow:
        """Return the shadow that *selector* names, stopped.

        Raises:
            MeshError: SHADOW_NOT_FOUND.
        """
        ledger = self.find(selector)
        ledger.stop()
        self._mind_wanted()
        await self.keep()
        log.info("shadow stopped", extra={"shadow_id": ledger.shadow_id, "agent": ledger.plan.agent})
        return ledger.shadow

    def find(self, selector: pb.ShadowSelector) -> Ledger:
        """Return the shadow that *selector* names, of several the newest, those that are going first.

        Raises:
            MeshError: SHADOW_NOT_FOUND.
        """
        fitting = [ledger for ledger in self._ledgers.values() if _fits(ledger, selector)]
        if not fitting:
            named = selector.shadow_id or f"of agent {selector.agent or '(none named)'}"
            on = f" on {selector.candidate}" if selector.candidate else ""
            raise MeshError(
                reasons.ERROR_REASON_SHADOW_NOT_FOUND,
                f"there is no shadow {named}{on}; `pal shadow start` begins one",
                agent=selector.agent,
                candidate=selector.candidate,
                shadow_id=selector.shadow_id,
            )
        return max(fitting, key=lambda ledger: (ledger.going, ledger.shadow_id))

    def all(self, agent: str) -> list[pb.Shadow]:
        """Return the shadows of *agent*, of all agents when it is empty, newest first."""
        found = [ledger.shadow for ledger in list(self._ledgers.values()) if agent in ("", ledger.plan.agent)]
        return sorted(found, key=lambda shadow: shadow.shadow_id, reverse=True)

    async def watch(self, selector: pb.ShadowSelector) -> AsyncIterator[pb.Shadow]:
        """Yield the shadow now and after changes, until it is stopped and nothing of it is under way.

        Raises:
            MeshError: SHADOW_NOT_FOUND.
        """
        ledger = self.find(selector)
        shown = pb.Shadow()
        while True:
            if shown != ledger.shadow:
                shown.CopyFrom(ledger.shadow)
                yield shown
            if not (ledger.going or ledger.progress.under_way or ledger.progress.waiting):
                return
            await asyncio.sleep(_NEWS_SECONDS)
            async with self._news:
                await self._news.wait_for(lambda: shown != ledger.shadow)

    def accepted(self, agent: str, run_id: str) -> None:
        """Take note that a live run has begun."""
        self._see(agent, run_id, pb.SHADOW_START_CONCURRENT)

    def finished(self, agent: str, run_id: str) -> None:
        """Take note that a live run is over."""
        self._see(agent, run_id, pb.SHADOW_START_AFTER_PRIMARY)

    def move_on(self, cursor: str) -> None:
        """Take note that everything up to *cursor* is known, as far as anybody wants to know it."""
        if self.wanted.is_set():
            self.cursor = cursor
        self.connected.set()

    async def keep_on(self) -> None:
        """Keep what changes, for ever."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            try:
                await self.keep()
            except MeshError as error:
                log.warning("not kept", extra={"reason": error.reason_name, "error": error.message})

    async def keep(self, *also: Item) -> None:
        """Keep what has changed, and *also* other items, all at once: the cursor never is ahead of what it stands for.

        Raises:
            MeshError: STORE_UNAVAILABLE.
        """
        items = [item for ledger in self._ledgers.values() for item in ledger.unkept()]
        if self.cursor != self._kept_cursor:
            items.append(Item(Kind.CURSOR, _CURSOR, self.cursor.encode()))
        items.extend(also)
        if not items:
            return
        cursor = self.cursor
        try:
            await self._store.put(items)
        except MeshError:
            for ledger in self._ledgers.values():
                ledger.put_back(items)
            raise
        self._kept_cursor = cursor
        async with self._news:
            self._news.notify_all()

    def _see(self, agent: str, run_id: str, start: pb.ShadowStart) -> None:
        for ledger in self._ledgers.values():
            if ledger.going and ledger.plan.agent == agent and ledger.plan.start == start:
                sample = ledger.see(run_id)
                if sample is not None:
                    self._enqueue(ledger, sample)

    def _enqueue(self, ledger: Ledger, sample: pb.Sample) -> None:
        if not ledger.going:
            ledger.leave_out(sample, STOPPED)
            return
        try:
            self.queue.put_nowait((ledger, sample))
        except asyncio.QueueFull:
            ledger.lose(sample, QUEUE_FULL)

    def _mind_wanted(self) -> None:
        if any(ledger.going for ledger in self._ledgers.values()):
            self.wanted.set()
            return
        # Whatever happens while nothing is shadowed is nobody's.
        self.wanted.clear()
        self.connected.clear()
        self.over.set()
        self.over = asyncio.Event()
        self.cursor = ""


def _fits(ledger: Ledger, selector: pb.ShadowSelector) -> bool:
    if selector.shadow_id:
        return ledger.shadow_id == selector.shadow_id
    return ledger.plan.agent == selector.agent and selector.candidate in ("", ledger.plan.candidate)


def _check_same(known: Ledger, plan: pb.ShadowPlan) -> None:
    if known.plan == plan:
        return
    field = next(
        (
            field.name
            for field in plan.DESCRIPTOR.fields
            if getattr(known.plan, field.name) != getattr(plan, field.name)
        ),
        "",
    )
    raise MeshError(
        reasons.ERROR_REASON_SHADOW_EXISTS,
        f"agent {plan.agent} is shadowed on {plan.candidate} already, with another plan.{field}; "
        "stop that shadow first (`pal shadow stop`)",
        shadow_id=known.shadow_id,
        field=field,
    )
