"""Trajectories on their way into a mesh: documents first, then run after run, each safe to repeat."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import stable_id
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_transfer import documents
from pal_transfer.events import Imported, TurnEvents
from pal_transfer.trajectories import Trajectory, Turn

_CALL_SECONDS = 30.0


@dataclass
class Report:
    """What an import has brought."""

    conversations: int = 0
    runs: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    # Words of a user that nobody answered: there is nothing to repeat.
    unanswered: int = 0


class Importer:
    """Brings trajectories into one mesh."""

    def __init__(
        self,
        registry_stub: registry_rpc.RegistryServiceStub,
        appender: Appender,
        artifacts: ArtifactClient,
        conversation: Callable[[str, str], Any],
    ) -> None:
        """Write by *appender*; *conversation* returns what a run of a conversation is told of those before it."""
        self._registry = registry_stub
        self._appender = appender
        self._artifacts = artifacts
        self._conversation = conversation

    async def bring(
        self,
        trajectories: Sequence[Trajectory],
        *,
        agent: str,
        reads: Sequence[str],
        source: str,
        progress: Callable[[], None],
    ) -> Report:
        """Publish what the runs pin and record them; *progress* is told of each conversation.

        Raises:
            MeshError: a document or an event was refused.
        """
        report = Report()
        tool_documents = documents.tools(trajectories, reads)
        tools = await self._published(tool_documents)
        for number, trajectory in enumerate(trajectories, start=1):
            document = documents.agent(agent, trajectory.system, tool_documents)
            ref = (await self._apply([document]))[0].ref
            imported = Imported(
                agent=ref,
                instructions=document["spec"]["objective"],
                tools=tools,
                conversation_id=stable_id("imported", source, str(number)),
                labels=trajectory.labels,
                source=source,
            )
            await self._trajectory(trajectory.turns, imported, report)
            progress()
        return report

    async def _trajectory(self, turns: Sequence[Turn], imported: Imported, report: Report) -> None:
        report.conversations += 1
        for number, turn in enumerate(turns, start=1):
            if not turn.answers:
                report.unanswered += 1
                continue
            run_id = stable_id(imported.conversation_id, str(number))
            told: list[llm.ModelMessage] = await self._conversation(run_id, imported.conversation_id)
            batch = [await self._kept(event) for event in TurnEvents(run_id, imported, told).of(turn)]
            for start in range(0, len(batch), 500):
                await self._appender.append(run_id, batch[start : start + 500])
            report.runs += 1
            report.model_calls += len(turn.answers)
            report.tool_calls += sum(len(answer.calls) for answer in turn.answers)

    async def _kept(self, event: events.RunEvent) -> events.RunEvent:
        match event.WhichOneof("body"):
            case "run_accepted":
                event.run_accepted.input.CopyFrom(await self._artifacts.externalise(event.run_accepted.input))
            case "model_call_started":
                request = event.model_call_started.request
                request.CopyFrom(await self._artifacts.externalise(request))
            case "model_call_finished":
                response = event.model_call_finished.response
                response.CopyFrom(await self._artifacts.externalise(response))
            case "tool_call_finished":
                result = event.tool_call_finished.result
                result.CopyFrom(await self._artifacts.externalise(result))
            case _:
                pass
        return event

    async def _published(self, tool_documents: Sequence[dict[str, Any]]) -> dict[str, tuple[common.SpecRef, Any]]:
        if not tool_documents:
            return {}
        return {document.ref.name: (document.ref, document.tool) for document in await self._apply(tool_documents)}

    async def _apply(self, published: Sequence[dict[str, Any]]) -> list[registry.Document]:
        text = "\n---\n".join(json.dumps(document) for document in published)
        response = await self._registry.Apply(registry.ApplyRequest(text=text), timeout=_CALL_SECONDS)
        return [entry.document for entry in response.applied]
