import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PrincipalKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRINCIPAL_KIND_UNSPECIFIED: _ClassVar[PrincipalKind]
    PRINCIPAL_KIND_USER: _ClassVar[PrincipalKind]
    PRINCIPAL_KIND_SERVICE: _ClassVar[PrincipalKind]
    PRINCIPAL_KIND_AGENT: _ClassVar[PrincipalKind]

class FailureDisposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAILURE_DISPOSITION_UNSPECIFIED: _ClassVar[FailureDisposition]
    FAILURE_DISPOSITION_RETRY: _ClassVar[FailureDisposition]
    FAILURE_DISPOSITION_PERMANENT: _ClassVar[FailureDisposition]
    FAILURE_DISPOSITION_CALLER_FIX: _ClassVar[FailureDisposition]
    FAILURE_DISPOSITION_OUTCOME_UNKNOWN: _ClassVar[FailureDisposition]

class MeasurementSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEASUREMENT_SOURCE_UNSPECIFIED: _ClassVar[MeasurementSource]
    MEASUREMENT_SOURCE_REPORTED: _ClassVar[MeasurementSource]
    MEASUREMENT_SOURCE_MEASURED: _ClassVar[MeasurementSource]
    MEASUREMENT_SOURCE_ESTIMATED: _ClassVar[MeasurementSource]

class ExecutionMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_MODE_UNSPECIFIED: _ClassVar[ExecutionMode]
    EXECUTION_MODE_LIVE: _ClassVar[ExecutionMode]
    EXECUTION_MODE_SHADOW: _ClassVar[ExecutionMode]
    EXECUTION_MODE_REPLAY: _ClassVar[ExecutionMode]
    EXECUTION_MODE_DRILL: _ClassVar[ExecutionMode]
PRINCIPAL_KIND_UNSPECIFIED: PrincipalKind
PRINCIPAL_KIND_USER: PrincipalKind
PRINCIPAL_KIND_SERVICE: PrincipalKind
PRINCIPAL_KIND_AGENT: PrincipalKind
FAILURE_DISPOSITION_UNSPECIFIED: FailureDisposition
FAILURE_DISPOSITION_RETRY: FailureDisposition
FAILURE_DISPOSITION_PERMANENT: FailureDisposition
FAILURE_DISPOSITION_CALLER_FIX: FailureDisposition
FAILURE_DISPOSITION_OUTCOME_UNKNOWN: FailureDisposition
MEASUREMENT_SOURCE_UNSPECIFIED: MeasurementSource
MEASUREMENT_SOURCE_REPORTED: MeasurementSource
MEASUREMENT_SOURCE_MEASURED: MeasurementSource
MEASUREMENT_SOURCE_ESTIMATED: MeasurementSource
EXECUTION_MODE_UNSPECIFIED: ExecutionMode
EXECUTION_MODE_LIVE: ExecutionMode
EXECUTION_MODE_SHADOW: ExecutionMode
EXECUTION_MODE_REPLAY: ExecutionMode
EXECUTION_MODE_DRILL: ExecutionMode

class SpecMeta(_message.Message):
    __slots__ = ("name", "namespace", "version", "digest", "display_name", "description", "labels", "annotations", "published_at", "published_by", "requires_features")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class AnnotationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_BY_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_FEATURES_FIELD_NUMBER: _ClassVar[int]
    name: str
    namespace: str
    version: str
    digest: str
    display_name: str
    description: str
    labels: _containers.ScalarMap[str, str]
    annotations: _containers.ScalarMap[str, str]
    published_at: _timestamp_pb2.Timestamp
    published_by: str
    requires_features: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., namespace: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., annotations: _Optional[_Mapping[str, str]] = ..., published_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., published_by: _Optional[str] = ..., requires_features: _Optional[_Iterable[str]] = ...) -> None: ...

