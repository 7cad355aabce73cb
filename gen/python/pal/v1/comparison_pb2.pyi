import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import equivalence_pb2 as _equivalence_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from pal.v1 import tool_spec_pb2 as _tool_spec_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ComparisonTier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPARISON_TIER_UNSPECIFIED: _ClassVar[ComparisonTier]
    COMPARISON_TIER_STRUCTURE: _ClassVar[ComparisonTier]
    COMPARISON_TIER_EFFECTS: _ClassVar[ComparisonTier]
    COMPARISON_TIER_VALUES: _ClassVar[ComparisonTier]
    COMPARISON_TIER_ORDER: _ClassVar[ComparisonTier]
    COMPARISON_TIER_TEXT: _ClassVar[ComparisonTier]
    COMPARISON_TIER_SUCCESS: _ClassVar[ComparisonTier]
    COMPARISON_TIER_COST: _ClassVar[ComparisonTier]
    COMPARISON_TIER_LATENCY: _ClassVar[ComparisonTier]

class PairKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAIR_KIND_UNSPECIFIED: _ClassVar[PairKind]
    PAIR_KIND_RUNTIME: _ClassVar[PairKind]
    PAIR_KIND_DRIFT: _ClassVar[PairKind]

class SuccessState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUCCESS_STATE_UNSPECIFIED: _ClassVar[SuccessState]
    SUCCESS_STATE_REACHED: _ClassVar[SuccessState]
    SUCCESS_STATE_MISSED: _ClassVar[SuccessState]

class VerdictOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_OUTCOME_UNSPECIFIED: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_PASS: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_FAIL: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_INCONCLUSIVE: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_NO_DATA: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_VOID: _ClassVar[VerdictOutcome]

class AttributionSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ATTRIBUTION_SOURCE_UNSPECIFIED: _ClassVar[AttributionSource]
    ATTRIBUTION_SOURCE_NONE: _ClassVar[AttributionSource]
    ATTRIBUTION_SOURCE_DRIFT: _ClassVar[AttributionSource]
    ATTRIBUTION_SOURCE_RUNTIME: _ClassVar[AttributionSource]
    ATTRIBUTION_SOURCE_BOTH: _ClassVar[AttributionSource]
COMPARISON_TIER_UNSPECIFIED: ComparisonTier
COMPARISON_TIER_STRUCTURE: ComparisonTier
COMPARISON_TIER_EFFECTS: ComparisonTier
COMPARISON_TIER_VALUES: ComparisonTier
COMPARISON_TIER_ORDER: ComparisonTier
COMPARISON_TIER_TEXT: ComparisonTier
COMPARISON_TIER_SUCCESS: ComparisonTier
COMPARISON_TIER_COST: ComparisonTier
COMPARISON_TIER_LATENCY: ComparisonTier
PAIR_KIND_UNSPECIFIED: PairKind
PAIR_KIND_RUNTIME: PairKind
PAIR_KIND_DRIFT: PairKind
SUCCESS_STATE_UNSPECIFIED: SuccessState
SUCCESS_STATE_REACHED: SuccessState
SUCCESS_STATE_MISSED: SuccessState
VERDICT_OUTCOME_UNSPECIFIED: VerdictOutcome
VERDICT_OUTCOME_PASS: VerdictOutcome
VERDICT_OUTCOME_FAIL: VerdictOutcome
VERDICT_OUTCOME_INCONCLUSIVE: VerdictOutcome
VERDICT_OUTCOME_NO_DATA: VerdictOutcome
VERDICT_OUTCOME_VOID: VerdictOutcome
ATTRIBUTION_SOURCE_UNSPECIFIED: AttributionSource
ATTRIBUTION_SOURCE_NONE: AttributionSource
ATTRIBUTION_SOURCE_DRIFT: AttributionSource
ATTRIBUTION_SOURCE_RUNTIME: AttributionSource
ATTRIBUTION_SOURCE_BOTH: AttributionSource

