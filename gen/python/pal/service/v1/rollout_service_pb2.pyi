import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.service.v1 import registry_service_pb2 as _registry_service_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import comparison_pb2 as _comparison_pb2
from pal.v1 import rollout_pb2 as _rollout_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RolloutState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLLOUT_STATE_UNSPECIFIED: _ClassVar[RolloutState]
    ROLLOUT_STATE_RUNNING: _ClassVar[RolloutState]
    ROLLOUT_STATE_PAUSED: _ClassVar[RolloutState]
    ROLLOUT_STATE_ABORTING: _ClassVar[RolloutState]
    ROLLOUT_STATE_ABORTED: _ClassVar[RolloutState]
    ROLLOUT_STATE_CONCLUDING: _ClassVar[RolloutState]
    ROLLOUT_STATE_DONE: _ClassVar[RolloutState]
    ROLLOUT_STATE_ROLLING_BACK: _ClassVar[RolloutState]
    ROLLOUT_STATE_ROLLED_BACK: _ClassVar[RolloutState]
ROLLOUT_STATE_UNSPECIFIED: RolloutState
ROLLOUT_STATE_RUNNING: RolloutState
ROLLOUT_STATE_PAUSED: RolloutState
ROLLOUT_STATE_ABORTING: RolloutState
ROLLOUT_STATE_ABORTED: RolloutState
ROLLOUT_STATE_CONCLUDING: RolloutState
ROLLOUT_STATE_DONE: RolloutState
ROLLOUT_STATE_ROLLING_BACK: RolloutState
ROLLOUT_STATE_ROLLED_BACK: RolloutState

class RolloutStatus(_message.Message):
    __slots__ = ("rollout_id", "rollout", "state", "reason", "wave", "step", "step_began_at", "approved_by", "promoted_by", "agents", "gates", "history", "spent", "applied_by", "applied_at", "ended_at", "acts", "problem", "pause_taken", "back_ordered_at")
    ROLLOUT_ID_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEP_BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    PROMOTED_BY_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    SPENT_FIELD_NUMBER: _ClassVar[int]
    APPLIED_BY_FIELD_NUMBER: _ClassVar[int]
    APPLIED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    ACTS_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    PAUSE_TAKEN_FIELD_NUMBER: _ClassVar[int]
    BACK_ORDERED_AT_FIELD_NUMBER: _ClassVar[int]
    rollout_id: str
    rollout: _rollout_pb2.Rollout
    state: RolloutState
    reason: str
    wave: int
    step: int
    step_began_at: _timestamp_pb2.Timestamp
    approved_by: str
    promoted_by: str
    agents: _containers.RepeatedCompositeFieldContainer[RolloutAgent]
    gates: _containers.RepeatedCompositeFieldContainer[RolloutGate]
    history: _containers.RepeatedCompositeFieldContainer[RolloutEntry]
    spent: _common_pb2.Money
    applied_by: str
    applied_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    acts: int
    problem: str
    pause_taken: bool
    back_ordered_at: _timestamp_pb2.Timestamp
    def __init__(self, rollout_id: _Optional[str] = ..., rollout: _Optional[_Union[_rollout_pb2.Rollout, _Mapping]] = ..., state: _Optional[_Union[RolloutState, str]] = ..., reason: _Optional[str] = ..., wave: _Optional[int] = ..., step: _Optional[int] = ..., step_began_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., approved_by: _Optional[str] = ..., promoted_by: _Optional[str] = ..., agents: _Optional[_Iterable[_Union[RolloutAgent, _Mapping]]] = ..., gates: _Optional[_Iterable[_Union[RolloutGate, _Mapping]]] = ..., history: _Optional[_Iterable[_Union[RolloutEntry, _Mapping]]] = ..., spent: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., applied_by: _Optional[str] = ..., applied_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., acts: _Optional[int] = ..., problem: _Optional[str] = ..., pause_taken: bool = ..., back_ordered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RolloutAgent(_message.Message):
    __slots__ = ("agent", "wave", "before", "present", "placing", "shadow_id", "counts", "verdict", "verdict_reason", "left", "automatic", "own_shadow", "unacknowledged")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    PLACING_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_REASON_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    AUTOMATIC_FIELD_NUMBER: _ClassVar[int]
    OWN_SHADOW_FIELD_NUMBER: _ClassVar[int]
    UNACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    agent: str
    wave: int
    before: _registry_service_pb2.Route
    present: _registry_service_pb2.Route
    placing: RolloutPlacing
    shadow_id: str
    counts: RolloutCounts
    verdict: _comparison_pb2.VerdictOutcome
    verdict_reason: str
    left: str
    automatic: bool
    own_shadow: bool
    unacknowledged: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, agent: _Optional[str] = ..., wave: _Optional[int] = ..., before: _Optional[_Union[_registry_service_pb2.Route, _Mapping]] = ..., present: _Optional[_Union[_registry_service_pb2.Route, _Mapping]] = ..., placing: _Optional[_Union[RolloutPlacing, _Mapping]] = ..., shadow_id: _Optional[str] = ..., counts: _Optional[_Union[RolloutCounts, _Mapping]] = ..., verdict: _Optional[_Union[_comparison_pb2.VerdictOutcome, str]] = ..., verdict_reason: _Optional[str] = ..., left: _Optional[str] = ..., automatic: bool = ..., own_shadow: bool = ..., unacknowledged: _Optional[_Iterable[str]] = ...) -> None: ...

