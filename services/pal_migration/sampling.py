"""Which live runs are sampled: a matter of their identifiers alone, so that it can be told again at any time."""

from __future__ import annotations

import hashlib

WHOLE_PPM = 1_000_000


def sampled(shadow_id: str, run_id: str, share_ppm: int) -> bool:
    """Tell whether *shadow_id* takes *run_id* when it takes *share_ppm* of all runs."""
    return _point("sample", shadow_id, run_id) < share_ppm


def with_baseline(shadow_id: str, run_id: str, share_ppm: int) -> bool:
    """Tell whether a sampled run is run again on the runtime of production as well."""
    return _point("baseline", shadow_id, run_id) < share_ppm


def candidate_first(shadow_id: str, run_id: str) -> bool:
    """Tell which lane of a pair goes first: half of the time either, so that neither has the warmer world."""
    return _point("order", shadow_id, run_id) < WHOLE_PPM // 2


def _point(purpose: str, shadow_id: str, run_id: str) -> int:
    hashed = hashlib.sha256(f"{purpose}/{shadow_id}/{run_id}".encode()).digest()
    return int.from_bytes(hashed[:8]) * WHOLE_PPM >> 64
