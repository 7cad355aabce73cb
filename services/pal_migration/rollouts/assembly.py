"""The parts of the controller, put together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from pal_migration.judging import Judging
from pal_migration.pacing import Pace
from pal_migration.rollouts.acting import Acting
from pal_migration.rollouts.applying import Applying
from pal_migration.rollouts.certificates import FreshCertificates
from pal_migration.rollouts.control import Control
from pal_migration.rollouts.counting import Counting
from pal_migration.rollouts.filling import Filling
from pal_migration.rollouts.holding import Rollouts
from pal_migration.rollouts.servicer import RolloutServicer
from pal_migration.rollouts.sights import Sights
from pal_migration.rollouts.steering import Steering
from pal_migration.rollouts.verdicts import Verdicts
from pal_migration.shadows import Shadows
from pal_migration.starting import Starting
from pal_migration.store import MigrationStore
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.route_client import RouteClient
from pal_rpc.router_client import RouterClient
from pal_rpc.snapshot import RegistrySnapshot


@dataclass(frozen=True, kw_only=True)
class Around:
    """What the controller works with."""

    store: MigrationStore
    shadows: Shadows
    starting: Starting
    judging: Judging
    snapshot: RegistrySnapshot
    router: RouterClient
    record: RecorderClient
    routes: RouteClient
    certificates: FreshCertificates


@dataclass(frozen=True)
class Controller:
    """What is served, and what goes on for ever beside it."""

    servicer: RolloutServicer
    working: Sequence[Callable[[], Coroutine[Any, Any, None]]]


async def controller(around: Around, *, interval_seconds: float, figures_seconds: float, pace: Pace) -> Controller:
    """Return the controller of the rollouts in the store: looks at them every *interval_seconds*, replays at *pace*.

    Figures, certificates and verdicts are good for *figures_seconds*.
    """
    rollouts = Rollouts(around.store)
    await rollouts.open()
    around.snapshot.listen(rollouts.wake.set)
    sights = Sights(around.snapshot, around.router, around.record, around.certificates, figures_seconds)
    acting = Acting(rollouts, around.routes, around.shadows, around.starting)
    applying = Applying(rollouts, around.snapshot, around.router, around.record)
    return Controller(
        RolloutServicer(rollouts, applying, Steering(rollouts, sights)),
        (
            Counting(around.record, rollouts).follow,
            Control(rollouts, sights, acting, around.shadows, interval_seconds).keep_on,
            Verdicts(rollouts, around.shadows, around.judging, sights, figures_seconds).keep_on,
            Filling(rollouts, around.router, around.record, pace, interval_seconds).keep_on,
        ),
    )
