import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from pal.service.v1 import shared_pb2 as _shared_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecuteToolRequest(_message.Message):
    __slots__ = ("lease", "call_id", "tool", "arguments", "model_call_id", "traceparent", "stage_id", "may_wait")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MAY_WAIT_FIELD_NUMBER: _ClassVar[int]
    lease: _shared_pb2.RunLease
    call_id: str
    tool: _common_pb2.SpecRef
    arguments: _common_pb2.Payload
    model_call_id: str
    traceparent: str
    stage_id: str
    may_wait: bool
    def __init__(self, lease: _Optional[_Union[_shared_pb2.RunLease, _Mapping]] = ..., call_id: _Optional[str] = ..., tool: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., arguments: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., model_call_id: _Optional[str] = ..., traceparent: _Optional[str] = ..., stage_id: _Optional[str] = ..., may_wait: bool = ...) -> None: ...

class ExecuteToolResponse(_message.Message):
    __slots__ = ("finished", "seq", "result", "waits_for")
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    WAITS_FOR_FIELD_NUMBER: _ClassVar[int]
    finished: _run_event_pb2.ToolCallFinished
    seq: int
    result: _common_pb2.Payload
    waits_for: _run_event_pb2.InputRequested
    def __init__(self, finished: _Optional[_Union[_run_event_pb2.ToolCallFinished, _Mapping]] = ..., seq: _Optional[int] = ..., result: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., waits_for: _Optional[_Union[_run_event_pb2.InputRequested, _Mapping]] = ...) -> None: ...

class GetToolCallRequest(_message.Message):
    __slots__ = ("run_id", "call_id")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    call_id: str
    def __init__(self, run_id: _Optional[str] = ..., call_id: _Optional[str] = ...) -> None: ...

class GetToolCallResponse(_message.Message):
    __slots__ = ("requested", "finished", "open_for")
    REQUESTED_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    OPEN_FOR_FIELD_NUMBER: _ClassVar[int]
    requested: _run_event_pb2.ToolCallRequested
    finished: _run_event_pb2.ToolCallFinished
    open_for: _duration_pb2.Duration
    def __init__(self, requested: _Optional[_Union[_run_event_pb2.ToolCallRequested, _Mapping]] = ..., finished: _Optional[_Union[_run_event_pb2.ToolCallFinished, _Mapping]] = ..., open_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
