"""The registry as an adapter sees it: remembers who announced itself."""

from __future__ import annotations

from collections import defaultdict

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_conformance.changes import Changes
from pal_log.events import new_id
from pal_rpc.errors import MeshError


class Announcements:
    """Remembers announcements until it is told to forget them."""

    def __init__(self) -> None:
        """Know nobody."""
        self.registered: dict[str, pb.RegisterRuntimeRequest] = {}
        self.times: defaultdict[str, int] = defaultdict(int)
        self.renewed: list[str] = []
        self.drained: list[str] = []
        self.changes = Changes()

    def register(self, request: pb.RegisterRuntimeRequest) -> pb.RegisteredRuntime:
        """Remember an announcement."""
        registration_id = new_id()
        self.registered[registration_id] = request
        self.times[request.name or request.capability.runtime] += 1
        self.changes.tell()
        return pb.RegisteredRuntime(
            registration_id=registration_id,
            name=request.name or request.capability.runtime,
            capability=request.capability,
            endpoint=request.endpoint,
            state=pb.RUNTIME_STATE_SERVING,
        )

    def renew(self, registration_id: str) -> None:
        """Know an announcement again.

        Raises:
            MeshError: REGISTRATION_NOT_FOUND, it was forgotten or never made.
        """
        if registration_id not in self.registered:
            raise MeshError(
                reasons.ERROR_REASON_REGISTRATION_NOT_FOUND,
                f"registration {registration_id} has ended or never was; register the runtime anew",
                registration_id=registration_id,
            )
        self.renewed.append(registration_id)
        self.changes.tell()

    def drain(self, registration_id: str) -> None:
        """Note a leave."""
        self.drained.append(registration_id)
        self.changes.tell()

    def of(self, endpoint: str) -> pb.RegisterRuntimeRequest | None:
        """Return the newest announcement of an adapter that listens on *endpoint*."""
        found = [request for request in self.registered.values() if request.endpoint == endpoint]
        return found[-1] if found else None
