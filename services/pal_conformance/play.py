"""One run as the kit plays it: the script, everything that was asked of the seams, and the log that came of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal_conformance.changes import Changes
from pal_conformance.record import RunRecord
from pal_conformance.script import Script
from pal_rpc.errors import MeshError

LEFT = MeshError(reasons.ERROR_REASON_RUN_CANCELLED, "whoever asked went away")


@dataclass(kw_only=True)
class Play:
    """What happens in one run and what was asked of the seams in it."""

    script: Script
    lease: shared.RunLease
    record: RunRecord
    changes: Changes = field(default_factory=Changes)
    asked: list[llm.ModelRequest] = field(default_factory=list)
    executed: list[executor.ExecuteToolRequest] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    # What was answered, by call, for a later attempt to get again.
    answers: dict[str, llm.ModelAnswer] = field(default_factory=dict)
    results: dict[str, executor.ExecuteToolResponse] = field(default_factory=dict)
    # Model calls, by attempt.
    begun: set[tuple[int, str]] = field(default_factory=set)
    # What was asked wrongly: nobody but the adapter can be at fault.
    problems: list[tuple[str, llm.ModelRequest | executor.ExecuteToolRequest]] = field(default_factory=list)
    # Chunks that the transport has taken.
    sent_chunks: int = 0
    holding: int = 0
    # Questions and calls that ended because whoever asked went away.
    left: int = 0
    _asked_in_stage: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def place(self, stage_id: str) -> int:
        """Return how many questions the stage has asked before this one."""
        self._asked_in_stage[stage_id] += 1
        return self._asked_in_stage[stage_id] - 1

    def begin_again(self, lease: shared.RunLease) -> None:
        """Go on under *lease*, from the start: what is known is answered from what was recorded."""
        self.lease = lease
        self._asked_in_stage.clear()

    async def hold(self, until: asyncio.Event) -> None:
        """Wait for *until*; notice when whoever asked goes away before."""
        self.holding += 1
        self.changes.tell()
        try:
            await until.wait()
        except BaseException:
            self.left += 1
            raise
        finally:
            self.holding -= 1
            self.changes.tell()
