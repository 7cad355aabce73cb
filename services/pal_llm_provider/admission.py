"""Who may ask which model: the lease, the policies, the ceilings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import run_event_pb2 as events
from pal_llm_provider import forging
from pal_llm_provider.ledgers import RunAccount
from pal_llm_provider.profiles import find
from pal_llm_provider.provider import Profile
from pal_llm_provider.recorded import answer, diverged, stopped
from pal_llm_provider.recording import Recording
from pal_llm_provider.replay import Match, Missing, source
from pal_llm_provider.stages import begun
from pal_llm_provider.transcript import request_digest, request_text
from pal_log.call_ids import fresh, newest
from pal_policy.evaluate import Question, decide
from pal_rpc.accounts import Accounts
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import InvalidField, MeshError, failure
from pal_rpc.lease import Lease, LeaseVerifier, ModeForged
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.refusals import limit_reached, policy_refusal
from pal_rpc.snapshot import RegistrySnapshot

ACTION = "model.call"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that may be made, or whose *known* answer is to be given again."""

    lease: Lease
    profile: Profile
    account: RunAccount
    call_id: str
    request: pb.ModelRequest
    # The request as it is recorded.
    text: str
    digest: str
    decision: policies.PolicyDecision | None = None
    known: pb.ModelAnswer | None = None
    match: Match | None = None