class SpecRef(_message.Message):
    __slots__ = ("name", "namespace", "version", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    namespace: str
    version: str
    digest: str
    def __init__(self, name: _Optional[str] = ..., namespace: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class SpecSelector(_message.Message):
    __slots__ = ("name", "namespace", "version_range")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    VERSION_RANGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    namespace: str
    version_range: str
    def __init__(self, name: _Optional[str] = ..., namespace: _Optional[str] = ..., version_range: _Optional[str] = ...) -> None: ...

class JsonSchema(_message.Message):
    __slots__ = ("text", "dialect")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DIALECT_FIELD_NUMBER: _ClassVar[int]
    text: str
    dialect: str
    def __init__(self, text: _Optional[str] = ..., dialect: _Optional[str] = ...) -> None: ...

class Payload(_message.Message):
    __slots__ = ("text", "json", "blob", "ref", "media_type", "digest", "size_bytes", "masked_paths", "filename")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    BLOB_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MASKED_PATHS_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    text: str
    json: str
    blob: bytes
    ref: PayloadRef
    media_type: str
    digest: str
    size_bytes: int
    masked_paths: _containers.RepeatedScalarFieldContainer[str]
    filename: str
    def __init__(self, text: _Optional[str] = ..., json: _Optional[str] = ..., blob: _Optional[bytes] = ..., ref: _Optional[_Union[PayloadRef, _Mapping]] = ..., media_type: _Optional[str] = ..., digest: _Optional[str] = ..., size_bytes: _Optional[int] = ..., masked_paths: _Optional[_Iterable[str]] = ..., filename: _Optional[str] = ...) -> None: ...

class PayloadRef(_message.Message):
    __slots__ = ("uri",)
    URI_FIELD_NUMBER: _ClassVar[int]
    uri: str
    def __init__(self, uri: _Optional[str] = ...) -> None: ...

class Principal(_message.Message):
    __slots__ = ("id", "kind", "tenant")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: PrincipalKind
    tenant: str
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[_Union[PrincipalKind, str]] = ..., tenant: _Optional[str] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("reason", "domain", "message", "disposition", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REASON_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    reason: str
    domain: str
    message: str
    disposition: FailureDisposition
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, reason: _Optional[str] = ..., domain: _Optional[str] = ..., message: _Optional[str] = ..., disposition: _Optional[_Union[FailureDisposition, str]] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Money(_message.Message):
    __slots__ = ("currency_code", "nanos")
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    NANOS_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    nanos: int
    def __init__(self, currency_code: _Optional[str] = ..., nanos: _Optional[int] = ...) -> None: ...

class TokenUsage(_message.Message):
    __slots__ = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens", "reasoning_output_tokens", "source")
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REASONING_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cache_write_input_tokens: int
    reasoning_output_tokens: int
    source: MeasurementSource
    def __init__(self, input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cached_input_tokens: _Optional[int] = ..., cache_write_input_tokens: _Optional[int] = ..., reasoning_output_tokens: _Optional[int] = ..., source: _Optional[_Union[MeasurementSource, str]] = ...) -> None: ...

class RunLimits(_message.Message):
    __slots__ = ("max_duration", "max_model_calls", "max_tool_calls", "max_total_tokens", "max_cost", "max_input_wait")
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    MAX_MODEL_CALLS_FIELD_NUMBER: _ClassVar[int]
    MAX_TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    MAX_TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_FIELD_NUMBER: _ClassVar[int]
    MAX_INPUT_WAIT_FIELD_NUMBER: _ClassVar[int]
    max_duration: _duration_pb2.Duration
    max_model_calls: int
    max_tool_calls: int
    max_total_tokens: int
    max_cost: Money
    max_input_wait: _duration_pb2.Duration
    def __init__(self, max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_model_calls: _Optional[int] = ..., max_tool_calls: _Optional[int] = ..., max_total_tokens: _Optional[int] = ..., max_cost: _Optional[_Union[Money, _Mapping]] = ..., max_input_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
