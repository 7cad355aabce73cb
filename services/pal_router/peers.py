"""What a router talks to."""

from __future__ import annotations

import asyncio
import dataclasses

from pal_log.events import EventWriter
from pal_router.auto import Auto
from pal_router.breakers import Breakers
from pal_router.crossings import Crossings
from pal_router.holding import Holding
from pal_router.quotas import RunQuotas
from pal_router.slots import Slots
from pal_router.standings import Standings
from pal_rpc.adapter_client import AdapterClient
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.faults import Faults
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.snapshot import RegistrySnapshot
from pal_rpc.spans import SpanWriter


@dataclasses.dataclass(frozen=True, kw_only=True)
class Peers:
    """The registry's snapshot, the recorder, the adapters and the places on them."""

    snapshot: RegistrySnapshot
    faults: Faults
    appender: Appender
    recorder: RecorderClient
    adapters: AdapterClient
    slots: Slots
    quotas: RunQuotas
    crossings: Crossings
    breakers: Breakers
    auto: Auto
    standings: Standings
    artifacts: ArtifactClient
    spans: SpanWriter
    tail_connected: asyncio.Event
    holding: Holding
    # Of everything this life of the router states.
    writer: EventWriter
