"""What a provider of models does: it takes a request and yields text as it comes, then how it ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A logical model: which provider serves it, and how."""

    name: str
    provider: str
    model: str = ""
    base_url: str = ""
    api_key_env: str = ""
    timeout_seconds: float = 120.0
    stall_seconds: float = 60.0
    max_attempts: int = 2
    max_output_tokens: int = 0
    max_context_tokens: int = 128_000
    temperature_ppm: int | None = None
    structured_output: str = "json_schema"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolAsk:
    """A tool that the model asks for; *arguments* is JSON text, exactly as the model wrote it."""

    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class Completion:
    """How an answer ended; *cost* is None and *price_list* empty where no price is known."""

    stop_reason: events.ModelStopReason
    usage: common.TokenUsage
    asks: Sequence[ToolAsk] = ()
    model: str = ""
    cost: common.Money | None = None
    price_list: str = ""


Answering = AsyncGenerator[str | Completion, None]


class Provider(Protocol):
    """Serves the models of one kind of endpoint."""

    def answer(self, profile: Profile, request: pb.ModelRequest) -> Answering:
        """Yield pieces of text, then exactly one Completion.

        Raises:
            MeshError: one of the MODEL_* reasons.
        """

    def notice(self, profile: Profile) -> str:
        """Return what people have to know about *profile*; empty for nothing."""
