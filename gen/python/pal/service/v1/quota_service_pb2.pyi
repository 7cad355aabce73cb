import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import quota_pb2 as _quota_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QuotaKey(_message.Message):
    __slots__ = ("quota", "pool", "tenant", "agent", "runtime")
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    quota: str
    pool: _common_pb2.ExecutionMode
    tenant: str
    agent: str
    runtime: str
    def __init__(self, quota: _Optional[str] = ..., pool: _Optional[_Union[_common_pb2.ExecutionMode, str]] = ..., tenant: _Optional[str] = ..., agent: _Optional[str] = ..., runtime: _Optional[str] = ...) -> None: ...

class QuotaClaim(_message.Message):
    __slots__ = ("key", "limits", "concurrent_runs")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_RUNS_FIELD_NUMBER: _ClassVar[int]
    key: QuotaKey
    limits: _containers.RepeatedCompositeFieldContainer[_quota_pb2.QuotaLimit]
    concurrent_runs: int
    def __init__(self, key: _Optional[_Union[QuotaKey, _Mapping]] = ..., limits: _Optional[_Iterable[_Union[_quota_pb2.QuotaLimit, _Mapping]]] = ..., concurrent_runs: _Optional[int] = ...) -> None: ...

class QuotaAmounts(_message.Message):
    __slots__ = ("runs", "tokens", "cost", "tool_calls", "concurrent_runs")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_RUNS_FIELD_NUMBER: _ClassVar[int]
    runs: int
    tokens: int
    cost: _common_pb2.Money
    tool_calls: int
    concurrent_runs: int
    def __init__(self, runs: _Optional[int] = ..., tokens: _Optional[int] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., tool_calls: _Optional[int] = ..., concurrent_runs: _Optional[int] = ...) -> None: ...

class ReserveRequest(_message.Message):
    __slots__ = ("reservation_id", "claims", "amounts", "ttl", "accepted")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    claims: _containers.RepeatedCompositeFieldContainer[QuotaClaim]
    amounts: QuotaAmounts
    ttl: _duration_pb2.Duration
    accepted: bool
    def __init__(self, reservation_id: _Optional[str] = ..., claims: _Optional[_Iterable[_Union[QuotaClaim, _Mapping]]] = ..., amounts: _Optional[_Union[QuotaAmounts, _Mapping]] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., accepted: bool = ...) -> None: ...

class ReserveResponse(_message.Message):
    __slots__ = ("repeated",)
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    repeated: bool
    def __init__(self, repeated: bool = ...) -> None: ...

class SettleRequest(_message.Message):
    __slots__ = ("settlements",)
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    settlements: _containers.RepeatedCompositeFieldContainer[QuotaSettlement]
    def __init__(self, settlements: _Optional[_Iterable[_Union[QuotaSettlement, _Mapping]]] = ...) -> None: ...

class QuotaSettlement(_message.Message):
    __slots__ = ("reservation_id", "keys", "used", "undone")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    UNDONE_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    keys: _containers.RepeatedCompositeFieldContainer[QuotaKey]
    used: QuotaAmounts
    undone: bool
    def __init__(self, reservation_id: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[QuotaKey, _Mapping]]] = ..., used: _Optional[_Union[QuotaAmounts, _Mapping]] = ..., undone: bool = ...) -> None: ...

class SettleResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QuotaReservation(_message.Message):
    __slots__ = ("reservation_id", "keys")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    keys: _containers.RepeatedCompositeFieldContainer[QuotaKey]
    def __init__(self, reservation_id: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[QuotaKey, _Mapping]]] = ...) -> None: ...

class RenewRequest(_message.Message):
    __slots__ = ("reservations", "ttl")
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    reservations: _containers.RepeatedCompositeFieldContainer[QuotaReservation]
    ttl: _duration_pb2.Duration
    def __init__(self, reservations: _Optional[_Iterable[_Union[QuotaReservation, _Mapping]]] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RenewResponse(_message.Message):
    __slots__ = ("ended",)
    ENDED_FIELD_NUMBER: _ClassVar[int]
    ended: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ended: _Optional[_Iterable[str]] = ...) -> None: ...

class ListUsageRequest(_message.Message):
    __slots__ = ("quota", "page_size", "page_token")
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    quota: str
    page_size: int
    page_token: str
    def __init__(self, quota: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class QuotaUsage(_message.Message):
    __slots__ = ("measure", "window", "used", "reserved", "allowed", "currency_code", "resets_at")
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    measure: _quota_pb2.QuotaMeasure
    window: _duration_pb2.Duration
    used: int
    reserved: int
    allowed: int
    currency_code: str
    resets_at: _timestamp_pb2.Timestamp
    def __init__(self, measure: _Optional[_Union[_quota_pb2.QuotaMeasure, str]] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., used: _Optional[int] = ..., reserved: _Optional[int] = ..., allowed: _Optional[int] = ..., currency_code: _Optional[str] = ..., resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class QuotaCounter(_message.Message):
    __slots__ = ("key", "usage", "refused")
    KEY_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    key: QuotaKey
    usage: _containers.RepeatedCompositeFieldContainer[QuotaUsage]
    refused: int
    def __init__(self, key: _Optional[_Union[QuotaKey, _Mapping]] = ..., usage: _Optional[_Iterable[_Union[QuotaUsage, _Mapping]]] = ..., refused: _Optional[int] = ...) -> None: ...

class ListUsageResponse(_message.Message):
    __slots__ = ("counters", "next_page_token")
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    counters: _containers.RepeatedCompositeFieldContainer[QuotaCounter]
    next_page_token: str
    def __init__(self, counters: _Optional[_Iterable[_Union[QuotaCounter, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class QuotaState(_message.Message):
    __slots__ = ("claim", "windows", "held")
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    claim: QuotaClaim
    windows: _containers.RepeatedCompositeFieldContainer[QuotaWindow]
    held: _containers.RepeatedCompositeFieldContainer[QuotaHeld]
    def __init__(self, claim: _Optional[_Union[QuotaClaim, _Mapping]] = ..., windows: _Optional[_Iterable[_Union[QuotaWindow, _Mapping]]] = ..., held: _Optional[_Iterable[_Union[QuotaHeld, _Mapping]]] = ...) -> None: ...

class QuotaWindow(_message.Message):
    __slots__ = ("measure", "seconds", "began", "used", "currency_code")
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    BEGAN_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    measure: _quota_pb2.QuotaMeasure
    seconds: int
    began: int
    used: int
    currency_code: str
    def __init__(self, measure: _Optional[_Union[_quota_pb2.QuotaMeasure, str]] = ..., seconds: _Optional[int] = ..., began: _Optional[int] = ..., used: _Optional[int] = ..., currency_code: _Optional[str] = ...) -> None: ...

class QuotaHeld(_message.Message):
    __slots__ = ("reservation_id", "amounts", "made_ms", "expires_ms")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    MADE_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    amounts: QuotaAmounts
    made_ms: int
    expires_ms: int
    def __init__(self, reservation_id: _Optional[str] = ..., amounts: _Optional[_Union[QuotaAmounts, _Mapping]] = ..., made_ms: _Optional[int] = ..., expires_ms: _Optional[int] = ...) -> None: ...
