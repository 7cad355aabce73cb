from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RuntimeCapability(_message.Message):
    __slots__ = ("runtime", "version", "capabilities", "limits", "adapter_version", "evidence")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    version: str
    capabilities: RuntimeFeatures
    limits: RuntimeLimits
    adapter_version: str
    evidence: ConformanceEvidence
    def __init__(self, runtime: _Optional[str] = ..., version: _Optional[str] = ..., capabilities: _Optional[_Union[RuntimeFeatures, _Mapping]] = ..., limits: _Optional[_Union[RuntimeLimits, _Mapping]] = ..., adapter_version: _Optional[str] = ..., evidence: _Optional[_Union[ConformanceEvidence, _Mapping]] = ...) -> None: ...

class ConformanceEvidence(_message.Message):
    __slots__ = ("runtime_version", "suite", "measured_on", "results_digest", "passed", "skipped")
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    SUITE_FIELD_NUMBER: _ClassVar[int]
    MEASURED_ON_FIELD_NUMBER: _ClassVar[int]
    RESULTS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    runtime_version: str
    suite: str
    measured_on: str
    results_digest: str
    passed: int
    skipped: int
    def __init__(self, runtime_version: _Optional[str] = ..., suite: _Optional[str] = ..., measured_on: _Optional[str] = ..., results_digest: _Optional[str] = ..., passed: _Optional[int] = ..., skipped: _Optional[int] = ...) -> None: ...

class RuntimeFeatures(_message.Message):
    __slots__ = ("modes", "tool_calling", "human_in_loop", "multimodal", "streaming", "max_context_tokens", "parallel_tool_calls", "structured_output")
    MODES_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLING_FIELD_NUMBER: _ClassVar[int]
    HUMAN_IN_LOOP_FIELD_NUMBER: _ClassVar[int]
    MULTIMODAL_FIELD_NUMBER: _ClassVar[int]
    STREAMING_FIELD_NUMBER: _ClassVar[int]
    MAX_CONTEXT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    STRUCTURED_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    modes: _containers.RepeatedScalarFieldContainer[str]
    tool_calling: bool
    human_in_loop: bool
    multimodal: bool
    streaming: bool
    max_context_tokens: int
    parallel_tool_calls: bool
    structured_output: bool
    def __init__(self, modes: _Optional[_Iterable[str]] = ..., tool_calling: bool = ..., human_in_loop: bool = ..., multimodal: bool = ..., streaming: bool = ..., max_context_tokens: _Optional[int] = ..., parallel_tool_calls: bool = ..., structured_output: bool = ...) -> None: ...

class RuntimeLimits(_message.Message):
    __slots__ = ("concurrent_runs", "memory_mib", "cpu_percent", "open_files", "processes")
    CONCURRENT_RUNS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_MIB_FIELD_NUMBER: _ClassVar[int]
    CPU_PERCENT_FIELD_NUMBER: _ClassVar[int]
    OPEN_FILES_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    concurrent_runs: int
    memory_mib: int
    cpu_percent: int
    open_files: int
    processes: int
    def __init__(self, concurrent_runs: _Optional[int] = ..., memory_mib: _Optional[int] = ..., cpu_percent: _Optional[int] = ..., open_files: _Optional[int] = ..., processes: _Optional[int] = ...) -> None: ...
