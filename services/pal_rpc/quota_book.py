"""Which quotas a run has to keep, by the documents that the registry has published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pal.service.v1 import quota_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_rpc.lease import Lease
from pal_rpc.snapshot import RegistrySnapshot

ANY = "*"
RUN = ("runs",)
MODEL = ("tokens", "cost")
TOOL = ("tool_calls",)
_LIVE = (common.EXECUTION_MODE_LIVE,)


class User(NamedTuple):
    """Who uses something: a run by its tenant, agent, runtime and mode."""

    tenant: str
    agent: str
    runtime: str
    mode: common.ExecutionMode


def user_of(lease: Lease) -> User:
    """Return who uses what is called under *lease*."""
    accepted = lease.grant.accepted
    return User(accepted.requester.tenant, accepted.agent.name, lease.grant.runtime, lease.mode)


class QuotaBook:
    """Finds the counters of a run in the documents of *snapshot*."""

    def __init__(self, snapshot: RegistrySnapshot) -> None:
        """Look in *snapshot*."""
        self._snapshot = snapshot
        self._published: Sequence[registry.Document] | None = None
        self._by_tenant: dict[str, list[quotas.Quota]] = {}
        self._weights: dict[str, int] = {}

    def claims(self, user: User, measures: Sequence[str]) -> list[pb.QuotaClaim]:
        """Return the counters, with their bounds, that *user* takes from when it uses some of *measures*.

        These are names of fields of QuotaLimit; who begins a run is bound by ``concurrent_runs`` as well.
        """
        self._look()
        return [
            _claim(quota, user)
            for tenant in dict.fromkeys((user.tenant, ANY))
            for quota in self._by_tenant.get(tenant, ())
            if _matches(quota.spec, user) and _bounds(quota.spec, measures)
        ]

    def weight(self, tenant: str) -> int:
        """Return how many turns *tenant* has for one of another: the largest weight of its quotas, else 1."""
        self._look()
        return self._weights.get(tenant, 1)

    def _look(self) -> None:
        published = self._snapshot.newest(registry.DOCUMENT_KIND_QUOTA)
        # The snapshot returns the same list until a document changes.
        if published is self._published:
            return
        by_tenant: dict[str, list[quotas.Quota]] = defaultdict(list)
        weights: dict[str, int] = {}
        for document in published:
            tenant = document.quota.spec.match.tenant or ANY
            by_tenant[tenant].append(document.quota)
            if document.quota.spec.HasField("weight"):
                weights[tenant] = max(weights.get(tenant, 1), document.quota.spec.weight)
        self._published, self._by_tenant, self._weights = published, by_tenant, weights


def _matches(terms: quotas.QuotaTerms, user: User) -> bool:
    return (
        user.mode in (terms.pools or _LIVE)
        and terms.match.agent in ("", ANY, user.agent)
        and terms.match.runtime in ("", ANY, user.runtime)
    )


def _bounds(terms: quotas.QuotaTerms, measures: Sequence[str]) -> bool:
    if measures is RUN and terms.HasField("concurrent_runs"):
        return True
    return any(limit.HasField(measure) for limit in terms.limits for measure in measures)


def _claim(quota: quotas.Quota, user: User) -> pb.QuotaClaim:
    key = pb.QuotaKey(quota=quota.metadata.name, pool=user.mode, **dict(_own(quota.spec.per, user)))
    claim = pb.QuotaClaim(key=key, limits=quota.spec.limits)
    if quota.spec.HasField("concurrent_runs"):
        claim.concurrent_runs = quota.spec.concurrent_runs
    return claim


def _own(per: Sequence[quotas.QuotaScope], user: User) -> Iterator[tuple[str, str]]:
    if quotas.QUOTA_SCOPE_TENANT in per:
        yield "tenant", user.tenant
    if quotas.QUOTA_SCOPE_AGENT in per:
        yield "agent", user.agent
    if quotas.QUOTA_SCOPE_RUNTIME in per:
        yield "runtime", user.runtime
