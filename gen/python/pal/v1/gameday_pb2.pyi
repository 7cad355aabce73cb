import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import fault_pb2 as _fault_pb2
from pal.v1 import rollout_pb2 as _rollout_pb2
from pal.v1 import run_event_pb2 as _run_event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GameDayRolloutEnd(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GAME_DAY_ROLLOUT_END_UNSPECIFIED: _ClassVar[GameDayRolloutEnd]
    GAME_DAY_ROLLOUT_END_DONE: _ClassVar[GameDayRolloutEnd]
    GAME_DAY_ROLLOUT_END_ABORTED: _ClassVar[GameDayRolloutEnd]

class GameDayAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GAME_DAY_ACTION_UNSPECIFIED: _ClassVar[GameDayAction]
    GAME_DAY_ACTION_KILL: _ClassVar[GameDayAction]
    GAME_DAY_ACTION_PAUSE: _ClassVar[GameDayAction]
    GAME_DAY_ACTION_STOP: _ClassVar[GameDayAction]
    GAME_DAY_ACTION_START: _ClassVar[GameDayAction]
    GAME_DAY_ACTION_UPGRADE: _ClassVar[GameDayAction]

class GameDayInvariant(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GAME_DAY_INVARIANT_UNSPECIFIED: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_SPECS_UNCHANGED: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_PROCESSES_UNCHANGED: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_FATES_AS_EXPECTED: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_LOGS_COMPLETE: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_AUDIT_WHOLE: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_EFFECTS_ONCE: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_ROLLBACK_IN_TIME: _ClassVar[GameDayInvariant]
    GAME_DAY_INVARIANT_ROLLOUTS_AS_EXPECTED: _ClassVar[GameDayInvariant]

class GameDayMeasure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GAME_DAY_MEASURE_UNSPECIFIED: _ClassVar[GameDayMeasure]
    GAME_DAY_MEASURE_SUCCEEDED_PERCENT: _ClassVar[GameDayMeasure]
    GAME_DAY_MEASURE_P95_MILLISECONDS: _ClassVar[GameDayMeasure]
    GAME_DAY_MEASURE_REPEATED_ATTEMPTS: _ClassVar[GameDayMeasure]
    GAME_DAY_MEASURE_FAULTS_MET: _ClassVar[GameDayMeasure]

class DrillVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRILL_VERDICT_UNSPECIFIED: _ClassVar[DrillVerdict]
    DRILL_VERDICT_PASS: _ClassVar[DrillVerdict]
    DRILL_VERDICT_FAIL: _ClassVar[DrillVerdict]
    DRILL_VERDICT_INVALID: _ClassVar[DrillVerdict]
GAME_DAY_ROLLOUT_END_UNSPECIFIED: GameDayRolloutEnd
GAME_DAY_ROLLOUT_END_DONE: GameDayRolloutEnd
GAME_DAY_ROLLOUT_END_ABORTED: GameDayRolloutEnd
GAME_DAY_ACTION_UNSPECIFIED: GameDayAction
GAME_DAY_ACTION_KILL: GameDayAction
GAME_DAY_ACTION_PAUSE: GameDayAction
GAME_DAY_ACTION_STOP: GameDayAction
GAME_DAY_ACTION_START: GameDayAction
GAME_DAY_ACTION_UPGRADE: GameDayAction
GAME_DAY_INVARIANT_UNSPECIFIED: GameDayInvariant
GAME_DAY_INVARIANT_SPECS_UNCHANGED: GameDayInvariant
GAME_DAY_INVARIANT_PROCESSES_UNCHANGED: GameDayInvariant
GAME_DAY_INVARIANT_FATES_AS_EXPECTED: GameDayInvariant
GAME_DAY_INVARIANT_LOGS_COMPLETE: GameDayInvariant
GAME_DAY_INVARIANT_AUDIT_WHOLE: GameDayInvariant
GAME_DAY_INVARIANT_EFFECTS_ONCE: GameDayInvariant
GAME_DAY_INVARIANT_ROLLBACK_IN_TIME: GameDayInvariant
GAME_DAY_INVARIANT_ROLLOUTS_AS_EXPECTED: GameDayInvariant
GAME_DAY_MEASURE_UNSPECIFIED: GameDayMeasure
GAME_DAY_MEASURE_SUCCEEDED_PERCENT: GameDayMeasure
GAME_DAY_MEASURE_P95_MILLISECONDS: GameDayMeasure
GAME_DAY_MEASURE_REPEATED_ATTEMPTS: GameDayMeasure
GAME_DAY_MEASURE_FAULTS_MET: GameDayMeasure
DRILL_VERDICT_UNSPECIFIED: DrillVerdict
DRILL_VERDICT_PASS: DrillVerdict
DRILL_VERDICT_FAIL: DrillVerdict
DRILL_VERDICT_INVALID: DrillVerdict

class GameDay(_message.Message):
    __slots__ = ("api_version", "kind", "metadata", "spec")
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    api_version: str
    kind: str
    metadata: _common_pb2.SpecMeta
    spec: GameDayPlan
    def __init__(self, api_version: _Optional[str] = ..., kind: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.SpecMeta, _Mapping]] = ..., spec: _Optional[_Union[GameDayPlan, _Mapping]] = ...) -> None: ...

