"""Attempts that were lost without fault of the run, and what comes next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_router.ending import Ending
from pal_rpc.adapter_client import AdapterLost
from pal_rpc.errors import MeshError, parse_reason
from pal_rpc.snapshot import RegistrySnapshot

# A run that takes its adapter down each time would do so for ever.
MAX_LOST_ADAPTERS = 3
# Whoever keeps the adapter tells the registry why it ended; that takes a moment.
EXPLANATION_SECONDS = 0.5
_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.1, 2.0
_MESH = frozenset(
    {
        reasons.ERROR_REASON_SEAM_UNAVAILABLE,
        reasons.ERROR_REASON_RECORDER_UNAVAILABLE,
        reasons.ERROR_REASON_REGISTRY_UNAVAILABLE,
        reasons.ERROR_REASON_RUNTIME_UNAVAILABLE,
        reasons.ERROR_REASON_STORE_UNAVAILABLE,
    }
)


@dataclass(frozen=True)
class Lost:
    """An attempt that was lost, and how that was noticed."""

    error: MeshError
    # Whether it was taken off its runtime on purpose.
    moved: bool = False

    @property
    def by_adapter(self) -> bool:
        """Whether its adapter went away, which the run may have caused."""
        return self.error.reason == reasons.ERROR_REASON_ADAPTER_LOST


def lost_by(ended: MeshError | rt.RuntimeResult) -> Lost | None:
    """Return the loss that the end of an attempt means, if it means one: part of the mesh was not there."""
    if isinstance(ended, MeshError):
        return Lost(ended) if ended.reason in _MESH | {reasons.ERROR_REASON_ADAPTER_LOST} else None
    reason = parse_reason(ended.failure.reason)
    if ended.outcome == events.RUN_OUTCOME_CANCELLED:
        # Nobody asked for it: the adapter is shutting down.
        return Lost(MeshError(reasons.ERROR_REASON_RUNTIME_UNAVAILABLE, ended.failure.message))
    if reason in _MESH:
        return Lost(MeshError(reason, ended.failure.message, **ended.failure.metadata))
    return None


async def explained(error: MeshError, runtime: registry.RegisteredRuntime, snapshot: RegistrySnapshot) -> MeshError:
    """Return *error*; for the loss of *runtime*, with the reason that the registry knows for it."""
    if error.reason != reasons.ERROR_REASON_ADAPTER_LOST:
        return error
    until = time.monotonic() + EXPLANATION_SECONDS
    while (left_seconds := until - time.monotonic()) > 0:
        shown = snapshot.runtimes.get(runtime.name)
        if shown is None or shown.registration_id != runtime.registration_id:
            return error
        if shown.reason:
            return AdapterLost(runtime.name, shown.reason)
        await snapshot.wait_change(left_seconds)
    return error


def gives_up(losses: Sequence[Lost]) -> bool:
    """Tell whether the run has lost enough adapters to be taken for the cause."""
    return sum(lost.by_adapter for lost in losses) >= MAX_LOST_ADAPTERS


def pause_seconds(losses: Sequence[Lost]) -> float:
    """Return how long to wait before the next attempt."""
    return float(min(_FIRST_PAUSE_SECONDS * 2 ** (len(losses) - 1), _MAX_PAUSE_SECONDS))


def cause_of(became: object) -> reasons.ErrorReason | None:
    """Return the reason for which an attempt *became* what it did; None when nothing has failed."""
    if isinstance(became, Lost):
        return became.error.reason
    if isinstance(became, Ending) and became.failure is not None:
        return parse_reason(became.failure.reason)
    return None


def told(recorded: common.Failure | None) -> MeshError:
    """Return the error that was *recorded*."""
    if recorded is None:
        return MeshError(reasons.ERROR_REASON_INTERNAL, "nothing was said")
    return MeshError(parse_reason(recorded.reason), recorded.message, **recorded.metadata)
