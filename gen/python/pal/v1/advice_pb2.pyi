import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AdviceVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADVICE_VERDICT_UNSPECIFIED: _ClassVar[AdviceVerdict]
    ADVICE_VERDICT_MAY_STAY: _ClassVar[AdviceVerdict]
    ADVICE_VERDICT_WATCH: _ClassVar[AdviceVerdict]
    ADVICE_VERDICT_PREPARE: _ClassVar[AdviceVerdict]
    ADVICE_VERDICT_MUST_MIGRATE: _ClassVar[AdviceVerdict]

class AdviceEvidenceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADVICE_EVIDENCE_STATE_UNSPECIFIED: _ClassVar[AdviceEvidenceState]
    ADVICE_EVIDENCE_STATE_KNOWN: _ClassVar[AdviceEvidenceState]
    ADVICE_EVIDENCE_STATE_EXPIRED: _ClassVar[AdviceEvidenceState]
    ADVICE_EVIDENCE_STATE_UNKNOWN: _ClassVar[AdviceEvidenceState]
ADVICE_VERDICT_UNSPECIFIED: AdviceVerdict
ADVICE_VERDICT_MAY_STAY: AdviceVerdict
ADVICE_VERDICT_WATCH: AdviceVerdict
ADVICE_VERDICT_PREPARE: AdviceVerdict
ADVICE_VERDICT_MUST_MIGRATE: AdviceVerdict
ADVICE_EVIDENCE_STATE_UNSPECIFIED: AdviceEvidenceState
ADVICE_EVIDENCE_STATE_KNOWN: AdviceEvidenceState
ADVICE_EVIDENCE_STATE_EXPIRED: AdviceEvidenceState
ADVICE_EVIDENCE_STATE_UNKNOWN: AdviceEvidenceState

class AdviceRules(_message.Message):
    __slots__ = ("api_version", "kind", "metadata", "spec")
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    api_version: str
    kind: str
    metadata: _common_pb2.SpecMeta
    spec: AdviceRulesSpec
    def __init__(self, api_version: _Optional[str] = ..., kind: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.SpecMeta, _Mapping]] = ..., spec: _Optional[_Union[AdviceRulesSpec, _Mapping]] = ...) -> None: ...

class AdviceRulesSpec(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[AdviceRule]
    def __init__(self, rules: _Optional[_Iterable[_Union[AdviceRule, _Mapping]]] = ...) -> None: ...

class AdviceRule(_message.Message):
    __slots__ = ("rule", "valid_days", "conditions")
    RULE_FIELD_NUMBER: _ClassVar[int]
    VALID_DAYS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    rule: str
    valid_days: int
    conditions: _containers.RepeatedCompositeFieldContainer[AdviceCondition]
    def __init__(self, rule: _Optional[str] = ..., valid_days: _Optional[int] = ..., conditions: _Optional[_Iterable[_Union[AdviceCondition, _Mapping]]] = ...) -> None: ...

class AdviceCondition(_message.Message):
    __slots__ = ("when", "then", "because")
    WHEN_FIELD_NUMBER: _ClassVar[int]
    THEN_FIELD_NUMBER: _ClassVar[int]
    BECAUSE_FIELD_NUMBER: _ClassVar[int]
    when: _containers.RepeatedCompositeFieldContainer[AdviceBound]
    then: AdviceVerdict
    because: str
    def __init__(self, when: _Optional[_Iterable[_Union[AdviceBound, _Mapping]]] = ..., then: _Optional[_Union[AdviceVerdict, str]] = ..., because: _Optional[str] = ...) -> None: ...

class AdviceBound(_message.Message):
    __slots__ = ("measure", "at_least", "at_most")
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    measure: str
    at_least: float
    at_most: float
    def __init__(self, measure: _Optional[str] = ..., at_least: _Optional[float] = ..., at_most: _Optional[float] = ...) -> None: ...

class AdviceEvidence(_message.Message):
    __slots__ = ("measure", "value", "detail", "source", "observed_at", "expires_at", "state")
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    measure: str
    value: float
    detail: str
    source: str
    observed_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    state: AdviceEvidenceState
    def __init__(self, measure: _Optional[str] = ..., value: _Optional[float] = ..., detail: _Optional[str] = ..., source: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[AdviceEvidenceState, str]] = ...) -> None: ...

class AdviceShift(_message.Message):
    __slots__ = ("measure", "value", "wanted", "text", "beyond")
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    BEYOND_FIELD_NUMBER: _ClassVar[int]
    measure: str
    value: float
    wanted: float
    text: str
    beyond: bool
    def __init__(self, measure: _Optional[str] = ..., value: _Optional[float] = ..., wanted: _Optional[float] = ..., text: _Optional[str] = ..., beyond: bool = ...) -> None: ...

class AdviceChange(_message.Message):
    __slots__ = ("verdict", "shifts")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    verdict: AdviceVerdict
    shifts: _containers.RepeatedCompositeFieldContainer[AdviceShift]
    def __init__(self, verdict: _Optional[_Union[AdviceVerdict, str]] = ..., shifts: _Optional[_Iterable[_Union[AdviceShift, _Mapping]]] = ...) -> None: ...

class AdviceFinding(_message.Message):
    __slots__ = ("rule", "verdict", "reason", "measures", "contradictory", "milder", "severer")
    RULE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    CONTRADICTORY_FIELD_NUMBER: _ClassVar[int]
    MILDER_FIELD_NUMBER: _ClassVar[int]
    SEVERER_FIELD_NUMBER: _ClassVar[int]
    rule: str
    verdict: AdviceVerdict
    reason: str
    measures: _containers.RepeatedScalarFieldContainer[str]
    contradictory: _containers.RepeatedScalarFieldContainer[str]
    milder: AdviceChange
    severer: AdviceChange
    def __init__(self, rule: _Optional[str] = ..., verdict: _Optional[_Union[AdviceVerdict, str]] = ..., reason: _Optional[str] = ..., measures: _Optional[_Iterable[str]] = ..., contradictory: _Optional[_Iterable[str]] = ..., milder: _Optional[_Union[AdviceChange, _Mapping]] = ..., severer: _Optional[_Union[AdviceChange, _Mapping]] = ...) -> None: ...

class Advice(_message.Message):
    __slots__ = ("runtime", "version", "verdict", "reason", "decided_at", "expires_at", "rules", "findings", "evidence", "milder", "severer")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    MILDER_FIELD_NUMBER: _ClassVar[int]
    SEVERER_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    version: str
    verdict: AdviceVerdict
    reason: str
    decided_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    rules: _common_pb2.SpecRef
    findings: _containers.RepeatedCompositeFieldContainer[AdviceFinding]
    evidence: _containers.RepeatedCompositeFieldContainer[AdviceEvidence]
    milder: AdviceChange
    severer: AdviceChange
    def __init__(self, runtime: _Optional[str] = ..., version: _Optional[str] = ..., verdict: _Optional[_Union[AdviceVerdict, str]] = ..., reason: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rules: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[AdviceFinding, _Mapping]]] = ..., evidence: _Optional[_Iterable[_Union[AdviceEvidence, _Mapping]]] = ..., milder: _Optional[_Union[AdviceChange, _Mapping]] = ..., severer: _Optional[_Union[AdviceChange, _Mapping]] = ...) -> None: ...
