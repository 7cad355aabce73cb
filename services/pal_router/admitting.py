"""The beginning of a run in the record."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events
from pal_policy.evaluate import decide
from pal_router.active import FIRST_EPOCH, ActiveRun
from pal_router.admission import refusal, start_question
from pal_router.driver import Driver, rejected, routed
from pal_router.peers import Peers
from pal_router.selection import Selection


async def admit(run: ActiveRun, selection: Selection, peers: Peers, driver: Driver) -> None:
    """Record that *run* is accepted and begins on the runtime of *selection*.

    Raises:
        MeshError: QUOTA_EXCEEDED, HEAD_MISMATCH or RECORDER_UNAVAILABLE, and nothing is recorded; POLICY_DENIED or
            APPROVAL_REQUIRED, and that is.
    """
    decision = decide(start_question(run.acceptance, selection.runtime.name, run.mode), run.acceptance.policies)
    refused = refusal(decision, run.run_id)
    if refused is None:
        await peers.quotas.begin(run, selection)
    fact = events.RunAccepted()
    fact.CopyFrom(run.acceptance.accepted)
    fact.input.CopyFrom(await peers.artifacts.externalise(fact.input))
    batch = [driver.event(run, run.epoch, run_accepted=fact)]
    if decision is not None:
        batch.append(driver.event(run, run.epoch, policy_decided=events.PolicyDecided(decision=decision)))
    if refused is not None:
        batch.append(driver.event(run, run.epoch, run_finished=rejected(refused)))
    else:
        batch.append(driver.event(run, run.epoch, run_routed=routed(selection, FIRST_EPOCH)))
        if run.started:
            batch.append(driver.event(run, run.epoch, run_started=events.RunStarted(attempt=FIRST_EPOCH)))
    await peers.appender.append(run.run_id, batch, expected_head_seq=0)
    if refused is not None:
        raise refused
