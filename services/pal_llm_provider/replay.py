"""Answers of a recorded run, found again for a run that repeats it: by their order, or by a ladder of keys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.recorded import Asked, content_of
from pal_llm_provider.transcript import request_text
from pal_log.canonical import canonical_json
from pal_log.payload import digest
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient

# Strict to loose.
LADDER = (
    events.MATCH_KEY_BYTES,
    events.MATCH_KEY_CANONICAL,
    events.MATCH_KEY_CONTENT,
    events.MATCH_KEY_DECISION_POINT,
)
_SHOWN_CHARACTERS = 160
Keys = Mapping[events.MatchKey, str]


@dataclass
class _Answer:
    """One recorded answer, or failure, and the keys of what was asked."""

    asked: Asked
    stage_id: str
    keys: Keys
    last_words: str
    used: bool = False


@dataclass(frozen=True)
class Match:
    """A recorded answer, and the key that found it."""

    asked: Asked
    key: events.MatchKey


class Source:
    """The model calls of the run that is repeated. Each answers once."""

    def __init__(self, answers: list[_Answer]) -> None:
        """Keep *answers* in the order they were given."""
        self._answers = answers

    def use(self, seq: int) -> None:
        """Take the answer at *seq* as given: an earlier attempt of the replay has had it."""
        for answer in self._answers:
            answer.used = answer.used or answer.asked.seq == seq

    def find(self, request: pb.ModelRequest, profile: str, fidelity: events.ReplayFidelity) -> Match:
        """Return the answer for *request*.

        Raises:
            Missing: there is none.
        """
        waiting = [answer for answer in self._answers if not answer.used and answer.stage_id == request.stage_id]
        if fidelity == events.REPLAY_FIDELITY_ORDERED:
            if waiting:
                return _taken(waiting[0], events.MATCH_KEY_ORDER)
            raise Missing(request, profile, None)
        keys = keys_of(request_text(request, profile))
        for key in LADDER:
            for answer in waiting:
                if answer.keys[key] == keys[key]:
                    return _taken(answer, key)
        raise Missing(request, profile, waiting[0] if waiting else None)


class Missing(Exception):
    """The record has no answer for what is asked."""

    def __init__(self, request: pb.ModelRequest, profile: str, nearest: _Answer | None) -> None:
        """Keep the fact for the record."""
        text = request_text(request, profile)
        asked = _last_words(json.loads(text))
        has = (
            f"the nearest it has, at seq {nearest.asked.seq}, follows {nearest.last_words!r}"
            if nearest
            else "it is used up"
        )
        super().__init__(asked)
        self.fact = events.ReplayDiverged(
            source_seq=nearest.asked.seq if nearest else 0,
            reason="MODEL_REQUEST_UNKNOWN",
            expected_digest=nearest.asked.started.request_digest if nearest else "",
            actual_digest=digest(text.encode()),
            fatal=True,
            call_id=request.call_id,
            message=f"the record has no answer to what follows {asked!r}; {has}"[:1024],
        )

    def error(self, run_id: str) -> MeshError:
        """Return the error that ends the replay."""
        return MeshError(
            reasons.ERROR_REASON_DIVERGED,
            f"model call {self.fact.call_id}: {self.fact.message}"[:1024],
            run_id=run_id,
            call_id=self.fact.call_id,
            source_seq=self.fact.source_seq,
        )


async def source(run_id: str, recorder: RecorderClient, artifacts: ArtifactClient) -> Source:
    """Return the model calls of *run_id*, which is over.

    Raises:
        MeshError: RUN_NOT_FOUND, or part of it is not kept any more.
    """
    calls: dict[str, tuple[Asked, str]] = {}
    async for event in recorder.log(run_id):
        match event.WhichOneof("body"):
            case "model_call_started":
                started = event.model_call_started
                calls[started.call_id] = Asked(started, event.lease_epoch), event.stage_id
            case "model_call_finished":
                asked, _ = calls[event.model_call_finished.call_id]
                asked.finished, asked.seq = event.model_call_finished, event.seq
            case _:
                pass
    answers = []
    for asked, stage_id in calls.values():
        if asked.finished is not None and _said_something(asked.finished):
            text = await content_of(asked.started.request, artifacts)
            answers.append(_Answer(asked, stage_id, keys_of(text), _last_words(json.loads(text))))
    return Source(answers)


def keys_of(text: str) -> Keys:
    """Return the keys of a request that is recorded as JSON *text*."""
    asked = json.loads(text)
    messages = [_canonical(message) for message in asked["messages"]]
    content = [message for message in messages if message["role"] != "platform"]
    results = [result for message in messages for result in message["results"]]
    turn = sum(message["role"] == "agent" for message in messages)
    return {
        events.MATCH_KEY_BYTES: digest(text.encode()),
        events.MATCH_KEY_CANONICAL: _digest(messages),
        events.MATCH_KEY_CONTENT: _digest(content),
        events.MATCH_KEY_DECISION_POINT: _digest({"turn": turn, "results": results}),
    }


def _taken(answer: _Answer, key: events.MatchKey) -> Match:
    answer.used = True
    return Match(answer.asked, key)


def _said_something(finished: events.ModelCallFinished) -> bool:
    # A call whose attempt or caller was lost is not part of what the run was told.
    return finished.failure.reason not in ("ATTEMPT_LOST", "RUN_CANCELLED")


def _canonical(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role": message["role"],
        "text": _folded(message["text"]),
        "calls": [[call["name"], _arguments(call["arguments"])] for call in message.get("tool_calls", ())],
        "results": [
            [_folded(result["text"]), result.get("failure", False)] for result in message.get("tool_results", ())
        ],
    }


def _arguments(text: str) -> str:
    try:
        return canonical_json(text)
    except ValueError:
        return text


def _folded(text: str) -> str:
    return " ".join(text.split())


def _digest(value: object) -> str:
    return digest(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def _last_words(asked: Mapping[str, Any]) -> str:
    messages: Sequence[Mapping[str, Any]] = asked["messages"]
    for message in reversed(messages):
        if results := message.get("tool_results"):
            return _folded(results[-1]["text"])[:_SHOWN_CHARACTERS]
        if message["text"]:
            return _folded(message["text"])[:_SHOWN_CHARACTERS]
    return ""
