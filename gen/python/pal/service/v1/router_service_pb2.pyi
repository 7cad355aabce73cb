import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.service.v1 import shared_pb2 as _shared_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BreakerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKER_STATE_UNSPECIFIED: _ClassVar[BreakerState]
    BREAKER_STATE_CLOSED: _ClassVar[BreakerState]
    BREAKER_STATE_OPEN: _ClassVar[BreakerState]
    BREAKER_STATE_HALF_OPEN: _ClassVar[BreakerState]
BREAKER_STATE_UNSPECIFIED: BreakerState
BREAKER_STATE_CLOSED: BreakerState
BREAKER_STATE_OPEN: BreakerState
BREAKER_STATE_HALF_OPEN: BreakerState

class RunRequest(_message.Message):
    __slots__ = ("request_id", "agent", "input", "conversation_id", "limits", "pinned_runtime", "labels", "stop_on_disconnect", "drill_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    PINNED_RUNTIME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    STOP_ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agent: _common_pb2.SpecSelector
    input: _common_pb2.Payload
    conversation_id: str
    limits: _common_pb2.RunLimits
    pinned_runtime: str
    labels: _containers.ScalarMap[str, str]
    stop_on_disconnect: bool
    drill_id: str
    def __init__(self, request_id: _Optional[str] = ..., agent: _Optional[_Union[_common_pb2.SpecSelector, _Mapping]] = ..., input: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., conversation_id: _Optional[str] = ..., limits: _Optional[_Union[_common_pb2.RunLimits, _Mapping]] = ..., pinned_runtime: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., stop_on_disconnect: bool = ..., drill_id: _Optional[str] = ...) -> None: ...

class RunResponse(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[RunStreamFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[RunStreamFrame, _Mapping]]] = ...) -> None: ...

class GetRunRequest(_message.Message):
    __slots__ = ("run_id", "at_least_seq")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    at_least_seq: int
    def __init__(self, run_id: _Optional[str] = ..., at_least_seq: _Optional[int] = ...) -> None: ...

class GetRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _shared_pb2.Run
    def __init__(self, run: _Optional[_Union[_shared_pb2.Run, _Mapping]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("query",)
    QUERY_FIELD_NUMBER: _ClassVar[int]
    query: _shared_pb2.RunQuery
    def __init__(self, query: _Optional[_Union[_shared_pb2.RunQuery, _Mapping]] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[_shared_pb2.Run]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[_shared_pb2.Run, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("run_id", "after_seq", "follow", "live_output", "type_prefixes")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    LIVE_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    TYPE_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    after_seq: int
    follow: bool
    live_output: bool
    type_prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., after_seq: _Optional[int] = ..., follow: bool = ..., live_output: bool = ..., type_prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[RunStreamFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[RunStreamFrame, _Mapping]]] = ...) -> None: ...

class RunStreamFrame(_message.Message):
    __slots__ = ("event", "live_output", "progress", "gap")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    LIVE_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    event: _run_event_pb2.RunEvent
    live_output: _shared_pb2.LiveOutput
    progress: _shared_pb2.WatchProgress
    gap: _shared_pb2.HistoryGap
    def __init__(self, event: _Optional[_Union[_run_event_pb2.RunEvent, _Mapping]] = ..., live_output: _Optional[_Union[_shared_pb2.LiveOutput, _Mapping]] = ..., progress: _Optional[_Union[_shared_pb2.WatchProgress, _Mapping]] = ..., gap: _Optional[_Union[_shared_pb2.HistoryGap, _Mapping]] = ...) -> None: ...

class AnswerRequest(_message.Message):
    __slots__ = ("run_id", "input_id", "decision", "answer", "request_id")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    input_id: str
    decision: _run_event_pb2.InputDecision
    answer: _common_pb2.Payload
    request_id: str
    def __init__(self, run_id: _Optional[str] = ..., input_id: _Optional[str] = ..., decision: _Optional[_Union[_run_event_pb2.InputDecision, str]] = ..., answer: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class AnswerResponse(_message.Message):
    __slots__ = ("seq", "superseded")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_FIELD_NUMBER: _ClassVar[int]
    seq: int
    superseded: bool
    def __init__(self, seq: _Optional[int] = ..., superseded: bool = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("run_id", "reason", "graceful", "request_id")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRACEFUL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    reason: str
    graceful: bool
    request_id: str
    def __init__(self, run_id: _Optional[str] = ..., reason: _Optional[str] = ..., graceful: bool = ..., request_id: _Optional[str] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _shared_pb2.Run
    def __init__(self, run: _Optional[_Union[_shared_pb2.Run, _Mapping]] = ...) -> None: ...

class ListInputsRequest(_message.Message):
    __slots__ = ("run_id", "page_size", "page_token")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    page_size: int
    page_token: str
    def __init__(self, run_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListInputsResponse(_message.Message):
    __slots__ = ("inputs", "next_page_token")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedCompositeFieldContainer[PendingInput]
    next_page_token: str
    def __init__(self, inputs: _Optional[_Iterable[_Union[PendingInput, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PendingInput(_message.Message):
    __slots__ = ("run_id", "agent", "input", "asked_at", "tool_call")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    ASKED_AT_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    agent: _common_pb2.SpecRef
    input: _run_event_pb2.InputRequested
    asked_at: _timestamp_pb2.Timestamp
    tool_call: _run_event_pb2.ToolCallRequested
    def __init__(self, run_id: _Optional[str] = ..., agent: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., input: _Optional[_Union[_run_event_pb2.InputRequested, _Mapping]] = ..., asked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tool_call: _Optional[_Union[_run_event_pb2.ToolCallRequested, _Mapping]] = ...) -> None: ...

class ReplayRequest(_message.Message):
    __slots__ = ("source_run_id", "pinned_runtime", "fidelity", "request_id", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SOURCE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PINNED_RUNTIME_FIELD_NUMBER: _ClassVar[int]
    FIDELITY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    source_run_id: str
    pinned_runtime: str
    fidelity: _run_event_pb2.ReplayFidelity
    request_id: str
    labels: _containers.ScalarMap[str, str]
    def __init__(self, source_run_id: _Optional[str] = ..., pinned_runtime: _Optional[str] = ..., fidelity: _Optional[_Union[_run_event_pb2.ReplayFidelity, str]] = ..., request_id: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ReplayResponse(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[RunStreamFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[RunStreamFrame, _Mapping]]] = ...) -> None: ...

class ShadowRequest(_message.Message):
    __slots__ = ("source_run_id", "pinned_runtime", "request_id", "labels", "limits")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SOURCE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PINNED_RUNTIME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    source_run_id: str
    pinned_runtime: str
    request_id: str
    labels: _containers.ScalarMap[str, str]
    limits: _common_pb2.RunLimits
    def __init__(self, source_run_id: _Optional[str] = ..., pinned_runtime: _Optional[str] = ..., request_id: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., limits: _Optional[_Union[_common_pb2.RunLimits, _Mapping]] = ...) -> None: ...

class ShadowResponse(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[RunStreamFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[RunStreamFrame, _Mapping]]] = ...) -> None: ...

class PlanRouteRequest(_message.Message):
    __slots__ = ("agent", "requester", "labels", "affinity_key")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AGENT_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_KEY_FIELD_NUMBER: _ClassVar[int]
    agent: _common_pb2.SpecSelector
    requester: _common_pb2.Principal
    labels: _containers.ScalarMap[str, str]
    affinity_key: str
    def __init__(self, agent: _Optional[_Union[_common_pb2.SpecSelector, _Mapping]] = ..., requester: _Optional[_Union[_common_pb2.Principal, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., affinity_key: _Optional[str] = ...) -> None: ...

class PlanRouteResponse(_message.Message):
    __slots__ = ("agent", "primary", "ineligible", "route_revision")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    INELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    ROUTE_REVISION_FIELD_NUMBER: _ClassVar[int]
    agent: _common_pb2.SpecRef
    primary: RouteChoice
    ineligible: _containers.RepeatedCompositeFieldContainer[IneligibleRuntime]
    route_revision: int
    def __init__(self, agent: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., primary: _Optional[_Union[RouteChoice, _Mapping]] = ..., ineligible: _Optional[_Iterable[_Union[IneligibleRuntime, _Mapping]]] = ..., route_revision: _Optional[int] = ...) -> None: ...

class RouteChoice(_message.Message):
    __slots__ = ("runtime", "runtime_version", "adapter_endpoint", "reason", "rule")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    runtime_version: str
    adapter_endpoint: str
    reason: str
    rule: str
    def __init__(self, runtime: _Optional[str] = ..., runtime_version: _Optional[str] = ..., adapter_endpoint: _Optional[str] = ..., reason: _Optional[str] = ..., rule: _Optional[str] = ...) -> None: ...

class IneligibleRuntime(_message.Message):
    __slots__ = ("runtime", "missing", "reason")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    missing: _containers.RepeatedScalarFieldContainer[str]
    reason: str
    def __init__(self, runtime: _Optional[str] = ..., missing: _Optional[_Iterable[str]] = ..., reason: _Optional[str] = ...) -> None: ...

class Breaker(_message.Message):
    __slots__ = ("agent", "runtime", "state", "attempts", "failures", "cause", "retry_after")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    agent: str
    runtime: str
    state: BreakerState
    attempts: int
    failures: int
    cause: str
    retry_after: _duration_pb2.Duration
    def __init__(self, agent: _Optional[str] = ..., runtime: _Optional[str] = ..., state: _Optional[_Union[BreakerState, str]] = ..., attempts: _Optional[int] = ..., failures: _Optional[int] = ..., cause: _Optional[str] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ListBreakersRequest(_message.Message):
    __slots__ = ("agent",)
    AGENT_FIELD_NUMBER: _ClassVar[int]
    agent: str
    def __init__(self, agent: _Optional[str] = ...) -> None: ...

class ListBreakersResponse(_message.Message):
    __slots__ = ("breakers",)
    BREAKERS_FIELD_NUMBER: _ClassVar[int]
    breakers: _containers.RepeatedCompositeFieldContainer[Breaker]
    def __init__(self, breakers: _Optional[_Iterable[_Union[Breaker, _Mapping]]] = ...) -> None: ...
