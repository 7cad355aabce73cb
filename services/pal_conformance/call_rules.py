"""Rules about what an adapter asks of the seams."""

from __future__ import annotations

from collections.abc import Iterator

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import run_event_pb2 as events
from pal_conformance.run import Run
from pal_conformance.violation import Violation

ASKED, ARGUMENTS, RESULTS = "asked", "arguments", "results"


def asked_rightly(run: Run) -> Iterator[Violation]:
    """The seams were asked under the lease of the run, and no more often than there was reason to."""
    for problem, request in run.play.problems:
        yield Violation(ASKED, problem, request)


def arguments_are_the_models(run: Run) -> Iterator[Violation]:
    """Each call of a tool is one that the model asked for, with its identifier, its name and its arguments."""
    wanted = _wanted(run)
    for request in run.executed:
        found = wanted.get(request.call_id)
        if found is None:
            yield Violation(ARGUMENTS, f"the model asked for no call {request.call_id or 'without an id'}", request)
            continue
        model_call_id, call = found
        if request.tool.name != call.name:
            yield Violation(ARGUMENTS, f"call {call.call_id} was for {call.name}", request)
        if request.arguments.json != call.arguments_json:
            yield Violation(
                ARGUMENTS, f"the model asked for {call.call_id} with the arguments {call.arguments_json}", request
            )
        if request.model_call_id != model_call_id:
            yield Violation(ARGUMENTS, f"call {call.call_id} was asked for in {model_call_id}", request)


def _wanted(run: Run) -> dict[str, tuple[str, llm.ModelToolCall]]:
    answers = run.play.answers.items()
    return {call.call_id: (model_call, call) for model_call, answer in answers for call in answer.message.tool_calls}


def results_name_their_calls(run: Run) -> Iterator[Violation]:
    """In every question each call that the model asked for has one result, which is the one that the tool gave."""
    for request in run.asked:
        open_calls: list[str] = []
        for message in request.messages:
            open_calls += [call.call_id for call in message.tool_calls]
            for result in message.tool_results:
                if result.call_id not in open_calls:
                    yield Violation(
                        RESULTS, f"a result names {result.call_id or 'no call'}, which is not open", request
                    )
                    continue
                open_calls.remove(result.call_id)
                yield from _as_given(run, result, request)
        for call_id in open_calls:
            yield Violation(RESULTS, f"the model was asked again without the result of {call_id}", request)


def _as_given(run: Run, result: llm.ModelToolResult, request: llm.ModelRequest) -> Iterator[Violation]:
    given = run.play.results.get(result.call_id)
    if given is None:
        return
    failed = given.finished.outcome != events.TOOL_CALL_OUTCOME_SUCCEEDED
    if result.result != given.result or result.is_failure != failed:
        yield Violation(RESULTS, f"the model is told something else of {result.call_id} than the tool gave", request)
