import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from pal.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QuotaScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTA_SCOPE_UNSPECIFIED: _ClassVar[QuotaScope]
    QUOTA_SCOPE_TENANT: _ClassVar[QuotaScope]
    QUOTA_SCOPE_AGENT: _ClassVar[QuotaScope]
    QUOTA_SCOPE_RUNTIME: _ClassVar[QuotaScope]

class QuotaMeasure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTA_MEASURE_UNSPECIFIED: _ClassVar[QuotaMeasure]
    QUOTA_MEASURE_RUNS: _ClassVar[QuotaMeasure]
    QUOTA_MEASURE_TOKENS: _ClassVar[QuotaMeasure]
    QUOTA_MEASURE_COST: _ClassVar[QuotaMeasure]
    QUOTA_MEASURE_TOOL_CALLS: _ClassVar[QuotaMeasure]
    QUOTA_MEASURE_CONCURRENT_RUNS: _ClassVar[QuotaMeasure]
QUOTA_SCOPE_UNSPECIFIED: QuotaScope
QUOTA_SCOPE_TENANT: QuotaScope
QUOTA_SCOPE_AGENT: QuotaScope
QUOTA_SCOPE_RUNTIME: QuotaScope
QUOTA_MEASURE_UNSPECIFIED: QuotaMeasure
QUOTA_MEASURE_RUNS: QuotaMeasure
QUOTA_MEASURE_TOKENS: QuotaMeasure
QUOTA_MEASURE_COST: QuotaMeasure
QUOTA_MEASURE_TOOL_CALLS: QuotaMeasure
QUOTA_MEASURE_CONCURRENT_RUNS: QuotaMeasure

class Quota(_message.Message):
    __slots__ = ("api_version", "kind", "metadata", "spec")
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    api_version: str
    kind: str
    metadata: _common_pb2.SpecMeta
    spec: QuotaTerms
    def __init__(self, api_version: _Optional[str] = ..., kind: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.SpecMeta, _Mapping]] = ..., spec: _Optional[_Union[QuotaTerms, _Mapping]] = ...) -> None: ...

class QuotaTerms(_message.Message):
    __slots__ = ("match", "per", "pools", "limits", "concurrent_runs", "weight")
    MATCH_FIELD_NUMBER: _ClassVar[int]
    PER_FIELD_NUMBER: _ClassVar[int]
    POOLS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_RUNS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    match: QuotaMatch
    per: _containers.RepeatedScalarFieldContainer[QuotaScope]
    pools: _containers.RepeatedScalarFieldContainer[_common_pb2.ExecutionMode]
    limits: _containers.RepeatedCompositeFieldContainer[QuotaLimit]
    concurrent_runs: int
    weight: int
    def __init__(self, match: _Optional[_Union[QuotaMatch, _Mapping]] = ..., per: _Optional[_Iterable[_Union[QuotaScope, str]]] = ..., pools: _Optional[_Iterable[_Union[_common_pb2.ExecutionMode, str]]] = ..., limits: _Optional[_Iterable[_Union[QuotaLimit, _Mapping]]] = ..., concurrent_runs: _Optional[int] = ..., weight: _Optional[int] = ...) -> None: ...

class QuotaMatch(_message.Message):
    __slots__ = ("tenant", "agent", "runtime")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    agent: str
    runtime: str
    def __init__(self, tenant: _Optional[str] = ..., agent: _Optional[str] = ..., runtime: _Optional[str] = ...) -> None: ...

class QuotaLimit(_message.Message):
    __slots__ = ("window", "runs", "tokens", "cost", "tool_calls")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    window: _duration_pb2.Duration
    runs: int
    tokens: int
    cost: _common_pb2.Money
    tool_calls: int
    def __init__(self, window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., runs: _Optional[int] = ..., tokens: _Optional[int] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., tool_calls: _Optional[int] = ...) -> None: ...
