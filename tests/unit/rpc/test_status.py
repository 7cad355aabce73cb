"""Domain errors and gRPC statuses."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import InvalidField, MeshError, disposition, failure, parse_reason, reason_name
from pal_rpc.options import MAX_STATUS_DETAIL_BYTES
from pal_rpc.status import code_of, to_status

DOCUMENTED = {
    reasons.ERROR_REASON_RUN_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    reasons.ERROR_REASON_VERSION_IMMUTABLE: grpc.StatusCode.ALREADY_EXISTS,
    reasons.ERROR_REASON_HEAD_MISMATCH: grpc.StatusCode.ABORTED,
    reasons.ERROR_REASON_CAPABILITY_MISSING: grpc.StatusCode.FAILED_PRECONDITION,
    reasons.ERROR_REASON_POLICY_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    reasons.ERROR_REASON_LEASE_EXPIRED: grpc.StatusCode.UNAUTHENTICATED,
    reasons.ERROR_REASON_RECORDER_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    reasons.ERROR_REASON_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    reasons.ERROR_REASON_MODEL_RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    reasons.ERROR_REASON_INTERNAL: grpc.StatusCode.INTERNAL,
}


@pytest.mark.parametrize(("reason", "code"), DOCUMENTED.items())
def test_a_reason_has_the_code_its_comment_names(reason: reasons.ErrorReason, code: grpc.StatusCode) -> None:
    assert code_of(reason) is code


def test_reasons_survive_their_name() -> None:
    assert all(parse_reason(reason_name(number)) == number for number in reasons.ErrorReason.values())


def test_a_reason_of_the_future_is_unspecified() -> None:
    assert parse_reason("REASON_OF_THE_FUTURE") == reasons.ERROR_REASON_UNSPECIFIED


def test_a_wrong_field_is_named_twice_once_for_machines() -> None:
    status = to_status(InvalidField("agent.name", "empty; name the agent"))

    violation = error_details_pb2.BadRequest()
    status.details[1].Unpack(violation)
    assert violation.field_violations[0].field == "agent.name"


def test_each_of_several_wrong_fields_is_named_and_a_trailer_has_room_for_them() -> None:
    found = [(f"spec.steps[{place}]", "x" * 2000) for place in range(9)]

    error = InvalidField(found[0][0], "much is wrong")
    error.violations = found
    status = to_status(error)

    violations = error_details_pb2.BadRequest()
    status.details[1].Unpack(violations)
    assert [one.field for one in violations.field_violations] == [field for field, _ in found[:5]]
    assert status.ByteSize() < 2000


def test_when_to_try_again_is_said_to_every_client() -> None:
    status = to_status(MeshError(reasons.ERROR_REASON_OVERLOADED, "full", retry_after_seconds=7))

    retry = error_details_pb2.RetryInfo()
    assert status.details[1].Unpack(retry)
    assert retry.retry_delay.seconds == 7


def test_a_delay_that_is_no_number_is_left_out() -> None:
    assert len(to_status(MeshError(reasons.ERROR_REASON_OVERLOADED, "full", retry_after_seconds="soon")).details) == 1


def test_details_stay_below_the_limit_of_trailers() -> None:
    error = InvalidField("x" * 9000, "y" * 9000, a="z" * 9000, b="z" * 9000)

    assert to_status(error).ByteSize() < MAX_STATUS_DETAIL_BYTES + 2048


def test_a_failure_repeats_the_values_for_machines() -> None:
    error = MeshError(reasons.ERROR_REASON_RUN_NOT_FOUND, "no run r1", run_id="r1")

    assert (failure(error).reason, dict(failure(error).metadata)) == ("RUN_NOT_FOUND", {"run_id": "r1"})
    assert disposition(error.reason) == failure(error).disposition
