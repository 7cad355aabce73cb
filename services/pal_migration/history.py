"""What production did before anything was shadowed: the irreversible tools that it used, in how many runs."""

from __future__ import annotations

from dataclasses import dataclass

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import tool_spec_pb2 as tools
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.snapshot import RegistrySnapshot

# With some hundred runs a tool that none of them used counts as new at once; more of them add little.
MOST_RUNS = 300
_PAGE_RUNS = 100
_HARMLESS = frozenset({tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ})
_REVERSIBLE = frozenset({tools.REVERSIBILITY_COMPENSATABLE, tools.REVERSIBILITY_STAGED})
_GONE = frozenset({reasons.ERROR_REASON_RUN_NOT_FOUND, reasons.ERROR_REASON_RUN_DELETED})


@dataclass(frozen=True)
class History:
    """Irreversible tools that were asked for, and the number of runs that were looked at."""

    tools: frozenset[str]
    runs: int


async def history(shadow: pb.Shadow, record: RecorderClient, snapshot: RegistrySnapshot) -> History:
    """Return what the newest live runs of production did before *shadow* began."""
    query = shared.RunQuery(
        agent_name=shadow.plan.agent,
        runtime=shadow.baseline,
        mode=common.EXECUTION_MODE_LIVE,
        states=[shared.RUN_STATE_FINISHED],
        accepted_before=shadow.started_at,
        page_size=_PAGE_RUNS,
    )
    used: set[str] = set()
    runs, tools_ = 0, _Tools(snapshot)
    while runs < MOST_RUNS:
        page = await record.runs(query)
        for run in page.runs:
            found = await _used(run.run_id, record, tools_)
            if found is not None:
                used |= found
                runs += 1
        if not page.next_page_token:
            break
        query.page_token = page.next_page_token
    return History(frozenset(used), runs)


async def _used(run_id: str, record: RecorderClient, known: _Tools) -> set[str] | None:
    found = set()
    try:
        async for event in record.log(run_id):
            asked = event.tool_call_requested
            if asked.tool.name and asked.effect_class not in _HARMLESS and await known.irreversible(asked.tool):
                found.add(asked.tool.name)
    except MeshError as error:
        if error.reason not in _GONE:
            raise
        return None
    return found


class _Tools:
    def __init__(self, snapshot: RegistrySnapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[tuple[str, str], bool] = {}

    async def irreversible(self, ref: common.SpecRef) -> bool:
        """Tell whether a write of the tool cannot be taken back; of one that nobody knows it cannot."""
        key = ref.name, ref.version
        if key not in self._known:
            try:
                tool = (await self._snapshot.pinned(registry.DOCUMENT_KIND_TOOL, ref)).tool
                self._known[key] = tool.spec.effect.reversibility not in _REVERSIBLE
            except MeshError:
                self._known[key] = True
        return self._known[key]
