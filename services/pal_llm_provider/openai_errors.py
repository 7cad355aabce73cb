"""What goes wrong with an endpoint, in our words. No message ever holds a key."""

from __future__ import annotations

import httpx2
import openai

from pal.v1 import error_reason_pb2 as reasons
from pal_llm_provider.assembling import timed_out
from pal_llm_provider.provider import Profile
from pal_rpc.errors import MeshError

RETRIED = frozenset({reasons.ERROR_REASON_MODEL_UNAVAILABLE, reasons.ERROR_REASON_MODEL_RATE_LIMITED})
_SAID_CHARACTERS = 300


def no_key(profile: Profile, variable: str) -> MeshError:
    """Return the error of a profile whose key is in no environment."""
    return MeshError(
        reasons.ERROR_REASON_MODEL_CREDENTIALS,
        f"profile {profile.name}: {variable} is not set; set it in the environment that `pal up` is started in",
        provider=profile.provider,
        variable=variable,
    )


def translated(error: Exception, profile: Profile, secret: str) -> MeshError:
    """Return *error* of the SDK as ours, without *secret*."""
    where = f"the endpoint of profile {profile.name}"
    facts = {"provider": profile.provider, "model": profile.model}
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return timed_out(profile, profile.timeout_seconds)
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            holder = profile.api_key_env or "OPENAI_API_KEY"
            problem = f"{where} refused the credentials with {error.status_code}; check the key in {holder}"
            return MeshError(reasons.ERROR_REASON_MODEL_CREDENTIALS, problem, **facts)
        case openai.NotFoundError():
            problem = f"{where} knows no model {profile.model}, or base_url is wrong{_said(error, secret)}"
            return MeshError(reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, problem, **facts)
        case openai.RateLimitError():
            seconds = _seconds(error.response.headers.get("retry-after", ""))
            problem = f"{where} limits the rate; try again {f'in {seconds} s' if seconds else 'later'}"
            return MeshError(
                reasons.ERROR_REASON_MODEL_RATE_LIMITED, problem, **facts, retry_after_seconds=seconds or "unknown"
            )
        case openai.APIStatusError() if error.status_code < 500:
            problem = f"{where} refused the request with {error.status_code}{_said(error, secret)}"
            return MeshError(reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, problem, **facts)
        case openai.APIStatusError():
            problem = f"{where} failed with {error.status_code}; try again"
            return MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, problem, **facts)
        case _:
            problem = f"{where} cannot be reached or cut the stream; check base_url and that the endpoint is up"
            return MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, problem, **facts)


def retry_after_seconds(error: MeshError) -> float:
    """Return how long the endpoint wants us to wait; 0 when it did not say."""
    text = error.metadata.get("retry_after_seconds", "")
    return float(text) if text.isdigit() else 0.0


def _said(error: openai.APIStatusError, secret: str) -> str:
    fields = error.body if isinstance(error.body, dict) else {}
    said = " ".join(str(fields.get("message", "")).split())[:_SAID_CHARACTERS]
    return f": {said.replace(secret, '[key]')}" if said else ""


def _seconds(header: str) -> str:
    # The other form of the header is a date, which nobody sends for models.
    return header if header.isdigit() else ""
