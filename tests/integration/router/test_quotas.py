"""Runs against quotas: refused before anything is recorded, held while they go on, and shared out by weight."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pal.service.v1 import quota_service_pb2 as pb
from pal.service.v1 import quota_service_pb2_grpc as rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import router_service_pb2 as router_pb
from pal.service.v1 import router_service_pb2_grpc as router_rpc
from pal.v1 import run_event_pb2 as events
from pal_cli.health import wait_ready
from pal_log.payload import text_payload
from pal_router.__main__ import router
from pal_router.acceptance import run_id_of
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from pal_rpc.identity import bearer, issue_tenant_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.status import from_rpc_error
from tests.fakes.seams import Say, Script
from tests.integration.router.conftest import Bench, ask
from tests.integration.router.counted import CountedRuntime, counted

HELLO = Say(chunks=["Hello."])
POLICY = """
---
apiVersion: pal/v1
kind: PolicySpec
metadata: {name: closed, version: 1.0.0}
spec: {rules: [{id: nobody, verdict: DENY, match: {actions: [run.start], agents: [shut]}}]}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: shut, version: 1.0.0}
spec: {objective: Say no., policies: [closed]}
"""


@pytest.fixture
async def usage(bench: Bench) -> AsyncIterator[rpc.QuotaServiceStub]:
    async with channel(bench.config.recorder_address) as opened:
        yield rpc.QuotaServiceStub(opened)


ASK = """, tools: [ask]}
---
apiVersion: pal/v1
kind: ToolSpec
metadata: {name: ask, version: 1.0.0}
spec: {purpose: Asks., input: {type: object}, effect: {effectClass: READ}, timing: {timeout: 10s}}"""


async def bounded(bench: Bench, bounds: str, *, more: str = "}") -> str:
    """Publish an agent with a quota of its own and return its name, once the router knows both."""
    name = f"a{uuid.uuid4().hex[:12]}"
    await bench.apply(
        f"""
