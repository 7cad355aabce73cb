import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.service.v1 import shared_pb2 as _shared_pb2
from pal.service.v1 import slo_pb2 as _slo_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from pal.v1 import trace_span_pb2 as _trace_span_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditFindingKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIT_FINDING_KIND_UNSPECIFIED: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_CHANGED: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_REMOVED: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_ADDED: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_REORDERED: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_TAIL_LOST: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_RUN_LOST: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_CHECKPOINT: _ClassVar[AuditFindingKind]
    AUDIT_FINDING_KIND_ROLLED_BACK: _ClassVar[AuditFindingKind]

class ImportOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPORT_OUTCOME_UNSPECIFIED: _ClassVar[ImportOutcome]
    IMPORT_OUTCOME_IMPORTED: _ClassVar[ImportOutcome]
    IMPORT_OUTCOME_UNCHANGED: _ClassVar[ImportOutcome]
    IMPORT_OUTCOME_REFUSED: _ClassVar[ImportOutcome]
    IMPORT_OUTCOME_DELETED: _ClassVar[ImportOutcome]
AUDIT_FINDING_KIND_UNSPECIFIED: AuditFindingKind
AUDIT_FINDING_KIND_CHANGED: AuditFindingKind
AUDIT_FINDING_KIND_REMOVED: AuditFindingKind
AUDIT_FINDING_KIND_ADDED: AuditFindingKind
AUDIT_FINDING_KIND_REORDERED: AuditFindingKind
AUDIT_FINDING_KIND_TAIL_LOST: AuditFindingKind
AUDIT_FINDING_KIND_RUN_LOST: AuditFindingKind
AUDIT_FINDING_KIND_CHECKPOINT: AuditFindingKind
AUDIT_FINDING_KIND_ROLLED_BACK: AuditFindingKind
IMPORT_OUTCOME_UNSPECIFIED: ImportOutcome
IMPORT_OUTCOME_IMPORTED: ImportOutcome
IMPORT_OUTCOME_UNCHANGED: ImportOutcome
IMPORT_OUTCOME_REFUSED: ImportOutcome
IMPORT_OUTCOME_DELETED: ImportOutcome

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
    __slots__ = ("runs", "next_page_token", "deleted_run_ids")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DELETED_RUN_IDS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[_shared_pb2.Run]
    next_page_token: str
    deleted_run_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, runs: _Optional[_Iterable[_Union[_shared_pb2.Run, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., deleted_run_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class HoldRequest(_message.Message):
    __slots__ = ("holder", "leaving", "open_breakers")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    LEAVING_FIELD_NUMBER: _ClassVar[int]
    OPEN_BREAKERS_FIELD_NUMBER: _ClassVar[int]
    holder: str
    leaving: bool
    open_breakers: _containers.RepeatedCompositeFieldContainer[OpenBreaker]
    def __init__(self, holder: _Optional[str] = ..., leaving: bool = ..., open_breakers: _Optional[_Iterable[_Union[OpenBreaker, _Mapping]]] = ...) -> None: ...

class OpenBreaker(_message.Message):
    __slots__ = ("agent", "runtime", "cause", "opening", "retry_after", "pause")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    OPENING_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    agent: str
    runtime: str
    cause: str
    opening: int
    retry_after: _duration_pb2.Duration
    pause: _duration_pb2.Duration
    def __init__(self, agent: _Optional[str] = ..., runtime: _Optional[str] = ..., cause: _Optional[str] = ..., opening: _Optional[int] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., pause: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class HoldResponse(_message.Message):
    __slots__ = ("holders",)
    HOLDERS_FIELD_NUMBER: _ClassVar[int]
    holders: _containers.RepeatedCompositeFieldContainer[Holder]
    def __init__(self, holders: _Optional[_Iterable[_Union[Holder, _Mapping]]] = ...) -> None: ...

class Holder(_message.Message):
    __slots__ = ("holder", "beat", "left", "open_breakers")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    BEAT_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    OPEN_BREAKERS_FIELD_NUMBER: _ClassVar[int]
    holder: str
    beat: int
    left: bool
    open_breakers: _containers.RepeatedCompositeFieldContainer[OpenBreaker]
    def __init__(self, holder: _Optional[str] = ..., beat: _Optional[int] = ..., left: bool = ..., open_breakers: _Optional[_Iterable[_Union[OpenBreaker, _Mapping]]] = ...) -> None: ...

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

class CheckpointStatement(_message.Message):
    __slots__ = ("number", "created_at", "after_position", "through_position", "event_count", "heads_digest", "previous_digest", "key_id", "closing", "removals_digest")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    AFTER_POSITION_FIELD_NUMBER: _ClassVar[int]
    THROUGH_POSITION_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    HEADS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    REMOVALS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    number: int
    created_at: _timestamp_pb2.Timestamp
    after_position: int
    through_position: int
    event_count: int
    heads_digest: bytes
    previous_digest: bytes
    key_id: str
    closing: bool
    removals_digest: bytes
    def __init__(self, number: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., after_position: _Optional[int] = ..., through_position: _Optional[int] = ..., event_count: _Optional[int] = ..., heads_digest: _Optional[bytes] = ..., previous_digest: _Optional[bytes] = ..., key_id: _Optional[str] = ..., closing: bool = ..., removals_digest: _Optional[bytes] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("statement", "signature", "heads", "removals")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    HEADS_FIELD_NUMBER: _ClassVar[int]
    REMOVALS_FIELD_NUMBER: _ClassVar[int]
    statement: bytes
    signature: bytes
    heads: _containers.RepeatedCompositeFieldContainer[RunHead]
    removals: _containers.RepeatedCompositeFieldContainer[RunRemoval]
    def __init__(self, statement: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., heads: _Optional[_Iterable[_Union[RunHead, _Mapping]]] = ..., removals: _Optional[_Iterable[_Union[RunRemoval, _Mapping]]] = ...) -> None: ...

class RunRemoval(_message.Message):
    __slots__ = ("run_id", "head_seq", "head_hash", "removed_at", "reason", "conversation_id", "checkpoint")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_HASH_FIELD_NUMBER: _ClassVar[int]
    REMOVED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    head_seq: int
    head_hash: bytes
    removed_at: _timestamp_pb2.Timestamp
    reason: str
    conversation_id: str
    checkpoint: int
    def __init__(self, run_id: _Optional[str] = ..., head_seq: _Optional[int] = ..., head_hash: _Optional[bytes] = ..., removed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., conversation_id: _Optional[str] = ..., checkpoint: _Optional[int] = ...) -> None: ...

class RunHead(_message.Message):
    __slots__ = ("run_id", "seq", "hash")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    seq: int
    hash: bytes
    def __init__(self, run_id: _Optional[str] = ..., seq: _Optional[int] = ..., hash: _Optional[bytes] = ...) -> None: ...

class ListCheckpointsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCheckpointsResponse(_message.Message):
    __slots__ = ("checkpoints", "next_page_token")
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    checkpoints: _containers.RepeatedCompositeFieldContainer[Checkpoint]
    next_page_token: str
    def __init__(self, checkpoints: _Optional[_Iterable[_Union[Checkpoint, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AuditRequest(_message.Message):
    __slots__ = ("run_id", "since", "kept")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    since: _timestamp_pb2.Timestamp
    kept: _containers.RepeatedCompositeFieldContainer[Checkpoint]
    def __init__(self, run_id: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kept: _Optional[_Iterable[_Union[Checkpoint, _Mapping]]] = ...) -> None: ...

class AuditResponse(_message.Message):
    __slots__ = ("finding", "progress", "summary")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    finding: AuditFinding
    progress: AuditProgress
    summary: AuditSummary
    def __init__(self, finding: _Optional[_Union[AuditFinding, _Mapping]] = ..., progress: _Optional[_Union[AuditProgress, _Mapping]] = ..., summary: _Optional[_Union[AuditSummary, _Mapping]] = ...) -> None: ...

class AuditFinding(_message.Message):
    __slots__ = ("kind", "run_id", "seq", "checkpoint", "message")
    KIND_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    kind: AuditFindingKind
    run_id: str
    seq: int
    checkpoint: int
    message: str
    def __init__(self, kind: _Optional[_Union[AuditFindingKind, str]] = ..., run_id: _Optional[str] = ..., seq: _Optional[int] = ..., checkpoint: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class AuditProgress(_message.Message):
    __slots__ = ("events", "checkpoints")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    events: int
    checkpoints: int
    def __init__(self, events: _Optional[int] = ..., checkpoints: _Optional[int] = ...) -> None: ...

class AuditSummary(_message.Message):
    __slots__ = ("runs", "events", "checkpoints", "findings", "unanchored_events", "newest")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    UNANCHORED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    runs: int
    events: int
    checkpoints: int
    findings: int
    unanchored_events: int
    newest: Checkpoint
    def __init__(self, runs: _Optional[int] = ..., events: _Optional[int] = ..., checkpoints: _Optional[int] = ..., findings: _Optional[int] = ..., unanchored_events: _Optional[int] = ..., newest: _Optional[_Union[Checkpoint, _Mapping]] = ...) -> None: ...

class ArchivedRun(_message.Message):
    __slots__ = ("run_id", "head_seq", "head_hash", "url", "row_group", "first_row")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_HASH_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    ROW_GROUP_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    head_seq: int
    head_hash: bytes
    url: str
    row_group: int
    first_row: int
    def __init__(self, run_id: _Optional[str] = ..., head_seq: _Optional[int] = ..., head_hash: _Optional[bytes] = ..., url: _Optional[str] = ..., row_group: _Optional[int] = ..., first_row: _Optional[int] = ...) -> None: ...

class DeleteRunsRequest(_message.Message):
    __slots__ = ("accepted_before", "dry_run")
    ACCEPTED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    accepted_before: _timestamp_pb2.Timestamp
    dry_run: bool
    def __init__(self, accepted_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dry_run: bool = ...) -> None: ...

class DeleteRunsResponse(_message.Message):
    __slots__ = ("runs", "events", "more", "artifacts")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    runs: int
    events: int
    more: bool
    artifacts: int
    def __init__(self, runs: _Optional[int] = ..., events: _Optional[int] = ..., more: bool = ..., artifacts: _Optional[int] = ...) -> None: ...

class ArchiveRunsRequest(_message.Message):
    __slots__ = ("accepted_before", "url", "after_cursor")
    ACCEPTED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    accepted_before: _timestamp_pb2.Timestamp
    url: str
    after_cursor: str
    def __init__(self, accepted_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., url: _Optional[str] = ..., after_cursor: _Optional[str] = ...) -> None: ...

class ArchiveRunsResponse(_message.Message):
    __slots__ = ("runs", "events", "size_bytes", "cursor")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    runs: int
    events: int
    size_bytes: int
    cursor: str
    def __init__(self, runs: _Optional[int] = ..., events: _Optional[int] = ..., size_bytes: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ExportRunsRequest(_message.Message):
    __slots__ = ("query", "unfinished", "after_cursor")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    UNFINISHED_FIELD_NUMBER: _ClassVar[int]
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    query: _shared_pb2.RunQuery
    unfinished: bool
    after_cursor: str
    def __init__(self, query: _Optional[_Union[_shared_pb2.RunQuery, _Mapping]] = ..., unfinished: bool = ..., after_cursor: _Optional[str] = ...) -> None: ...

class ExportRunsResponse(_message.Message):
    __slots__ = ("frames", "cursor", "unfinished_runs")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    UNFINISHED_RUNS_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[RecordFrame]
    cursor: str
    unfinished_runs: int
    def __init__(self, frames: _Optional[_Iterable[_Union[RecordFrame, _Mapping]]] = ..., cursor: _Optional[str] = ..., unfinished_runs: _Optional[int] = ...) -> None: ...

class RecordFrame(_message.Message):
    __slots__ = ("begin", "events", "spans", "end")
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    begin: StoredRun
    events: StoredEvents
    spans: StoredSpans
    end: StoredRun
    def __init__(self, begin: _Optional[_Union[StoredRun, _Mapping]] = ..., events: _Optional[_Union[StoredEvents, _Mapping]] = ..., spans: _Optional[_Union[StoredSpans, _Mapping]] = ..., end: _Optional[_Union[StoredRun, _Mapping]] = ...) -> None: ...

class StoredRun(_message.Message):
    __slots__ = ("run_id", "head_seq", "head_hash")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_HASH_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    head_seq: int
    head_hash: bytes
    def __init__(self, run_id: _Optional[str] = ..., head_seq: _Optional[int] = ..., head_hash: _Optional[bytes] = ...) -> None: ...

class StoredEvents(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[StoredEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[StoredEvent, _Mapping]]] = ...) -> None: ...

class StoredEvent(_message.Message):
    __slots__ = ("encoded", "hash")
    ENCODED_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    encoded: bytes
    hash: bytes
    def __init__(self, encoded: _Optional[bytes] = ..., hash: _Optional[bytes] = ...) -> None: ...

class StoredSpans(_message.Message):
    __slots__ = ("spans",)
    SPANS_FIELD_NUMBER: _ClassVar[int]
    spans: _containers.RepeatedCompositeFieldContainer[_trace_span_pb2.TraceSpan]
    def __init__(self, spans: _Optional[_Iterable[_Union[_trace_span_pb2.TraceSpan, _Mapping]]] = ...) -> None: ...

class ImportRunsRequest(_message.Message):
    __slots__ = ("frames", "check_only")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    CHECK_ONLY_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[RecordFrame]
    check_only: bool
    def __init__(self, frames: _Optional[_Iterable[_Union[RecordFrame, _Mapping]]] = ..., check_only: bool = ...) -> None: ...

class ImportRunsResponse(_message.Message):
    __slots__ = ("runs",)
    RUNS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[ImportedRun]
    def __init__(self, runs: _Optional[_Iterable[_Union[ImportedRun, _Mapping]]] = ...) -> None: ...

class ImportedRun(_message.Message):
    __slots__ = ("run_id", "outcome", "refused")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    outcome: ImportOutcome
    refused: _common_pb2.Failure
    def __init__(self, run_id: _Optional[str] = ..., outcome: _Optional[_Union[ImportOutcome, str]] = ..., refused: _Optional[_Union[_common_pb2.Failure, _Mapping]] = ...) -> None: ...