class Comparison(_message.Message):
    __slots__ = ("a", "b", "pair_kind", "tiers", "findings", "fields", "calls", "remarks", "truncated")
    A_FIELD_NUMBER: _ClassVar[int]
    B_FIELD_NUMBER: _ClassVar[int]
    PAIR_KIND_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    REMARKS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    a: ComparedRun
    b: ComparedRun
    pair_kind: PairKind
    tiers: _containers.RepeatedCompositeFieldContainer[TierDifference]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    fields: _containers.RepeatedCompositeFieldContainer[FieldTally]
    calls: _containers.RepeatedCompositeFieldContainer[AlignedCall]
    remarks: _containers.RepeatedScalarFieldContainer[str]
    truncated: bool
    def __init__(self, a: _Optional[_Union[ComparedRun, _Mapping]] = ..., b: _Optional[_Union[ComparedRun, _Mapping]] = ..., pair_kind: _Optional[_Union[PairKind, str]] = ..., tiers: _Optional[_Iterable[_Union[TierDifference, _Mapping]]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., fields: _Optional[_Iterable[_Union[FieldTally, _Mapping]]] = ..., calls: _Optional[_Iterable[_Union[AlignedCall, _Mapping]]] = ..., remarks: _Optional[_Iterable[str]] = ..., truncated: bool = ...) -> None: ...

class ComparedRun(_message.Message):
    __slots__ = ("run_id", "agent", "mode", "runtime", "runtime_version", "source_run_id", "outcome", "success", "success_by", "events", "models", "model_calls", "tool_calls", "usage", "cost", "price_table", "latency", "accepted_at", "irreversible_tools")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_BY_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    PRICE_TABLE_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    IRREVERSIBLE_TOOLS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    agent: _common_pb2.SpecRef
    mode: _common_pb2.ExecutionMode
    runtime: str
    runtime_version: str
    source_run_id: str
    outcome: _run_event_pb2.RunOutcome
    success: SuccessState
    success_by: str
    events: int
    models: _containers.RepeatedScalarFieldContainer[str]
    model_calls: int
    tool_calls: int
    usage: _common_pb2.TokenUsage
    cost: _common_pb2.Money
    price_table: str
    latency: LatencySplit
    accepted_at: _timestamp_pb2.Timestamp
    irreversible_tools: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., agent: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., runtime: _Optional[str] = ..., runtime_version: _Optional[str] = ..., source_run_id: _Optional[str] = ..., outcome: _Optional[_Union[_run_event_pb2.RunOutcome, str]] = ..., success: _Optional[_Union[SuccessState, str]] = ..., success_by: _Optional[str] = ..., events: _Optional[int] = ..., models: _Optional[_Iterable[str]] = ..., model_calls: _Optional[int] = ..., tool_calls: _Optional[int] = ..., usage: _Optional[_Union[_common_pb2.TokenUsage, _Mapping]] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., price_table: _Optional[str] = ..., latency: _Optional[_Union[LatencySplit, _Mapping]] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., irreversible_tools: _Optional[_Iterable[str]] = ...) -> None: ...

class LatencySplit(_message.Message):
    __slots__ = ("total", "model", "tool", "runtime", "trusted")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    TRUSTED_FIELD_NUMBER: _ClassVar[int]
    total: _duration_pb2.Duration
    model: _duration_pb2.Duration
    tool: _duration_pb2.Duration
    runtime: _duration_pb2.Duration
    trusted: bool
    def __init__(self, total: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., model: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., tool: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., runtime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., trusted: bool = ...) -> None: ...

