"""Which policies bind a run."""

from __future__ import annotations

from collections.abc import Iterable

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies

Bound = tuple[common.SpecRef, policies.PolicySpec]


def bound(named: Iterable[Bound], everything: Iterable[Bound]) -> list[Bound]:
    """Return the policies that bind a run: those its agent has *named* and, of *everything*, the platform-wide ones.

    In the order of namespace, name and version, each version once.
    """
    chosen = [*named, *(entry for entry in everything if entry[1].spec.platform_wide)]
    unique = {(ref.namespace, ref.name, ref.version): (ref, policy) for ref, policy in chosen}
    return [unique[key] for key in sorted(unique)]
