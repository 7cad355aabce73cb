import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import fault_pb2 as _fault_pb2
from pal.v1 import policy_spec_pb2 as _policy_spec_pb2
from pal.v1 import tool_spec_pb2 as _tool_spec_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReplayFidelity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLAY_FIDELITY_UNSPECIFIED: _ClassVar[ReplayFidelity]
    REPLAY_FIDELITY_ORDERED: _ClassVar[ReplayFidelity]
    REPLAY_FIDELITY_KEYED: _ClassVar[ReplayFidelity]
    REPLAY_FIDELITY_LIVE_MODEL: _ClassVar[ReplayFidelity]

class MatchKey(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MATCH_KEY_UNSPECIFIED: _ClassVar[MatchKey]
    MATCH_KEY_BYTES: _ClassVar[MatchKey]
    MATCH_KEY_CANONICAL: _ClassVar[MatchKey]
    MATCH_KEY_CONTENT: _ClassVar[MatchKey]
    MATCH_KEY_DECISION_POINT: _ClassVar[MatchKey]
    MATCH_KEY_ORDER: _ClassVar[MatchKey]

class SuspendReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUSPEND_REASON_UNSPECIFIED: _ClassVar[SuspendReason]
    SUSPEND_REASON_INPUT: _ClassVar[SuspendReason]

class RunOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_OUTCOME_UNSPECIFIED: _ClassVar[RunOutcome]
    RUN_OUTCOME_SUCCEEDED: _ClassVar[RunOutcome]
    RUN_OUTCOME_FAILED: _ClassVar[RunOutcome]
    RUN_OUTCOME_CANCELLED: _ClassVar[RunOutcome]
    RUN_OUTCOME_REJECTED: _ClassVar[RunOutcome]
    RUN_OUTCOME_LIMITED: _ClassVar[RunOutcome]

class MessageRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSAGE_ROLE_UNSPECIFIED: _ClassVar[MessageRole]
    MESSAGE_ROLE_USER: _ClassVar[MessageRole]
    MESSAGE_ROLE_AGENT: _ClassVar[MessageRole]
    MESSAGE_ROLE_PLATFORM: _ClassVar[MessageRole]

class ModelStopReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STOP_REASON_UNSPECIFIED: _ClassVar[ModelStopReason]
    MODEL_STOP_REASON_COMPLETE: _ClassVar[ModelStopReason]
    MODEL_STOP_REASON_TOOL_CALLS: _ClassVar[ModelStopReason]
    MODEL_STOP_REASON_LENGTH: _ClassVar[ModelStopReason]
    MODEL_STOP_REASON_FILTERED: _ClassVar[ModelStopReason]
    MODEL_STOP_REASON_REFUSED: _ClassVar[ModelStopReason]
    MODEL_STOP_REASON_CANCELLED: _ClassVar[ModelStopReason]

class CallDisposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_DISPOSITION_UNSPECIFIED: _ClassVar[CallDisposition]
    CALL_DISPOSITION_EXECUTED: _ClassVar[CallDisposition]
    CALL_DISPOSITION_REPLAYED: _ClassVar[CallDisposition]
    CALL_DISPOSITION_SIMULATED: _ClassVar[CallDisposition]
    CALL_DISPOSITION_SUPPRESSED: _ClassVar[CallDisposition]

class ToolCallOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOOL_CALL_OUTCOME_UNSPECIFIED: _ClassVar[ToolCallOutcome]
    TOOL_CALL_OUTCOME_SUCCEEDED: _ClassVar[ToolCallOutcome]
    TOOL_CALL_OUTCOME_FAILED: _ClassVar[ToolCallOutcome]
    TOOL_CALL_OUTCOME_DENIED: _ClassVar[ToolCallOutcome]
    TOOL_CALL_OUTCOME_UNKNOWN: _ClassVar[ToolCallOutcome]
    TOOL_CALL_OUTCOME_SUPPRESSED: _ClassVar[ToolCallOutcome]
    TOOL_CALL_OUTCOME_CANCELLED: _ClassVar[ToolCallOutcome]

class InputKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INPUT_KIND_UNSPECIFIED: _ClassVar[InputKind]
    INPUT_KIND_APPROVAL: _ClassVar[InputKind]
    INPUT_KIND_QUESTION: _ClassVar[InputKind]
    INPUT_KIND_CHOICE: _ClassVar[InputKind]
    INPUT_KIND_AUTHORIZATION: _ClassVar[InputKind]

class InputDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INPUT_DECISION_UNSPECIFIED: _ClassVar[InputDecision]
    INPUT_DECISION_ACCEPTED: _ClassVar[InputDecision]
    INPUT_DECISION_DECLINED: _ClassVar[InputDecision]
    INPUT_DECISION_AMENDED: _ClassVar[InputDecision]
REPLAY_FIDELITY_UNSPECIFIED: ReplayFidelity
REPLAY_FIDELITY_ORDERED: ReplayFidelity
REPLAY_FIDELITY_KEYED: ReplayFidelity
REPLAY_FIDELITY_LIVE_MODEL: ReplayFidelity
MATCH_KEY_UNSPECIFIED: MatchKey
MATCH_KEY_BYTES: MatchKey
MATCH_KEY_CANONICAL: MatchKey
MATCH_KEY_CONTENT: MatchKey
MATCH_KEY_DECISION_POINT: MatchKey
MATCH_KEY_ORDER: MatchKey
SUSPEND_REASON_UNSPECIFIED: SuspendReason
SUSPEND_REASON_INPUT: SuspendReason
RUN_OUTCOME_UNSPECIFIED: RunOutcome
RUN_OUTCOME_SUCCEEDED: RunOutcome
RUN_OUTCOME_FAILED: RunOutcome
RUN_OUTCOME_CANCELLED: RunOutcome
RUN_OUTCOME_REJECTED: RunOutcome
RUN_OUTCOME_LIMITED: RunOutcome
MESSAGE_ROLE_UNSPECIFIED: MessageRole
MESSAGE_ROLE_USER: MessageRole
MESSAGE_ROLE_AGENT: MessageRole
MESSAGE_ROLE_PLATFORM: MessageRole
MODEL_STOP_REASON_UNSPECIFIED: ModelStopReason
MODEL_STOP_REASON_COMPLETE: ModelStopReason
MODEL_STOP_REASON_TOOL_CALLS: ModelStopReason
MODEL_STOP_REASON_LENGTH: ModelStopReason
MODEL_STOP_REASON_FILTERED: ModelStopReason
MODEL_STOP_REASON_REFUSED: ModelStopReason
MODEL_STOP_REASON_CANCELLED: ModelStopReason
CALL_DISPOSITION_UNSPECIFIED: CallDisposition
CALL_DISPOSITION_EXECUTED: CallDisposition
CALL_DISPOSITION_REPLAYED: CallDisposition
CALL_DISPOSITION_SIMULATED: CallDisposition
CALL_DISPOSITION_SUPPRESSED: CallDisposition
TOOL_CALL_OUTCOME_UNSPECIFIED: ToolCallOutcome
TOOL_CALL_OUTCOME_SUCCEEDED: ToolCallOutcome
TOOL_CALL_OUTCOME_FAILED: ToolCallOutcome
TOOL_CALL_OUTCOME_DENIED: ToolCallOutcome
TOOL_CALL_OUTCOME_UNKNOWN: ToolCallOutcome
TOOL_CALL_OUTCOME_SUPPRESSED: ToolCallOutcome
TOOL_CALL_OUTCOME_CANCELLED: ToolCallOutcome
INPUT_KIND_UNSPECIFIED: InputKind
INPUT_KIND_APPROVAL: InputKind
INPUT_KIND_QUESTION: InputKind
INPUT_KIND_CHOICE: InputKind
INPUT_KIND_AUTHORIZATION: InputKind
INPUT_DECISION_UNSPECIFIED: InputDecision
INPUT_DECISION_ACCEPTED: InputDecision
INPUT_DECISION_DECLINED: InputDecision
INPUT_DECISION_AMENDED: InputDecision

class RunEvent(_message.Message):
    __slots__ = ("run_id", "seq", "event_id", "type", "mode", "occurred_at", "recorded_at", "producer", "lease_epoch", "advisory", "traceparent", "stage_id", "run_accepted", "run_routed", "run_started", "run_suspended", "run_resumed", "run_stop_requested", "run_finished", "run_limit_reached", "stage_started", "stage_finished", "message_added", "artifact_added", "message_withheld", "model_call_started", "model_call_finished", "tool_call_requested", "tool_call_dispatched", "tool_call_finished", "input_requested", "input_received", "input_expired", "policy_decided", "replay_diverged", "note_added", "fault_injected")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    LEASE_EPOCH_FIELD_NUMBER: _ClassVar[int]
    ADVISORY_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    RUN_ROUTED_FIELD_NUMBER: _ClassVar[int]
    RUN_STARTED_FIELD_NUMBER: _ClassVar[int]
    RUN_SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    RUN_RESUMED_FIELD_NUMBER: _ClassVar[int]
    RUN_STOP_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    RUN_FINISHED_FIELD_NUMBER: _ClassVar[int]
    RUN_LIMIT_REACHED_FIELD_NUMBER: _ClassVar[int]
    STAGE_STARTED_FIELD_NUMBER: _ClassVar[int]
    STAGE_FINISHED_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ADDED_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_ADDED_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_WITHHELD_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALL_STARTED_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALL_FINISHED_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_DISPATCHED_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_FINISHED_FIELD_NUMBER: _ClassVar[int]
    INPUT_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    INPUT_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    INPUT_EXPIRED_FIELD_NUMBER: _ClassVar[int]
    POLICY_DECIDED_FIELD_NUMBER: _ClassVar[int]
    REPLAY_DIVERGED_FIELD_NUMBER: _ClassVar[int]
    NOTE_ADDED_FIELD_NUMBER: _ClassVar[int]
    FAULT_INJECTED_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    seq: int
    event_id: str
    type: str
    mode: _common_pb2.ExecutionMode
    occurred_at: _timestamp_pb2.Timestamp
    recorded_at: _timestamp_pb2.Timestamp
    producer: ProducerStamp
    lease_epoch: int
    advisory: bool
    traceparent: str
    stage_id: str
    run_accepted: RunAccepted
    run_routed: RunRouted
    run_started: RunStarted
    run_suspended: RunSuspended
    run_resumed: RunResumed
    run_stop_requested: RunStopRequested
    run_finished: RunFinished
    run_limit_reached: RunLimitReached
    stage_started: StageStarted
    stage_finished: StageFinished
    message_added: MessageAdded
    artifact_added: ArtifactAdded
    message_withheld: MessageWithheld
    model_call_started: ModelCallStarted
    model_call_finished: ModelCallFinished
    tool_call_requested: ToolCallRequested
    tool_call_dispatched: ToolCallDispatched
    tool_call_finished: ToolCallFinished
    input_requested: InputRequested
    input_received: InputReceived
    input_expired: InputExpired
    policy_decided: PolicyDecided
    replay_diverged: ReplayDiverged
    note_added: NoteAdded
    fault_injected: FaultInjected
    def __init__(self, run_id: _Optional[str] = ..., seq: _Optional[int] = ..., event_id: _Optional[str] = ..., type: _Optional[str] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., producer: _Optional[_Union[ProducerStamp, _Mapping]] = ..., lease_epoch: _Optional[int] = ..., advisory: bool = ..., traceparent: _Optional[str] = ..., stage_id: _Optional[str] = ..., run_accepted: _Optional[_Union[RunAccepted, _Mapping]] = ..., run_routed: _Optional[_Union[RunRouted, _Mapping]] = ..., run_started: _Optional[_Union[RunStarted, _Mapping]] = ..., run_suspended: _Optional[_Union[RunSuspended, _Mapping]] = ..., run_resumed: _Optional[_Union[RunResumed, _Mapping]] = ..., run_stop_requested: _Optional[_Union[RunStopRequested, _Mapping]] = ..., run_finished: _Optional[_Union[RunFinished, _Mapping]] = ..., run_limit_reached: _Optional[_Union[RunLimitReached, _Mapping]] = ..., stage_started: _Optional[_Union[StageStarted, _Mapping]] = ..., stage_finished: _Optional[_Union[StageFinished, _Mapping]] = ..., message_added: _Optional[_Union[MessageAdded, _Mapping]] = ..., artifact_added: _Optional[_Union[ArtifactAdded, _Mapping]] = ..., message_withheld: _Optional[_Union[MessageWithheld, _Mapping]] = ..., model_call_started: _Optional[_Union[ModelCallStarted, _Mapping]] = ..., model_call_finished: _Optional[_Union[ModelCallFinished, _Mapping]] = ..., tool_call_requested: _Optional[_Union[ToolCallRequested, _Mapping]] = ..., tool_call_dispatched: _Optional[_Union[ToolCallDispatched, _Mapping]] = ..., tool_call_finished: _Optional[_Union[ToolCallFinished, _Mapping]] = ..., input_requested: _Optional[_Union[InputRequested, _Mapping]] = ..., input_received: _Optional[_Union[InputReceived, _Mapping]] = ..., input_expired: _Optional[_Union[InputExpired, _Mapping]] = ..., policy_decided: _Optional[_Union[PolicyDecided, _Mapping]] = ..., replay_diverged: _Optional[_Union[ReplayDiverged, _Mapping]] = ..., note_added: _Optional[_Union[NoteAdded, _Mapping]] = ..., fault_injected: _Optional[_Union[FaultInjected, _Mapping]] = ...) -> None: ...

class ProducerStamp(_message.Message):
    __slots__ = ("component", "instance_id")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    component: str
    instance_id: str
    def __init__(self, component: _Optional[str] = ..., instance_id: _Optional[str] = ...) -> None: ...

class RunAccepted(_message.Message):
    __slots__ = ("agent", "tools", "policies", "input", "limits", "requester", "request_id", "request_digest", "conversation_id", "source_run_id", "deadline", "labels", "fidelity", "drill_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AGENT_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    FIDELITY_FIELD_NUMBER: _ClassVar[int]
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    agent: _common_pb2.SpecRef
    tools: _containers.RepeatedCompositeFieldContainer[_common_pb2.SpecRef]
    policies: _containers.RepeatedCompositeFieldContainer[_common_pb2.SpecRef]
    input: _common_pb2.Payload
    limits: _common_pb2.RunLimits
    requester: _common_pb2.Principal
    request_id: str
    request_digest: str
    conversation_id: str
    source_run_id: str
    deadline: _timestamp_pb2.Timestamp
    labels: _containers.ScalarMap[str, str]
    fidelity: ReplayFidelity
    drill_id: str
    def __init__(self, agent: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., tools: _Optional[_Iterable[_Union[_common_pb2.SpecRef, _Mapping]]] = ..., policies: _Optional[_Iterable[_Union[_common_pb2.SpecRef, _Mapping]]] = ..., input: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., limits: _Optional[_Union[_common_pb2.RunLimits, _Mapping]] = ..., requester: _Optional[_Union[_common_pb2.Principal, _Mapping]] = ..., request_id: _Optional[str] = ..., request_digest: _Optional[str] = ..., conversation_id: _Optional[str] = ..., source_run_id: _Optional[str] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., fidelity: _Optional[_Union[ReplayFidelity, str]] = ..., drill_id: _Optional[str] = ...) -> None: ...

class RunRouted(_message.Message):
    __slots__ = ("runtime", "runtime_version", "adapter_version", "rule_id", "reason", "rejected", "attempt", "route_revision", "considered")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ROUTE_REVISION_FIELD_NUMBER: _ClassVar[int]
    CONSIDERED_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    runtime_version: str
    adapter_version: str
    rule_id: str
    reason: str
    rejected: _containers.RepeatedCompositeFieldContainer[RejectedRuntime]
    attempt: int
    route_revision: int
    considered: _containers.RepeatedCompositeFieldContainer[ConsideredRuntime]
    def __init__(self, runtime: _Optional[str] = ..., runtime_version: _Optional[str] = ..., adapter_version: _Optional[str] = ..., rule_id: _Optional[str] = ..., reason: _Optional[str] = ..., rejected: _Optional[_Iterable[_Union[RejectedRuntime, _Mapping]]] = ..., attempt: _Optional[int] = ..., route_revision: _Optional[int] = ..., considered: _Optional[_Iterable[_Union[ConsideredRuntime, _Mapping]]] = ...) -> None: ...

class ConsideredRuntime(_message.Message):
    __slots__ = ("runtime", "runs", "success_lower", "cost_per_success", "latency_p95", "verdict")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_LOWER_FIELD_NUMBER: _ClassVar[int]
    COST_PER_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P95_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    runs: int
    success_lower: float
    cost_per_success: _common_pb2.Money
    latency_p95: _duration_pb2.Duration
    verdict: str
    def __init__(self, runtime: _Optional[str] = ..., runs: _Optional[int] = ..., success_lower: _Optional[float] = ..., cost_per_success: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., latency_p95: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., verdict: _Optional[str] = ...) -> None: ...

class RejectedRuntime(_message.Message):
    __slots__ = ("runtime", "reason")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    reason: str
    def __init__(self, runtime: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RunStarted(_message.Message):
    __slots__ = ("attempt", "continued_after_seq")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    CONTINUED_AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    attempt: int
    continued_after_seq: int
    def __init__(self, attempt: _Optional[int] = ..., continued_after_seq: _Optional[int] = ...) -> None: ...

class RunSuspended(_message.Message):
    __slots__ = ("reason", "input_ids")
    REASON_FIELD_NUMBER: _ClassVar[int]
    INPUT_IDS_FIELD_NUMBER: _ClassVar[int]
    reason: SuspendReason
    input_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, reason: _Optional[_Union[SuspendReason, str]] = ..., input_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RunResumed(_message.Message):
    __slots__ = ("because_of",)
    BECAUSE_OF_FIELD_NUMBER: _ClassVar[int]
    because_of: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, because_of: _Optional[_Iterable[str]] = ...) -> None: ...

class RunStopRequested(_message.Message):
    __slots__ = ("requester", "reason", "graceful")
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRACEFUL_FIELD_NUMBER: _ClassVar[int]
    requester: _common_pb2.Principal
    reason: str
    graceful: bool
    def __init__(self, requester: _Optional[_Union[_common_pb2.Principal, _Mapping]] = ..., reason: _Optional[str] = ..., graceful: bool = ...) -> None: ...

class RunFinished(_message.Message):
    __slots__ = ("outcome", "output", "failure", "usage", "cost", "unresolved_call_ids", "replay_claim")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    UNRESOLVED_CALL_IDS_FIELD_NUMBER: _ClassVar[int]
    REPLAY_CLAIM_FIELD_NUMBER: _ClassVar[int]
    outcome: RunOutcome
    output: _common_pb2.Payload
    failure: _common_pb2.Failure
    usage: _common_pb2.TokenUsage
    cost: _common_pb2.Money
    unresolved_call_ids: _containers.RepeatedScalarFieldContainer[str]
    replay_claim: ReplayClaim
    def __init__(self, outcome: _Optional[_Union[RunOutcome, str]] = ..., output: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., failure: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ..., usage: _Optional[_Union[_common_pb2.TokenUsage, _Mapping]] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., unresolved_call_ids: _Optional[_Iterable[str]] = ..., replay_claim: _Optional[_Union[ReplayClaim, _Mapping]] = ...) -> None: ...

class ReplayClaim(_message.Message):
    __slots__ = ("fidelity", "loosest_model_match", "model_hits", "tool_hits", "misses", "unused")
    FIDELITY_FIELD_NUMBER: _ClassVar[int]
    LOOSEST_MODEL_MATCH_FIELD_NUMBER: _ClassVar[int]
    MODEL_HITS_FIELD_NUMBER: _ClassVar[int]
    TOOL_HITS_FIELD_NUMBER: _ClassVar[int]
    MISSES_FIELD_NUMBER: _ClassVar[int]
    UNUSED_FIELD_NUMBER: _ClassVar[int]
    fidelity: ReplayFidelity
    loosest_model_match: MatchKey
    model_hits: int
    tool_hits: int
    misses: int
    unused: int
    def __init__(self, fidelity: _Optional[_Union[ReplayFidelity, str]] = ..., loosest_model_match: _Optional[_Union[MatchKey, str]] = ..., model_hits: _Optional[int] = ..., tool_hits: _Optional[int] = ..., misses: _Optional[int] = ..., unused: _Optional[int] = ...) -> None: ...

class RunLimitReached(_message.Message):
    __slots__ = ("limit", "observed", "allowed", "policy", "quota", "pool", "retry_after", "asked")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    limit: str
    observed: int
    allowed: int
    policy: _common_pb2.SpecRef
    quota: str
    pool: str
    retry_after: _duration_pb2.Duration
    asked: int
    def __init__(self, limit: _Optional[str] = ..., observed: _Optional[int] = ..., allowed: _Optional[int] = ..., policy: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., quota: _Optional[str] = ..., pool: _Optional[str] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., asked: _Optional[int] = ...) -> None: ...

class StageStarted(_message.Message):
    __slots__ = ("attempt",)
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    attempt: int
    def __init__(self, attempt: _Optional[int] = ...) -> None: ...

class StageFinished(_message.Message):
    __slots__ = ("outcome", "output", "failure")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    outcome: RunOutcome
    output: _common_pb2.Payload
    failure: _common_pb2.Failure
    def __init__(self, outcome: _Optional[_Union[RunOutcome, str]] = ..., output: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., failure: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ...) -> None: ...

class MessageAdded(_message.Message):
    __slots__ = ("message_id", "role", "parts", "model_call_id")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    role: MessageRole
    parts: _containers.RepeatedCompositeFieldContainer[_common_pb2.Payload]
    model_call_id: str
    def __init__(self, message_id: _Optional[str] = ..., role: _Optional[_Union[MessageRole, str]] = ..., parts: _Optional[_Iterable[_Union[_common_pb2.Payload, _Mapping]]] = ..., model_call_id: _Optional[str] = ...) -> None: ...

class MessageWithheld(_message.Message):
    __slots__ = ("conversation_id", "withheld_runs", "withheld_messages", "kept_messages", "rule")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_RUNS_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    KEPT_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    withheld_runs: int
    withheld_messages: int
    kept_messages: int
    rule: str
    def __init__(self, conversation_id: _Optional[str] = ..., withheld_runs: _Optional[int] = ..., withheld_messages: _Optional[int] = ..., kept_messages: _Optional[int] = ..., rule: _Optional[str] = ...) -> None: ...

class ArtifactAdded(_message.Message):
    __slots__ = ("artifact_id", "title", "content")
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    artifact_id: str
    title: str
    content: _common_pb2.Payload
    def __init__(self, artifact_id: _Optional[str] = ..., title: _Optional[str] = ..., content: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ...) -> None: ...

class ModelCallStarted(_message.Message):
    __slots__ = ("call_id", "profile", "provider", "model", "request_digest", "request", "attempt")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    profile: str
    provider: str
    model: str
    request_digest: str
    request: _common_pb2.Payload
    attempt: int
    def __init__(self, call_id: _Optional[str] = ..., profile: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., request_digest: _Optional[str] = ..., request: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., attempt: _Optional[int] = ...) -> None: ...

class ModelCallFinished(_message.Message):
    __slots__ = ("call_id", "response", "stop_reason", "usage", "cost", "model", "price_list", "failure", "replayed_from_seq", "matched_by")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    STOP_REASON_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PRICE_LIST_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FROM_SEQ_FIELD_NUMBER: _ClassVar[int]
    MATCHED_BY_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    response: _common_pb2.Payload
    stop_reason: ModelStopReason
    usage: _common_pb2.TokenUsage
    cost: _common_pb2.Money
    model: str
    price_list: str
    failure: _common_pb2.Failure
    replayed_from_seq: int
    matched_by: MatchKey
    def __init__(self, call_id: _Optional[str] = ..., response: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., stop_reason: _Optional[_Union[ModelStopReason, str]] = ..., usage: _Optional[_Union[_common_pb2.TokenUsage, _Mapping]] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., model: _Optional[str] = ..., price_list: _Optional[str] = ..., failure: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ..., replayed_from_seq: _Optional[int] = ..., matched_by: _Optional[_Union[MatchKey, str]] = ...) -> None: ...

class ToolCallRequested(_message.Message):
    __slots__ = ("call_id", "tool", "arguments", "arguments_digest", "idempotency_key", "effect_class", "model_call_id")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    EFFECT_CLASS_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    tool: _common_pb2.SpecRef
    arguments: _common_pb2.Payload
    arguments_digest: str
    idempotency_key: str
    effect_class: _tool_spec_pb2.EffectClass
    model_call_id: str
    def __init__(self, call_id: _Optional[str] = ..., tool: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., arguments: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., arguments_digest: _Optional[str] = ..., idempotency_key: _Optional[str] = ..., effect_class: _Optional[_Union[_tool_spec_pb2.EffectClass, str]] = ..., model_call_id: _Optional[str] = ...) -> None: ...

class ToolCallDispatched(_message.Message):
    __slots__ = ("call_id", "attempt", "disposition", "recorded_result")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    RECORDED_RESULT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    attempt: int
    disposition: CallDisposition
    recorded_result: RecordedResult
    def __init__(self, call_id: _Optional[str] = ..., attempt: _Optional[int] = ..., disposition: _Optional[_Union[CallDisposition, str]] = ..., recorded_result: _Optional[_Union[RecordedResult, _Mapping]] = ...) -> None: ...

class RecordedResult(_message.Message):
    __slots__ = ("run_id", "seq")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    seq: int
    def __init__(self, run_id: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class ToolCallFinished(_message.Message):
    __slots__ = ("call_id", "outcome", "disposition", "result", "failure", "attempts", "intended_input")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    INTENDED_INPUT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    outcome: ToolCallOutcome
    disposition: CallDisposition
    result: _common_pb2.Payload
    failure: _common_pb2.Failure
    attempts: int
    intended_input: IntendedInput
    def __init__(self, call_id: _Optional[str] = ..., outcome: _Optional[_Union[ToolCallOutcome, str]] = ..., disposition: _Optional[_Union[CallDisposition, str]] = ..., result: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., failure: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ..., attempts: _Optional[int] = ..., intended_input: _Optional[_Union[IntendedInput, _Mapping]] = ...) -> None: ...

class IntendedInput(_message.Message):
    __slots__ = ("request", "answer", "recorded")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    request: InputRequested
    answer: InputReceived
    recorded: RecordedResult
    def __init__(self, request: _Optional[_Union[InputRequested, _Mapping]] = ..., answer: _Optional[_Union[InputReceived, _Mapping]] = ..., recorded: _Optional[_Union[RecordedResult, _Mapping]] = ...) -> None: ...

class InputRequested(_message.Message):
    __slots__ = ("input_id", "kind", "prompt", "answer_schema", "choices", "tool_call_id", "expires_at", "answerable_by")
    INPUT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    ANSWERABLE_BY_FIELD_NUMBER: _ClassVar[int]
    input_id: str
    kind: InputKind
    prompt: _common_pb2.Payload
    answer_schema: _common_pb2.JsonSchema
    choices: _containers.RepeatedScalarFieldContainer[str]
    tool_call_id: str
    expires_at: _timestamp_pb2.Timestamp
    answerable_by: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, input_id: _Optional[str] = ..., kind: _Optional[_Union[InputKind, str]] = ..., prompt: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., answer_schema: _Optional[_Union[_common_pb2.JsonSchema, _Mapping]] = ..., choices: _Optional[_Iterable[str]] = ..., tool_call_id: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answerable_by: _Optional[_Iterable[str]] = ...) -> None: ...

class InputReceived(_message.Message):
    __slots__ = ("input_id", "decision", "answer", "responder")
    INPUT_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    RESPONDER_FIELD_NUMBER: _ClassVar[int]
    input_id: str
    decision: InputDecision
    answer: _common_pb2.Payload
    responder: _common_pb2.Principal
    def __init__(self, input_id: _Optional[str] = ..., decision: _Optional[_Union[InputDecision, str]] = ..., answer: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., responder: _Optional[_Union[_common_pb2.Principal, _Mapping]] = ...) -> None: ...

class InputExpired(_message.Message):
    __slots__ = ("input_id",)
    INPUT_ID_FIELD_NUMBER: _ClassVar[int]
    input_id: str
    def __init__(self, input_id: _Optional[str] = ...) -> None: ...

class PolicyDecided(_message.Message):
    __slots__ = ("decision", "tool_call_id")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    decision: _policy_spec_pb2.PolicyDecision
    tool_call_id: str
    def __init__(self, decision: _Optional[_Union[_policy_spec_pb2.PolicyDecision, _Mapping]] = ..., tool_call_id: _Optional[str] = ...) -> None: ...

class ReplayDiverged(_message.Message):
    __slots__ = ("source_seq", "reason", "expected_digest", "actual_digest", "fatal", "call_id", "message")
    SOURCE_SEQ_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    FATAL_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    source_seq: int
    reason: str
    expected_digest: str
    actual_digest: str
    fatal: bool
    call_id: str
    message: str
    def __init__(self, source_seq: _Optional[int] = ..., reason: _Optional[str] = ..., expected_digest: _Optional[str] = ..., actual_digest: _Optional[str] = ..., fatal: bool = ..., call_id: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class NoteAdded(_message.Message):
    __slots__ = ("name", "text", "detail")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    text: str
    detail: _common_pb2.Payload
    def __init__(self, name: _Optional[str] = ..., text: _Optional[str] = ..., detail: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ...) -> None: ...

class FaultInjected(_message.Message):
    __slots__ = ("drill_id", "fault_id", "kind", "target", "call")
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    FAULT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    drill_id: str
    fault_id: str
    kind: _fault_pb2.FaultKind
    target: str
    call: int
    def __init__(self, drill_id: _Optional[str] = ..., fault_id: _Optional[str] = ..., kind: _Optional[_Union[_fault_pb2.FaultKind, str]] = ..., target: _Optional[str] = ..., call: _Optional[int] = ...) -> None: ...
