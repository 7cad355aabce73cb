"""What a run's events add up to, as far as the router needs it to end the run."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events


class RunFold:
    """The state of one run, folded from its recorded events in order."""

    def __init__(self) -> None:
        """Start before the first event."""
        self.head_seq = 0
        self.open_calls: dict[str, str] = {}
        self.limit: events.RunLimitReached | None = None
        self.finished: events.RunFinished | None = None
        self._usage = common.TokenUsage()
        self._cost: common.Money | None = None

    def add(self, event: events.RunEvent) -> None:
        """Take in the next event."""
        self.head_seq = event.seq
        match event.WhichOneof("body"):
            case "model_call_started":
                self.open_calls[event.model_call_started.call_id] = "model"
            case "model_call_finished":
                self._close_model_call(event.model_call_finished)
            case "tool_call_requested":
                self.open_calls[event.tool_call_requested.call_id] = "tool"
            case "tool_call_finished":
                self.open_calls.pop(event.tool_call_finished.call_id, None)
            case "run_limit_reached":
                self.limit = event.run_limit_reached
            case "run_finished":
                self.finished = event.run_finished
            case _:
                pass

    @property
    def usage(self) -> common.TokenUsage:
        """The tokens of all model calls."""
        return self._usage

    @property
    def cost(self) -> common.Money | None:
        """The cost of all model calls; None when no call had a price."""
        return self._cost

    def _close_model_call(self, finished: events.ModelCallFinished) -> None:
        self.open_calls.pop(finished.call_id, None)
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
