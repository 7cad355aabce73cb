"""How calls fail: the reason for the record, and the words for the model, which never hold internals."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError, failure

FAILED = events.TOOL_CALL_OUTCOME_FAILED
DENIED = events.TOOL_CALL_OUTCOME_DENIED
UNKNOWN = events.TOOL_CALL_OUTCOME_UNKNOWN
SUPPRESSED = events.TOOL_CALL_OUTCOME_SUPPRESSED
CANCELLED = events.TOOL_CALL_OUTCOME_CANCELLED


class CallFailed(Exception):
    """A call did not succeed. *told* is for the model; the error inside is for the record."""

    def __init__(
        self,
        error: MeshError,
        told: str,
        *,
        outcome: events.ToolCallOutcome = FAILED,
        retryable: bool = False,
    ) -> None:
        """Keep what is recorded and what is told."""
        super().__init__(error.message)
        self.error = error
        self.told = told
        self.outcome = outcome
        self.retryable = retryable
        self.attempts = 0

    @property
    def recorded(self) -> common.Failure:
        """The failure as it is recorded."""
        recorded = failure(self.error)
        if self.outcome == UNKNOWN:
            recorded.disposition = common.FAILURE_DISPOSITION_OUTCOME_UNKNOWN
        return recorded


def reported(tool: str, message: str, *, retryable: bool) -> CallFailed:
    """Return the failure that the tool itself reported."""
    error = MeshError(reasons.ERROR_REASON_TOOL_FAILED, f"{tool}: {message}"[:1024], tool=tool)
    return CallFailed(error, f"The tool {tool} failed: {message}"[:2000], retryable=retryable)


def broken(tool: str, error_id: str) -> CallFailed:
    """Return the failure of a tool that raised something it does not publish."""
    problem = f"{tool} raised; the executor's log has the details under {error_id}"
    error = MeshError(reasons.ERROR_REASON_TOOL_FAILED, problem, tool=tool, error_id=error_id)
    return CallFailed(error, f"The tool {tool} failed for an internal reason (error {error_id}).")


def bad_arguments(tool: str, path: str, problem: str) -> CallFailed:
    """Return the failure of a call whose arguments do not fit."""
    where = path or "the arguments"
    error = MeshError(
        reasons.ERROR_REASON_INVALID_TOOL_ARGUMENTS, f"{tool}: {where}: {problem}"[:1024], tool=tool, path=path
    )
    return CallFailed(error, f"The arguments for {tool} are wrong at {where}: {problem}. Nothing was done."[:2000])


def bad_result(tool: str, path: str, problem: str) -> CallFailed:
    """Return the failure of a tool whose result does not fit its ToolSpec."""
    where = path or "the result"
    error = MeshError(
        reasons.ERROR_REASON_TOOL_OUTPUT_INVALID, f"{tool}: {where}: {problem}"[:1024], tool=tool, path=path
    )
    return CallFailed(error, f"The tool {tool} gave a result that is not usable.")


def too_large(tool: str, size_bytes: int, limit_bytes: int) -> CallFailed:
    """Return the failure of a tool whose result is too large for a model."""
    error = MeshError(
        reasons.ERROR_REASON_TOOL_OUTPUT_TOO_LARGE,
        f"{tool}: a result of {size_bytes} bytes exceeds the limit of {limit_bytes} bytes (data.max_output_bytes)",
        tool=tool,
        size_bytes=size_bytes,
        limit_bytes=limit_bytes,
    )
    return CallFailed(error, f"The result of {tool} is too large ({size_bytes} bytes); ask for less.")


def timed_out(tool: str, seconds: float, *, unknown: bool) -> CallFailed:
    """Return the failure of a call that took too long; *unknown* when it may have had its effect."""
    error = MeshError(
        reasons.ERROR_REASON_TOOL_TIMEOUT,
        f"{tool} did not answer within {seconds:g} s",
        tool=tool,
        timeout_seconds=f"{seconds:g}",
    )
    if unknown:
        told = f"The tool {tool} did not answer in time. It is not known whether it took effect; do not repeat it."
        return CallFailed(error, told, outcome=UNKNOWN)
    return CallFailed(error, f"The tool {tool} did not answer in time.", retryable=True)


def unavailable(tool: str, *, unknown: bool = False) -> CallFailed:
    """Return the failure of a tool whose back end is not there; *unknown* when the call may have reached it."""
    error = MeshError(reasons.ERROR_REASON_TOOL_UNAVAILABLE, f"the back end of {tool} cannot be reached", tool=tool)
    told = f"The tool {tool} is not available at the moment."
    return CallFailed(error, told, outcome=UNKNOWN if unknown else FAILED, retryable=not unknown)


def not_bound(tool: str) -> CallFailed:
    """Return the failure of a tool that nothing is bound to."""
    error = MeshError(
        reasons.ERROR_REASON_TOOL_NOT_BOUND,
        f"nothing is bound to {tool} on this executor; bind it in PAL_TOOLS_FILE (`pal up --tools`)",
        tool=tool,
    )
    return CallFailed(error, f"The tool {tool} is not available here.")


def denied(tool: str, error: MeshError) -> CallFailed:
    """Return the failure of a call that policy or a ceiling forbids, or that a person has to agree to."""
    match error.reason:
        case reasons.ERROR_REASON_APPROVAL_REQUIRED:
            told = f"The tool {tool} needs the approval of a person, which it does not have. Nothing was done."
        case reasons.ERROR_REASON_LIMIT_REACHED:
            told = f"The tool {tool} was called as often as it may be in this run. Nothing was done."
        case reasons.ERROR_REASON_QUOTA_EXCEEDED:
            told = f"The tool {tool} cannot be called now: a quota is used up. Nothing was done."
        case _:
            told = f"The tool {tool} is not allowed here. Nothing was done."
    return CallFailed(error, told, outcome=DENIED)


def declined(tool: str, input_id: str, comment: str) -> CallFailed:
    """Return the end of a call that a person said no to."""
    error = MeshError(reasons.ERROR_REASON_INPUT_DECLINED, f"a person declined {tool}", tool=tool, input_id=input_id)
    said = f" They said: {comment}" if comment else ""
    return CallFailed(error, f"A person declined the call of {tool}. Nothing was done.{said}"[:2000], outcome=DENIED)


def expired(tool: str, input_id: str) -> CallFailed:
    """Return the end of a call that nobody decided about in time."""
    error = MeshError(
        reasons.ERROR_REASON_INPUT_EXPIRED, f"nobody answered in time for {tool}", tool=tool, input_id=input_id
    )
    return CallFailed(error, f"Nobody answered in time for the call of {tool}. Nothing was done.", outcome=DENIED)


def undecidable(tool: str, call_id: str) -> CallFailed:
    """Return the end of a call of a lost attempt, when nobody can tell whether it took effect."""
    error = MeshError(
        reasons.ERROR_REASON_TOOL_OUTCOME_UNKNOWN,
        f"nobody can tell whether call {call_id} of {tool} took effect",
        tool=tool,
        call_id=call_id,
    )
    told = f"It is not known whether the call of {tool} took effect; do not repeat it."
    return CallFailed(error, told, outcome=UNKNOWN)


def suppressed(tool: str, mode: str) -> CallFailed:
    """Return the end of a WRITE outside of a live run."""
    error = MeshError(reasons.ERROR_REASON_PERMISSION_DENIED, f"{tool} has effects, and the run is {mode}", tool=tool)
    return CallFailed(error, f"The tool {tool} was not called.", outcome=SUPPRESSED)


def irreversible(tool: str) -> CallFailed:
    """Return the end of a WRITE that a drill may not make."""
    error = MeshError(
        reasons.ERROR_REASON_EFFECT_NOT_REVERSIBLE,
        f"{tool} cannot be taken back (effect.reversibility), and the run is a drill",
        tool=tool,
    )
    return CallFailed(error, f"The tool {tool} was not called: this is a drill.", outcome=SUPPRESSED)


def cancelled(tool: str) -> CallFailed:
    """Return the end of a call that was stopped before it had an effect."""
    error = MeshError(reasons.ERROR_REASON_RUN_CANCELLED, f"{tool} was stopped: whoever asked has left", tool=tool)
    return CallFailed(error, f"The tool {tool} was stopped.", outcome=CANCELLED)
