"""A model call under a lease whose mode was changed: refused, and recorded in the run."""

from __future__ import annotations

from contextlib import suppress

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.ledgers import RunAccount
from pal_llm_provider.recording import Recording
from pal_rpc.accounts import Accounts
from pal_rpc.errors import MeshError, failure
from pal_rpc.lease import ModeForged


async def record(error: ModeForged, request: pb.ModelRequest, accounts: Accounts[RunAccount], to: Recording) -> None:
    """Record *to* the run that a call was refused; whatever the recorder says, the call stays refused."""
    lease, stage_id = error.lease, request.stage_id
    with suppress(MeshError):
        account = await accounts.of(lease)
        call_id = account.mint()
        account.digests[call_id] = ""
        started = events.ModelCallStarted(call_id=call_id, profile=request.profile, attempt=1)
        to.submit(lease, to.event(lease, stage_id, model_call_started=started))
        finished = events.ModelCallFinished(call_id=call_id, failure=failure(error))
        await to.append(lease, stage_id, model_call_finished=finished)
