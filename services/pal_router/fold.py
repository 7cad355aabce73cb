"""What a run's events add up to, as far as the router needs it to end the run."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.events import HOLDING

_HARMLESS = (tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ)


class RunFold:
    """The state of one run, folded from its recorded events in order."""

    def __init__(self) -> None:
        """Start before the first event."""
        self.head_seq = 0
        self.epoch = 0
        # The life of the router that has the run.
        self.holder = ""
        self.accepted_at_ns = 0
        # Time in which the run waited for people.
        self.waited_ns = 0
        self.suspended: events.RunSuspended | None = None
        self.stop: events.RunStopRequested | None = None
        # What people were asked and have not answered, and the events that settled the rest.
        self.pending: dict[str, events.InputRequested] = {}
        self.settled: dict[str, events.RunEvent] = {}
        # Whether a tool may have changed something in the world.
        self.effects = False
        self.open_calls: dict[str, str] = {}
        # Stages that began and are not ended, in the order they began.
        self.open_stages: dict[str, None] = {}
        # What a replay was given from the record of its source, and what it was not.
        self.claim = events.ReplayClaim()
        self._dispatched: set[str] = set()
        self._suspended_at_ns = 0
        self.limit: events.RunLimitReached | None = None
        self.finished: events.RunFinished | None = None
        self._usage = common.TokenUsage()
        self._cost: common.Money | None = None

    def add(self, event: events.RunEvent) -> None:
        """Take in the next event."""
        self.head_seq = event.seq
        self.epoch = max(self.epoch, event.lease_epoch)
        if event.type in HOLDING:
            self.holder = event.producer.instance_id
        match event.WhichOneof("body"):
            case "model_call_started":
                self.open_calls[event.model_call_started.call_id] = "model"
            case "model_call_finished":
                self._close_model_call(event.model_call_finished)
            case "tool_call_requested":
                self.effects |= event.tool_call_requested.effect_class not in _HARMLESS
                self.open_calls[event.tool_call_requested.call_id] = "tool"
            case "tool_call_dispatched":
                self._dispatched.add(event.tool_call_dispatched.call_id)
                self.claim.tool_hits += event.tool_call_dispatched.disposition == events.CALL_DISPOSITION_REPLAYED
            case "replay_diverged":
                self.claim.misses += 1
            case "tool_call_finished":
                self.open_calls.pop(event.tool_call_finished.call_id, None)
            case "stage_started":
                self.open_stages[event.stage_id] = None
            case "stage_finished":
                self.open_stages.pop(event.stage_id, None)
            case "run_accepted":
                self.accepted_at_ns = event.recorded_at.ToNanoseconds()
            case "run_suspended":
                self.suspended, self._suspended_at_ns = event.run_suspended, event.recorded_at.ToNanoseconds()
            case "run_resumed":
                self.suspended = None
                self.waited_ns += max(event.recorded_at.ToNanoseconds() - self._suspended_at_ns, 0)
            case "run_stop_requested":
                self.stop = event.run_stop_requested
            case "input_requested":
                self.pending[event.input_requested.input_id] = event.input_requested
            case "input_received":
                self._settle(event.input_received.input_id, event)
            case "input_expired":
                self._settle(event.input_expired.input_id, event)
            case "run_limit_reached":
                self.limit = event.run_limit_reached
            case "run_finished":
                self.finished = event.run_finished
            case _:
                pass

    @property
    def going(self) -> bool:
        """Whether a seam has a call of the run that it will close."""
        return any(kind == "model" or call_id in self._dispatched for call_id, kind in self.open_calls.items())

    @property
    def unresolved(self) -> list[str]:
        """The calls whose effect is unknown: sent, and never seen to end."""
        return sorted(i for i, kind in self.open_calls.items() if kind == "model" or i in self._dispatched)

    @property
    def answered(self) -> bool:
        """Whether the run waits for people who have all answered."""
        return self.suspended is not None and not self.pending.keys() & set(self.suspended.input_ids)

    @property
    def usage(self) -> common.TokenUsage:
        """The tokens of all model calls."""
        return self._usage

    @property
    def cost(self) -> common.Money | None:
        """The cost of all model calls; None when no call had a price."""
        return self._cost

    def _settle(self, input_id: str, event: events.RunEvent) -> None:
        if self.pending.pop(input_id, None) is not None:
            self.settled[input_id] = event

    def _close_model_call(self, finished: events.ModelCallFinished) -> None:
        self.open_calls.pop(finished.call_id, None)
        if finished.replayed_from_seq:
            self.claim.model_hits += 1
            self.claim.loosest_model_match = max(self.claim.loosest_model_match, finished.matched_by)
        used, total = finished.usage, self._usage
        self._usage = common.TokenUsage(
            input_tokens=total.input_tokens + used.input_tokens,
            output_tokens=total.output_tokens + used.output_tokens,
            cached_input_tokens=total.cached_input_tokens + used.cached_input_tokens,
            cache_write_input_tokens=total.cache_write_input_tokens + used.cache_write_input_tokens,
            reasoning_output_tokens=total.reasoning_output_tokens + used.reasoning_output_tokens,
            # The least certain source is the source of the sum.
            source=max(total.source, used.source),
        )
        if finished.HasField("cost"):
            nanos = (self._cost.nanos if self._cost else 0) + finished.cost.nanos
            self._cost = common.Money(currency_code=finished.cost.currency_code, nanos=nanos)
