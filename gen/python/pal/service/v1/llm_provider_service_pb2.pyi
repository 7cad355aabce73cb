import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from pal.service.v1 import shared_pb2 as _shared_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToolChoice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOOL_CHOICE_UNSPECIFIED: _ClassVar[ToolChoice]
    TOOL_CHOICE_AUTO: _ClassVar[ToolChoice]
    TOOL_CHOICE_NONE: _ClassVar[ToolChoice]
    TOOL_CHOICE_REQUIRED: _ClassVar[ToolChoice]
TOOL_CHOICE_UNSPECIFIED: ToolChoice
TOOL_CHOICE_AUTO: ToolChoice
TOOL_CHOICE_NONE: ToolChoice
TOOL_CHOICE_REQUIRED: ToolChoice

class ModelRequest(_message.Message):
    __slots__ = ("lease", "call_id", "profile", "messages", "tools", "tool_choice", "answer_schema", "max_output_tokens", "temperature_ppm", "stop_sequences", "timeout", "stage_id")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CHOICE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_PPM_FIELD_NUMBER: _ClassVar[int]
    STOP_SEQUENCES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    lease: _shared_pb2.RunLease
    call_id: str
    profile: str
    messages: _containers.RepeatedCompositeFieldContainer[ModelMessage]
    tools: _containers.RepeatedCompositeFieldContainer[ModelTool]
    tool_choice: ToolChoice
    answer_schema: _common_pb2.JsonSchema
    max_output_tokens: int
    temperature_ppm: int
    stop_sequences: _containers.RepeatedScalarFieldContainer[str]
    timeout: _duration_pb2.Duration
    stage_id: str
    def __init__(self, lease: _Optional[_Union[_shared_pb2.RunLease, _Mapping]] = ..., call_id: _Optional[str] = ..., profile: _Optional[str] = ..., messages: _Optional[_Iterable[_Union[ModelMessage, _Mapping]]] = ..., tools: _Optional[_Iterable[_Union[ModelTool, _Mapping]]] = ..., tool_choice: _Optional[_Union[ToolChoice, str]] = ..., answer_schema: _Optional[_Union[_common_pb2.JsonSchema, _Mapping]] = ..., max_output_tokens: _Optional[int] = ..., temperature_ppm: _Optional[int] = ..., stop_sequences: _Optional[_Iterable[str]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., stage_id: _Optional[str] = ...) -> None: ...

class ModelMessage(_message.Message):
    __slots__ = ("role", "parts", "tool_calls", "tool_results", "provider_state")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULTS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_STATE_FIELD_NUMBER: _ClassVar[int]
    role: _run_event_pb2.MessageRole
    parts: _containers.RepeatedCompositeFieldContainer[_common_pb2.Payload]
    tool_calls: _containers.RepeatedCompositeFieldContainer[ModelToolCall]
    tool_results: _containers.RepeatedCompositeFieldContainer[ModelToolResult]
    provider_state: bytes
    def __init__(self, role: _Optional[_Union[_run_event_pb2.MessageRole, str]] = ..., parts: _Optional[_Iterable[_Union[_common_pb2.Payload, _Mapping]]] = ..., tool_calls: _Optional[_Iterable[_Union[ModelToolCall, _Mapping]]] = ..., tool_results: _Optional[_Iterable[_Union[ModelToolResult, _Mapping]]] = ..., provider_state: _Optional[bytes] = ...) -> None: ...

class ModelTool(_message.Message):
    __slots__ = ("name", "purpose", "input")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    name: str
    purpose: str
    input: _common_pb2.JsonSchema
    def __init__(self, name: _Optional[str] = ..., purpose: _Optional[str] = ..., input: _Optional[_Union[_common_pb2.JsonSchema, _Mapping]] = ...) -> None: ...

class ModelToolCall(_message.Message):
    __slots__ = ("call_id", "name", "arguments_json")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_JSON_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    name: str
    arguments_json: str
    def __init__(self, call_id: _Optional[str] = ..., name: _Optional[str] = ..., arguments_json: _Optional[str] = ...) -> None: ...

class ModelToolResult(_message.Message):
    __slots__ = ("call_id", "result", "is_failure")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    IS_FAILURE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    result: _common_pb2.Payload
    is_failure: bool
    def __init__(self, call_id: _Optional[str] = ..., result: _Optional[_Union[_common_pb2.Payload, _Mapping]] = ..., is_failure: bool = ...) -> None: ...

class ModelAnswer(_message.Message):
    __slots__ = ("call_id", "message", "stop_reason", "usage", "cost", "model", "provider", "replayed")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STOP_REASON_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    message: ModelMessage
    stop_reason: _run_event_pb2.ModelStopReason
    usage: _common_pb2.TokenUsage
    cost: _common_pb2.Money
    model: str
    provider: str
    replayed: bool
    def __init__(self, call_id: _Optional[str] = ..., message: _Optional[_Union[ModelMessage, _Mapping]] = ..., stop_reason: _Optional[_Union[_run_event_pb2.ModelStopReason, str]] = ..., usage: _Optional[_Union[_common_pb2.TokenUsage, _Mapping]] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., model: _Optional[str] = ..., provider: _Optional[str] = ..., replayed: bool = ...) -> None: ...

class CompleteRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: ModelRequest
    def __init__(self, request: _Optional[_Union[ModelRequest, _Mapping]] = ...) -> None: ...

class CompleteResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: ModelAnswer
    def __init__(self, answer: _Optional[_Union[ModelAnswer, _Mapping]] = ...) -> None: ...

class StreamCompleteRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: ModelRequest
    def __init__(self, request: _Optional[_Union[ModelRequest, _Mapping]] = ...) -> None: ...

class StreamCompleteResponse(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[ModelFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[ModelFrame, _Mapping]]] = ...) -> None: ...

