"""Spans of OpenTelemetry in OTLP/JSON, as far as they carry what was said, as trajectories.

A line is an ExportTraceServiceRequest, as the file exporter of a collector writes it; a file that is one JSON value
will do. By the conventions for generative AI, a span of a model call may carry ``gen_ai.system_instructions``,
``gen_ai.input.messages`` and ``gen_ai.output.messages``, itself or in one of its events, and the span of a tool call
its result. The call of a conversation (else of a trace) that was given most messages tells the conversation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pal_transfer.trajectories import BrokenLine, Trajectory, turns

_INSTRUCTIONS, _INPUT, _OUTPUT = "gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"
_MAX_LABEL = 63


@dataclass
class _Span:
    """A span with what is known of it, and where it stands."""

    line: int
    name: str
    trace: str
    ended: int
    known: dict[str, Any]

    @property
    def group(self) -> str:
        """What it belongs to together with others."""
        return str(self.known.get("gen_ai.conversation.id") or self.trace)


@dataclass
class Spans:
    """What a file of spans tells."""

    trajectories: list[Trajectory] = field(default_factory=list)
    # Spans of model calls that carry no content.
    silent: int = 0


def read(text: str) -> Spans:
    """Return what the spans in *text* tell, in the order in which conversations ended.

    Raises:
        BrokenLine: a line is no OTLP/JSON, or what a span carries is not what the conventions say.
    """
    found = Spans()
    talks: dict[str, _Span] = {}
    results: dict[str, str] = {}
    for span in _spans(text):
        if "gen_ai.tool.call.result" in span.known:
            results[str(span.known.get("gen_ai.tool.call.id", ""))] = _as_text(span.known["gen_ai.tool.call.result"])
        if _OUTPUT in span.known or _INPUT in span.known:
            before = talks.get(span.group)
            if before is None or _fullness(span) >= _fullness(before):
                talks[span.group] = span
        elif span.known.get("gen_ai.operation.name") in ("chat", "generate_content", "text_completion"):
            found.silent += 1
    for span in sorted(talks.values(), key=lambda talk: (talk.ended, talk.line)):
        found.trajectories.append(_trajectory(span, results))
    return found


def _spans(text: str) -> Iterator[_Span]:
    for number, request in _requests(text):
        if not isinstance(request, dict) or not isinstance(request.get("resourceSpans"), list):
            raise BrokenLine(number, "resourceSpans is missing; this is no OTLP/JSON of traces")
        try:
            for resource in request["resourceSpans"]:
                for scope in resource.get("scopeSpans", ()):
                    for span in scope.get("spans", ()):
                        yield _span(number, span)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BrokenLine(number, f"a span is not as OTLP has it ({type(error).__name__}: {error})") from None


def _requests(text: str) -> Iterator[tuple[int, Any]]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    try:
        # One value over many lines begins with a line that is none.
        several = len(lines) > 1 and bool(json.loads(lines[0][1]))
    except ValueError:
        several = False
    for number, line in lines if several else [(1, text)]:
        try:
            yield number, json.loads(line)
        except ValueError as error:
            at = number if several else getattr(error, "lineno", number)
            raise BrokenLine(at, f"not JSON: {error}") from None


def _span(line: int, span: Mapping[str, Any]) -> _Span:
    known = _attributes(span.get("attributes", ()))
    for event in span.get("events", ()):
        known |= _attributes(event.get("attributes", ()))
    ended = int(span.get("endTimeUnixNano") or 0)
    return _Span(line, str(span.get("name", "")), str(span["traceId"]), ended, known)


def _attributes(pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _value(pair.get("value", {})) for pair in pairs if pair["key"].startswith("gen_ai.")}


def _value(value: Mapping[str, Any]) -> Any:
    if "arrayValue" in value:
        return [_value(one) for one in value["arrayValue"].get("values", ())]
    if "kvlistValue" in value:
        return {pair["key"]: _value(pair.get("value", {})) for pair in value["kvlistValue"].get("values", ())}
    return next(iter(value.values()), None)


def _fullness(span: _Span) -> tuple[int, int]:
    return len(_messages(span, _INPUT)), span.ended


def _trajectory(span: _Span, results: Mapping[str, str]) -> Trajectory:
    # Of several answers to choose from, the first.
    given = (*_messages(span, _INPUT), *_messages(span, _OUTPUT)[:1])
    messages = [openai for message in given for openai in _in_openai(span, message)]
    answered = {message["tool_call_id"] for message in messages if message["role"] == "tool"}
    # What the last answer asked for is in no message, but perhaps in the span of the tool.
    asked = messages[-1].get("tool_calls", ()) if messages else ()
    for call in asked:
        if call["id"] in results and call["id"] not in answered:
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": results[call["id"]]})
    if instructions := _messages(span, _INSTRUCTIONS):
        text = "".join(str(part.get("content", "")) for part in instructions)
        messages.insert(0, {"role": "system", "content": text})
    system, told = turns(span.line, messages)
    labels = {"trace": span.trace, "model": str(span.known.get("gen_ai.request.model") or "")}
    return Trajectory(system, told, {name: word for name, word in labels.items() if 0 < len(word) <= _MAX_LABEL})


def _messages(span: _Span, name: str) -> list[dict[str, Any]]:
    value = span.known.get(name) or []
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise BrokenLine(span.line, f"span {span.name}: {name} is not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BrokenLine(span.line, f"span {span.name}: {name} is no list of messages")
    return found


def _in_openai(span: _Span, message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    parts = message.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise BrokenLine(span.line, f"span {span.name}: a message has no parts")
    text = "".join(str(part.get("content", "")) for part in parts if part.get("type") == "text")
    calls = [_call(part) for part in parts if part.get("type") == "tool_call"]
    answers = [part for part in parts if part.get("type") == "tool_call_response"]
    for answer in answers:
        result = answer.get("response", answer.get("result"))
        yield {"role": "tool", "tool_call_id": str(answer.get("id", "")), "content": _as_text(result)}
    if not answers:
        yield {"role": message.get("role"), "content": text, **({"tool_calls": calls} if calls else {})}


def _call(part: Mapping[str, Any]) -> dict[str, Any]:
    arguments = part.get("arguments")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return {"id": str(part.get("id", "")), "function": {"name": part.get("name"), "arguments": text}}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
