import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pal.v1 import advice_pb2 as _advice_pb2
from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import comparison_pb2 as _comparison_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ShadowStart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHADOW_START_UNSPECIFIED: _ClassVar[ShadowStart]
    SHADOW_START_AFTER_PRIMARY: _ClassVar[ShadowStart]
    SHADOW_START_CONCURRENT: _ClassVar[ShadowStart]

class ShadowState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHADOW_STATE_UNSPECIFIED: _ClassVar[ShadowState]
    SHADOW_STATE_GOING: _ClassVar[ShadowState]
    SHADOW_STATE_STOPPED: _ClassVar[ShadowState]

class SampleState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SAMPLE_STATE_UNSPECIFIED: _ClassVar[SampleState]
    SAMPLE_STATE_WAITING: _ClassVar[SampleState]
    SAMPLE_STATE_COMPARED: _ClassVar[SampleState]
    SAMPLE_STATE_LOST: _ClassVar[SampleState]
    SAMPLE_STATE_LEFT_OUT: _ClassVar[SampleState]
SHADOW_START_UNSPECIFIED: ShadowStart
SHADOW_START_AFTER_PRIMARY: ShadowStart
SHADOW_START_CONCURRENT: ShadowStart
SHADOW_STATE_UNSPECIFIED: ShadowState
SHADOW_STATE_GOING: ShadowState
SHADOW_STATE_STOPPED: ShadowState
SAMPLE_STATE_UNSPECIFIED: SampleState
SAMPLE_STATE_WAITING: SampleState
SAMPLE_STATE_COMPARED: SampleState
SAMPLE_STATE_LOST: SampleState
SAMPLE_STATE_LEFT_OUT: SampleState

class ShadowPlan(_message.Message):
    __slots__ = ("agent", "candidate", "sample_ppm", "baseline_ppm", "start", "max_runs_per_day", "max_cost_per_day", "any_tier", "limits")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_PPM_FIELD_NUMBER: _ClassVar[int]
    BASELINE_PPM_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    MAX_RUNS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    ANY_TIER_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    agent: str
    candidate: str
    sample_ppm: int
    baseline_ppm: int
    start: ShadowStart
    max_runs_per_day: int
    max_cost_per_day: _common_pb2.Money
    any_tier: bool
    limits: _common_pb2.RunLimits
    def __init__(self, agent: _Optional[str] = ..., candidate: _Optional[str] = ..., sample_ppm: _Optional[int] = ..., baseline_ppm: _Optional[int] = ..., start: _Optional[_Union[ShadowStart, str]] = ..., max_runs_per_day: _Optional[int] = ..., max_cost_per_day: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., any_tier: bool = ..., limits: _Optional[_Union[_common_pb2.RunLimits, _Mapping]] = ...) -> None: ...