class ModelFrame(_message.Message):
    __slots__ = ("text", "reasoning", "tool_arguments", "answer")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    TOOL_ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    text: TextChunk
    reasoning: TextChunk
    tool_arguments: ToolArgumentsChunk
    answer: ModelAnswer
    def __init__(self, text: _Optional[_Union[TextChunk, _Mapping]] = ..., reasoning: _Optional[_Union[TextChunk, _Mapping]] = ..., tool_arguments: _Optional[_Union[ToolArgumentsChunk, _Mapping]] = ..., answer: _Optional[_Union[ModelAnswer, _Mapping]] = ...) -> None: ...

class TextChunk(_message.Message):
    __slots__ = ("part_index", "offset", "text")
    PART_INDEX_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    part_index: int
    offset: int
    text: str
    def __init__(self, part_index: _Optional[int] = ..., offset: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class ToolArgumentsChunk(_message.Message):
    __slots__ = ("call_id", "name", "offset", "text")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    name: str
    offset: int
    text: str
    def __init__(self, call_id: _Optional[str] = ..., name: _Optional[str] = ..., offset: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class ListProfilesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListProfilesResponse(_message.Message):
    __slots__ = ("profiles",)
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    profiles: _containers.RepeatedCompositeFieldContainer[ModelProfile]
    def __init__(self, profiles: _Optional[_Iterable[_Union[ModelProfile, _Mapping]]] = ...) -> None: ...

class ModelProfile(_message.Message):
    __slots__ = ("name", "max_context_tokens", "tool_calling", "structured_output", "provider", "model", "notice")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MAX_CONTEXT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLING_FIELD_NUMBER: _ClassVar[int]
    STRUCTURED_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    max_context_tokens: int
    tool_calling: bool
    structured_output: bool
    provider: str
    model: str
    notice: str
    def __init__(self, name: _Optional[str] = ..., max_context_tokens: _Optional[int] = ..., tool_calling: bool = ..., structured_output: bool = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., notice: _Optional[str] = ...) -> None: ...
