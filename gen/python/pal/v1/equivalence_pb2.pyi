from pal.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgentClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGENT_CLASS_UNSPECIFIED: _ClassVar[AgentClass]
    AGENT_CLASS_ASSISTED: _ClassVar[AgentClass]
    AGENT_CLASS_STANDARD: _ClassVar[AgentClass]
    AGENT_CLASS_CRITICAL: _ClassVar[AgentClass]
AGENT_CLASS_UNSPECIFIED: AgentClass
AGENT_CLASS_ASSISTED: AgentClass
AGENT_CLASS_STANDARD: AgentClass
AGENT_CLASS_CRITICAL: AgentClass

class Equivalence(_message.Message):
    __slots__ = ("ignore", "sets", "caseless", "numbers", "dates", "words", "values", "spaces")
    IGNORE_FIELD_NUMBER: _ClassVar[int]
    SETS_FIELD_NUMBER: _ClassVar[int]
    CASELESS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    DATES_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    SPACES_FIELD_NUMBER: _ClassVar[int]
    ignore: _containers.RepeatedScalarFieldContainer[str]
    sets: _containers.RepeatedScalarFieldContainer[str]
    caseless: _containers.RepeatedScalarFieldContainer[str]
    numbers: _containers.RepeatedScalarFieldContainer[str]
    dates: _containers.RepeatedScalarFieldContainer[str]
    words: _containers.RepeatedScalarFieldContainer[str]
    values: _containers.RepeatedCompositeFieldContainer[EquivalentValues]
    spaces: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ignore: _Optional[_Iterable[str]] = ..., sets: _Optional[_Iterable[str]] = ..., caseless: _Optional[_Iterable[str]] = ..., numbers: _Optional[_Iterable[str]] = ..., dates: _Optional[_Iterable[str]] = ..., words: _Optional[_Iterable[str]] = ..., values: _Optional[_Iterable[_Union[EquivalentValues, _Mapping]]] = ..., spaces: _Optional[_Iterable[str]] = ...) -> None: ...

class EquivalentValues(_message.Message):
    __slots__ = ("path", "values", "or_absent")
    PATH_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    OR_ABSENT_FIELD_NUMBER: _ClassVar[int]
    path: str
    values: _containers.RepeatedScalarFieldContainer[str]
    or_absent: bool
    def __init__(self, path: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ..., or_absent: bool = ...) -> None: ...

class ToolEquivalence(_message.Message):
    __slots__ = ("input", "output")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    input: Equivalence
    output: Equivalence
    def __init__(self, input: _Optional[_Union[Equivalence, _Mapping]] = ..., output: _Optional[_Union[Equivalence, _Mapping]] = ...) -> None: ...

class ComparisonTerms(_message.Message):
    __slots__ = ("agent_class", "output", "success_margin_ppm", "cost_margin_ppm", "latency_margin_ppm", "promote_alpha_ppm", "abort_alpha_ppm", "min_coverage_ppm", "max_shadow_cost")
    AGENT_CLASS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    COST_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    PROMOTE_ALPHA_PPM_FIELD_NUMBER: _ClassVar[int]
    ABORT_ALPHA_PPM_FIELD_NUMBER: _ClassVar[int]
    MIN_COVERAGE_PPM_FIELD_NUMBER: _ClassVar[int]
    MAX_SHADOW_COST_FIELD_NUMBER: _ClassVar[int]
    agent_class: AgentClass
    output: Equivalence
    success_margin_ppm: int
    cost_margin_ppm: int
    latency_margin_ppm: int
    promote_alpha_ppm: int
    abort_alpha_ppm: int
    min_coverage_ppm: int
    max_shadow_cost: _common_pb2.Money
    def __init__(self, agent_class: _Optional[_Union[AgentClass, str]] = ..., output: _Optional[_Union[Equivalence, _Mapping]] = ..., success_margin_ppm: _Optional[int] = ..., cost_margin_ppm: _Optional[int] = ..., latency_margin_ppm: _Optional[int] = ..., promote_alpha_ppm: _Optional[int] = ..., abort_alpha_ppm: _Optional[int] = ..., min_coverage_ppm: _Optional[int] = ..., max_shadow_cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ...) -> None: ...
