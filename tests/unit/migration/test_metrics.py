"""What Prometheus is told of shadows."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from pal.service.v1 import migration_service_pb2 as pb
from pal_migration.sampling import WHOLE_PPM
from pal_migration.shadow_metrics import show_shadows
from pal_migration.shadows import Shadows
from pal_migration.sqlite import SqliteStore
from pal_migration.store import Item, Kind


async def test_a_shadow_that_is_going_is_shown(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    plan = pb.ShadowPlan(agent="desk", candidate="other", sample_ppm=WHOLE_PPM, start=pb.SHADOW_START_AFTER_PRIMARY)
    for number, state in enumerate((pb.SHADOW_STATE_GOING, pb.SHADOW_STATE_STOPPED)):
        shadow = pb.Shadow(shadow_id=f"s{number}", plan=plan, state=state)
        await store.put([Item(Kind.SHADOW, shadow.shadow_id, shadow.SerializeToString())])
    shadows = Shadows(store, queued_samples=1)
    await shadows.open()
    registry = CollectorRegistry()
    show_shadows(shadows, registry)
    for run_id in "ab":
        shadows.finished("desk", run_id)
    await store.close()

    shown = generate_latest(registry).decode()

    assert 'pal_shadow_samples{agent="desk",candidate="other",state="sampled"} 2.0' in shown
    assert 'pal_shadow_losses{agent="desk",candidate="other",reason="QUEUE_FULL"} 1.0' in shown
    assert shown.count("pal_shadow_runs_of_day{") == 1
