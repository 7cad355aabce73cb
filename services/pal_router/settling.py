"""What a run that comes waits for: a document that was just published, a runtime that a young router does not know."""

from __future__ import annotations

import time
from contextlib import suppress

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_router.acceptance import Acceptance, accept
from pal_router.active import ActiveRun
from pal_router.choosing import choose, leaves_it
from pal_router.peers import Peers
from pal_router.selection import Selection
from pal_rpc.errors import MeshError

# How long after its start a router waits for a runtime that it does not know.
SETTLING_SECONDS = 5.0
# Longer than an adapter takes from its end to its next life.
RESTART_SECONDS = 4.0
_NOT_YET = frozenset({reasons.ERROR_REASON_RUNTIME_NOT_FOUND, reasons.ERROR_REASON_RUNTIME_UNAVAILABLE})


async def accepted(
    request: pb.RunRequest, requester: common.Principal, peers: Peers, limits: common.RunLimits
) -> Acceptance:
    """Return what the documents make of *request*.

    Raises:
        MeshError: the request is refused.
    """
    return await peers.snapshot.found(lambda: accept(request, requester, peers.snapshot, limits))


async def settled(run: ActiveRun, peers: Peers, began: float) -> Selection:
    """Return where *run* goes. A router that *began* a moment ago waits for a runtime that it does not know yet.

    One that went away a moment ago, with nothing to stand in for it, is waited for: most likely it is started again.
    So is one that has just come, of which the registry knows and this router does not yet.

    Raises:
        MeshError: no runtime takes it.
    """
    snapshot = peers.snapshot
    await _look_back(run, peers)
    while True:
        try:
            return choose(run, peers)
        except MeshError as error:
            # A registry that was started with this router hears of its runtimes in the next moments.
            left, runtime = began + SETTLING_SECONDS - time.monotonic(), error.metadata.get("runtime", "")
            if error.reason == reasons.ERROR_REASON_RUNTIME_UNAVAILABLE:
                left = max(left, RESTART_SECONDS - snapshot.away_seconds(runtime))
            if error.reason not in _NOT_YET:
                raise
            if left <= 0:
                if runtime and await snapshot.serves(runtime):
                    return choose(run, peers)
                raise
        await snapshot.wait_change(left)


async def _look_back(run: ActiveRun, peers: Peers) -> None:
    """Find out where the conversation was, for a run whose runtime the router chooses."""
    conversation = run.acceptance.accepted.conversation_id
    if conversation and leaves_it(run.acceptance.agent, run.pinned_runtime):
        query = shared.RunQuery(conversation_id=conversation, mode=common.EXECUTION_MODE_LIVE, page_size=1)
        # Without the recorder nothing can begin anyway.
        with suppress(MeshError):
            run.earlier_runtime = next((one.runtime for one in (await peers.recorder.runs(query)).runs), "")