class GameDayPlan(_message.Message):
    __slots__ = ("hypothesis", "agent", "inputs", "method", "invariants", "probes", "stop", "rollback", "evidence")
    HYPOTHESIS_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    INVARIANTS_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    hypothesis: str
    agent: _common_pb2.SpecSelector
    inputs: _containers.RepeatedScalarFieldContainer[str]
    method: _containers.RepeatedCompositeFieldContainer[GameDayStep]
    invariants: _containers.RepeatedScalarFieldContainer[GameDayInvariant]
    probes: _containers.RepeatedCompositeFieldContainer[GameDayProbe]
    stop: GameDayStop
    rollback: _containers.RepeatedCompositeFieldContainer[GameDayStep]
    evidence: GameDayEvidence
    def __init__(self, hypothesis: _Optional[str] = ..., agent: _Optional[_Union[_common_pb2.SpecSelector, _Mapping]] = ..., inputs: _Optional[_Iterable[str]] = ..., method: _Optional[_Iterable[_Union[GameDayStep, _Mapping]]] = ..., invariants: _Optional[_Iterable[_Union[GameDayInvariant, str]]] = ..., probes: _Optional[_Iterable[_Union[GameDayProbe, _Mapping]]] = ..., stop: _Optional[_Union[GameDayStop, _Mapping]] = ..., rollback: _Optional[_Iterable[_Union[GameDayStep, _Mapping]]] = ..., evidence: _Optional[_Union[GameDayEvidence, _Mapping]] = ...) -> None: ...

class GameDayStep(_message.Message):
    __slots__ = ("id", "runs", "fault", "heal", "route", "route_back", "process", "wait", "rollout")
    ID_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    HEAL_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    ROUTE_BACK_FIELD_NUMBER: _ClassVar[int]
    PROCESS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    id: str
    runs: GameDayRuns
    fault: _fault_pb2.FaultOrder
    heal: str
    route: GameDayRoute
    route_back: bool
    process: GameDayProcess
    wait: GameDayWait
    rollout: GameDayRollout
    def __init__(self, id: _Optional[str] = ..., runs: _Optional[_Union[GameDayRuns, _Mapping]] = ..., fault: _Optional[_Union[_fault_pb2.FaultOrder, _Mapping]] = ..., heal: _Optional[str] = ..., route: _Optional[_Union[GameDayRoute, _Mapping]] = ..., route_back: bool = ..., process: _Optional[_Union[GameDayProcess, _Mapping]] = ..., wait: _Optional[_Union[GameDayWait, _Mapping]] = ..., rollout: _Optional[_Union[GameDayRollout, _Mapping]] = ...) -> None: ...

