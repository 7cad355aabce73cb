"""What the executor talks to."""

from __future__ import annotations

from dataclasses import dataclass

from pal_rpc.accounts import Accounts
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.faults import Faults
from pal_rpc.lease import LeaseVerifier
from pal_rpc.quota_book import QuotaBook
from pal_rpc.quota_client import QuotaClient
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.snapshot import RegistrySnapshot
from pal_rpc.spans import SpanWriter
from pal_tool_executor.ledgers import RunAccount


@dataclass(frozen=True, kw_only=True)
class Peers:
    """The registry's snapshot and the faults in it, the recorder in its parts, and what is known of the runs."""

    verifier: LeaseVerifier
    snapshot: RegistrySnapshot
    appender: Appender
    recorder: RecorderClient
    artifacts: ArtifactClient
    spans: SpanWriter
    accounts: Accounts[RunAccount]
    faults: Faults
    # What its calls count against, and where.
    book: QuotaBook
    quotas: QuotaClient
