"""Whether a certificate that a gate asks for is there and good."""

from __future__ import annotations

from pal.v1 import rollout_pb2 as plans


def problem_with(wanted: plans.RolloutCertificate) -> str:
    """Return what is wrong with the newest certificate of the plan that is *wanted*; empty when it is good."""
    return f"{wanted.plan}: certificates cannot be read here"
