import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_STATE_UNSPECIFIED: _ClassVar[RunState]
    RUN_STATE_PENDING: _ClassVar[RunState]
    RUN_STATE_RUNNING: _ClassVar[RunState]
    RUN_STATE_SUSPENDED: _ClassVar[RunState]
    RUN_STATE_STOPPING: _ClassVar[RunState]
    RUN_STATE_FINISHED: _ClassVar[RunState]
RUN_STATE_UNSPECIFIED: RunState
RUN_STATE_PENDING: RunState
RUN_STATE_RUNNING: RunState
RUN_STATE_SUSPENDED: RunState
RUN_STATE_STOPPING: RunState
RUN_STATE_FINISHED: RunState

class RunLease(_message.Message):
    __slots__ = ("run_id", "epoch", "mode", "expires_at", "token")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    epoch: int
    mode: _common_pb2.ExecutionMode
    expires_at: _timestamp_pb2.Timestamp
    token: str
    def __init__(self, run_id: _Optional[str] = ..., epoch: _Optional[int] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., token: _Optional[str] = ...) -> None: ...

class RunGrant(_message.Message):
    __slots__ = ("accepted", "runtime", "runtime_version", "tool_terms", "traceparent")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOOL_TERMS_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    accepted: _run_event_pb2.RunAccepted
    runtime: str
    runtime_version: str
    tool_terms: _containers.RepeatedCompositeFieldContainer[ToolGrantTerms]
    traceparent: str
    def __init__(self, accepted: _Optional[_Union[_run_event_pb2.RunAccepted, _Mapping]] = ..., runtime: _Optional[str] = ..., runtime_version: _Optional[str] = ..., tool_terms: _Optional[_Iterable[_Union[ToolGrantTerms, _Mapping]]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class ToolGrantTerms(_message.Message):
    __slots__ = ("always_ask", "max_calls")
    ALWAYS_ASK_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_FIELD_NUMBER: _ClassVar[int]
    always_ask: bool
    max_calls: int
    def __init__(self, always_ask: bool = ..., max_calls: _Optional[int] = ...) -> None: ...

class LiveOutput(_message.Message):
    __slots__ = ("run_id", "message_id", "part_index", "offset", "text", "after_seq")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PART_INDEX_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    message_id: str
    part_index: int
    offset: int
    text: str
    after_seq: int
    def __init__(self, run_id: _Optional[str] = ..., message_id: _Optional[str] = ..., part_index: _Optional[int] = ..., offset: _Optional[int] = ..., text: _Optional[str] = ..., after_seq: _Optional[int] = ...) -> None: ...

class WatchProgress(_message.Message):
    __slots__ = ("through_seq", "head_seq")
    THROUGH_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    through_seq: int
    head_seq: int
    def __init__(self, through_seq: _Optional[int] = ..., head_seq: _Optional[int] = ...) -> None: ...

class HistoryGap(_message.Message):
    __slots__ = ("first_seq", "last_seq", "reason")
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    first_seq: int
    last_seq: int
    reason: str
    def __init__(self, first_seq: _Optional[int] = ..., last_seq: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Run(_message.Message):
    __slots__ = ("run_id", "state", "outcome", "head_seq", "agent", "mode", "runtime", "accepted_at", "finished_at", "output", "failure", "usage", "cost", "pending_inputs", "conversation_id", "labels", "runtime_version", "requester", "epoch", "tool_calls", "model_calls", "source_run_id", "attempts", "holder")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    PENDING_INPUTS_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALLS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    state: RunState
    outcome: _run_event_pb2.RunOutcome
    head_seq: int
    agent: _common_pb2.SpecRef
    mode: _common_pb2.ExecutionMode
    runtime: str
    accepted_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    output: _common_pb2.Payload
    failure: _common_pb2.Failure
    usage: _common_pb2.TokenUsage
    cost: _common_pb2.Money
    pending_inputs: _containers.RepeatedCompositeFieldContainer[_run_event_pb2.InputRequested]
    conversation_id: str
    labels: _containers.ScalarMap[str, str]
    runtime_version: str
    requester: _common_pb2.Principal
    epoch: int
    tool_calls: int
    model_calls: int
    source_run_id: str
    attempts: int
    holder: str
    def __init__(self, run_id: _Optional[str] = ..., state: _Optional[_Union[RunState, str]] = ..., outcome: _Optional[_Union[_run_event_pb2.RunOutcome, str]] = ..., head_seq: _Optional[int] = ..., agent: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., runtime: _Optional[str] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., output: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., failure: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ..., usage: _Optional[_Union[_common_pb2.TokenUsage, _Mapping]] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., pending_inputs: _Optional[_Iterable[_Union[_run_event_pb2.InputRequested, _Mapping]]] = ..., conversation_id: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., runtime_version: _Optional[str] = ..., requester: _Optional[_Union[_common_pb2.Principal, _Mapping]] = ..., epoch: _Optional[int] = ..., tool_calls: _Optional[int] = ..., model_calls: _Optional[int] = ..., source_run_id: _Optional[str] = ..., attempts: _Optional[int] = ..., holder: _Optional[str] = ...) -> None: ...

class RunQuery(_message.Message):
    __slots__ = ("page_size", "page_token", "states", "agent_name", "conversation_id", "labels", "accepted_from", "runtime", "accepted_before", "outcomes", "mode", "source_run_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    AGENT_NAME_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FROM_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[RunState]
    agent_name: str
    conversation_id: str
    labels: _containers.ScalarMap[str, str]
    accepted_from: _timestamp_pb2.Timestamp
    runtime: str
    accepted_before: _timestamp_pb2.Timestamp
    outcomes: _containers.RepeatedScalarFieldContainer[_run_event_pb2.RunOutcome]
    mode: _common_pb2.ExecutionMode
    source_run_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[RunState, str]]] = ..., agent_name: _Optional[str] = ..., conversation_id: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., accepted_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., runtime: _Optional[str] = ..., accepted_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcomes: _Optional[_Iterable[_Union[_run_event_pb2.RunOutcome, str]]] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., source_run_id: _Optional[str] = ...) -> None: ...