class Admission:
    """Decides whether a call may be made."""

    def __init__(
        self,
        verifier: LeaseVerifier,
        profiles: Mapping[str, Profile],
        accounts: Accounts[RunAccount],
        snapshot: RegistrySnapshot,
        recording: Recording,
        artifacts: ArtifactClient,
        recorder: RecorderClient,
    ) -> None:
        """Decide about *profiles*; refusals that are facts of the run go to *recording*."""
        self._verifier = verifier
        self._profiles = profiles
        self._accounts = accounts
        self._snapshot = snapshot
        self._recording = recording
        self._artifacts = artifacts
        self._recorder = recorder

    async def proven(self, request: pb.ModelRequest) -> Lease:
        """Return what the lease of *request* proves, expired or not; a mode that was changed is a fact of the run.

        Raises:
            MeshError: LEASE_MISSING, LEASE_INVALID or MODE_FORGED.
        """
        try:
            return self._verifier.proven(request.lease if request.HasField("lease") else shared.RunLease())
        except ModeForged as forged:
            await forging.record(forged, request, self._accounts, self._recording)
            raise

    async def admit(self, request: pb.ModelRequest, lease: Lease) -> Call:
        """Return the call that *request* may make under *lease*; it is counted.

        Raises:
            MeshError: it may not.
        """
        profile = find(self._profiles, request.profile)
        if not request.messages:
            raise InvalidField("request.messages", "empty; send at least one message")
        await self._recording.ready()
        account = await self._accounts.of(lease)
        await begun(request.stage_id, lease, account, self._recorder)
        text = request_text(request, profile.name)
        digest = request_digest(request, profile.name, text)
        await self._close_lost(lease, account)
        known = await self._known(lease, account, request, digest)
        if known is not None:
            return Call(
                lease=lease,
                profile=profile,
                account=account,
                call_id=request.call_id,
                request=request,
                text=text,
                digest=digest,
                known=known,
            )
        match = await self._match(lease, account, request, profile)
        # What the policies said then is part of the record.
        decision = None if match else await self._decision(lease, profile, account, request.stage_id)
        await self._hold_to_limits(lease, account, request.stage_id)
        call_id = fresh(request.call_id, account.digests) if request.call_id else account.mint()
        account.digests[call_id] = digest
        account.ledger.count_model_call()
        return Call(
            lease=lease,
            profile=profile,
            account=account,
            call_id=call_id,
            request=request,
            text=text,
            digest=digest,
            decision=decision,
            match=match,
        )

    async def _known(
        self, lease: Lease, account: RunAccount, request: pb.ModelRequest, digest: str
    ) -> pb.ModelAnswer | None:
        call_id = request.call_id
        if call_id not in account.digests:
            return None
        earlier = newest(call_id, account.record.calls)
        if earlier is None or (earlier.epoch == lease.epoch and not earlier.answered):
            return _again(account, lease.run_id, call_id, digest)
        if account.record.left or not earlier.answered:
            # The attempt that asked is gone, and with it the answer.
            return None
        if earlier.started.request_digest == digest:
            return await answer(earlier, self._artifacts)
        await self._diverge(lease, account, request.stage_id, diverged(earlier, call_id, digest, fatal=True))
        return None

    async def _match(
        self, lease: Lease, account: RunAccount, request: pb.ModelRequest, profile: Profile
    ) -> Match | None:
        accepted = lease.grant.accepted
        if lease.mode != common.EXECUTION_MODE_REPLAY or accepted.fidelity == events.REPLAY_FIDELITY_LIVE_MODEL:
            return None
        async with account.reading:
            if account.source is None:
                account.source = await source(accepted.source_run_id, self._recorder, self._artifacts)
                for seq in account.given:
                    account.source.use(seq)
        try:
            return account.source.find(request, profile.name, accepted.fidelity)
        except Missing as missing:
            await self._recording.append(lease, request.stage_id, replay_diverged=missing.fact)
            raise missing.error(lease.run_id) from None

    async def _diverge(self, lease: Lease, account: RunAccount, stage_id: str, fact: events.ReplayDiverged) -> None:
        document = await self._snapshot.pinned(registry.DOCUMENT_KIND_AGENT, lease.agent)
        fact.fatal = document.agent.spec.runtime.on_divergence != agents.ON_DIVERGENCE_GO_ON
        await self._recording.append(lease, stage_id, replay_diverged=fact)
        if fact.fatal:
            raise stopped(fact, lease.run_id)
        account.record.left = True

    async def _close_lost(self, lease: Lease, account: RunAccount) -> None:
        for call_id in account.record.lost(lease.epoch):
            error = MeshError(
                reasons.ERROR_REASON_ATTEMPT_LOST, "the attempt that asked was lost before the model had answered"
            )
            finished = events.ModelCallFinished(call_id=call_id, failure=failure(error))
            lost = account.record.calls[call_id]
            lost.finished = finished
            await self._recording.append(lease, lost.stage_id, model_call_finished=finished)

    async def _decision(
        self, lease: Lease, profile: Profile, account: RunAccount, stage_id: str
    ) -> policies.PolicyDecision | None:
        refs = lease.grant.accepted.policies
        if not refs:
            return None
        documents = [(ref, (await self._snapshot.pinned(registry.DOCUMENT_KIND_POLICY, ref)).policy) for ref in refs]
        decision = decide(_question(lease, profile, account), documents)
        refusal = policy_refusal(decision, f"{ACTION} with model {profile.model}") if decision else None
        if refusal:
            await self._recording.append(lease, stage_id, policy_decided=events.PolicyDecided(decision=decision))
            raise refusal
        return decision

    async def _hold_to_limits(self, lease: Lease, account: RunAccount, stage_id: str) -> None:
        reached = account.ledger.before_model_call()
        if reached is None:
            return
        if not account.limit_recorded:
            account.limit_recorded = True
            await self._recording.append(lease, stage_id, run_limit_reached=reached)
        raise limit_reached(reached)


def _again(account: RunAccount, run_id: str, call_id: str, digest: str) -> pb.ModelAnswer:
    answer = account.answers.get(call_id)
    if account.digests[call_id] == digest and answer is not None:
        return answer
    what = "the same request, whose answer is not at hand" if account.digests[call_id] == digest else "another request"
    raise MeshError(
        reasons.ERROR_REASON_CALL_ID_REUSED,
        f"request.call_id: {call_id} was used by run {run_id} for {what}; leave it empty to get a new one",
        run_id=run_id,
        call_id=call_id,
    )


def _question(lease: Lease, profile: Profile, account: RunAccount) -> Question:
    accepted, ledger = lease.grant.accepted, account.ledger
    return Question(
        action=ACTION,
        agent=accepted.agent.name,
        agent_version=accepted.agent.version,
        principal=accepted.requester.id,
        principal_kind=accepted.requester.kind,
        tenant=accepted.requester.tenant,
        runtime=lease.grant.runtime,
        mode=lease.mode,
        model=profile.model,
        labels=accepted.labels,
        variables={"run": {"model_calls": ledger.model_calls, "total_tokens": ledger.total_tokens}},
    )
