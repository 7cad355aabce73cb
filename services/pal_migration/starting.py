"""How a shadow begins: the plan is checked against the registry, and the router says what production is."""

from __future__ import annotations

import asyncio

from pal.service.v1 import migration_service_pb2 as pb
from pal_migration.planning import checked, filled
from pal_migration.shadows import Shadows
from pal_rpc.recorder_client import RecorderUnavailable
from pal_rpc.router_client import RouterClient
from pal_rpc.snapshot import RegistrySnapshot

_RECORDER_SECONDS = 10.0


class Starting:
    """Begins shadows."""

    def __init__(
        self,
        shadows: Shadows,
        snapshot: RegistrySnapshot,
        router: RouterClient,
        recorder_address: str,
    ) -> None:
        """Ask *router* what production is; *recorder_address* is for messages."""
        self._shadows = shadows
        self._snapshot = snapshot
        self._router = router
        self._recorder_address = recorder_address

    async def start(self, asked: pb.ShadowPlan) -> pb.Shadow:
        """Return the shadow of the plan that was *asked* for.

        Raises:
            MeshError: the plan does not hold; nothing was begun.
        """
        await self._snapshot.require()
        plan = await self._snapshot.found(lambda: filled(asked, self._snapshot))
        warnings = await self._snapshot.found(lambda: checked(plan, self._snapshot))
        try:
            async with asyncio.timeout(_RECORDER_SECONDS):
                production = await self._router.production(plan.agent)
                if production == plan.candidate:
                    warnings.append(f"{production} is what production is: this compares it with itself")
                return await self._shadows.start(plan, production, warnings)
        except TimeoutError:
            raise RecorderUnavailable(self._recorder_address) from None