class TierDifference(_message.Message):
    __slots__ = ("tier", "hard", "soft", "compared")
    TIER_FIELD_NUMBER: _ClassVar[int]
    HARD_FIELD_NUMBER: _ClassVar[int]
    SOFT_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    tier: ComparisonTier
    hard: int
    soft: int
    compared: int
    def __init__(self, tier: _Optional[_Union[ComparisonTier, str]] = ..., hard: _Optional[int] = ..., soft: _Optional[int] = ..., compared: _Optional[int] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("tier", "kind", "hard", "path", "field", "a", "b", "seq_a", "seq_b", "message")
    TIER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HARD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    A_FIELD_NUMBER: _ClassVar[int]
    B_FIELD_NUMBER: _ClassVar[int]
    SEQ_A_FIELD_NUMBER: _ClassVar[int]
    SEQ_B_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    tier: ComparisonTier
    kind: str
    hard: bool
    path: str
    field: str
    a: str
    b: str
    seq_a: int
    seq_b: int
    message: str
    def __init__(self, tier: _Optional[_Union[ComparisonTier, str]] = ..., kind: _Optional[str] = ..., hard: bool = ..., path: _Optional[str] = ..., field: _Optional[str] = ..., a: _Optional[str] = ..., b: _Optional[str] = ..., seq_a: _Optional[int] = ..., seq_b: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class FieldTally(_message.Message):
    __slots__ = ("field", "tier", "compared", "differing")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    DIFFERING_FIELD_NUMBER: _ClassVar[int]
    field: str
    tier: ComparisonTier
    compared: int
    differing: int
    def __init__(self, field: _Optional[str] = ..., tier: _Optional[_Union[ComparisonTier, str]] = ..., compared: _Optional[int] = ..., differing: _Optional[int] = ...) -> None: ...

class AlignedCall(_message.Message):
    __slots__ = ("tool", "effect_class", "seq_a", "seq_b", "arguments_a", "arguments_b", "outcome_a", "outcome_b", "arguments_equal", "results_equal")
    TOOL_FIELD_NUMBER: _ClassVar[int]
    EFFECT_CLASS_FIELD_NUMBER: _ClassVar[int]
    SEQ_A_FIELD_NUMBER: _ClassVar[int]
    SEQ_B_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_A_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_B_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_A_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_B_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_EQUAL_FIELD_NUMBER: _ClassVar[int]
    RESULTS_EQUAL_FIELD_NUMBER: _ClassVar[int]
    tool: str
    effect_class: _tool_spec_pb2.EffectClass
    seq_a: int
    seq_b: int
    arguments_a: str
    arguments_b: str
    outcome_a: _run_event_pb2.ToolCallOutcome
    outcome_b: _run_event_pb2.ToolCallOutcome
    arguments_equal: bool
    results_equal: bool
    def __init__(self, tool: _Optional[str] = ..., effect_class: _Optional[_Union[_tool_spec_pb2.EffectClass, str]] = ..., seq_a: _Optional[int] = ..., seq_b: _Optional[int] = ..., arguments_a: _Optional[str] = ..., arguments_b: _Optional[str] = ..., outcome_a: _Optional[_Union[_run_event_pb2.ToolCallOutcome, str]] = ..., outcome_b: _Optional[_Union[_run_event_pb2.ToolCallOutcome, str]] = ..., arguments_equal: bool = ..., results_equal: bool = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("outcome", "reason", "agent", "baseline", "candidate", "tiers", "coverage", "findings", "judge", "attribution", "terms", "decided_at", "remarks")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    JUDGE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    REMARKS_FIELD_NUMBER: _ClassVar[int]
    outcome: VerdictOutcome
    reason: str
    agent: _common_pb2.SpecRef
    baseline: str
    candidate: str
    tiers: _containers.RepeatedCompositeFieldContainer[TierVerdict]
    coverage: Coverage
    findings: _containers.RepeatedCompositeFieldContainer[TopFinding]
    judge: JudgeRates
    attribution: Attribution
    terms: _equivalence_pb2.ComparisonTerms
    decided_at: _timestamp_pb2.Timestamp
    remarks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, outcome: _Optional[_Union[VerdictOutcome, str]] = ..., reason: _Optional[str] = ..., agent: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., baseline: _Optional[str] = ..., candidate: _Optional[str] = ..., tiers: _Optional[_Iterable[_Union[TierVerdict, _Mapping]]] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[TopFinding, _Mapping]]] = ..., judge: _Optional[_Union[JudgeRates, _Mapping]] = ..., attribution: _Optional[_Union[Attribution, _Mapping]] = ..., terms: _Optional[_Union[_equivalence_pb2.ComparisonTerms, _Mapping]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., remarks: _Optional[_Iterable[str]] = ...) -> None: ...

class TierVerdict(_message.Message):
    __slots__ = ("tier", "outcome", "deciding", "estimate_ppm", "lower_ppm", "upper_ppm", "confidence_ppm", "pairs", "minimum_detectable_ppm", "abort_evidence_ppm", "promote_evidence_ppm", "margin_ppm", "reason")
    TIER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    DECIDING_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_PPM_FIELD_NUMBER: _ClassVar[int]
    LOWER_PPM_FIELD_NUMBER: _ClassVar[int]
    UPPER_PPM_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_PPM_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_DETECTABLE_PPM_FIELD_NUMBER: _ClassVar[int]
    ABORT_EVIDENCE_PPM_FIELD_NUMBER: _ClassVar[int]
    PROMOTE_EVIDENCE_PPM_FIELD_NUMBER: _ClassVar[int]
    MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    tier: ComparisonTier
    outcome: VerdictOutcome
    deciding: bool
    estimate_ppm: int
    lower_ppm: int
    upper_ppm: int
    confidence_ppm: int
    pairs: int
    minimum_detectable_ppm: int
    abort_evidence_ppm: int
    promote_evidence_ppm: int
    margin_ppm: int
    reason: str
    def __init__(self, tier: _Optional[_Union[ComparisonTier, str]] = ..., outcome: _Optional[_Union[VerdictOutcome, str]] = ..., deciding: bool = ..., estimate_ppm: _Optional[int] = ..., lower_ppm: _Optional[int] = ..., upper_ppm: _Optional[int] = ..., confidence_ppm: _Optional[int] = ..., pairs: _Optional[int] = ..., minimum_detectable_ppm: _Optional[int] = ..., abort_evidence_ppm: _Optional[int] = ..., promote_evidence_ppm: _Optional[int] = ..., margin_ppm: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("eligible", "compared", "losses", "share_ppm")
    ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    SHARE_PPM_FIELD_NUMBER: _ClassVar[int]
    eligible: int
    compared: int
    losses: _containers.RepeatedCompositeFieldContainer[Loss]
    share_ppm: int
    def __init__(self, eligible: _Optional[int] = ..., compared: _Optional[int] = ..., losses: _Optional[_Iterable[_Union[Loss, _Mapping]]] = ..., share_ppm: _Optional[int] = ...) -> None: ...

class Loss(_message.Message):
    __slots__ = ("reason", "pairs")
    REASON_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    reason: str
    pairs: int
    def __init__(self, reason: _Optional[str] = ..., pairs: _Optional[int] = ...) -> None: ...

class TopFinding(_message.Message):
    __slots__ = ("finding", "pairs", "pairs_compared", "drift_pairs", "drift_compared", "examples")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_COMPARED_FIELD_NUMBER: _ClassVar[int]
    DRIFT_PAIRS_FIELD_NUMBER: _ClassVar[int]
    DRIFT_COMPARED_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    finding: Finding
    pairs: int
    pairs_compared: int
    drift_pairs: int
    drift_compared: int
    examples: _containers.RepeatedCompositeFieldContainer[RunPair]
    def __init__(self, finding: _Optional[_Union[Finding, _Mapping]] = ..., pairs: _Optional[int] = ..., pairs_compared: _Optional[int] = ..., drift_pairs: _Optional[int] = ..., drift_compared: _Optional[int] = ..., examples: _Optional[_Iterable[_Union[RunPair, _Mapping]]] = ...) -> None: ...

class RunPair(_message.Message):
    __slots__ = ("run_a", "run_b", "events")
    RUN_A_FIELD_NUMBER: _ClassVar[int]
    RUN_B_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    run_a: str
    run_b: str
    events: int
    def __init__(self, run_a: _Optional[str] = ..., run_b: _Optional[str] = ..., events: _Optional[int] = ...) -> None: ...

class JudgeRates(_message.Message):
    __slots__ = ("sound", "problem", "splits", "false_alarms", "defects")
    SOUND_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    SPLITS_FIELD_NUMBER: _ClassVar[int]
    FALSE_ALARMS_FIELD_NUMBER: _ClassVar[int]
    DEFECTS_FIELD_NUMBER: _ClassVar[int]
    sound: bool
    problem: str
    splits: int
    false_alarms: int
    defects: _containers.RepeatedCompositeFieldContainer[DefectRate]
    def __init__(self, sound: bool = ..., problem: _Optional[str] = ..., splits: _Optional[int] = ..., false_alarms: _Optional[int] = ..., defects: _Optional[_Iterable[_Union[DefectRate, _Mapping]]] = ...) -> None: ...

class DefectRate(_message.Message):
    __slots__ = ("defect", "planted", "detected", "required_ppm", "problem")
    DEFECT_FIELD_NUMBER: _ClassVar[int]
    PLANTED_FIELD_NUMBER: _ClassVar[int]
    DETECTED_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_PPM_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    defect: str
    planted: int
    detected: int
    required_ppm: int
    problem: str
    def __init__(self, defect: _Optional[str] = ..., planted: _Optional[int] = ..., detected: _Optional[int] = ..., required_ppm: _Optional[int] = ..., problem: _Optional[str] = ...) -> None: ...

class Attribution(_message.Message):
    __slots__ = ("source", "drift_ppm", "drift_pairs", "runtime_ppm", "runtime_pairs", "explanation")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DRIFT_PPM_FIELD_NUMBER: _ClassVar[int]
    DRIFT_PAIRS_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_PPM_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_PAIRS_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    source: AttributionSource
    drift_ppm: int
    drift_pairs: int
    runtime_ppm: int
    runtime_pairs: int
    explanation: str
    def __init__(self, source: _Optional[_Union[AttributionSource, str]] = ..., drift_ppm: _Optional[int] = ..., drift_pairs: _Optional[int] = ..., runtime_ppm: _Optional[int] = ..., runtime_pairs: _Optional[int] = ..., explanation: _Optional[str] = ...) -> None: ...
