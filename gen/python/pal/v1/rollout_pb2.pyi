import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import comparison_pb2 as _comparison_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RolloutFill(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLLOUT_FILL_UNSPECIFIED: _ClassVar[RolloutFill]
    ROLLOUT_FILL_REPLAY: _ClassVar[RolloutFill]
ROLLOUT_FILL_UNSPECIFIED: RolloutFill
ROLLOUT_FILL_REPLAY: RolloutFill

class Rollout(_message.Message):
    __slots__ = ("api_version", "kind", "metadata", "spec")
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    api_version: str
    kind: str
    metadata: _common_pb2.SpecMeta
    spec: RolloutPlan
    def __init__(self, api_version: _Optional[str] = ..., kind: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.SpecMeta, _Mapping]] = ..., spec: _Optional[_Union[RolloutPlan, _Mapping]] = ...) -> None: ...

class RolloutPlan(_message.Message):
    __slots__ = ("candidate", "waves", "abort", "lane")
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    WAVES_FIELD_NUMBER: _ClassVar[int]
    ABORT_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    candidate: str
    waves: _containers.RepeatedCompositeFieldContainer[RolloutWave]
    abort: RolloutAbort
    lane: _common_pb2.ExecutionMode
    def __init__(self, candidate: _Optional[str] = ..., waves: _Optional[_Iterable[_Union[RolloutWave, _Mapping]]] = ..., abort: _Optional[_Union[RolloutAbort, _Mapping]] = ..., lane: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ...) -> None: ...

class RolloutWave(_message.Message):
    __slots__ = ("name", "labels", "steps")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    name: str
    labels: _containers.ScalarMap[str, str]
    steps: _containers.RepeatedCompositeFieldContainer[RolloutStep]
    def __init__(self, name: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., steps: _Optional[_Iterable[_Union[RolloutStep, _Mapping]]] = ...) -> None: ...

class RolloutStep(_message.Message):
    __slots__ = ("name", "weight", "shadow", "gates", "pause")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    name: str
    weight: float
    shadow: RolloutShadow
    gates: RolloutGates
    pause: bool
    def __init__(self, name: _Optional[str] = ..., weight: _Optional[float] = ..., shadow: _Optional[_Union[RolloutShadow, _Mapping]] = ..., gates: _Optional[_Union[RolloutGates, _Mapping]] = ..., pause: bool = ...) -> None: ...

class RolloutShadow(_message.Message):
    __slots__ = ("sample", "max_runs_per_day")
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    MAX_RUNS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    sample: float
    max_runs_per_day: int
    def __init__(self, sample: _Optional[float] = ..., max_runs_per_day: _Optional[int] = ...) -> None: ...

class RolloutGates(_message.Message):
    __slots__ = ("verdict", "min_runs", "min_time", "slo", "certificate", "approval", "fill")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    MIN_RUNS_FIELD_NUMBER: _ClassVar[int]
    MIN_TIME_FIELD_NUMBER: _ClassVar[int]
    SLO_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    verdict: _comparison_pb2.VerdictOutcome
    min_runs: int
    min_time: _duration_pb2.Duration
    slo: _containers.RepeatedCompositeFieldContainer[RolloutObjective]
    certificate: RolloutCertificate
    approval: bool
    fill: RolloutFill
    def __init__(self, verdict: _Optional[_Union[_comparison_pb2.VerdictOutcome, str]] = ..., min_runs: _Optional[int] = ..., min_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., slo: _Optional[_Iterable[_Union[RolloutObjective, _Mapping]]] = ..., certificate: _Optional[_Union[RolloutCertificate, _Mapping]] = ..., approval: bool = ..., fill: _Optional[_Union[RolloutFill, str]] = ...) -> None: ...

class RolloutObjective(_message.Message):
    __slots__ = ("metric", "at_least", "at_most", "min_runs", "window")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    MIN_RUNS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    metric: str
    at_least: float
    at_most: float
    min_runs: int
    window: _duration_pb2.Duration
    def __init__(self, metric: _Optional[str] = ..., at_least: _Optional[float] = ..., at_most: _Optional[float] = ..., min_runs: _Optional[int] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RolloutCertificate(_message.Message):
    __slots__ = ("plan", "max_age")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    MAX_AGE_FIELD_NUMBER: _ClassVar[int]
    plan: str
    max_age: _duration_pb2.Duration
    def __init__(self, plan: _Optional[str] = ..., max_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RolloutAbort(_message.Message):
    __slots__ = ("hard_finding", "verdict", "breaker", "adapter", "adapter_grace", "sample_ratio", "burn", "budget")
    HARD_FINDING_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_GRACE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATIO_FIELD_NUMBER: _ClassVar[int]
    BURN_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    hard_finding: bool
    verdict: bool
    breaker: bool
    adapter: bool
    adapter_grace: _duration_pb2.Duration
    sample_ratio: bool
    burn: RolloutBurn
    budget: _common_pb2.Money
    def __init__(self, hard_finding: bool = ..., verdict: bool = ..., breaker: bool = ..., adapter: bool = ..., adapter_grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., sample_ratio: bool = ..., burn: _Optional[_Union[RolloutBurn, _Mapping]] = ..., budget: _Optional[_Union[_common_pb2.Money, _Mapping]] = ...) -> None: ...

class RolloutBurn(_message.Message):
    __slots__ = ("off", "rate", "objective", "min_runs")
    OFF_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    MIN_RUNS_FIELD_NUMBER: _ClassVar[int]
    off: bool
    rate: float
    objective: float
    min_runs: int
    def __init__(self, off: bool = ..., rate: _Optional[float] = ..., objective: _Optional[float] = ..., min_runs: _Optional[int] = ...) -> None: ...