class GameDayRollout(_message.Message):
    __slots__ = ("plan", "expect")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    EXPECT_FIELD_NUMBER: _ClassVar[int]
    plan: _rollout_pb2.RolloutPlan
    expect: GameDayRolloutEnd
    def __init__(self, plan: _Optional[_Union[_rollout_pb2.RolloutPlan, _Mapping]] = ..., expect: _Optional[_Union[GameDayRolloutEnd, str]] = ...) -> None: ...

class GameDayRuns(_message.Message):
    __slots__ = ("count", "parallel", "runtime", "expect", "background", "expect_runtime", "pause", "agent", "inputs")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    EXPECT_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    EXPECT_RUNTIME_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    count: int
    parallel: int
    runtime: str
    expect: _containers.RepeatedScalarFieldContainer[_run_event_pb2.RunOutcome]
    background: bool
    expect_runtime: str
    pause: _duration_pb2.Duration
    agent: str
    inputs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, count: _Optional[int] = ..., parallel: _Optional[int] = ..., runtime: _Optional[str] = ..., expect: _Optional[_Iterable[_Union[_run_event_pb2.RunOutcome, str]]] = ..., background: bool = ..., expect_runtime: _Optional[str] = ..., pause: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., agent: _Optional[str] = ..., inputs: _Optional[_Iterable[str]] = ...) -> None: ...

class GameDayRoute(_message.Message):
    __slots__ = ("stable", "candidate", "candidate_basis_points", "fallbacks")
    STABLE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_BASIS_POINTS_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    stable: str
    candidate: str
    candidate_basis_points: int
    fallbacks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, stable: _Optional[str] = ..., candidate: _Optional[str] = ..., candidate_basis_points: _Optional[int] = ..., fallbacks: _Optional[_Iterable[str]] = ...) -> None: ...

class GameDayProcess(_message.Message):
    __slots__ = ("name", "action", "lasting", "to")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    LASTING_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    name: str
    action: GameDayAction
    lasting: _duration_pb2.Duration
    to: str
    def __init__(self, name: _Optional[str] = ..., action: _Optional[_Union[GameDayAction, str]] = ..., lasting: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., to: _Optional[str] = ...) -> None: ...

class GameDayWait(_message.Message):
    __slots__ = ("runs", "runtime", "fault", "hits", "timeout", "rollout", "wave")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    runs: str
    runtime: str
    fault: str
    hits: int
    timeout: _duration_pb2.Duration
    rollout: str
    wave: str
    def __init__(self, runs: _Optional[str] = ..., runtime: _Optional[str] = ..., fault: _Optional[str] = ..., hits: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., rollout: _Optional[str] = ..., wave: _Optional[str] = ...) -> None: ...

class GameDayProbe(_message.Message):
    __slots__ = ("id", "measure", "steps", "at_least", "at_most")
    ID_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    id: str
    measure: GameDayMeasure
    steps: _containers.RepeatedScalarFieldContainer[str]
    at_least: int
    at_most: int
    def __init__(self, id: _Optional[str] = ..., measure: _Optional[_Union[GameDayMeasure, str]] = ..., steps: _Optional[_Iterable[str]] = ..., at_least: _Optional[int] = ..., at_most: _Optional[int] = ...) -> None: ...

class GameDayStop(_message.Message):
    __slots__ = ("max_unexpected_runs", "max_duration", "max_cost")
    MAX_UNEXPECTED_RUNS_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_FIELD_NUMBER: _ClassVar[int]
    max_unexpected_runs: int
    max_duration: _duration_pb2.Duration
    max_cost: _common_pb2.Money
    def __init__(self, max_unexpected_runs: _Optional[int] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ...) -> None: ...

