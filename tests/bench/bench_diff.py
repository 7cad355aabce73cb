"""What a comparison and a verdict cost on one core: two long runs, many real pairs, and one more pair for a judge.

The real pairs are those of the airline runs, each trial against each other of its task; without the data they are left
out. Logs are in memory, as they are when a reader has read them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from measure import report

sys.path.insert(0, str(Path(__file__).parents[2]))

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_diff.compare import brief, compare
from pal_diff.terms import Log, Terms
from pal_log.canonical import canonical_digest
from pal_log.events import TYPES
from pal_log.payload import json_payload, text_payload
from pal_verdict.judge import Judge
from tests.verdicts.airline import DATA, terms, trials

_EVENTS_A_TURN = 6


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events of each of the two long runs")
    parser.add_argument("--differing", type=float, default=0.01, help="share of the calls with another value")
    parser.add_argument("--pairs", type=int, default=1000, help="real pairs")
    arguments = parser.parse_args()
    # The first comparison imports scipy.
    compare(long_run(60, 0.5, 1), long_run(60, 0.5, 2), Terms())
    report("diff: two long runs", long_runs(arguments.events, arguments.differing))
    if DATA.is_dir():
        report("diff: real pairs", real_pairs(arguments.pairs))


def long_runs(count: int, differing: float) -> dict[str, float]:
    """Return the seconds that two runs of *count* events take."""
    a, b = long_run(count, 0.0, 1), long_run(count, differing, 2)
    before = time.process_time()
    found = compare(a, b, Terms())
    seconds = time.process_time() - before
    soft = sum(tier.soft for tier in found.tiers)
    return {"events a run": len(a), "CPU seconds": seconds, "differences found": soft}


def real_pairs(count: int) -> dict[str, float]:
    """Return the seconds that *count* pairs of airline runs take, and one more pair for a judge."""
    known, conditions = trials(), terms()
    pairs = list(itertools.islice(itertools.cycle(_ordered(known.values())), count))
    before = time.process_time()
    found = [brief(compare(a, b, conditions)) for a, b in pairs]
    seconds = time.process_time() - before
    judge = Judge()
    before = time.process_time()
    for number, comparison in enumerate(found):
        comparison.pair_kind = pb.PAIR_KIND_DRIFT if number % 2 else pb.PAIR_KIND_RUNTIME
        comparison.a.run_id, comparison.b.run_id = f"a{number}", f"b{number}"
        judge.add(comparison)
    update = (time.process_time() - before) / len(found)
    before = time.process_time()
    judge.verdict()
    return {
        "pairs": len(found),
        "CPU seconds": seconds,
        "ms a pair": seconds / len(found) * 1000,
        "us to take in a pair": update * 1e6,
        "ms to say a verdict": (time.process_time() - before) * 1000,
    }


def _ordered(tasks: object) -> list[tuple[Log, Log]]:
    return [pair for runs in tasks for pair in itertools.permutations(runs, 2)]  # type: ignore[attr-defined]


def long_run(count: int, differing: float, seed: int) -> Sequence[events.RunEvent]:
    """Return a run of *count* events; a share *differing* of its calls has another value."""
    chance = random.Random(seed)
    log = [_event(run_accepted=events.RunAccepted(agent=common.SpecRef(name="long", version="1.0.0")))]
    for turn in range((count - 2) // _EVENTS_A_TURN):
        city = f"city {chance.randrange(1000)}" if chance.random() < differing else f"city {turn % 997}"
        text = json.dumps({"city": city, "nights": turn % 14, "rooms": [{"beds": 2, "view": "sea"}], "turn": turn})
        call_id = f"m{turn}.t"
        asked = events.ToolCallRequested(
            call_id=call_id,
            tool=common.SpecRef(name=f"tool_{turn % 20}", version="1.0.0"),
            arguments=json_payload(text),
            arguments_digest=canonical_digest(text),
            effect_class=tools.EFFECT_CLASS_WRITE if turn % 10 == 0 else tools.EFFECT_CLASS_READ,
            model_call_id=f"m{turn}",
        )
        started = events.ModelCallStarted(call_id=f"m{turn}", provider="openai", model="gpt-4o")
        finished = events.ModelCallFinished(call_id=f"m{turn}", model="gpt-4o")
        finished.usage.input_tokens, finished.usage.output_tokens = 1000, 50
        result = json_payload(json.dumps({"rooms": [turn], "price": turn * 3}))
        done = events.TOOL_CALL_OUTCOME_SUCCEEDED
        said = events.MessageAdded(role=events.MESSAGE_ROLE_AGENT, parts=[text_payload(f"I look at {city}.")])
        log += [
            _event(model_call_started=started),
            _event(model_call_finished=finished),
            _event(message_added=said),
            _event(tool_call_requested=asked),
            _event(tool_call_dispatched=events.ToolCallDispatched(call_id=call_id, attempt=1)),
            _event(tool_call_finished=events.ToolCallFinished(call_id=call_id, outcome=done, result=result)),
        ]
    log.append(_event(run_finished=events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)))
    for seq, event in enumerate(log, start=1):
        event.run_id, event.seq = f"run-{seed}", seq
        event.recorded_at.FromNanoseconds(1_700_000_000_000_000_000 + seq * 1_000_000)
    return log


def _event(**body: object) -> events.RunEvent:
    (name,) = body
    return events.RunEvent(type=TYPES[name], **body)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
