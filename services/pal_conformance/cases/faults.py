"""What a run makes of a model that fails: the failure, as the seam names it, after one question."""

from __future__ import annotations

from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance.bench import Bench, same
from pal_conformance.case import Cases, Test
from pal_conformance.script import Say, Script, SeamLost
from pal_rpc.errors import MeshError, reason_name

cases = Cases("model")
_FAILED, _LIMITED = events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_LIMITED
# Whether a model is asked again is for its profile to say, in the seam: an adapter asks once.
_ANSWERS = (
    ("400", "An endpoint that refuses the request", reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, _FAILED),
    ("401", "An endpoint that refuses the credentials", reasons.ERROR_REASON_MODEL_CREDENTIALS, _FAILED),
    ("429", "An endpoint that limits the rate", reasons.ERROR_REASON_MODEL_RATE_LIMITED, _FAILED),
    ("500", "An endpoint that fails", reasons.ERROR_REASON_MODEL_UNAVAILABLE, _FAILED),
    ("malformed", "A call with broken JSON as arguments", reasons.ERROR_REASON_MODEL_OUTPUT_MALFORMED, _FAILED),
    ("profile", "A profile that is not there", reasons.ERROR_REASON_PROFILE_NOT_FOUND, _FAILED),
    ("denied", "A policy that says no", reasons.ERROR_REASON_POLICY_DENIED, _FAILED),
    ("unrecorded", "A record that cannot be written", reasons.ERROR_REASON_RECORDER_UNAVAILABLE, _FAILED),
    ("limit", "A ceiling of the run", reasons.ERROR_REASON_LIMIT_REACHED, _LIMITED),
    ("deadline", "A run whose time is up at the model", reasons.ERROR_REASON_DEADLINE_EXCEEDED, _LIMITED),
)


def _answers(reason: reasons.ErrorReason) -> Test:
    async def test(bench: Bench) -> None:
        error = MeshError(reason, "as it is", limit="max_model_calls", provider="scripted")

        run = await bench.run(Script(says=[Say(error=error), Say(chunks=["again"])]))

        failure = run.result.failure
        found = (failure.domain, failure.message, dict(failure.metadata))
        same("the failure", found, ("pal", "as it is", error.metadata), run.result)
        same("questions to the model", len(run.asked), 1, run.asked[-1])

    return test


def _add_all() -> None:
    for name, what, reason, outcome in _ANSWERS:
        claim = f"{what} ends the run as it is, after one question."
        cases.case(name, claim, outcome=(outcome, reason_name(reason)))(_answers(reason))


_add_all()


@cases.case("stall", "A model that stops in the middle of an answer fails the run.", outcome=(_FAILED, "MODEL_TIMEOUT"))
async def stall(bench: Bench) -> None:
    error = MeshError(reasons.ERROR_REASON_MODEL_TIMEOUT, "the model did not answer within 1 s", timeout_seconds=1)
    await _after_a_piece(bench, Say(chunks=["half an "], error=error))


@cases.case("cut", "A stream that is cut in the middle fails the run.", outcome=(_FAILED, "MODEL_UNAVAILABLE"))
async def cut(bench: Bench) -> None:
    error = MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, "the endpoint cut the stream")
    await _after_a_piece(bench, Say(chunks=["half an "], error=error))


@cases.case("unfinished", "A stream that ends without an answer fails the run.", outcome=(_FAILED, "SEAM_UNAVAILABLE"))
async def unfinished(bench: Bench) -> None:
    await _after_a_piece(bench, Say(chunks=["half an "], cut=True))


@cases.case("lost", "A seam that goes away without a word fails the run.", outcome=(_FAILED, "SEAM_UNAVAILABLE"))
async def lost(bench: Bench) -> None:
    await _after_a_piece(bench, Say(chunks=["half an "], error=SeamLost()))


async def _after_a_piece(bench: Bench, say: Say) -> None:
    run = await bench.run(Script(says=[say, Say(chunks=["again"])]))

    same("messages", [m.model_call_id for m in run.messages], [], run.result)
    same("questions to the model", len(run.asked), 1, run.asked[-1])
