import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import agent_spec_pb2 as _agent_spec_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import fault_pb2 as _fault_pb2
from pal.v1 import policy_spec_pb2 as _policy_spec_pb2
from pal.v1 import quota_pb2 as _quota_pb2
from pal.v1 import runtime_capability_pb2 as _runtime_capability_pb2
from pal.v1 import tool_spec_pb2 as _tool_spec_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DocumentKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENT_KIND_UNSPECIFIED: _ClassVar[DocumentKind]
    DOCUMENT_KIND_AGENT: _ClassVar[DocumentKind]
    DOCUMENT_KIND_TOOL: _ClassVar[DocumentKind]
    DOCUMENT_KIND_POLICY: _ClassVar[DocumentKind]
    DOCUMENT_KIND_RUNTIME: _ClassVar[DocumentKind]
    DOCUMENT_KIND_QUOTA: _ClassVar[DocumentKind]

class ApplyOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPLY_OUTCOME_UNSPECIFIED: _ClassVar[ApplyOutcome]
    APPLY_OUTCOME_CREATED: _ClassVar[ApplyOutcome]
    APPLY_OUTCOME_UNCHANGED: _ClassVar[ApplyOutcome]

class RuntimeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUNTIME_STATE_UNSPECIFIED: _ClassVar[RuntimeState]
    RUNTIME_STATE_SERVING: _ClassVar[RuntimeState]
    RUNTIME_STATE_DRAINING: _ClassVar[RuntimeState]
    RUNTIME_STATE_LOST: _ClassVar[RuntimeState]