class RolloutPlacing(_message.Message):
    __slots__ = ("mark", "route", "expected_revision")
    MARK_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    mark: str
    route: _registry_service_pb2.Route
    expected_revision: int
    def __init__(self, mark: _Optional[str] = ..., route: _Optional[_Union[_registry_service_pb2.Route, _Mapping]] = ..., expected_revision: _Optional[int] = ...) -> None: ...

class RolloutCounts(_message.Message):
    __slots__ = ("to_candidate", "to_stable", "ended", "succeeded", "pairs", "replayed", "replays_succeeded")
    TO_CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    TO_STABLE_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    REPLAYS_SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    to_candidate: int
    to_stable: int
    ended: int
    succeeded: int
    pairs: int
    replayed: int
    replays_succeeded: int
    def __init__(self, to_candidate: _Optional[int] = ..., to_stable: _Optional[int] = ..., ended: _Optional[int] = ..., succeeded: _Optional[int] = ..., pairs: _Optional[int] = ..., replayed: _Optional[int] = ..., replays_succeeded: _Optional[int] = ...) -> None: ...

class RolloutGate(_message.Message):
    __slots__ = ("name", "holds", "detail")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    holds: bool
    detail: str
    def __init__(self, name: _Optional[str] = ..., holds: bool = ..., detail: _Optional[str] = ...) -> None: ...

class RolloutEntry(_message.Message):
    __slots__ = ("at", "what", "who", "reason")
    AT_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    what: str
    who: str
    reason: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., what: _Optional[str] = ..., who: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RolloutSelector(_message.Message):
    __slots__ = ("name", "rollout_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    rollout_id: str
    def __init__(self, name: _Optional[str] = ..., rollout_id: _Optional[str] = ...) -> None: ...

class ApplyRolloutRequest(_message.Message):
    __slots__ = ("rollout", "validate_only", "author", "reason")
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rollout: _rollout_pb2.Rollout
    validate_only: bool
    author: str
    reason: str
    def __init__(self, rollout: _Optional[_Union[_rollout_pb2.Rollout, _Mapping]] = ..., validate_only: bool = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ApplyRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class GetRolloutRequest(_message.Message):
    __slots__ = ("rollout",)
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ...) -> None: ...

class GetRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class ListRolloutsRequest(_message.Message):
    __slots__ = ("agent", "page_size", "page_token")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    agent: str
    page_size: int
    page_token: str
    def __init__(self, agent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRolloutsResponse(_message.Message):
    __slots__ = ("rollouts", "next_page_token")
    ROLLOUTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rollouts: _containers.RepeatedCompositeFieldContainer[RolloutStatus]
    next_page_token: str
    def __init__(self, rollouts: _Optional[_Iterable[_Union[RolloutStatus, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchRolloutRequest(_message.Message):
    __slots__ = ("rollout",)
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ...) -> None: ...

class WatchRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class PauseRolloutRequest(_message.Message):
    __slots__ = ("rollout", "author", "reason")
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    author: str
    reason: str
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class PauseRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class ResumeRolloutRequest(_message.Message):
    __slots__ = ("rollout", "author", "reason")
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    author: str
    reason: str
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ResumeRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class PromoteRolloutRequest(_message.Message):
    __slots__ = ("rollout", "author", "reason")
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    author: str
    reason: str
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class PromoteRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class ApproveRolloutRequest(_message.Message):
    __slots__ = ("rollout", "author", "reason")
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    author: str
    reason: str
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ApproveRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class AbortRolloutRequest(_message.Message):
    __slots__ = ("rollout", "author", "reason")
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    author: str
    reason: str
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AbortRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...

class RollbackRolloutRequest(_message.Message):
    __slots__ = ("rollout", "author", "reason")
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rollout: RolloutSelector
    author: str
    reason: str
    def __init__(self, rollout: _Optional[_Union[RolloutSelector, _Mapping]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RollbackRolloutResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: RolloutStatus
    def __init__(self, status: _Optional[_Union[RolloutStatus, _Mapping]] = ...) -> None: ...
