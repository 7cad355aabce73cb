import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FaultKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAULT_KIND_UNSPECIFIED: _ClassVar[FaultKind]
    FAULT_KIND_MODEL_ERROR: _ClassVar[FaultKind]
    FAULT_KIND_MODEL_STALL: _ClassVar[FaultKind]
    FAULT_KIND_MODEL_CUT: _ClassVar[FaultKind]
    FAULT_KIND_MODEL_ARGUMENTS: _ClassVar[FaultKind]
    FAULT_KIND_QUOTA_GONE: _ClassVar[FaultKind]
    FAULT_KIND_QUOTA_EXCEEDED: _ClassVar[FaultKind]
    FAULT_KIND_TOOL_ERROR: _ClassVar[FaultKind]
    FAULT_KIND_TOOL_TIMEOUT: _ClassVar[FaultKind]
    FAULT_KIND_TOOL_WRONG_TYPE: _ClassVar[FaultKind]
    FAULT_KIND_TOOL_ANSWER_LOST: _ClassVar[FaultKind]
    FAULT_KIND_ADAPTER_CRASH: _ClassVar[FaultKind]
    FAULT_KIND_ADAPTER_HANG: _ClassVar[FaultKind]
    FAULT_KIND_ADAPTER_SLOW: _ClassVar[FaultKind]
    FAULT_KIND_ADAPTER_OLD: _ClassVar[FaultKind]
    FAULT_KIND_EVENT_DUPLICATED: _ClassVar[FaultKind]
    FAULT_KIND_ACK_DROPPED: _ClassVar[FaultKind]
    FAULT_KIND_RECORDER_AWAY: _ClassVar[FaultKind]
    FAULT_KIND_CLOCK_SKEW: _ClassVar[FaultKind]
FAULT_KIND_UNSPECIFIED: FaultKind
FAULT_KIND_MODEL_ERROR: FaultKind
FAULT_KIND_MODEL_STALL: FaultKind
FAULT_KIND_MODEL_CUT: FaultKind
FAULT_KIND_MODEL_ARGUMENTS: FaultKind
FAULT_KIND_QUOTA_GONE: FaultKind
FAULT_KIND_QUOTA_EXCEEDED: FaultKind
FAULT_KIND_TOOL_ERROR: FaultKind
FAULT_KIND_TOOL_TIMEOUT: FaultKind
FAULT_KIND_TOOL_WRONG_TYPE: FaultKind
FAULT_KIND_TOOL_ANSWER_LOST: FaultKind
FAULT_KIND_ADAPTER_CRASH: FaultKind
FAULT_KIND_ADAPTER_HANG: FaultKind
FAULT_KIND_ADAPTER_SLOW: FaultKind
FAULT_KIND_ADAPTER_OLD: FaultKind
FAULT_KIND_EVENT_DUPLICATED: FaultKind
FAULT_KIND_ACK_DROPPED: FaultKind
FAULT_KIND_RECORDER_AWAY: FaultKind
FAULT_KIND_CLOCK_SKEW: FaultKind

class FaultMatch(_message.Message):
    __slots__ = ("agent", "runtime", "tool", "first_call", "calls", "per_run", "probability_ppm", "seed", "service")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    FIRST_CALL_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    PER_RUN_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_PPM_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    agent: str
    runtime: str
    tool: str
    first_call: int
    calls: int
    per_run: bool
    probability_ppm: int
    seed: int
    service: str
    def __init__(self, agent: _Optional[str] = ..., runtime: _Optional[str] = ..., tool: _Optional[str] = ..., first_call: _Optional[int] = ..., calls: _Optional[int] = ..., per_run: bool = ..., probability_ppm: _Optional[int] = ..., seed: _Optional[int] = ..., service: _Optional[str] = ...) -> None: ...

class FaultOrder(_message.Message):
    __slots__ = ("kind", "match", "ttl", "delay", "backward")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    BACKWARD_FIELD_NUMBER: _ClassVar[int]
    kind: FaultKind
    match: FaultMatch
    ttl: _duration_pb2.Duration
    delay: _duration_pb2.Duration
    backward: bool
    def __init__(self, kind: _Optional[_Union[FaultKind, str]] = ..., match: _Optional[_Union[FaultMatch, _Mapping]] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., backward: bool = ...) -> None: ...
