"""Runs with real cost, usage and times: what the comparison makes of them, against what they say themselves."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from google.protobuf import timestamp_pb2

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_diff.compare import compare
from pal_diff.terms import Log, Terms
from pal_log.canonical import canonical_digest
from pal_log.events import TYPES
from pal_log.payload import json_payload, text_payload
from pal_verdict.judge import Judge
from tests.verdicts.airline import DATA
from tests.verdicts.report import Section


def figures() -> Section:
    """Put the five runs through the comparison, and the two of one task beside each other."""
    section = Section(
        "Real cost, usage and time",
        "tau2 runs of gpt-4.1-mini. Cost is computed from usage by the pinned price table, whatever the record says; "
        "the time of a run is split, and the time in which it waits for its user counts nowhere.",
        ("Task", "Answers", "Tokens in / out", "Recorded cost", "Cost by the table", "Total s", "Model s", "Tool s"),
    )
    runs = {
        path.parent.parent.name: _simulation(path) for path in sorted((DATA / "tau2-traced").glob("*/*/results.json"))
    }
    terms, worst, kept = Terms(), 0.0, True
    logs: dict[str, list[Log]] = {}
    for name, simulation in runs.items():
        log = _log(name, simulation)
        logs.setdefault(str(simulation["task_id"]), []).append(log)
        run = compare(log, log, terms).a
        cost, recorded = run.cost.nanos / 1e9, float(simulation["agent_cost"])
        worst = max(worst, abs(cost - recorded) / recorded)
        seconds = [part.ToNanoseconds() / 1e9 for part in (run.latency.total, run.latency.model, run.latency.tool)]
        kept = kept and run.latency.trusted and 0 < seconds[0] <= float(simulation["duration"])
        usage = f"{run.usage.input_tokens} / {run.usage.output_tokens}"
        figures_of = [f"{recorded:.6f}", f"{cost:.6f}", *(f"{value:.2f}" for value in seconds)]
        section.rows.append([simulation["task_id"], run.model_calls, usage, *figures_of])
    section.claim("the table gives the recorded cost, within 1 %", f"at most {worst:.2%} off", worst < 0.01)
    section.claim("times are trusted and within the recorded duration", "in 5 runs", kept)
    first, second = next(pair for pair in logs.values() if len(pair) == 2)
    found = compare(first, second, terms)
    judge = Judge()
    judge.add(found)
    tiers = {tier.tier: tier for tier in judge.verdict(pb.JudgeRates(sound=True)).tiers}
    cost, latency = tiers[pb.COMPARISON_TIER_COST], tiers[pb.COMPARISON_TIER_LATENCY]
    told = f"cost {cost.estimate_ppm / 1e4:+.0f} %, p95 {latency.estimate_ppm / 1e4:+.0f} %, both INCONCLUSIVE"
    unsure = {cost.outcome, latency.outcome} == {pb.VERDICT_OUTCOME_INCONCLUSIVE}
    section.claim("one pair of one task is estimated and proves nothing", told, unsure)
    return section


def _simulation(path: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["simulations"][0]
    return found


def _log(run_id: str, simulation: dict[str, Any]) -> Log:
    """Return a simulation as a run: the agent's messages are model answers, and the user is a person it waits for."""
    begin = _moment(simulation["start_time"])
    log = [_event(begin, run_accepted=events.RunAccepted(agent=common.SpecRef(name="tau2", version="1.0.0")))]
    calls: list[tuple[str, str]] = []
    before = begin
    for place, message in enumerate(simulation["messages"]):
        if message.get("requestor") == "user" or not message.get("timestamp"):
            continue
        now = _moment(message["timestamp"])
        if message["role"] == "assistant" and message.get("usage"):
            log += _answer(f"m{place}", message, before, now)
            for number, call in enumerate(message.get("tool_calls") or []):
                calls.append((f"m{place}.t{number}", call["name"]))
                log.append(_event(now, tool_call_requested=_asked(calls[-1], call, f"m{place}")))
        elif message["role"] == "tool" and calls:
            call_id, _ = calls.pop(0)
            ended = events.ToolCallFinished(
                call_id=call_id,
                outcome=events.TOOL_CALL_OUTCOME_FAILED if message.get("error") else events.TOOL_CALL_OUTCOME_SUCCEEDED,
                result=text_payload(str(message.get("content") or "")),
            )
            log.append(_event(now, tool_call_finished=ended))
        elif message["role"] == "user":
            log += [_event(before, run_suspended=events.RunSuspended()), _event(now, run_resumed=events.RunResumed())]
        before = now
    log.append(_event(before, run_finished=events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)))
    for seq, event in enumerate(log, start=1):
        event.run_id, event.seq, event.mode = run_id, seq, common.EXECUTION_MODE_LIVE
    return log


def _answer(call_id: str, message: dict[str, Any], before: int, now: int) -> list[events.RunEvent]:
    raw = message["raw_data"]
    usage = raw.get("usage") or {}
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    counted = common.TokenUsage(
        input_tokens=message["usage"]["prompt_tokens"],
        output_tokens=message["usage"]["completion_tokens"],
        cached_input_tokens=cached,
    )
    started = events.ModelCallStarted(call_id=call_id, provider="openai", model=raw["model"])
    finished = events.ModelCallFinished(call_id=call_id, model=raw["model"], usage=counted)
    return [_event(before, model_call_started=started), _event(now, model_call_finished=finished)]


def _asked(called: tuple[str, str], call: dict[str, Any], model_call_id: str) -> events.ToolCallRequested:
    text = json.dumps(call["arguments"])
    reads = call["name"].startswith(("get_", "search_", "list_", "calculate"))
    return events.ToolCallRequested(
        call_id=called[0],
        tool=common.SpecRef(name=called[1], version="1.0.0"),
        arguments=json_payload(text),
        arguments_digest=canonical_digest(text),
        effect_class=tools.EFFECT_CLASS_READ if reads else tools.EFFECT_CLASS_WRITE,
        model_call_id=model_call_id,
    )


def _moment(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e9)


def _event(nanos: int, **body: Any) -> events.RunEvent:
    (name,) = body
    stamp = timestamp_pb2.Timestamp()
    stamp.FromNanoseconds(nanos)
    return events.RunEvent(type=TYPES[name], recorded_at=stamp, **body)