class Shadow(_message.Message):
    __slots__ = ("shadow_id", "plan", "state", "started_at", "stopped_at", "baseline", "progress", "warnings")
    SHADOW_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AT_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    shadow_id: str
    plan: ShadowPlan
    state: ShadowState
    started_at: _timestamp_pb2.Timestamp
    stopped_at: _timestamp_pb2.Timestamp
    baseline: str
    progress: ShadowProgress
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, shadow_id: _Optional[str] = ..., plan: _Optional[_Union[ShadowPlan, _Mapping]] = ..., state: _Optional[_Union[ShadowState, str]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stopped_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., baseline: _Optional[str] = ..., progress: _Optional[_Union[ShadowProgress, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class ShadowProgress(_message.Message):
    __slots__ = ("seen", "sampled", "waiting", "under_way", "compared", "pairs", "losses", "left_out", "day", "runs_of_day", "cost_of_day", "horizons", "newest_run_id")
    SEEN_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    RUNS_OF_DAY_FIELD_NUMBER: _ClassVar[int]
    COST_OF_DAY_FIELD_NUMBER: _ClassVar[int]
    HORIZONS_FIELD_NUMBER: _ClassVar[int]
    NEWEST_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    seen: int
    sampled: int
    waiting: int
    under_way: int
    compared: int
    pairs: int
    losses: _containers.RepeatedCompositeFieldContainer[_comparison_pb2.Loss]
    left_out: _containers.RepeatedCompositeFieldContainer[_comparison_pb2.Loss]
    day: str
    runs_of_day: int
    cost_of_day: _common_pb2.Money
    horizons: int
    newest_run_id: str
    def __init__(self, seen: _Optional[int] = ..., sampled: _Optional[int] = ..., waiting: _Optional[int] = ..., under_way: _Optional[int] = ..., compared: _Optional[int] = ..., pairs: _Optional[int] = ..., losses: _Optional[_Iterable[_Union[_comparison_pb2.Loss, _Mapping]]] = ..., left_out: _Optional[_Iterable[_Union[_comparison_pb2.Loss, _Mapping]]] = ..., day: _Optional[str] = ..., runs_of_day: _Optional[int] = ..., cost_of_day: _Optional[_Union[_common_pb2.Money, _Mapping]] = ..., horizons: _Optional[int] = ..., newest_run_id: _Optional[str] = ...) -> None: ...

class Sample(_message.Message):
    __slots__ = ("run_id", "state", "with_baseline", "candidate_run_id", "baseline_run_id", "loss", "sampled_at", "begun")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    WITH_BASELINE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    BASELINE_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_AT_FIELD_NUMBER: _ClassVar[int]
    BEGUN_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    state: SampleState
    with_baseline: bool
    candidate_run_id: str
    baseline_run_id: str
    loss: str
    sampled_at: _timestamp_pb2.Timestamp
    begun: bool
    def __init__(self, run_id: _Optional[str] = ..., state: _Optional[_Union[SampleState, str]] = ..., with_baseline: bool = ..., candidate_run_id: _Optional[str] = ..., baseline_run_id: _Optional[str] = ..., loss: _Optional[str] = ..., sampled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., begun: bool = ...) -> None: ...

class StartShadowRequest(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: ShadowPlan
    def __init__(self, plan: _Optional[_Union[ShadowPlan, _Mapping]] = ...) -> None: ...

class StartShadowResponse(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: Shadow
    def __init__(self, shadow: _Optional[_Union[Shadow, _Mapping]] = ...) -> None: ...

class StopShadowRequest(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: ShadowSelector
    def __init__(self, shadow: _Optional[_Union[ShadowSelector, _Mapping]] = ...) -> None: ...

class StopShadowResponse(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: Shadow
    def __init__(self, shadow: _Optional[_Union[Shadow, _Mapping]] = ...) -> None: ...

class ShadowSelector(_message.Message):
    __slots__ = ("shadow_id", "agent", "candidate")
    SHADOW_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    shadow_id: str
    agent: str
    candidate: str
    def __init__(self, shadow_id: _Optional[str] = ..., agent: _Optional[str] = ..., candidate: _Optional[str] = ...) -> None: ...

class GetShadowRequest(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: ShadowSelector
    def __init__(self, shadow: _Optional[_Union[ShadowSelector, _Mapping]] = ...) -> None: ...

class GetShadowResponse(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: Shadow
    def __init__(self, shadow: _Optional[_Union[Shadow, _Mapping]] = ...) -> None: ...

class ListShadowsRequest(_message.Message):
    __slots__ = ("agent", "page_size", "page_token")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    agent: str
    page_size: int
    page_token: str
    def __init__(self, agent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListShadowsResponse(_message.Message):
    __slots__ = ("shadows", "next_page_token")
    SHADOWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    shadows: _containers.RepeatedCompositeFieldContainer[Shadow]
    next_page_token: str
    def __init__(self, shadows: _Optional[_Iterable[_Union[Shadow, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchShadowRequest(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: ShadowSelector
    def __init__(self, shadow: _Optional[_Union[ShadowSelector, _Mapping]] = ...) -> None: ...

class WatchShadowResponse(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: Shadow
    def __init__(self, shadow: _Optional[_Union[Shadow, _Mapping]] = ...) -> None: ...

class CompareRequest(_message.Message):
    __slots__ = ("run_a", "run_b", "max_entries")
    RUN_A_FIELD_NUMBER: _ClassVar[int]
    RUN_B_FIELD_NUMBER: _ClassVar[int]
    MAX_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    run_a: str
    run_b: str
    max_entries: int
    def __init__(self, run_a: _Optional[str] = ..., run_b: _Optional[str] = ..., max_entries: _Optional[int] = ...) -> None: ...

class CompareResponse(_message.Message):
    __slots__ = ("comparison",)
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    comparison: _comparison_pb2.Comparison
    def __init__(self, comparison: _Optional[_Union[_comparison_pb2.Comparison, _Mapping]] = ...) -> None: ...

class ListComparisonsRequest(_message.Message):
    __slots__ = ("shadow", "pair_kind", "page_size", "page_token")
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    PAIR_KIND_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    shadow: ShadowSelector
    pair_kind: _comparison_pb2.PairKind
    page_size: int
    page_token: str
    def __init__(self, shadow: _Optional[_Union[ShadowSelector, _Mapping]] = ..., pair_kind: _Optional[_Union[_comparison_pb2.PairKind, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListComparisonsResponse(_message.Message):
    __slots__ = ("comparisons", "next_page_token")
    COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    comparisons: _containers.RepeatedCompositeFieldContainer[_comparison_pb2.Comparison]
    next_page_token: str
    def __init__(self, comparisons: _Optional[_Iterable[_Union[_comparison_pb2.Comparison, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetVerdictRequest(_message.Message):
    __slots__ = ("shadow",)
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    shadow: ShadowSelector
    def __init__(self, shadow: _Optional[_Union[ShadowSelector, _Mapping]] = ...) -> None: ...

class GetVerdictResponse(_message.Message):
    __slots__ = ("verdict", "shadow_id")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ID_FIELD_NUMBER: _ClassVar[int]
    verdict: _comparison_pb2.Verdict
    shadow_id: str
    def __init__(self, verdict: _Optional[_Union[_comparison_pb2.Verdict, _Mapping]] = ..., shadow_id: _Optional[str] = ...) -> None: ...

class ListVerdictsRequest(_message.Message):
    __slots__ = ("agent", "candidate", "page_size", "page_token")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    agent: str
    candidate: str
    page_size: int
    page_token: str
    def __init__(self, agent: _Optional[str] = ..., candidate: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListVerdictsResponse(_message.Message):
    __slots__ = ("verdicts", "next_page_token")
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    verdicts: _containers.RepeatedCompositeFieldContainer[KeptVerdict]
    next_page_token: str
    def __init__(self, verdicts: _Optional[_Iterable[_Union[KeptVerdict, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class KeptVerdict(_message.Message):
    __slots__ = ("shadow_id", "verdict")
    SHADOW_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    shadow_id: str
    verdict: _comparison_pb2.Verdict
    def __init__(self, shadow_id: _Optional[str] = ..., verdict: _Optional[_Union[_comparison_pb2.Verdict, _Mapping]] = ...) -> None: ...

class AdviceFile(_message.Message):
    __slots__ = ("source", "text", "observed_at")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    source: str
    text: str
    observed_at: _timestamp_pb2.Timestamp
    def __init__(self, source: _Optional[str] = ..., text: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AdviceLicence(_message.Message):
    __slots__ = ("version", "licence", "source")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    version: str
    licence: str
    source: str
    def __init__(self, version: _Optional[str] = ..., licence: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...

class AdviseRequest(_message.Message):
    __slots__ = ("runtime", "rules", "osv", "matrix", "releases", "certificates", "package", "ecosystem", "licences")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    OSV_FIELD_NUMBER: _ClassVar[int]
    MATRIX_FIELD_NUMBER: _ClassVar[int]
    RELEASES_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    PACKAGE_FIELD_NUMBER: _ClassVar[int]
    ECOSYSTEM_FIELD_NUMBER: _ClassVar[int]
    LICENCES_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    rules: _advice_pb2.AdviceRules
    osv: _containers.RepeatedCompositeFieldContainer[AdviceFile]
    matrix: AdviceFile
    releases: AdviceFile
    certificates: _containers.RepeatedCompositeFieldContainer[AdviceFile]
    package: str
    ecosystem: str
    licences: _containers.RepeatedCompositeFieldContainer[AdviceLicence]
    def __init__(self, runtime: _Optional[str] = ..., rules: _Optional[_Union[_advice_pb2.AdviceRules, _Mapping]] = ..., osv: _Optional[_Iterable[_Union[AdviceFile, _Mapping]]] = ..., matrix: _Optional[_Union[AdviceFile, _Mapping]] = ..., releases: _Optional[_Union[AdviceFile, _Mapping]] = ..., certificates: _Optional[_Iterable[_Union[AdviceFile, _Mapping]]] = ..., package: _Optional[str] = ..., ecosystem: _Optional[str] = ..., licences: _Optional[_Iterable[_Union[AdviceLicence, _Mapping]]] = ...) -> None: ...

class AdviseResponse(_message.Message):
    __slots__ = ("advice",)
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    advice: _advice_pb2.Advice
    def __init__(self, advice: _Optional[_Union[_advice_pb2.Advice, _Mapping]] = ...) -> None: ...
