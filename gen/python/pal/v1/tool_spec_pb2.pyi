import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import equivalence_pb2 as _equivalence_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EffectClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_CLASS_UNSPECIFIED: _ClassVar[EffectClass]
    EFFECT_CLASS_PURE: _ClassVar[EffectClass]
    EFFECT_CLASS_READ: _ClassVar[EffectClass]
    EFFECT_CLASS_WRITE: _ClassVar[EffectClass]

class IdempotencyKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDEMPOTENCY_KIND_UNSPECIFIED: _ClassVar[IdempotencyKind]
    IDEMPOTENCY_KIND_NONE: _ClassVar[IdempotencyKind]
    IDEMPOTENCY_KIND_NATURAL: _ClassVar[IdempotencyKind]
    IDEMPOTENCY_KIND_KEYED: _ClassVar[IdempotencyKind]

class Reversibility(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVERSIBILITY_UNSPECIFIED: _ClassVar[Reversibility]
    REVERSIBILITY_IRREVERSIBLE: _ClassVar[Reversibility]
    REVERSIBILITY_COMPENSATABLE: _ClassVar[Reversibility]
    REVERSIBILITY_STAGED: _ClassVar[Reversibility]

class TimeoutMeaning(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMEOUT_MEANING_UNSPECIFIED: _ClassVar[TimeoutMeaning]
    TIMEOUT_MEANING_OUTCOME_UNKNOWN: _ClassVar[TimeoutMeaning]
    TIMEOUT_MEANING_NOT_DONE: _ClassVar[TimeoutMeaning]
EFFECT_CLASS_UNSPECIFIED: EffectClass
EFFECT_CLASS_PURE: EffectClass
EFFECT_CLASS_READ: EffectClass
EFFECT_CLASS_WRITE: EffectClass
IDEMPOTENCY_KIND_UNSPECIFIED: IdempotencyKind
IDEMPOTENCY_KIND_NONE: IdempotencyKind
IDEMPOTENCY_KIND_NATURAL: IdempotencyKind
IDEMPOTENCY_KIND_KEYED: IdempotencyKind
REVERSIBILITY_UNSPECIFIED: Reversibility
REVERSIBILITY_IRREVERSIBLE: Reversibility
REVERSIBILITY_COMPENSATABLE: Reversibility
REVERSIBILITY_STAGED: Reversibility
TIMEOUT_MEANING_UNSPECIFIED: TimeoutMeaning
TIMEOUT_MEANING_OUTCOME_UNKNOWN: TimeoutMeaning
TIMEOUT_MEANING_NOT_DONE: TimeoutMeaning

class ToolSpec(_message.Message):
    __slots__ = ("api_version", "kind", "metadata", "spec")
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    api_version: str
    kind: str
    metadata: _common_pb2.SpecMeta
    spec: ToolDefinition
    def __init__(self, api_version: _Optional[str] = ..., kind: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.SpecMeta, _Mapping]] = ..., spec: _Optional[_Union[ToolDefinition, _Mapping]] = ...) -> None: ...

class ToolDefinition(_message.Message):
    __slots__ = ("purpose", "input", "output", "effect", "permissions", "timing", "data", "equivalence")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    TIMING_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EQUIVALENCE_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    input: _common_pb2.JsonSchema
    output: _common_pb2.JsonSchema
    effect: EffectContract
    permissions: PermissionNeeds
    timing: ToolTiming
    data: DataHandling
    equivalence: _equivalence_pb2.ToolEquivalence
    def __init__(self, purpose: _Optional[str] = ..., input: _Optional[_Union[_common_pb2.JsonSchema, _Mapping]] = ..., output: _Optional[_Union[_common_pb2.JsonSchema, _Mapping]] = ..., effect: _Optional[_Union[EffectContract, _Mapping]] = ..., permissions: _Optional[_Union[PermissionNeeds, _Mapping]] = ..., timing: _Optional[_Union[ToolTiming, _Mapping]] = ..., data: _Optional[_Union[DataHandling, _Mapping]] = ..., equivalence: _Optional[_Union[_equivalence_pb2.ToolEquivalence, _Mapping]] = ...) -> None: ...

class EffectContract(_message.Message):
    __slots__ = ("effect_class", "idempotency", "reversibility", "reconcile", "dry_run", "shadow_reads")
    EFFECT_CLASS_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_FIELD_NUMBER: _ClassVar[int]
    REVERSIBILITY_FIELD_NUMBER: _ClassVar[int]
    RECONCILE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    SHADOW_READS_FIELD_NUMBER: _ClassVar[int]
    effect_class: EffectClass
    idempotency: IdempotencyKind
    reversibility: Reversibility
    reconcile: _common_pb2.SpecSelector
    dry_run: _common_pb2.SpecSelector
    shadow_reads: bool
    def __init__(self, effect_class: _Optional[_Union[EffectClass, str]] = ..., idempotency: _Optional[_Union[IdempotencyKind, str]] = ..., reversibility: _Optional[_Union[Reversibility, str]] = ..., reconcile: _Optional[_Union[_common_pb2.SpecSelector, _Mapping]] = ..., dry_run: _Optional[_Union[_common_pb2.SpecSelector, _Mapping]] = ..., shadow_reads: bool = ...) -> None: ...

class PermissionNeeds(_message.Message):
    __slots__ = ("needs_approval",)
    NEEDS_APPROVAL_FIELD_NUMBER: _ClassVar[int]
    needs_approval: bool
    def __init__(self, needs_approval: bool = ...) -> None: ...

class ToolTiming(_message.Message):
    __slots__ = ("timeout", "max_attempts", "initial_backoff", "timeout_means")
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_BACKOFF_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MEANS_FIELD_NUMBER: _ClassVar[int]
    timeout: _duration_pb2.Duration
    max_attempts: int
    initial_backoff: _duration_pb2.Duration
    timeout_means: TimeoutMeaning
    def __init__(self, timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_attempts: _Optional[int] = ..., initial_backoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., timeout_means: _Optional[_Union[TimeoutMeaning, str]] = ...) -> None: ...

class DataHandling(_message.Message):
    __slots__ = ("mask_input", "mask_output", "max_output_bytes")
    MASK_INPUT_FIELD_NUMBER: _ClassVar[int]
    MASK_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    mask_input: _containers.RepeatedScalarFieldContainer[str]
    mask_output: _containers.RepeatedScalarFieldContainer[str]
    max_output_bytes: int
    def __init__(self, mask_input: _Optional[_Iterable[str]] = ..., mask_output: _Optional[_Iterable[str]] = ..., max_output_bytes: _Optional[int] = ...) -> None: ...
