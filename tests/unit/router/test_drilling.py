"""An adapter in a drill: its stream is cut, late or silent as a fault says, after the receipt is on record."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import fault_pb2 as faults
from pal.v1 import run_event_pb2 as events
from pal_router.drilling import Frames, drilled
from pal_rpc.adapter_client import AdapterLost
from pal_rpc.faults import Faults

CRASH, HANG, SLOW, OLD = (
    faults.FAULT_KIND_ADAPTER_CRASH,
    faults.FAULT_KIND_ADAPTER_HANG,
    faults.FAULT_KIND_ADAPTER_SLOW,
    faults.FAULT_KIND_ADAPTER_OLD,
)


@dataclass
class Snapshot:
    """What a seam uses of the registry's snapshot."""

    faults: tuple[registry.Fault, ...] = ()


@dataclass
class Attempts:
    """Attempts of drills that meet one fault."""

    standing: Faults
    receipts: list[events.FaultInjected] = field(default_factory=list)
    requests: list[rt.RuntimeServiceRunRequest] = field(default_factory=list)

    def attempt(self, drill_id: str = "d", run_id: str = "r1", epoch: int = 1) -> AsyncGenerator[Frames, None]:
        """Return what the run sees of an adapter that sends three messages."""
        accepted = events.RunAccepted(agent=common.SpecRef(name="desk"), drill_id=drill_id)
        lease = shared.RunLease(run_id=run_id, epoch=epoch, mode=common.EXECUTION_MODE_DRILL)
        grant = shared.RunGrant(accepted=accepted, runtime="agno")
        request = rt.RuntimeServiceRunRequest(
            lease=lease,
            agent=agents.AgentSpec(
                spec=agents.AgentDefinition(objective="Help.", plan=agents.Plan(stages=[agents.PlanStage(id="first")]))
            ),
            conversation=[llm.ModelMessage(role=events.MESSAGE_ROLE_USER)],
        )
        return drilled(self._opened, request, self.standing, grant, self._receipt)

    def _opened(self, request: rt.RuntimeServiceRunRequest) -> AsyncGenerator[Frames, None]:
        self.requests.append(request)
        return _messages()

    async def _receipt(self, injected: events.FaultInjected) -> None:
        self.receipts.append(injected)


async def _messages() -> AsyncGenerator[Frames, None]:
    yield [rt.RunFrame(event=events.RunEvent(type="stage.started", stage_id="first")), rt.RunFrame()]
    for _ in range(2):
        yield [rt.RunFrame()]


def attempts(kind: faults.FaultKind, *, allowed: bool = True, delay_ms: int = 0, **match: object) -> Attempts:
    order = faults.FaultOrder(kind=kind, match=faults.FaultMatch(**match))  # type: ignore[arg-type]
    order.delay.FromMilliseconds(delay_ms)
    fault = registry.Fault(fault_id="f", drill_id="d", order=order)
    fault.expires_at.FromNanoseconds(time.time_ns() + 60_000_000_000)
    return Attempts(Faults(Snapshot((fault,)), allowed=allowed))  # type: ignore[arg-type]  # all it uses is faults


async def count(stream: AsyncGenerator[Frames, None]) -> int:
    return len([frames async for frames in stream])


async def test_a_crash_ends_the_stream_before_its_result() -> None:
    driven = attempts(CRASH)

    with pytest.raises(AdapterLost, match="a drill cut its stream"):
        await count(driven.attempt())

    assert [(one.target, one.kind, one.call) for one in driven.receipts] == [("attempt 1", CRASH, 1)]


async def test_a_hang_gives_no_sign_of_life_any_more() -> None:
    stream = attempts(HANG).attempt()
    first = await anext(stream)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await anext(stream)
            pytest.fail("it went on")

    assert len(first) == 2


async def test_a_slow_adapter_says_everything_late() -> None:
    began = time.monotonic()

    assert await count(attempts(SLOW, delay_ms=20).attempt()) == 3

    assert time.monotonic() - began >= 0.06


async def test_an_old_adapter_is_given_and_gives_what_the_first_contract_knows() -> None:
    driven = attempts(OLD)

    frames = [frame async for frames in driven.attempt() for frame in frames]

    (request,) = driven.requests
    assert request.agent.spec.objective == "Help."
    assert not request.agent.spec.HasField("plan") and not request.conversation
    assert [frame.event.type for frame in frames] == ["", "", ""]
    assert [one.kind for one in driven.receipts] == [OLD]


async def test_the_first_attempt_of_each_run_is_hit() -> None:
    driven = attempts(CRASH, calls=1, per_run=True)
    ends = []
    for run_id, epoch in (("r1", 1), ("r1", 2), ("r2", 1)):
        try:
            ends.append(await count(driven.attempt(run_id=run_id, epoch=epoch)))
        except AdapterLost:
            ends.append(0)

    assert ends == [0, 3, 0]


@pytest.mark.parametrize(
    "driven",
    [
        attempts(CRASH, allowed=False),
        attempts(CRASH, agent="other"),
        attempts(CRASH, runtime="langgraph"),
        attempts(faults.FAULT_KIND_TOOL_ERROR),
    ],
)
async def test_what_does_not_match_is_not_hit(driven: Attempts) -> None:
    assert await count(driven.attempt()) == 3
    assert driven.receipts == []


async def test_another_drill_is_not_hit() -> None:
    assert await count(attempts(CRASH).attempt(drill_id="other")) == 3


async def test_an_expired_fault_is_not_met_though_nobody_could_take_it_back() -> None:
    driven = attempts(CRASH)
    driven.standing._snapshot.faults[0].expires_at.FromNanoseconds(1)

    assert await count(driven.attempt()) == 3