class RunningRuns(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUNNING_RUNS_UNSPECIFIED: _ClassVar[RunningRuns]
    RUNNING_RUNS_LEAVE: _ClassVar[RunningRuns]
    RUNNING_RUNS_MOVE: _ClassVar[RunningRuns]
DOCUMENT_KIND_UNSPECIFIED: DocumentKind
DOCUMENT_KIND_AGENT: DocumentKind
DOCUMENT_KIND_TOOL: DocumentKind
DOCUMENT_KIND_POLICY: DocumentKind
DOCUMENT_KIND_RUNTIME: DocumentKind
DOCUMENT_KIND_QUOTA: DocumentKind
APPLY_OUTCOME_UNSPECIFIED: ApplyOutcome
APPLY_OUTCOME_CREATED: ApplyOutcome
APPLY_OUTCOME_UNCHANGED: ApplyOutcome
RUNTIME_STATE_UNSPECIFIED: RuntimeState
RUNTIME_STATE_SERVING: RuntimeState
RUNTIME_STATE_DRAINING: RuntimeState
RUNTIME_STATE_LOST: RuntimeState
RUNNING_RUNS_UNSPECIFIED: RunningRuns
RUNNING_RUNS_LEAVE: RunningRuns
RUNNING_RUNS_MOVE: RunningRuns

class Document(_message.Message):
    __slots__ = ("agent", "tool", "policy", "runtime", "quota", "ref", "withdrawn", "published_at")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    agent: _agent_spec_pb2.AgentSpec
    tool: _tool_spec_pb2.ToolSpec
    policy: _policy_spec_pb2.PolicySpec
    runtime: _runtime_capability_pb2.RuntimeCapability
    quota: _quota_pb2.Quota
    ref: _common_pb2.SpecRef
    withdrawn: bool
    published_at: _timestamp_pb2.Timestamp
    def __init__(self, agent: _Optional[_Union[_agent_spec_pb2.AgentSpec, _Mapping]] = ..., tool: _Optional[_Union[_tool_spec_pb2.ToolSpec, _Mapping]] = ..., policy: _Optional[_Union[_policy_spec_pb2.PolicySpec, _Mapping]] = ..., runtime: _Optional[_Union[_runtime_capability_pb2.RuntimeCapability, _Mapping]] = ..., quota: _Optional[_Union[_quota_pb2.Quota, _Mapping]] = ..., ref: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., withdrawn: bool = ..., published_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ApplyRequest(_message.Message):
    __slots__ = ("text", "validate_only", "source")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    text: str
    validate_only: bool
    source: str
    def __init__(self, text: _Optional[str] = ..., validate_only: bool = ..., source: _Optional[str] = ...) -> None: ...

class AppliedDocument(_message.Message):
    __slots__ = ("document", "outcome")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    document: Document
    outcome: ApplyOutcome
    def __init__(self, document: _Optional[_Union[Document, _Mapping]] = ..., outcome: _Optional[_Union[ApplyOutcome, str]] = ...) -> None: ...

class ApplyResponse(_message.Message):
    __slots__ = ("applied",)
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    applied: _containers.RepeatedCompositeFieldContainer[AppliedDocument]
    def __init__(self, applied: _Optional[_Iterable[_Union[AppliedDocument, _Mapping]]] = ...) -> None: ...

class ImportDocumentsRequest(_message.Message):
    __slots__ = ("documents", "validate_only")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[Document]
    validate_only: bool
    def __init__(self, documents: _Optional[_Iterable[_Union[Document, _Mapping]]] = ..., validate_only: bool = ...) -> None: ...

class ImportDocumentsResponse(_message.Message):
    __slots__ = ("applied",)
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    applied: _containers.RepeatedCompositeFieldContainer[AppliedDocument]
    def __init__(self, applied: _Optional[_Iterable[_Union[AppliedDocument, _Mapping]]] = ...) -> None: ...

class GetDocumentRequest(_message.Message):
    __slots__ = ("kind", "selector")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    kind: DocumentKind
    selector: _common_pb2.SpecSelector
    def __init__(self, kind: _Optional[_Union[DocumentKind, str]] = ..., selector: _Optional[_Union[_common_pb2.SpecSelector, _Mapping]] = ...) -> None: ...

class GetDocumentResponse(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: Document
    def __init__(self, document: _Optional[_Union[Document, _Mapping]] = ...) -> None: ...

class ListDocumentsRequest(_message.Message):
    __slots__ = ("kind", "labels", "all_versions", "page_size", "page_token")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KIND_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ALL_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kind: DocumentKind
    labels: _containers.ScalarMap[str, str]
    all_versions: bool
    page_size: int
    page_token: str
    def __init__(self, kind: _Optional[_Union[DocumentKind, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., all_versions: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDocumentsResponse(_message.Message):
    __slots__ = ("documents", "next_page_token")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[Document]
    next_page_token: str
    def __init__(self, documents: _Optional[_Iterable[_Union[Document, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteDocumentRequest(_message.Message):
    __slots__ = ("kind", "name", "version")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    kind: DocumentKind
    name: str
    version: str
    def __init__(self, kind: _Optional[_Union[DocumentKind, str]] = ..., name: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class DeleteDocumentResponse(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: Document
    def __init__(self, document: _Optional[_Union[Document, _Mapping]] = ...) -> None: ...

class RegisteredRuntime(_message.Message):
    __slots__ = ("registration_id", "capability", "installed_version", "endpoint", "state", "expires_at", "active_runs", "name", "instance_id", "reason")
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    INSTALLED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_RUNS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    registration_id: str
    capability: _runtime_capability_pb2.RuntimeCapability
    installed_version: str
    endpoint: str
    state: RuntimeState
    expires_at: _timestamp_pb2.Timestamp
    active_runs: int
    name: str
    instance_id: str
    reason: str
    def __init__(self, registration_id: _Optional[str] = ..., capability: _Optional[_Union[_runtime_capability_pb2.RuntimeCapability, _Mapping]] = ..., installed_version: _Optional[str] = ..., endpoint: _Optional[str] = ..., state: _Optional[_Union[RuntimeState, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., active_runs: _Optional[int] = ..., name: _Optional[str] = ..., instance_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RegisterRuntimeRequest(_message.Message):
    __slots__ = ("capability", "installed_version", "endpoint", "ttl", "instance_id", "name", "contract_level")
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    INSTALLED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    capability: _runtime_capability_pb2.RuntimeCapability
    installed_version: str
    endpoint: str
    ttl: _duration_pb2.Duration
    instance_id: str
    name: str
    contract_level: int
    def __init__(self, capability: _Optional[_Union[_runtime_capability_pb2.RuntimeCapability, _Mapping]] = ..., installed_version: _Optional[str] = ..., endpoint: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., instance_id: _Optional[str] = ..., name: _Optional[str] = ..., contract_level: _Optional[int] = ...) -> None: ...

class RegisterRuntimeResponse(_message.Message):
    __slots__ = ("runtime",)
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    runtime: RegisteredRuntime
    def __init__(self, runtime: _Optional[_Union[RegisteredRuntime, _Mapping]] = ...) -> None: ...

class RenewRuntimeRequest(_message.Message):
    __slots__ = ("registration_id", "active_runs")
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_RUNS_FIELD_NUMBER: _ClassVar[int]
    registration_id: str
    active_runs: int
    def __init__(self, registration_id: _Optional[str] = ..., active_runs: _Optional[int] = ...) -> None: ...

class RenewRuntimeResponse(_message.Message):
    __slots__ = ("runtime",)
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    runtime: RegisteredRuntime
    def __init__(self, runtime: _Optional[_Union[RegisteredRuntime, _Mapping]] = ...) -> None: ...

class DrainRuntimeRequest(_message.Message):
    __slots__ = ("registration_id", "reason")
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    registration_id: str
    reason: str
    def __init__(self, registration_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class DrainRuntimeResponse(_message.Message):
    __slots__ = ("runtime",)
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    runtime: RegisteredRuntime
    def __init__(self, runtime: _Optional[_Union[RegisteredRuntime, _Mapping]] = ...) -> None: ...

class ListRuntimesRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ListRuntimesResponse(_message.Message):
    __slots__ = ("runtimes",)
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    runtimes: _containers.RepeatedCompositeFieldContainer[RegisteredRuntime]
    def __init__(self, runtimes: _Optional[_Iterable[_Union[RegisteredRuntime, _Mapping]]] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("agent", "version_range", "revision", "stable", "author", "reason", "created_at", "candidate", "candidate_basis_points", "salt", "stickiness", "fallbacks", "running", "hold", "mark")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_RANGE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STABLE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_BASIS_POINTS_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    STICKINESS_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    agent: str
    version_range: str
    revision: int
    stable: str
    author: str
    reason: str
    created_at: _timestamp_pb2.Timestamp
    candidate: str
    candidate_basis_points: int
    salt: str
    stickiness: str
    fallbacks: _containers.RepeatedScalarFieldContainer[str]
    running: RunningRuns
    hold: bool
    mark: str
    def __init__(self, agent: _Optional[str] = ..., version_range: _Optional[str] = ..., revision: _Optional[int] = ..., stable: _Optional[str] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., candidate: _Optional[str] = ..., candidate_basis_points: _Optional[int] = ..., salt: _Optional[str] = ..., stickiness: _Optional[str] = ..., fallbacks: _Optional[_Iterable[str]] = ..., running: _Optional[_Union[RunningRuns, str]] = ..., hold: bool = ..., mark: _Optional[str] = ...) -> None: ...

class GetRouteRequest(_message.Message):
    __slots__ = ("agent",)
    AGENT_FIELD_NUMBER: _ClassVar[int]
    agent: str
    def __init__(self, agent: _Optional[str] = ...) -> None: ...

class GetRouteResponse(_message.Message):
    __slots__ = ("routes",)
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    def __init__(self, routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ...) -> None: ...

class SetRouteRequest(_message.Message):
    __slots__ = ("route", "expected_revision", "validate_only", "acknowledged_within")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_WITHIN_FIELD_NUMBER: _ClassVar[int]
    route: Route
    expected_revision: int
    validate_only: bool
    acknowledged_within: _duration_pb2.Duration
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ..., expected_revision: _Optional[int] = ..., validate_only: bool = ..., acknowledged_within: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SetRouteResponse(_message.Message):
    __slots__ = ("route", "acknowledgements")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    route: Route
    acknowledgements: _containers.RepeatedCompositeFieldContainer[RouteAcknowledgement]
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ..., acknowledgements: _Optional[_Iterable[_Union[RouteAcknowledgement, _Mapping]]] = ...) -> None: ...

class RouteAcknowledgement(_message.Message):
    __slots__ = ("watcher", "acknowledged", "connected", "last_seen_at")
    WATCHER_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    watcher: str
    acknowledged: bool
    connected: bool
    last_seen_at: _timestamp_pb2.Timestamp
    def __init__(self, watcher: _Optional[str] = ..., acknowledged: bool = ..., connected: bool = ..., last_seen_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListRouteRevisionsRequest(_message.Message):
    __slots__ = ("agent", "version_range", "page_size", "page_token")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_RANGE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    agent: str
    version_range: str
    page_size: int
    page_token: str
    def __init__(self, agent: _Optional[str] = ..., version_range: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRouteRevisionsResponse(_message.Message):
    __slots__ = ("routes", "next_page_token")
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    next_page_token: str
    def __init__(self, routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AcknowledgeRequest(_message.Message):
    __slots__ = ("watcher", "position")
    WATCHER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    watcher: str
    position: int
    def __init__(self, watcher: _Optional[str] = ..., position: _Optional[int] = ...) -> None: ...

class AcknowledgeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RegistryServiceWatchRequest(_message.Message):
    __slots__ = ("watcher",)
    WATCHER_FIELD_NUMBER: _ClassVar[int]
    watcher: str
    def __init__(self, watcher: _Optional[str] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("fault_id", "drill_id", "order", "expires_at")
    FAULT_ID_FIELD_NUMBER: _ClassVar[int]
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    fault_id: str
    drill_id: str
    order: _fault_pb2.FaultOrder
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, fault_id: _Optional[str] = ..., drill_id: _Optional[str] = ..., order: _Optional[_Union[_fault_pb2.FaultOrder, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FaultSet(_message.Message):
    __slots__ = ("faults",)
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    def __init__(self, faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ...) -> None: ...

class PutFaultRequest(_message.Message):
    __slots__ = ("fault_id", "drill_id", "order", "acknowledged_within")
    FAULT_ID_FIELD_NUMBER: _ClassVar[int]
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_WITHIN_FIELD_NUMBER: _ClassVar[int]
    fault_id: str
    drill_id: str
    order: _fault_pb2.FaultOrder
    acknowledged_within: _duration_pb2.Duration
    def __init__(self, fault_id: _Optional[str] = ..., drill_id: _Optional[str] = ..., order: _Optional[_Union[_fault_pb2.FaultOrder, _Mapping]] = ..., acknowledged_within: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class PutFaultResponse(_message.Message):
    __slots__ = ("fault", "acknowledgements")
    FAULT_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    fault: Fault
    acknowledgements: _containers.RepeatedCompositeFieldContainer[RouteAcknowledgement]
    def __init__(self, fault: _Optional[_Union[Fault, _Mapping]] = ..., acknowledgements: _Optional[_Iterable[_Union[RouteAcknowledgement, _Mapping]]] = ...) -> None: ...

class ListFaultsRequest(_message.Message):
    __slots__ = ("drill_id",)
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    drill_id: str
    def __init__(self, drill_id: _Optional[str] = ...) -> None: ...

class ListFaultsResponse(_message.Message):
    __slots__ = ("faults",)
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    def __init__(self, faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ...) -> None: ...

class HealFaultsRequest(_message.Message):
    __slots__ = ("drill_id", "fault_id", "acknowledged_within")
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    FAULT_ID_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_WITHIN_FIELD_NUMBER: _ClassVar[int]
    drill_id: str
    fault_id: str
    acknowledged_within: _duration_pb2.Duration
    def __init__(self, drill_id: _Optional[str] = ..., fault_id: _Optional[str] = ..., acknowledged_within: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class HealFaultsResponse(_message.Message):
    __slots__ = ("faults", "acknowledgements")
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    acknowledgements: _containers.RepeatedCompositeFieldContainer[RouteAcknowledgement]
    def __init__(self, faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ..., acknowledgements: _Optional[_Iterable[_Union[RouteAcknowledgement, _Mapping]]] = ...) -> None: ...

class RegistryServiceWatchResponse(_message.Message):
    __slots__ = ("documents", "runtimes", "routes", "snapshot", "position", "faults")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[Document]
    runtimes: _containers.RepeatedCompositeFieldContainer[RegisteredRuntime]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    snapshot: bool
    position: int
    faults: FaultSet
    def __init__(self, documents: _Optional[_Iterable[_Union[Document, _Mapping]]] = ..., runtimes: _Optional[_Iterable[_Union[RegisteredRuntime, _Mapping]]] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., snapshot: bool = ..., position: _Optional[int] = ..., faults: _Optional[_Union[FaultSet, _Mapping]] = ...) -> None: ...