apiVersion: pal/v1
kind: Quota
metadata: {{name: {name}, version: 1.0.0}}
spec: {{match: {{agent: {name}}}, {bounds}}}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {{name: {name}, version: 1.0.0}}
spec: {{objective: Answer.{more}
"""
    )
    return name


def of_tenant(bench: Bench, tenant: str) -> tuple[tuple[str, str], ...]:
    """Return the call metadata of a caller of *tenant*."""
    return bearer(issue_tenant_token(private_key(bench.keys, MESH), "ada", tenant))


async def stands(usage: rpc.QuotaServiceStub, quota: str) -> list[tuple[int, int]]:
    page = await usage.ListUsage(pb.ListUsageRequest(quota=quota))
    return [(one.used, one.reserved) for counter in page.counters for one in counter.usage]


async def settled(usage: rpc.QuotaServiceStub, quota: str, expected: list[tuple[int, int]]) -> None:
    """Return once a quota stands as expected; what is given back is not waited for by whoever gives it."""
    async with asyncio.timeout(30):
        while await stands(usage, quota) != expected:
            pass


async def begun(bench: Bench, agent: str, *, tenant: str = "default", metadata: Any = None) -> str:
    """Run *agent* to its end; return how it ended, or the reason it was refused for."""
    request_id = str(uuid.uuid4())
    bench.fakes.scripts[run_id_of(request_id, tenant)] = Script(says=[HELLO])
    return await ran(bench, request_id, agent, metadata=metadata)


async def ran(bench: Bench, request_id: str, agent: str, *, metadata: Any = None) -> str:
    try:
        async for response in bench.router.Run(ask(request_id, agent=agent), metadata=metadata):
            last = response.frames[-1].event
    except grpc.aio.AioRpcError as error:
        known = from_rpc_error(error)
        assert known is not None
        return known.reason_name
    return events.RunOutcome.Name(last.run_finished.outcome).removeprefix("RUN_OUTCOME_")


async def test_a_run_above_its_quota_is_refused_before_anything_is_recorded(bench: Bench) -> None:
    agent = await bounded(bench, "limits: [{window: 1h, runs: 1}]")
    await begun(bench, agent)

    request_id = str(uuid.uuid4())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await bench.run(request_id, agent=agent)
    with pytest.raises(MeshError, match=run_id_of(request_id, "default")):
        await bench.record.run(run_id_of(request_id, "default"))

    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in rpc_status.from_call(caught.value).details)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert 1 <= retry.retry_delay.seconds <= 3600
    assert f"quota {agent} (live): runs per 1h: 1 used of 1, 1 asked; try again in" in (caught.value.details() or "")


async def test_fifty_at_once_never_exceed_a_quota(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    agent = await bounded(bench, "limits: [{window: 1h, runs: 6}]")

    became = await asyncio.gather(*(begun(bench, agent) for _ in range(50)))

    assert (became.count("SUCCEEDED"), became.count("QUOTA_EXCEEDED")) == (6, 44)
    assert await stands(usage, agent) == [(6, 0)]


async def test_a_place_is_free_again_when_the_run_ends(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    agent, request_id, hold = await bounded(bench, "concurrentRuns: 1"), str(uuid.uuid4()), asyncio.Event()
    script = bench.script(request_id, Say(chunks=["Hello."], hold=hold))
    first = asyncio.create_task(ran(bench, request_id, agent))
    await script.reached.wait()

    refused, repeated = await begun(bench, agent), asyncio.create_task(ran(bench, request_id, agent))
    hold.set()
    ended = await asyncio.gather(first, repeated)
    await settled(usage, agent, [(0, 0)])

    assert (refused, ended) == ("QUOTA_EXCEEDED", ["SUCCEEDED"] * 2)
    assert await begun(bench, agent) == "SUCCEEDED"


@pytest.mark.drill
async def test_a_long_run_keeps_its_place(
    bench: Bench, usage: rpc.QuotaServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pal_router.quotas.TTL_SECONDS", 3.0)
    agent, request_id, hold = await bounded(bench, "concurrentRuns: 1"), str(uuid.uuid4()), asyncio.Event()
    async with router(bench.config) as other, channel(other.address) as opened:
        await wait_ready({"router": other.address, "registry": bench.config.registry_address}, ["echo"], 60)
        script = bench.script(request_id, Say(chunks=["Hello."], hold=hold))
        call = router_rpc.RouterServiceStub(opened).Run(ask(request_id, agent=agent))
        await script.reached.wait()
        until = asyncio.get_running_loop().time() + 7
        stood = [await stands(usage, agent)]
        while asyncio.get_running_loop().time() < until:
            stood.append(await stands(usage, agent))
        hold.set()
        async for _ in call:
            pass
        await settled(usage, agent, [(0, 0)])

    assert set(map(tuple, stood)) == {((0, 1),)}


async def test_a_run_that_was_begun_before_is_followed_though_the_quota_is_used_up(bench: Bench) -> None:
    agent, request_id = await bounded(bench, "limits: [{window: 1h, runs: 1}]"), str(uuid.uuid4())
    bench.script(request_id, HELLO)

    assert [await ran(bench, request_id, agent) for _ in range(2)] == ["SUCCEEDED"] * 2
    assert await begun(bench, agent) == "QUOTA_EXCEEDED"


async def test_a_run_that_waits_for_a_person_leaves_its_place_and_takes_it_again(
    bench: Bench, usage: rpc.QuotaServiceStub
) -> None:
    agent = await bounded(bench, "concurrentRuns: 1", more=ASK)
    asked = events.InputRequested(input_id="c1.answer", kind=events.INPUT_KIND_QUESTION, tool_call_id="c1")
    answered, resumed, hold = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def ask_(_: object) -> str | events.InputRequested:
        if not answered.is_set():
            return asked
        resumed.set()
        await hold.wait()
        return "blue"

    request_id, calls = str(uuid.uuid4()), Say(calls=[("c1", "ask", "{}")])
    bench.script(request_id, calls, calls, Say(chunks=["thanks"]), ask=ask_)
    waiting = asyncio.create_task(ran(bench, request_id, agent))
    while not (await bench.router.ListInputs(router_pb.ListInputsRequest())).inputs:
        pass

    await settled(usage, agent, [(0, 0)])
    meanwhile = await begun(bench, agent)
    answered.set()
    await bench.router.Answer(
        router_pb.AnswerRequest(
            run_id=run_id_of(request_id, "default"),
            input_id="c1.answer",
            decision=events.INPUT_DECISION_ACCEPTED,
            answer=text_payload("blue"),
        )
    )
    await resumed.wait()
    refused = await begun(bench, agent)
    hold.set()

    assert (meanwhile, refused, await waiting) == ("SUCCEEDED", "QUOTA_EXCEEDED", "SUCCEEDED")
    await settled(usage, agent, [(0, 0)])


async def test_replays_have_a_pool_of_their_own(bench: Bench) -> None:
    agent = await bounded(bench, "pools: [REPLAY], limits: [{window: 1h, runs: 1}]")
    request_id = str(uuid.uuid4())
    bench.script(request_id, HELLO)
    live = [await ran(bench, request_id, agent), await begun(bench, agent)]

    async def replayed() -> str:
        replay_id = str(uuid.uuid4())
        bench.fakes.scripts[run_id_of(replay_id, "default")] = Script(says=[HELLO])
        request = router_pb.ReplayRequest(source_run_id=run_id_of(request_id, "default"), request_id=replay_id)
        try:
            async for _ in bench.router.Replay(request):
                pass
        except grpc.aio.AioRpcError as error:
            return getattr(from_rpc_error(error), "reason_name", "")
        return "replayed"

    assert live == ["SUCCEEDED"] * 2
    assert [await replayed() for _ in range(2)] == ["replayed", "QUOTA_EXCEEDED"]


async def test_what_a_policy_refuses_is_not_counted(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    quota = (
        "---\napiVersion: pal/v1\nkind: Quota\nmetadata: {name: shut, version: 1.0.0}\n"
        "spec: {match: {agent: shut}, limits: [{window: 1h, runs: 1}]}"
    )
    await bench.apply(POLICY + quota)

    assert [await begun(bench, "shut") for _ in range(2)] == ["POLICY_DENIED"] * 2
    assert await stands(usage, "shut") == []


async def test_tenants_have_counters_of_their_own(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    agent = await bounded(bench, "per: [TENANT], limits: [{window: 1h, runs: 1}]")

    became = [
        await begun(bench, agent, tenant=tenant, metadata=of_tenant(bench, tenant))
        for tenant in ("acme", "acme", "globex")
    ]

    assert became == ["SUCCEEDED", "QUOTA_EXCEEDED", "SUCCEEDED"]
    assert await begun(bench, agent) == "SUCCEEDED"
    page = await usage.ListUsage(pb.ListUsageRequest(quota=agent))
    assert [counter.key.tenant for counter in page.counters] == ["acme", "default", "globex"]


async def test_a_forged_token_is_no_tenant(bench: Bench) -> None:
    assert await begun(bench, "desk", metadata=bearer("x.y.z")) == "UNAUTHENTICATED"


async def test_a_withdrawn_quota_bounds_nothing(bench: Bench) -> None:
    agent = await bounded(bench, "limits: [{window: 1h, runs: 1}]")
    await begun(bench, agent)
    assert await begun(bench, agent) == "QUOTA_EXCEEDED"

    await bench.registry.DeleteDocument(
        registry_pb.DeleteDocumentRequest(kind=registry_pb.DOCUMENT_KIND_QUOTA, name=agent, version="1.0.0")
    )

    async with asyncio.timeout(30):
        while await begun(bench, agent) != "SUCCEEDED":
            pass


async def test_a_full_runtime_takes_tenants_by_weight(bench: Bench) -> None:
    await bench.apply(
        "apiVersion: pal/v1\nkind: Quota\nmetadata: {name: heavy, version: 1.0.0}\n"
        "spec: {match: {tenant: heavy}, weight: 3}"
    )
    runtime, tenant_of = CountedRuntime(), dict[str, str]()

    async def run(tenant: str, hold: asyncio.Event | None = None) -> asyncio.Task[str]:
        request_id = str(uuid.uuid4())
        run_id = run_id_of(request_id, tenant)
        tenant_of[run_id] = tenant
        script = bench.fakes.scripts[run_id] = Script(says=[Say(chunks=["Hello."], hold=hold)])
        token = of_tenant(bench, tenant)
        accepted = asyncio.Event()

        async def follow() -> str:
            async for response in bench.router.Run(ask(request_id, agent="one"), metadata=token):
                accepted.set()
                last = response.frames[-1].event
            return last.type

        task = asyncio.create_task(follow())
        await accepted.wait()
        if hold is not None:
            await script.reached.wait()
        return task

    async with counted(bench, runtime, limit=1):
        hold = asyncio.Event()
        runs = [await run("light", hold)]
        for tenant in ("light", "heavy"):
            runs += [await run(tenant) for _ in range(9)]
        hold.set()
        await asyncio.gather(*runs)

    order = [tenant_of[run_id] for run_id in runtime.begun][1:13]
    assert (order.count("heavy"), order.count("light")) == (9, 3)
