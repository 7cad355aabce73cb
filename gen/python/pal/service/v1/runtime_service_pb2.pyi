import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from pal.service.v1 import llm_provider_service_pb2 as _llm_provider_service_pb2
from pal.service.v1 import shared_pb2 as _shared_pb2
from pal.v1 import agent_spec_pb2 as _agent_spec_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from pal.v1 import runtime_capability_pb2 as _runtime_capability_pb2
from pal.v1 import tool_spec_pb2 as _tool_spec_pb2
from pal.v1 import trace_span_pb2 as _trace_span_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ("agent", "tools")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    agent: _agent_spec_pb2.AgentSpec
    tools: _containers.RepeatedCompositeFieldContainer[_tool_spec_pb2.ToolSpec]
    def __init__(self, agent: _Optional[_Union[_agent_spec_pb2.AgentSpec, _Mapping]] = ..., tools: _Optional[_Iterable[_Union[_tool_spec_pb2.ToolSpec, _Mapping]]] = ...) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("capability", "installed_version", "active_runs", "problems", "contract_level")
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    INSTALLED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_RUNS_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    capability: _runtime_capability_pb2.RuntimeCapability
    installed_version: str
    active_runs: int
    problems: _containers.RepeatedCompositeFieldContainer[AgentProblem]
    contract_level: int
    def __init__(self, capability: _Optional[_Union[_runtime_capability_pb2.RuntimeCapability, _Mapping]] = ..., installed_version: _Optional[str] = ..., active_runs: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[AgentProblem, _Mapping]]] = ..., contract_level: _Optional[int] = ...) -> None: ...

class AgentProblem(_message.Message):
    __slots__ = ("field", "reason", "message")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    field: str
    reason: str
    message: str
    def __init__(self, field: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class RuntimeServiceRunRequest(_message.Message):
    __slots__ = ("lease", "agent", "tools", "input", "limits", "traceparent", "conversation")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    lease: _shared_pb2.RunLease
    agent: _agent_spec_pb2.AgentSpec
    tools: _containers.RepeatedCompositeFieldContainer[_tool_spec_pb2.ToolSpec]
    input: _common_pb2.Payload
    limits: _common_pb2.RunLimits
    traceparent: str
    conversation: _containers.RepeatedCompositeFieldContainer[_llm_provider_service_pb2.ModelMessage]
    def __init__(self, lease: _Optional[_Union[_shared_pb2.RunLease, _Mapping]] = ..., agent: _Optional[_Union[_agent_spec_pb2.AgentSpec, _Mapping]] = ..., tools: _Optional[_Iterable[_Union[_tool_spec_pb2.ToolSpec, _Mapping]]] = ..., input: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., limits: _Optional[_Union[_common_pb2.RunLimits, _Mapping]] = ..., traceparent: _Optional[str] = ..., conversation: _Optional[_Iterable[_Union[_llm_provider_service_pb2.ModelMessage, _Mapping]]] = ...) -> None: ...

class RuntimeServiceRunResponse(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[RunFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[RunFrame, _Mapping]]] = ...) -> None: ...

class RunFrame(_message.Message):
    __slots__ = ("event", "live_output", "span", "pulse", "result")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    LIVE_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    PULSE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    event: _run_event_pb2.RunEvent
    live_output: _shared_pb2.LiveOutput
    span: _trace_span_pb2.TraceSpan
    pulse: RuntimePulse
    result: RuntimeResult
    def __init__(self, event: _Optional[_Union[_run_event_pb2.RunEvent, _Mapping]] = ..., live_output: _Optional[_Union[_shared_pb2.LiveOutput, _Mapping]] = ..., span: _Optional[_Union[_trace_span_pb2.TraceSpan, _Mapping]] = ..., pulse: _Optional[_Union[RuntimePulse, _Mapping]] = ..., result: _Optional[_Union[RuntimeResult, _Mapping]] = ...) -> None: ...

class RuntimeResult(_message.Message):
    __slots__ = ("outcome", "output", "failure", "suspended")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    outcome: _run_event_pb2.RunOutcome
    output: _common_pb2.Payload
    failure: _common_pb2.Failure
    suspended: _run_event_pb2.RunSuspended
    def __init__(self, outcome: _Optional[_Union[_run_event_pb2.RunOutcome, str]] = ..., output: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., failure: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ..., suspended: _Optional[_Union[_run_event_pb2.RunSuspended, _Mapping]] = ...) -> None: ...

class RuntimePulse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RuntimeServiceCancelRequest(_message.Message):
    __slots__ = ("lease", "reason", "grace")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    lease: _shared_pb2.RunLease
    reason: str
    grace: _duration_pb2.Duration
    def __init__(self, lease: _Optional[_Union[_shared_pb2.RunLease, _Mapping]] = ..., reason: _Optional[str] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RuntimeServiceCancelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
