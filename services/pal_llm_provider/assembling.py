"""An answer in the making: text that leaves in pieces, then one whole message that was checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_llm_provider.provider import Answering, Completion, Profile, ToolAsk
from pal_rpc.errors import MeshError, TooLarge
from pal_rpc.options import MIB

# An answer that comes at once is one message; of one that takes its time the first text leaves without being missed.
FIRST_SECONDS = 0.005
# What follows within this time leaves together.
WINDOW_SECONDS = 0.04
# Half of what a message may weigh, because arguments and identifiers travel along.
MAX_ANSWER_BYTES = 2 * MIB


class OutputMalformed(MeshError):
    """What the model wrote is not well formed."""

    def __init__(self, profile: Profile, detail: str) -> None:
        """Say in *detail* what is wrong with it."""
        super().__init__(
            reasons.ERROR_REASON_MODEL_OUTPUT_MALFORMED,
            f"model {profile.model} of provider {profile.provider} gave a malformed answer: {detail}",
            provider=profile.provider,
            model=profile.model,
            detail=detail,
        )


class Pump:
    """Reads a provider ahead of the client, so that what piles up leaves together."""

    def __init__(self, answering: Answering, profile: Profile, timeout_seconds: float | None) -> None:
        """Read *answering*, for at most *timeout_seconds*."""
        self._answering = answering
        self._profile = profile
        self._timeout_seconds = timeout_seconds
        self._pieces: list[str] = []
        self._sent = 0
        self._size_bytes = 0
        self._offset_bytes = 0
        self._completion: Completion | None = None
        self._error: Exception | None = None
        self._arrived, self._ended = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        # Not a TaskGroup: it would wrap the GeneratorExit of a client that leaves.
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to read."""
        assert self._task is not None
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._pieces)

    async def chunks(self) -> AsyncIterator[pb.ModelFrame]:
        """Yield text until the answer ends; what is left then is in :meth:`rest`."""
        await self._arrived.wait()
        await self._ends_within(FIRST_SECONDS)
        while not self._ended.is_set():
            self._arrived.clear()
            for frame in self.rest():
                yield frame
            await self._ends_within(WINDOW_SECONDS)
            await self._arrived.wait()

    def rest(self) -> list[pb.ModelFrame]:
        """Return the text that has not left yet, as one frame or none."""
        text = "".join(self._pieces[self._sent :])
        self._sent = len(self._pieces)
        if not text:
            return []
        frame = pb.ModelFrame(text=pb.TextChunk(offset=self._offset_bytes, text=text))
        self._offset_bytes += len(text.encode())
        return [frame]

    def completion(self) -> Completion:
        """Return how the answer ended.

        Raises:
            MeshError: the provider failed.
        """
        if self._error:
            raise self._error
        if self._completion is None:
            raise OutputMalformed(self._profile, "it ended without saying why")
        return self._completion

    async def _ends_within(self, seconds: float) -> None:
        if not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ended.wait()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds), contextlib.aclosing(self._answering) as answering:
                async for piece in answering:
                    if isinstance(piece, str):
                        self._take(piece)
                    else:
                        self._completion = piece
        except TimeoutError:
            self._error = timed_out(self._profile, self._timeout_seconds or 0.0)
        except Exception as error:  # noqa: BLE001  whoever waits for the answer gets it
            self._error = error
        finally:
            self._ended.set()
            self._arrived.set()

    def _take(self, piece: str) -> None:
        self._size_bytes += len(piece.encode())
        if self._size_bytes > MAX_ANSWER_BYTES:
            raise TooLarge("answer", self._size_bytes, MAX_ANSWER_BYTES)
        self._pieces.append(piece)
        self._arrived.set()


def tool_calls(asks: Sequence[ToolAsk], call_id: str, profile: Profile) -> list[pb.ModelToolCall]:
    """Return the calls that the answer of *call_id* asks for, under identifiers of our own.

    Raises:
        OutputMalformed: the arguments of a call are no complete JSON object.
    """
    calls = []
    for number, ask in enumerate(asks, start=1):
        # Models write nothing at all for a tool without arguments.
        arguments = ask.arguments if ask.arguments.strip() else "{}"
        if problem := _problem(ask.name, arguments):
            raise OutputMalformed(profile, problem)
        calls.append(pb.ModelToolCall(call_id=f"{call_id}.t{number}", name=ask.name, arguments_json=arguments))
    return calls


def timed_out(profile: Profile, seconds: float) -> MeshError:
    """Return the error of a model that did not answer within *seconds*."""
    return MeshError(
        reasons.ERROR_REASON_MODEL_TIMEOUT,
        f"model {profile.model} of provider {profile.provider} gave no answer within {seconds:g} s; "
        "try again, or allow more time in the profile or the request",
        provider=profile.provider,
        timeout_seconds=f"{seconds:g}",
    )


def _problem(name: str, arguments: str) -> str:
    if not name:
        return "a tool call without the name of a tool"
    try:
        value = json.loads(arguments, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return f"the arguments of tool {name} are not JSON: {error}"
    return "" if isinstance(value, dict) else f"the arguments of tool {name} are JSON but no object"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
