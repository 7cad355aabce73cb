"""What production did before a shadow began is read from the record."""

from __future__ import annotations

import json
import time

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.events import ROUTER, TOOL_EXECUTOR, EventWriter, new_id
from pal_migration.history import History, history
from pal_rpc.snapshot import RegistrySnapshot
from tests.integration.migration.conftest import Bench

LIVE, WRITE, READ = common.EXECUTION_MODE_LIVE, tools.EFFECT_CLASS_WRITE, tools.EFFECT_CLASS_READ


async def tool(bench: Bench, name: str, **effect: str) -> None:
    document = {
        "apiVersion": "pal/v1",
        "kind": "ToolSpec",
        "metadata": {"name": name, "version": "1.0.0"},
        "spec": {"purpose": "Is one.", "input": {"type": "object"}, "timing": {"timeout": "5s"}, "effect": effect},
    }
    await bench.registry.Apply(registry.ApplyRequest(text=json.dumps(document)))


async def ran(bench: Bench, agent: str, **called: tools.EffectClass.ValueType) -> None:
    """Record a live run on echo that called tools."""
    run_id = new_id()
    router, executor = EventWriter(ROUTER), EventWriter(TOOL_EXECUTOR)
    begun = [
        router.event(run_id, LIVE, 1, run_accepted=events.RunAccepted(agent=common.SpecRef(name=agent))),
        router.event(run_id, LIVE, 1, run_routed=events.RunRouted(runtime="echo")),
    ]
    await bench.writers["router"].append(run_id, begun)
    for name, effect in called.items():
        asked = events.ToolCallRequested(
            call_id=name, tool=common.SpecRef(name=name, version="1.0.0"), effect_class=effect
        )
        await bench.writers["tool_executor"].append(
            run_id, [executor.event(run_id, LIVE, 1, tool_call_requested=asked)]
        )
    finished = events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)
    await bench.writers["router"].append(run_id, [router.event(run_id, LIVE, 1, run_finished=finished)])


async def test_only_irreversible_tools_of_production_count(bench: Bench) -> None:
    await tool(bench, "pay", effectClass="WRITE")
    await tool(bench, "book", effectClass="WRITE", reversibility="COMPENSATABLE")
    await ran(bench, "historian", pay=WRITE, book=WRITE, look=READ)
    await ran(bench, "historian")
    await ran(bench, "somebody-else", wire=WRITE)
    shadow = pb.Shadow(plan=pb.ShadowPlan(agent="historian", candidate="other"), baseline="echo")
    shadow.started_at.FromSeconds(int(time.time()) + 60)

    async with RegistrySnapshot(bench.registry) as snapshot:
        await snapshot.ready(10)
        found = await history(shadow, bench.record, snapshot)

    assert found == History(frozenset({"pay"}), 2)
