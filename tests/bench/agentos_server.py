"""The peer: agno's own AgentOS server with one agent, SQLite, and a model that answers at once in five chunks.

Runs in the environment `.venvs/agentos`. Usage: python agentos_server.py PORT DATABASE CHUNKS
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.metrics import MessageMetrics
from agno.models.base import Model
from agno.models.response import ModelResponse
from agno.os import AgentOS

WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "the",
    "lazy",
    "dog",
    "and",
    "runs",
    "away",
    "from",
    "it",
    "all",
]


@dataclass
class InstantModel(Model):
    """Answers at once."""

    id: str = "instant"
    name: str | None = "InstantModel"
    provider: str | None = "bench"
    chunks: int = 5

    async def ainvoke_stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ModelResponse]:
        for number in range(self.chunks):
            yield ModelResponse(content=WORDS[number % len(WORDS)] + " ")
        yield ModelResponse(response_usage=MessageMetrics(input_tokens=20, output_tokens=self.chunks))

    async def ainvoke(self, *args: Any, **kwargs: Any) -> ModelResponse:
        return ModelResponse(content=" ".join(WORDS[: self.chunks]))

    def invoke(self, *args: Any, **kwargs: Any) -> ModelResponse:
        raise NotImplementedError

    def invoke_stream(self, *args: Any, **kwargs: Any) -> Iterator[ModelResponse]:
        raise NotImplementedError

    def _parse_provider_response(self, response: Any, **kwargs: Any) -> ModelResponse:
        return response

    def _parse_provider_response_delta(self, response: Any) -> ModelResponse:
        return response


def main() -> None:
    """Serve until killed."""
    port, database, chunks = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    agent = Agent(
        id="bench", name="bench", model=InstantModel(chunks=chunks), db=SqliteDb(db_file=database), telemetry=False
    )
    app = AgentOS(agents=[agent], telemetry=False).get_app()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", loop="uvloop")


if __name__ == "__main__":
    main()
