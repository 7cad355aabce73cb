"""All rollouts: found, watched, kept."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncIterator

from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_migration.store import Item, Kind, MigrationStore
from pal_rollout.machine import ACTIVE
from pal_rollout.routes import GOING_BACK
from pal_rpc.errors import InvalidField, MeshError

_CURSOR = "rollouts"


class Rollouts:
    """The rollouts of a mesh. What changes them says so with :meth:`touch`; nothing is done before it is kept."""

    def __init__(self, store: MigrationStore) -> None:
        """Keep them in *store*; nothing is known before :meth:`open`."""
        self._store = store
        self._statuses: dict[str, pb.RolloutStatus] = {}
        self._touched: set[str] = set()
        # Place in the record up to which runs are counted.
        self.cursor = self._kept_cursor = ""
        self.wanted = asyncio.Event()
        self.connected = asyncio.Event()
        # Set when something is worth a look before its time.
        self.wake = asyncio.Event()
        self._news = asyncio.Condition()
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> None:
        """Read what was kept."""
        for item in await self._store.items(Kind.ROLLOUT):
            self._statuses[item.key] = pb.RolloutStatus.FromString(item.encoded)
        for item in await self._store.items(Kind.CURSOR, _CURSOR):
            self.cursor = self._kept_cursor = item.encoded.decode()
        self._mind_wanted()

    def active(self) -> list[pb.RolloutStatus]:
        """Return those that are not over, oldest first."""
        return [status for _, status in sorted(self._statuses.items()) if status.state in ACTIVE]

    def of_agent(self, agent: str) -> pb.RolloutStatus | None:
        """Return the rollout that has *agent* now, if there is one."""
        return next((one for one in self.active() if any(known.agent == agent for known in one.agents)), None)

    def check_free(self, agent: str, field: str) -> None:
        """Check that no rollout has *agent*, which *field* asks for.

        Raises:
            MeshError: ROLLOUT_ACTIVE.
        """
        if (other := self.of_agent(agent)) is not None:
            name = other.rollout.metadata.name
            raise MeshError(
                reasons.ERROR_REASON_ROLLOUT_ACTIVE,
                f"{field}: rollout {name} has agent {agent} already; wait until it is over, or end it first "
                f"(`pal rollout abort {name}`)",
                field=field,
                agent=agent,
                rollout_id=other.rollout_id,
            )

    def all(self, agent: str) -> list[tuple[str, pb.RolloutStatus]]:
        """Return the rollouts that have *agent*, all when it is empty, newest first, each with its key."""
        found = sorted(self._statuses.items(), reverse=True)
        return [(key, one) for key, one in found if not agent or any(known.agent == agent for known in one.agents)]

    def find(self, selector: pb.RolloutSelector) -> pb.RolloutStatus:
        """Return the rollout that *selector* names; without a name the newest, those that are not over first.

        Raises:
            MeshError: ROLLOUT_NOT_FOUND; or none is named, and several are not over.
        """
        fitting = [one for one in self._statuses.values() if _fits(one, selector)]
        if not fitting:
            raise self._not_found(selector)
        active = sorted({one.rollout.metadata.name for one in fitting if one.state in ACTIVE})
        if len(active) > 1:
            raise InvalidField("rollout", f"several are under way: {', '.join(active)}; name one")
        return max(fitting, key=lambda one: (one.state in ACTIVE, one.rollout_id))

    async def add(self, status: pb.RolloutStatus) -> None:
        """Take in a new rollout, and keep it.

        Raises:
            MeshError: STORE_UNAVAILABLE; it was not taken in.
        """
        self._statuses[status.rollout_id] = status
        self.touch(status)
        try:
            await self.keep()
        except MeshError:
            del self._statuses[status.rollout_id]
            self._touched.discard(status.rollout_id)
            raise
        self._mind_wanted()
        self.wake.set()

    def touch(self, status: pb.RolloutStatus) -> None:
        """Take note that *status* has changed."""
        self._touched.add(status.rollout_id)

    async def keep(self) -> None:
        """Keep what has changed: the cursor never is ahead of the counts that it stands for.

        Raises:
            MeshError: STORE_UNAVAILABLE; it is kept with what changes next.
        """
        async with self._one_at_a_time:
            touched, self._touched = self._touched, set()
            cursor = self.cursor
            items = [Item(Kind.ROLLOUT, key, self._statuses[key].SerializeToString()) for key in sorted(touched)]
            if cursor != self._kept_cursor:
                items.append(Item(Kind.CURSOR, _CURSOR, cursor.encode()))
            if not items:
                return
            try:
                await self._store.put(items)
            except MeshError:
                self._touched |= touched
                raise
            self._kept_cursor = cursor
        self._mind_wanted()
        await self.tell()

    async def tell(self) -> None:
        """Let watchers see what has changed, for what need not outlive this process."""
        async with self._news:
            self._news.notify_all()

    async def watch(self, selector: pb.RolloutSelector) -> AsyncIterator[pb.RolloutStatus]:
        """Yield the rollout now and after every change, until it is over.

        Raises:
            MeshError: ROLLOUT_NOT_FOUND.
        """
        status = self.find(selector)
        shown = pb.RolloutStatus()
        while True:
            if shown != status:
                shown.CopyFrom(status)
                yield shown
            if shown.state not in ACTIVE:
                return
            async with self._news:
                await self._news.wait_for(lambda: shown != status)

    async def over(self, status: pb.RolloutStatus) -> None:
        """Wait until the routes of *status* are back."""
        async with self._news:
            await self._news.wait_for(lambda: status.state not in GOING_BACK)

    def _mind_wanted(self) -> None:
        if self.active():
            self.wanted.set()
            return
        # Whatever happens while nothing is rolled out is nobody's.
        self.wanted.clear()
        self.cursor = ""

    def _not_found(self, selector: pb.RolloutSelector) -> MeshError:
        names = sorted({one.rollout.metadata.name for one in self._statuses.values()})
        meant = next(iter(difflib.get_close_matches(selector.name, names, n=1)), "")
        advice = f"did you mean {meant}?" if meant else "`pal rollout apply FILE` begins one"
        named = selector.rollout_id or selector.name
        return MeshError(
            reasons.ERROR_REASON_ROLLOUT_NOT_FOUND,
            f"there is no rollout {named}: {advice}" if named else f"there is no rollout: {advice}",
            name=selector.name,
            rollout_id=selector.rollout_id,
            nearest=meant,
        )


def _fits(status: pb.RolloutStatus, selector: pb.RolloutSelector) -> bool:
    if selector.rollout_id:
        return status.rollout_id == selector.rollout_id
    return selector.name in ("", status.rollout.metadata.name)
