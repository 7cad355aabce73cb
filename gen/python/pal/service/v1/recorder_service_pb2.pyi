from pal.service.v1 import shared_pb2 as _shared_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from pal.v1 import trace_span_pb2 as _trace_span_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AppendRequest(_message.Message):
    __slots__ = ("batches",)
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedCompositeFieldContainer[AppendBatch]
    def __init__(self, batches: _Optional[_Iterable[_Union[AppendBatch, _Mapping]]] = ...) -> None: ...

class AppendBatch(_message.Message):
    __slots__ = ("run_id", "events", "expected_head_seq")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    events: _containers.RepeatedCompositeFieldContainer[_run_event_pb2.RunEvent]
    expected_head_seq: int
    def __init__(self, run_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[_run_event_pb2.RunEvent, _Mapping]]] = ..., expected_head_seq: _Optional[int] = ...) -> None: ...

class AppendResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[AppendResult]
    def __init__(self, results: _Optional[_Iterable[_Union[AppendResult, _Mapping]]] = ...) -> None: ...

class AppendResult(_message.Message):
    __slots__ = ("seqs", "head_seq", "refused")
    SEQS_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    seqs: _containers.RepeatedScalarFieldContainer[int]
    head_seq: int
    refused: _common_pb2.Failure
    def __init__(self, seqs: _Optional[_Iterable[int]] = ..., head_seq: _Optional[int] = ..., refused: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ...) -> None: ...

class ReadEventsRequest(_message.Message):
    __slots__ = ("run_id", "after_seq", "max_events", "type_prefixes")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENTS_FIELD_NUMBER: _ClassVar[int]
    TYPE_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    after_seq: int
    max_events: int
    type_prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., after_seq: _Optional[int] = ..., max_events: _Optional[int] = ..., type_prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class ReadEventsResponse(_message.Message):
    __slots__ = ("events", "through_seq", "head_seq", "gaps")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    THROUGH_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_run_event_pb2.RunEvent]
    through_seq: int
    head_seq: int
    gaps: _containers.RepeatedCompositeFieldContainer[_shared_pb2.HistoryGap]
    def __init__(self, events: _Optional[_Iterable[_Union[_run_event_pb2.RunEvent, _Mapping]]] = ..., through_seq: _Optional[int] = ..., head_seq: _Optional[int] = ..., gaps: _Optional[_Iterable[_Union[_shared_pb2.HistoryGap, _Mapping]]] = ...) -> None: ...

class TailEventsRequest(_message.Message):
    __slots__ = ("run_id", "after_seq", "type_prefixes")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    TYPE_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    after_seq: int
    type_prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., after_seq: _Optional[int] = ..., type_prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class TailEventsResponse(_message.Message):
    __slots__ = ("event", "progress", "gap")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    event: _run_event_pb2.RunEvent
    progress: _shared_pb2.WatchProgress
    gap: _shared_pb2.HistoryGap
    def __init__(self, event: _Optional[_Union[_run_event_pb2.RunEvent, _Mapping]] = ..., progress: _Optional[_Union[_shared_pb2.WatchProgress, _Mapping]] = ..., gap: _Optional[_Union[_shared_pb2.HistoryGap, _Mapping]] = ...) -> None: ...

class TailAllRequest(_message.Message):
    __slots__ = ("after_cursor", "from_oldest", "type_prefixes")
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    FROM_OLDEST_FIELD_NUMBER: _ClassVar[int]
    TYPE_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    from_oldest: bool
    type_prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, after_cursor: _Optional[str] = ..., from_oldest: bool = ..., type_prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class TailAllResponse(_message.Message):
    __slots__ = ("events", "cursor")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_run_event_pb2.RunEvent]
    cursor: str
    def __init__(self, events: _Optional[_Iterable[_Union[_run_event_pb2.RunEvent, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class RecorderServiceGetRunRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class RecorderServiceGetRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _shared_pb2.Run
    def __init__(self, run: _Optional[_Union[_shared_pb2.Run, _Mapping]] = ...) -> None: ...

class RecorderServiceListRunsRequest(_message.Message):
    __slots__ = ("query",)
    QUERY_FIELD_NUMBER: _ClassVar[int]
    query: _shared_pb2.RunQuery
    def __init__(self, query: _Optional[_Union[_shared_pb2.RunQuery, _Mapping]] = ...) -> None: ...

class RecorderServiceListRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[_shared_pb2.Run]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[_shared_pb2.Run, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PutArtifactRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: ArtifactHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[ArtifactHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ArtifactHeader(_message.Message):
    __slots__ = ("digest", "media_type", "size_bytes")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    digest: str
    media_type: str
    size_bytes: int
    def __init__(self, digest: _Optional[str] = ..., media_type: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class PutArtifactResponse(_message.Message):
    __slots__ = ("artifact",)
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    artifact: ArtifactHeader
    def __init__(self, artifact: _Optional[_Union[ArtifactHeader, _Mapping]] = ...) -> None: ...

class GetArtifactRequest(_message.Message):
    __slots__ = ("digest",)
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    digest: str
    def __init__(self, digest: _Optional[str] = ...) -> None: ...

class GetArtifactResponse(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: ArtifactHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[ArtifactHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class WriteSpansRequest(_message.Message):
    __slots__ = ("spans",)
    SPANS_FIELD_NUMBER: _ClassVar[int]
    spans: _containers.RepeatedCompositeFieldContainer[_trace_span_pb2.TraceSpan]
    def __init__(self, spans: _Optional[_Iterable[_Union[_trace_span_pb2.TraceSpan, _Mapping]]] = ...) -> None: ...

class WriteSpansResponse(_message.Message):
    __slots__ = ("rejected_spans", "message")
    REJECTED_SPANS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    rejected_spans: int
    message: str
    def __init__(self, rejected_spans: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class ListSpansRequest(_message.Message):
    __slots__ = ("run_id", "page_size", "page_token")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    page_size: int
    page_token: str
    def __init__(self, run_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSpansResponse(_message.Message):
    __slots__ = ("spans", "next_page_token")
    SPANS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    spans: _containers.RepeatedCompositeFieldContainer[_trace_span_pb2.TraceSpan]
    next_page_token: str
    def __init__(self, spans: _Optional[_Iterable[_Union[_trace_span_pb2.TraceSpan, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
