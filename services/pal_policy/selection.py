"""Which policies bind a run."""

from __future__ import annotations

from collections.abc import Iterable

from pal_policy.evaluate import Policy


def bound(named: Iterable[Policy], published: Iterable[Policy]) -> list[Policy]:
    """Return the policies the agent names and the platform-wide ones among the *published*, each once."""
    chosen = {ref.digest: (ref, policy) for ref, policy in named}
    for ref, policy in published:
        if policy.spec.platform_wide:
            chosen.setdefault(ref.digest, (ref, policy))
    return list(chosen.values())
