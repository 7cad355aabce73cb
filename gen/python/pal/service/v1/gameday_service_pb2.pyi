import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from pal.service.v1 import registry_service_pb2 as _registry_service_pb2
from pal.v1 import gameday_pb2 as _gameday_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunGameDayRequest(_message.Message):
    __slots__ = ("plan", "drill_id", "delay")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    plan: _gameday_pb2.GameDay
    drill_id: str
    delay: _duration_pb2.Duration
    def __init__(self, plan: _Optional[_Union[_gameday_pb2.GameDay, _Mapping]] = ..., drill_id: _Optional[str] = ..., delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RunGameDayResponse(_message.Message):
    __slots__ = ("begun", "step", "certificate")
    BEGUN_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    begun: DrillBegun
    step: DrillStep
    certificate: SignedCertificate
    def __init__(self, begun: _Optional[_Union[DrillBegun, _Mapping]] = ..., step: _Optional[_Union[DrillStep, _Mapping]] = ..., certificate: _Optional[_Union[SignedCertificate, _Mapping]] = ...) -> None: ...

class DrillBegun(_message.Message):
    __slots__ = ("drill_id",)
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    drill_id: str
    def __init__(self, drill_id: _Optional[str] = ...) -> None: ...

class DrillStep(_message.Message):
    __slots__ = ("step", "action")
    STEP_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    step: str
    action: str
    def __init__(self, step: _Optional[str] = ..., action: _Optional[str] = ...) -> None: ...

class SignedCertificate(_message.Message):
    __slots__ = ("file_name", "text", "certificate")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    text: str
    certificate: _gameday_pb2.Certificate
    def __init__(self, file_name: _Optional[str] = ..., text: _Optional[str] = ..., certificate: _Optional[_Union[_gameday_pb2.Certificate, _Mapping]] = ...) -> None: ...

class StopGameDayRequest(_message.Message):
    __slots__ = ("drill_id",)
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    drill_id: str
    def __init__(self, drill_id: _Optional[str] = ...) -> None: ...

class StopGameDayResponse(_message.Message):
    __slots__ = ("stopped",)
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    stopped: bool
    def __init__(self, stopped: bool = ...) -> None: ...

class CheckGameDayRequest(_message.Message):
    __slots__ = ("text", "source")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    text: str
    source: str
    def __init__(self, text: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...

class CheckGameDayResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _gameday_pb2.GameDay
    def __init__(self, plan: _Optional[_Union[_gameday_pb2.GameDay, _Mapping]] = ...) -> None: ...

class ListCertificatesRequest(_message.Message):
    __slots__ = ("plan", "page_size", "page_token")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    plan: str
    page_size: int
    page_token: str
    def __init__(self, plan: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCertificatesResponse(_message.Message):
    __slots__ = ("certificates", "next_page_token")
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    certificates: _containers.RepeatedCompositeFieldContainer[_gameday_pb2.Certificate]
    next_page_token: str
    def __init__(self, certificates: _Optional[_Iterable[_Union[_gameday_pb2.Certificate, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetCertificateRequest(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class GetCertificateResponse(_message.Message):
    __slots__ = ("certificate",)
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    certificate: SignedCertificate
    def __init__(self, certificate: _Optional[_Union[SignedCertificate, _Mapping]] = ...) -> None: ...

class VerifyCertificateRequest(_message.Message):
    __slots__ = ("number", "text")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    number: int
    text: str
    def __init__(self, number: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class VerifyCertificateResponse(_message.Message):
    __slots__ = ("problems", "stated")
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    STATED_FIELD_NUMBER: _ClassVar[int]
    problems: _containers.RepeatedScalarFieldContainer[str]
    stated: _gameday_pb2.Certificate
    def __init__(self, problems: _Optional[_Iterable[str]] = ..., stated: _Optional[_Union[_gameday_pb2.Certificate, _Mapping]] = ...) -> None: ...

class UnfinishedDrill(_message.Message):
    __slots__ = ("drill_id", "plan", "route", "paused", "over")
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    OVER_FIELD_NUMBER: _ClassVar[int]
    drill_id: str
    plan: _gameday_pb2.GameDay
    route: _registry_service_pb2.Route
    paused: _containers.RepeatedCompositeFieldContainer[PausedProcess]
    over: bool
    def __init__(self, drill_id: _Optional[str] = ..., plan: _Optional[_Union[_gameday_pb2.GameDay, _Mapping]] = ..., route: _Optional[_Union[_registry_service_pb2.Route, _Mapping]] = ..., paused: _Optional[_Iterable[_Union[PausedProcess, _Mapping]]] = ..., over: bool = ...) -> None: ...

class PausedProcess(_message.Message):
    __slots__ = ("name", "pid")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    name: str
    pid: int
    def __init__(self, name: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...
