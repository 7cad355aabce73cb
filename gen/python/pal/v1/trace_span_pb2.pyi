import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SpanKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SPAN_KIND_UNSPECIFIED: _ClassVar[SpanKind]
    SPAN_KIND_RUN: _ClassVar[SpanKind]
    SPAN_KIND_RUNTIME: _ClassVar[SpanKind]
    SPAN_KIND_STAGE: _ClassVar[SpanKind]
    SPAN_KIND_MODEL_CALL: _ClassVar[SpanKind]
    SPAN_KIND_TOOL_CALL: _ClassVar[SpanKind]
    SPAN_KIND_ROUTING: _ClassVar[SpanKind]
    SPAN_KIND_POLICY: _ClassVar[SpanKind]
    SPAN_KIND_INPUT_WAIT: _ClassVar[SpanKind]
    SPAN_KIND_QUEUE: _ClassVar[SpanKind]
    SPAN_KIND_RECORDING: _ClassVar[SpanKind]

class SpanStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SPAN_STATUS_UNSPECIFIED: _ClassVar[SpanStatus]
    SPAN_STATUS_OK: _ClassVar[SpanStatus]
    SPAN_STATUS_ERROR: _ClassVar[SpanStatus]
    SPAN_STATUS_CANCELLED: _ClassVar[SpanStatus]
SPAN_KIND_UNSPECIFIED: SpanKind
SPAN_KIND_RUN: SpanKind
SPAN_KIND_RUNTIME: SpanKind
SPAN_KIND_STAGE: SpanKind
SPAN_KIND_MODEL_CALL: SpanKind
SPAN_KIND_TOOL_CALL: SpanKind
SPAN_KIND_ROUTING: SpanKind
SPAN_KIND_POLICY: SpanKind
SPAN_KIND_INPUT_WAIT: SpanKind
SPAN_KIND_QUEUE: SpanKind
SPAN_KIND_RECORDING: SpanKind
SPAN_STATUS_UNSPECIFIED: SpanStatus
SPAN_STATUS_OK: SpanStatus
SPAN_STATUS_ERROR: SpanStatus
SPAN_STATUS_CANCELLED: SpanStatus

class TraceSpan(_message.Message):
    __slots__ = ("trace_id", "span_id", "parent_span_id", "run_id", "kind", "name", "started_at", "duration", "status", "error_reason", "mode", "component", "runtime", "runtime_version", "usage", "cost", "call_id", "attempt", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_REASON_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    trace_id: str
    span_id: str
    parent_span_id: str
    run_id: str
    kind: SpanKind
    name: str
    started_at: _timestamp_pb2.Timestamp
    duration: _duration_pb2.Duration
    status: SpanStatus
    error_reason: str
    mode: _common_pb2.ExecutionMode
    component: str
    runtime: str
    runtime_version: str
    usage: _common_pb2.TokenUsage
    cost: _common_pb2.Money
    call_id: str
    attempt: int
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, trace_id: _Optional[str] = ..., span_id: _Optional[str] = ..., parent_span_id: _Optional[str] = ..., run_id: _Optional[str] = ..., kind: _Optional[_Union[SpanKind, str]] = ..., name: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., status: _Optional[_Union[SpanStatus, str]] = ..., error_reason: _Optional[str] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., component: _Optional[str] = ..., runtime: _Optional[str] = ..., runtime_version: _Optional[str] = ..., usage: _Optional[_Union[_common_pb2.TokenUsage, _Mapping]] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., call_id: _Optional[str] = ..., attempt: _Optional[int] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...
