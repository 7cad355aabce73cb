"""The one mapping between domain errors and gRPC statuses, in both directions."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf import any_pb2, duration_pb2, message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import DOMAIN, MeshError, parse_reason
from pal_rpc.options import MAX_STATUS_DETAIL_BYTES

_C = grpc.StatusCode
# Violations that are told one by one, and how many characters all of them together.
_VIOLATIONS, _DESCRIBED = 5, 1024
# By the number ranges of ErrorReason; _CODES overrides single reasons.
_RANGES = (
    (range(1, 5), _C.INVALID_ARGUMENT),
    (range(5, 20), _C.UNAUTHENTICATED),
    (range(20, 40), _C.NOT_FOUND),
    (range(40, 60), _C.ALREADY_EXISTS),
    (range(60, 80), _C.FAILED_PRECONDITION),
    (range(80, 100), _C.PERMISSION_DENIED),
    (range(100, 120), _C.UNAVAILABLE),
)
_CODES = {
    reasons.ERROR_REASON_TOO_LARGE: _C.RESOURCE_EXHAUSTED,
    reasons.ERROR_REASON_PERMISSION_DENIED: _C.PERMISSION_DENIED,
    reasons.ERROR_REASON_MODE_FORGED: _C.PERMISSION_DENIED,
    reasons.ERROR_REASON_ROUTE_CHANGED: _C.ABORTED,
    reasons.ERROR_REASON_HEAD_MISMATCH: _C.ABORTED,
    reasons.ERROR_REASON_WRONG_WRITER: _C.PERMISSION_DENIED,
    reasons.ERROR_REASON_INVALID_EVENT: _C.INVALID_ARGUMENT,
    reasons.ERROR_REASON_APPROVAL_REQUIRED: _C.FAILED_PRECONDITION,
    reasons.ERROR_REASON_QUOTA_EXCEEDED: _C.RESOURCE_EXHAUSTED,
    reasons.ERROR_REASON_LIMIT_REACHED: _C.RESOURCE_EXHAUSTED,
    reasons.ERROR_REASON_OVERLOADED: _C.RESOURCE_EXHAUSTED,
    reasons.ERROR_REASON_DEADLINE_EXCEEDED: _C.DEADLINE_EXCEEDED,
    reasons.ERROR_REASON_RUN_CANCELLED: _C.CANCELLED,
    reasons.ERROR_REASON_MODEL_UNAVAILABLE: _C.UNAVAILABLE,
    reasons.ERROR_REASON_MODEL_CREDENTIALS: _C.FAILED_PRECONDITION,
    reasons.ERROR_REASON_MODEL_RATE_LIMITED: _C.RESOURCE_EXHAUSTED,
    reasons.ERROR_REASON_MODEL_REQUEST_REFUSED: _C.INVALID_ARGUMENT,
    reasons.ERROR_REASON_MODEL_TIMEOUT: _C.DEADLINE_EXCEEDED,
}


def code_of(reason: reasons.ErrorReason) -> grpc.StatusCode:
    """Return the gRPC status code of *reason*; INTERNAL for reasons that are only recorded."""
    if code := _CODES.get(reason):
        return code
    return next((code for numbers, code in _RANGES if reason in numbers), _C.INTERNAL)


def to_status(error: MeshError) -> status_pb2.Status:
    """Return *error* as a rich status.

    ErrorInfo always, BadRequest where a field is to blame, QuotaFailure for a quota, RetryInfo where
    *retry_after_seconds* is among the values.
    """
    details: list[message.Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason_name, domain=DOMAIN, metadata=_bounded(error.metadata))
    ]
    field = error.metadata.get("field") or error.metadata.get("path")
    if field and code_of(error.reason) is _C.INVALID_ARGUMENT:
        details.append(_bad_request(error.violations or [(field, error.message)]))
    if error.reason == reasons.ERROR_REASON_QUOTA_EXCEEDED:
        details.append(_quota_failure(error))
    retry_after_seconds = error.metadata.get("retry_after_seconds", "")
    if retry_after_seconds.isdecimal():
        delay = duration_pb2.Duration(seconds=int(retry_after_seconds[:6]))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    packed = [any_pb2.Any() for _ in details]
    for box, detail in zip(packed, details, strict=True):
        box.Pack(detail)
    return status_pb2.Status(code=code_of(error.reason).value[0], message=error.message[:1024], details=packed)


def from_rpc_error(error: grpc.aio.AioRpcError) -> MeshError | None:
    """Return the domain error that a peer of ours sent; None when *error* carries no ErrorInfo of ours."""
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # the sync function reads the aio error as well
    except ValueError:
        return None
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            mesh_error = MeshError(parse_reason(info.reason), status.message)
            mesh_error.metadata = dict(info.metadata)
            return mesh_error
    return None


def is_lost(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether *error* means that the peer is gone rather than that it answered.

    After a peer's death with a write in flight grpc.aio reports INTERNAL ``Failed "execute_batch"``.
    """
    if error.code() is _C.UNAVAILABLE:
        return from_rpc_error(error) is None
    return error.code() is _C.INTERNAL and "execute_batch" in (error.details() or "")


def never_sent(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether *error* means that there was no connection, so that the peer has seen nothing of the call."""
    return error.code() is _C.UNAVAILABLE and (error.details() or "").startswith("failed to connect")


def _bad_request(violations: Sequence[tuple[str, str]]) -> error_details_pb2.BadRequest:
    """Return the first few *violations*: details travel in a trailer, which has little room."""
    described = min(512, _DESCRIBED // min(len(violations), _VIOLATIONS))
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=field[:256], description=text[:described])
            for field, text in violations[:_VIOLATIONS]
        ]
    )


def _quota_failure(error: MeshError) -> error_details_pb2.QuotaFailure:
    said = error.metadata
    violation = error_details_pb2.QuotaFailure.Violation(
        subject=f"quota:{said.get('quota', '')}",
        description=error.message[:512],
        quota_metric=said.get("limit", ""),
        quota_id=said.get("quota", ""),
        quota_dimensions={"pool": said.get("pool", "")},
    )
    allowed = said.get("allowed", "")
    if allowed.isdecimal():
        violation.quota_value = int(allowed)
    return error_details_pb2.QuotaFailure(violations=[violation])


def _bounded(metadata: dict[str, str]) -> dict[str, str]:
    room = MAX_STATUS_DETAIL_BYTES // max(len(metadata), 1) // 3
    return {key: value[:room] for key, value in metadata.items()}
