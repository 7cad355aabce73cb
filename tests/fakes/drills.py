"""Faults as an operator puts them, for tests of the seams."""

from __future__ import annotations

import itertools
from typing import Any

from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import fault_pb2 as faults
from pal_rpc.identity import bearer

_ids = itertools.count(1)
WAIT = duration_pb2.Duration(seconds=10)


class Drills:
    """Puts faults, each in a drill of its own unless one is named, and returns once the seams know them."""

    def __init__(self, registry: rpc.RegistryServiceStub, token: str) -> None:
        """Speak to *registry* with the *token* of an operator."""
        self._registry = registry
        self._metadata = bearer(token)
        # The services that had heard of the fault that was put last.
        self.aware: list[str] = []

    async def put(
        self,
        kind: faults.FaultKind,
        drill_id: str = "",
        *,
        ttl_seconds: int = 60,
        delay_seconds: float | None = None,
        backward: bool = False,
        **match: Any,
    ) -> pb.Fault:
        """Have a fault of *kind* stand where *match* says."""
        number = next(_ids)
        order = faults.FaultOrder(kind=kind, match=faults.FaultMatch(**match), backward=backward)
        order.ttl.FromSeconds(ttl_seconds)
        if delay_seconds is not None:
            order.delay.FromMilliseconds(int(delay_seconds * 1000))
        request = pb.PutFaultRequest(
            fault_id=f"f{number}", drill_id=drill_id or f"d{number}", order=order, acknowledged_within=WAIT
        )
        answer = await self._registry.PutFault(request, metadata=self._metadata)
        assert answer.acknowledgements and all(known.acknowledged for known in answer.acknowledgements)
        self.aware = [known.watcher for known in answer.acknowledgements]
        return answer.fault

    async def heal(self, drill_id: str) -> list[pb.Fault]:
        """Heal the faults of a drill."""
        request = pb.HealFaultsRequest(drill_id=drill_id, acknowledged_within=WAIT)
        return list((await self._registry.HealFaults(request, metadata=self._metadata)).faults)
