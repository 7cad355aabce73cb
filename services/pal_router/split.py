"""Which side of a split a run falls on: the same for the same key, wherever and whenever it is asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pal.service.v1 import registry_service_pb2 as registry

WHOLE = 10_000
BY_RUN = "run"


@dataclass(frozen=True)
class Affinity:
    """What a run may have in common with others."""

    conversation: str = ""
    run: str = ""


def takes_candidate(route: registry.Route, affinity: Affinity) -> bool:
    """Tell whether *route* sends the run to its candidate.

    A share that grows keeps whoever is on the candidate there, and one that shrinks keeps whoever is not.
    """
    share = route.candidate_basis_points
    if not route.candidate or share <= 0:
        return False
    return share >= WHOLE or _place(route.salt, _key(route, affinity)) < share


def _key(route: registry.Route, affinity: Affinity) -> str:
    return affinity.run if route.stickiness == BY_RUN else affinity.conversation or affinity.run


def _place(salt: str, key: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()) % WHOLE