class GameDayEvidence(_message.Message):
    __slots__ = ("rollback_limit", "valid_for")
    ROLLBACK_LIMIT_FIELD_NUMBER: _ClassVar[int]
    VALID_FOR_FIELD_NUMBER: _ClassVar[int]
    rollback_limit: _duration_pb2.Duration
    valid_for: _duration_pb2.Duration
    def __init__(self, rollback_limit: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., valid_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Certificate(_message.Message):
    __slots__ = ("number", "previous_digest", "plan", "drill_id", "hypothesis", "verdict", "reasons", "began_at", "ended_at", "expires_at", "findings", "probes", "runs", "receipts", "rollbacks", "documents", "processes", "audit", "usage", "cost", "clean_drills", "failure_rate_below_ppm", "rollouts")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    DRILL_ID_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESIS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    ROLLBACKS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    AUDIT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    CLEAN_DRILLS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_RATE_BELOW_PPM_FIELD_NUMBER: _ClassVar[int]
    ROLLOUTS_FIELD_NUMBER: _ClassVar[int]
    number: int
    previous_digest: str
    plan: _common_pb2.SpecRef
    drill_id: str
    hypothesis: str
    verdict: DrillVerdict
    reasons: _containers.RepeatedScalarFieldContainer[str]
    began_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    findings: _containers.RepeatedCompositeFieldContainer[DrillFinding]
    probes: _containers.RepeatedCompositeFieldContainer[DrillProbe]
    runs: _containers.RepeatedCompositeFieldContainer[DrillRun]
    receipts: _containers.RepeatedCompositeFieldContainer[DrillReceipt]
    rollbacks: _containers.RepeatedCompositeFieldContainer[DrillRollback]
    documents: _containers.RepeatedCompositeFieldContainer[DrillDocument]
    processes: _containers.RepeatedCompositeFieldContainer[DrillProcess]
    audit: DrillAudit
    usage: _common_pb2.TokenUsage
    cost: _common_pb2.Money
    clean_drills: int
    failure_rate_below_ppm: int
    rollouts: _containers.RepeatedCompositeFieldContainer[DrillRollout]
    def __init__(self, number: _Optional[int] = ..., previous_digest: _Optional[str] = ..., plan: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., drill_id: _Optional[str] = ..., hypothesis: _Optional[str] = ..., verdict: _Optional[_Union[DrillVerdict, str]] = ..., reasons: _Optional[_Iterable[str]] = ..., began_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[DrillFinding, _Mapping]]] = ..., probes: _Optional[_Iterable[_Union[DrillProbe, _Mapping]]] = ..., runs: _Optional[_Iterable[_Union[DrillRun, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[DrillReceipt, _Mapping]]] = ..., rollbacks: _Optional[_Iterable[_Union[DrillRollback, _Mapping]]] = ..., documents: _Optional[_Iterable[_Union[DrillDocument, _Mapping]]] = ..., processes: _Optional[_Iterable[_Union[DrillProcess, _Mapping]]] = ..., audit: _Optional[_Union[DrillAudit, _Mapping]] = ..., usage: _Optional[_Union[_common_pb2.TokenUsage, _Mapping]] = ..., cost: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., clean_drills: _Optional[int] = ..., failure_rate_below_ppm: _Optional[int] = ..., rollouts: _Optional[_Iterable[_Union[DrillRollout, _Mapping]]] = ...) -> None: ...

class DrillRollout(_message.Message):
    __slots__ = ("step", "rollout_id", "ended", "expected", "reason", "history", "repeated_acts")
    STEP_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_ID_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    REPEATED_ACTS_FIELD_NUMBER: _ClassVar[int]
    step: str
    rollout_id: str
    ended: GameDayRolloutEnd
    expected: GameDayRolloutEnd
    reason: str
    history: _containers.RepeatedScalarFieldContainer[str]
    repeated_acts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, step: _Optional[str] = ..., rollout_id: _Optional[str] = ..., ended: _Optional[_Union[GameDayRolloutEnd, str]] = ..., expected: _Optional[_Union[GameDayRolloutEnd, str]] = ..., reason: _Optional[str] = ..., history: _Optional[_Iterable[str]] = ..., repeated_acts: _Optional[_Iterable[str]] = ...) -> None: ...

