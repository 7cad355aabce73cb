"""Any OpenAI-compatible endpoint, through the official SDK. Its retries are off: attempts are made here, and seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx2
import openai

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal_llm_provider.assembling import OutputMalformed, timed_out
from pal_llm_provider.chat_body import body
from pal_llm_provider.gathering import Gathered
from pal_llm_provider.openai_errors import RETRIED, no_key, retry_after_seconds, translated
from pal_llm_provider.provider import Answering, Profile

_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.25, 4.0
_CONNECT_SECONDS = 10.0
# What the SDK raises while it talks to an endpoint.
_FAILURES = (openai.APIError, httpx2.HTTPError)


class OpenAICompatible:
    """Asks endpoints that speak the chat completions protocol."""

    def __init__(self, profiles: Iterable[Profile], credentials: Mapping[str, str]) -> None:
        """Serve *profiles* with the keys in *credentials*, by the name that a profile has for its key."""
        self._clients = {
            profile.name: _client(profile, key) for profile in profiles if (key := _key(profile, credentials))
        }

    async def __aenter__(self) -> Self:
        """Open nothing yet: connections are made when a model is asked."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what connections there are."""
        for client in self._clients.values():
            await client.close()

    async def answer(self, profile: Profile, request: pb.ModelRequest) -> Answering:
        """Yield text as it comes, then the end."""
        stream = await self._opened(profile, request)
        gathered = Gathered(profile)
        try:
            async for chunk in _within(stream, profile):
                for piece in gathered.take(chunk):
                    yield piece
        except _FAILURES as error:
            # A stream that ends after the answer did costs the usage report, not the answer.
            if not gathered.ended:
                raise translated(error, profile, self._secret(profile)) from None
        except ValueError as error:
            raise OutputMalformed(profile, f"the stream holds something that is not JSON: {error}") from None
        finally:
            # The SDK would read a stream to its end before it closes it; a stalled one has none.
            await stream.response.aclose()
        yield gathered.completion(request)

    def notice(self, profile: Profile) -> str:
        """Say when the key is missing."""
        return "" if profile.name in self._clients else f"{key_variable(profile)} is not set, so every call fails"

    async def _opened(self, profile: Profile, request: pb.ModelRequest) -> openai.AsyncStream[Any]:
        client = self._clients.get(profile.name)
        if client is None:
            raise no_key(profile, key_variable(profile))
        for attempt in range(1, profile.max_attempts + 1):
            try:
                async with asyncio.timeout(profile.timeout_seconds):
                    stream: openai.AsyncStream[Any] = await client.chat.completions.create(**body(profile, request))
                    return stream
            except TimeoutError:
                raise timed_out(profile, profile.timeout_seconds) from None
            except _FAILURES as error:
                failed = translated(error, profile, self._secret(profile))
                wanted_seconds = max(retry_after_seconds(failed), _FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1))
                if failed.reason not in RETRIED or attempt == profile.max_attempts:
                    raise failed from None
                if wanted_seconds > _MAX_BACKOFF_SECONDS:
                    raise failed from None
            await asyncio.sleep(wanted_seconds)
        raise AssertionError("max_attempts is at least 1")

    def _secret(self, profile: Profile) -> str:
        return self._clients[profile.name].api_key


def key_variable(profile: Profile) -> str:
    """Return the variable that holds the key of *profile*; an endpoint of one's own needs none unless it says so."""
    return profile.api_key_env or ("" if profile.base_url else "OPENAI_API_KEY")


def _key(profile: Profile, credentials: Mapping[str, str]) -> str:
    variable = key_variable(profile)
    return credentials.get(variable, "") if variable else "none"


def _client(profile: Profile, key: str) -> openai.AsyncOpenAI:
    timeout = openai.Timeout(None, connect=_CONNECT_SECONDS)
    base_url = profile.base_url or "https://api.openai.com/v1"
    return openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0, timeout=timeout)


async def _within(stream: openai.AsyncStream[Any], profile: Profile) -> AsyncIterator[Any]:
    """Yield the chunks of *stream*; a pause longer than the profile allows is an error."""
    chunks = aiter(stream)
    seconds = profile.timeout_seconds
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise timed_out(profile, seconds) from None
        if chunk is None:
            return
        seconds = profile.stall_seconds
        yield chunk
