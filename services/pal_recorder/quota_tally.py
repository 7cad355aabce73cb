"""One counter of a quota: what is used in each stretch of time, and what reservations hold.

Stretches are fixed windows that begin at multiples of their length (as in the quota policies of
draft-ietf-httpapi-ratelimit-headers, section 2.3), not a rate as in GCRA: what was reserved for a model call and not
used can be given back exactly, and people can tell when the quota begins anew. Around a border up to twice the amount
may pass within one length; a second, shorter window bounds that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from google.protobuf import duration_pb2, timestamp_pb2

from pal.service.v1 import quota_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_rpc.quota_refusal import AT_ONCE, QuotaExceeded, Shortage

RUNS, TOKENS = quotas.QUOTA_MEASURE_RUNS, quotas.QUOTA_MEASURE_TOKENS
COST, TOOL_CALLS = quotas.QUOTA_MEASURE_COST, quotas.QUOTA_MEASURE_TOOL_CALLS
CONCURRENT = quotas.QUOTA_MEASURE_CONCURRENT_RUNS
_FIELDS = {RUNS: "runs", TOKENS: "tokens", TOOL_CALLS: "tool_calls"}
_WORDS = {RUNS: "runs", TOKENS: "tokens", TOOL_CALLS: "tool calls"}
# What is counted when it is reserved. The rest is held until it is settled.
_AT_ONCE = frozenset({RUNS, TOOL_CALLS})
# Nobody knows when a run or a call ends that holds what is asked for.
_SOON_SECONDS = 1.0
_MOST = 2**62
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))
# A measure, the length of a window in seconds (0 for runs at once), what is allowed, and the currency of money.
Bound = tuple[quotas.QuotaMeasure, int, int, str]


class Tally:
    """The counter of *state*, which is empty for a new one."""

    def __init__(self, state: pb.QuotaState) -> None:
        """Take over what is stored."""
        self.claim = state.claim
        self._bounds: list[Bound] = list(_bounds(state.claim))
        # By measure and length: when the window began, and what was used in it.
        self._windows = {
            (window.measure, window.seconds, window.currency_code): [window.began, window.used]
            for window in state.windows
        }
        self._held: dict[str, pb.QuotaHeld] = {held.reservation_id: held for held in state.held}
        self._reserved: Counter[tuple[int, str]] = Counter()
        for held in state.held:
            self._reserved.update(_holding(held.amounts))
        self._next_expiry_ms = min((held.expires_ms for held in state.held), default=0)

    def renew(self, reservation_id: str, expires_ms: int, now_ms: int) -> bool:
        """Let a reservation stand until a moment; tell whether it stands."""
        self._expire(now_ms)
        if (held := self._held.get(reservation_id)) is None:
            return False
        held.expires_ms = expires_ms
        return True

    def know(self, claim: pb.QuotaClaim) -> None:
        """Take over the bounds of *claim*, which may have changed."""
        if claim != self.claim:
            self.claim, self._bounds = claim, list(_bounds(claim))

    def check(self, claim: pb.QuotaClaim, amounts: pb.QuotaAmounts, now_ms: int) -> None:
        """Check that there is room for *amounts* within the bounds of *claim*.

        Raises:
            QuotaExceeded: there is not.
        """
        self._expire(now_ms)
        self.know(claim)
        refusals = [refusal for bound in self._bounds if (refusal := self._refusal(bound, amounts, now_ms))]
        if refusals:
            # The bound that is reached for longest decides when to try again.
            raise max(refusals, key=lambda refusal: refusal[0])[1]

    def take(self, reservation_id: str, amounts: pb.QuotaAmounts, expires_ms: int, now_ms: int) -> None:
        """Reserve *amounts*."""
        for bound in self._bounds:
            measure, _, _, currency = bound
            if measure in _AT_ONCE:
                _count(self._window(bound, now_ms), _amount(amounts, measure, currency))
        self._held[reservation_id] = pb.QuotaHeld(
            reservation_id=reservation_id, amounts=amounts, made_ms=now_ms, expires_ms=expires_ms
        )
        self._reserved.update(_holding(amounts))
        self._next_expiry_ms = min(self._next_expiry_ms or expires_ms, expires_ms)

    def settle(self, reservation_id: str, used: pb.QuotaAmounts, now_ms: int, *, undone: bool) -> bool:
        """End a reservation; tell whether it stood."""
        self._expire(now_ms)
        held = self._held.get(reservation_id)
        if held is None:
            return False
        self._free(held)
        for bound in self._bounds:
            measure, _, _, currency = bound
            if measure == CONCURRENT:
                continue
            window = self._window(bound, now_ms)
            if measure not in _AT_ONCE:
                _count(window, _amount(used, measure, currency))
            elif undone and held.made_ms >= window[0] * 1000:
                window[1] = max(window[1] - _amount(held.amounts, measure, currency), 0)
        return True

    def idle(self, now_ms: int) -> bool:
        """Tell whether nothing is held, and nothing used that still counts."""
        self._expire(now_ms)
        return not self._held and all(
            not used or (began + seconds) * 1000 <= now_ms for (_, seconds, _), (began, used) in self._windows.items()
        )

    def usage(self, now_ms: int) -> Iterator[pb.QuotaUsage]:
        """Yield how each bound stands."""
        self._expire(now_ms)
        for bound in self._bounds:
            measure, seconds, allowed, currency = bound
            usage = pb.QuotaUsage(
                measure=measure,
                reserved=self._reserved[measure, currency],
                allowed=allowed,
                currency_code=currency,
            )
            if seconds:
                began, usage.used = self._window(bound, now_ms)
                usage.window.CopyFrom(duration_pb2.Duration(seconds=seconds))
                usage.resets_at.CopyFrom(timestamp_pb2.Timestamp(seconds=began + seconds))
            yield usage

    def state(self) -> pb.QuotaState:
        """Return what is to be stored."""
        return pb.QuotaState(
            claim=self.claim,
            windows=[
                pb.QuotaWindow(
                    measure=measure,
                    seconds=seconds,
                    began=began,
                    used=used,
                    currency_code=currency,
                )
                for (measure, seconds, currency), (began, used) in self._windows.items()
            ],
            held=self._held.values(),
        )

    def _refusal(self, bound: Bound, amounts: pb.QuotaAmounts, now_ms: int) -> tuple[float, QuotaExceeded] | None:
        measure, seconds, allowed, currency = bound
        asked = _amount(amounts, measure, currency)
        if not asked and not (measure == COST and amounts.tokens):
            return None
        began, used = self._window(bound, now_ms) if seconds else (0, 0)
        reserved = self._reserved[measure, currency]
        # Where no price is known nothing is reserved; a quota that is used up holds all the same.
        if used + reserved + max(asked, 1) <= allowed:
            return None
        retry_seconds: float | None = _SOON_SECONDS
        if asked > allowed:
            retry_seconds = None
        elif seconds and used + max(asked, 1) > allowed:
            retry_seconds = began + seconds - now_ms / 1000
        lack = Shortage(
            quota=self.claim.key.quota,
            pool=pool_word(self.claim.key.pool),
            limit=label(measure, seconds, currency),
            used=used,
            reserved=reserved,
            asked=asked,
            allowed=allowed,
            currency=currency,
            retry_seconds=retry_seconds,
        )
        return (float("inf") if retry_seconds is None else retry_seconds), QuotaExceeded(lack)

    def _window(self, bound: Bound, now_ms: int) -> list[int]:
        measure, seconds, _, currency = bound
        began = now_ms // 1000 // seconds * seconds
        window = self._windows.setdefault((measure, seconds, currency), [began, 0])
        # A clock that was set back does not begin a window anew.
        if window[0] < began:
            window[:] = [began, 0]
        return window

    def _expire(self, now_ms: int) -> None:
        if not self._held or now_ms < self._next_expiry_ms:
            return
        for held in [held for held in self._held.values() if held.expires_ms <= now_ms]:
            self._free(held)
        self._next_expiry_ms = min((held.expires_ms for held in self._held.values()), default=0)

    def _free(self, held: pb.QuotaHeld) -> None:
        del self._held[held.reservation_id]
        self._reserved.subtract(_holding(held.amounts))


def label(measure: quotas.QuotaMeasure, seconds: int, currency: str) -> str:
    """Return a bound as it is named to people, for example ``tokens per 1h``."""
    if measure == CONCURRENT:
        return AT_ONCE
    length = next((f"{seconds // unit}{word}" for word, unit in _UNITS if seconds % unit == 0), f"{seconds}s")
    return f"{currency or _WORDS[measure]} per {length}"


def pool_word(pool: common.ExecutionMode) -> str:
    """Return the mode of the runs of a pool in a word, for example ``live``."""
    return common.ExecutionMode.Name(pool).removeprefix("EXECUTION_MODE_").lower()


def _bounds(claim: pb.QuotaClaim) -> Iterator[Bound]:
    for limit in claim.limits:
        for measure, field in _FIELDS.items():
            if limit.HasField(field):
                yield measure, limit.window.seconds, getattr(limit, field), ""
        if limit.HasField("cost"):
            yield COST, limit.window.seconds, limit.cost.nanos, limit.cost.currency_code
    if claim.HasField("concurrent_runs"):
        yield CONCURRENT, 0, claim.concurrent_runs, ""


def _count(window: list[int], amount: int) -> None:
    # An endpoint may report anything, and what is stored has 64 bits.
    window[1] = min(window[1] + max(amount, 0), _MOST)


def _amount(amounts: pb.QuotaAmounts, measure: quotas.QuotaMeasure, currency: str) -> int:
    if measure == COST:
        return amounts.cost.nanos if amounts.cost.currency_code == currency else 0
    return amounts.concurrent_runs if measure == CONCURRENT else getattr(amounts, _FIELDS[measure])


def _holding(amounts: pb.QuotaAmounts) -> dict[tuple[int, str], int]:
    return {
        (CONCURRENT, ""): amounts.concurrent_runs,
        (TOKENS, ""): amounts.tokens,
        (COST, amounts.cost.currency_code): amounts.cost.nanos,
    }