class DrillFinding(_message.Message):
    __slots__ = ("invariant", "verdict", "detail")
    INVARIANT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    invariant: GameDayInvariant
    verdict: DrillVerdict
    detail: str
    def __init__(self, invariant: _Optional[_Union[GameDayInvariant, str]] = ..., verdict: _Optional[_Union[DrillVerdict, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class DrillProbe(_message.Message):
    __slots__ = ("id", "measure", "value", "at_least", "at_most", "verdict")
    ID_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    id: str
    measure: GameDayMeasure
    value: int
    at_least: int
    at_most: int
    verdict: DrillVerdict
    def __init__(self, id: _Optional[str] = ..., measure: _Optional[_Union[GameDayMeasure, str]] = ..., value: _Optional[int] = ..., at_least: _Optional[int] = ..., at_most: _Optional[int] = ..., verdict: _Optional[_Union[DrillVerdict, str]] = ...) -> None: ...

class DrillRun(_message.Message):
    __slots__ = ("run_id", "step", "runtimes", "outcome", "reason", "expected", "events", "faults", "took")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    TOOK_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    step: str
    runtimes: _containers.RepeatedScalarFieldContainer[str]
    outcome: _run_event_pb2.RunOutcome
    reason: str
    expected: bool
    events: int
    faults: int
    took: _duration_pb2.Duration
    def __init__(self, run_id: _Optional[str] = ..., step: _Optional[str] = ..., runtimes: _Optional[_Iterable[str]] = ..., outcome: _Optional[_Union[_run_event_pb2.RunOutcome, str]] = ..., reason: _Optional[str] = ..., expected: bool = ..., events: _Optional[int] = ..., faults: _Optional[int] = ..., took: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DrillReceipt(_message.Message):
    __slots__ = ("step", "what", "run_id", "seq", "seen")
    STEP_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    step: str
    what: str
    run_id: str
    seq: int
    seen: str
    def __init__(self, step: _Optional[str] = ..., what: _Optional[str] = ..., run_id: _Optional[str] = ..., seq: _Optional[int] = ..., seen: _Optional[str] = ...) -> None: ...

class DrillRollback(_message.Message):
    __slots__ = ("step", "left", "back_on", "began_at", "ended_at", "took", "limit", "late_runs", "agent")
    STEP_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    BACK_ON_FIELD_NUMBER: _ClassVar[int]
    BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    TOOK_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    LATE_RUNS_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    step: str
    left: str
    back_on: str
    began_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    took: _duration_pb2.Duration
    limit: _duration_pb2.Duration
    late_runs: int
    agent: str
    def __init__(self, step: _Optional[str] = ..., left: _Optional[str] = ..., back_on: _Optional[str] = ..., began_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., took: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., limit: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., late_runs: _Optional[int] = ..., agent: _Optional[str] = ...) -> None: ...

class DrillDocument(_message.Message):
    __slots__ = ("kind", "name", "before", "after")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    before: str
    after: str
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class DrillProcess(_message.Message):
    __slots__ = ("name", "before", "after", "planned")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    PLANNED_FIELD_NUMBER: _ClassVar[int]
    name: str
    before: str
    after: str
    planned: bool
    def __init__(self, name: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., planned: bool = ...) -> None: ...

class DrillAudit(_message.Message):
    __slots__ = ("runs", "events", "findings")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    runs: int
    events: int
    findings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, runs: _Optional[int] = ..., events: _Optional[int] = ..., findings: _Optional[_Iterable[str]] = ...) -> None: ...
