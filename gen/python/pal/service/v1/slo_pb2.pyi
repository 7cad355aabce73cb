import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SloStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SLO_STATUS_UNSPECIFIED: _ClassVar[SloStatus]
    SLO_STATUS_MET: _ClassVar[SloStatus]
    SLO_STATUS_MISSED: _ClassVar[SloStatus]
    SLO_STATUS_NO_DATA: _ClassVar[SloStatus]
SLO_STATUS_UNSPECIFIED: SloStatus
SLO_STATUS_MET: SloStatus
SLO_STATUS_MISSED: SloStatus
SLO_STATUS_NO_DATA: SloStatus

class DurationHistogram(_message.Message):
    __slots__ = ("buckets", "counts")
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedScalarFieldContainer[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, buckets: _Optional[_Iterable[int]] = ..., counts: _Optional[_Iterable[int]] = ...) -> None: ...

class SloRollup(_message.Message):
    __slots__ = ("outcomes", "failures", "latency", "first_output", "overhead", "priced_runs", "cost_nanos", "currency_code", "complete_runs", "repeated_runs")
    class OutcomesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    class FailuresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    FIRST_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    OVERHEAD_FIELD_NUMBER: _ClassVar[int]
    PRICED_RUNS_FIELD_NUMBER: _ClassVar[int]
    COST_NANOS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_RUNS_FIELD_NUMBER: _ClassVar[int]
    REPEATED_RUNS_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.ScalarMap[int, int]
    failures: _containers.ScalarMap[str, int]
    latency: DurationHistogram
    first_output: DurationHistogram
    overhead: DurationHistogram
    priced_runs: int
    cost_nanos: int
    currency_code: str
    complete_runs: int
    repeated_runs: int
    def __init__(self, outcomes: _Optional[_Mapping[int, int]] = ..., failures: _Optional[_Mapping[str, int]] = ..., latency: _Optional[_Union[DurationHistogram, _Mapping]] = ..., first_output: _Optional[_Union[DurationHistogram, _Mapping]] = ..., overhead: _Optional[_Union[DurationHistogram, _Mapping]] = ..., priced_runs: _Optional[int] = ..., cost_nanos: _Optional[int] = ..., currency_code: _Optional[str] = ..., complete_runs: _Optional[int] = ..., repeated_runs: _Optional[int] = ...) -> None: ...

class BurnRate(_message.Message):
    __slots__ = ("window", "runs", "rate")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    window: _duration_pb2.Duration
    runs: int
    rate: float
    def __init__(self, window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., runs: _Optional[int] = ..., rate: _Optional[float] = ...) -> None: ...

class SloReport(_message.Message):
    __slots__ = ("agent", "runtime", "mode", "totals", "counted", "success", "success_lower", "latency", "first_output", "overhead", "cost_per_success", "completeness", "budget_left", "burn_rates", "status")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_LOWER_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    FIRST_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    OVERHEAD_FIELD_NUMBER: _ClassVar[int]
    COST_PER_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    COMPLETENESS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_LEFT_FIELD_NUMBER: _ClassVar[int]
    BURN_RATES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    agent: str
    runtime: str
    mode: _common_pb2.ExecutionMode
    totals: SloRollup
    counted: int
    success: float
    success_lower: float
    latency: _containers.RepeatedCompositeFieldContainer[_duration_pb2.Duration]
    first_output: _containers.RepeatedCompositeFieldContainer[_duration_pb2.Duration]
    overhead: _containers.RepeatedCompositeFieldContainer[_duration_pb2.Duration]
    cost_per_success: _common_pb2.Money
    completeness: float
    budget_left: float
    burn_rates: _containers.RepeatedCompositeFieldContainer[BurnRate]
    status: SloStatus
    def __init__(self, agent: _Optional[str] = ..., runtime: _Optional[str] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., totals: _Optional[_Union[SloRollup, _Mapping]] = ..., counted: _Optional[int] = ..., success: _Optional[float] = ..., success_lower: _Optional[float] = ..., latency: _Optional[_Iterable[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]]] = ..., first_output: _Optional[_Iterable[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]]] = ..., overhead: _Optional[_Iterable[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]]] = ..., cost_per_success: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., completeness: _Optional[float] = ..., budget_left: _Optional[float] = ..., burn_rates: _Optional[_Iterable[_Union[BurnRate, _Mapping]]] = ..., status: _Optional[_Union[SloStatus, str]] = ...) -> None: ...

class AgentClass(_message.Message):
    __slots__ = ("name", "agents")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    agents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., agents: _Optional[_Iterable[str]] = ...) -> None: ...

class GetSloRequest(_message.Message):
    __slots__ = ("agent", "runtime", "mode", "window", "objective", "least_runs", "classes")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    LEAST_RUNS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    agent: str
    runtime: str
    mode: _common_pb2.ExecutionMode
    window: _duration_pb2.Duration
    objective: float
    least_runs: int
    classes: _containers.RepeatedCompositeFieldContainer[AgentClass]
    def __init__(self, agent: _Optional[str] = ..., runtime: _Optional[str] = ..., mode: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., objective: _Optional[float] = ..., least_runs: _Optional[int] = ..., classes: _Optional[_Iterable[_Union[AgentClass, _Mapping]]] = ...) -> None: ...

class GetSloResponse(_message.Message):
    __slots__ = ("reports", "since", "objective", "events_behind")
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_BEHIND_FIELD_NUMBER: _ClassVar[int]
    reports: _containers.RepeatedCompositeFieldContainer[SloReport]
    since: _timestamp_pb2.Timestamp
    objective: float
    events_behind: int
    def __init__(self, reports: _Optional[_Iterable[_Union[SloReport, _Mapping]]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., objective: _Optional[float] = ..., events_behind: _Optional[int] = ...) -> None: ...
