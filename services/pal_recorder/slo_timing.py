"""What the log of one run says of how it went: how long it took, and who was at work meanwhile."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.ends import lost_on

# Types that say something here; no other need be read.
TYPES = frozenset(
    {
        "run.accepted", "run.routed", "run.started", "run.suspended", "run.resumed", "run.finished", "message.added",
        "artifact.added", "model.call.started", "model.call.finished", "tool.call.requested", "tool.call.finished",
    }
)  # fmt: skip


class RunTiming:
    """Folds the events of one run, in order; what is not among TYPES may be left out."""

    def __init__(self) -> None:
        """Begin before the first event."""
        self.agent = self.runtime = ""
        self.mode = common.EXECUTION_MODE_UNSPECIFIED
        self.attempts = 0
        # Runtimes that failed it before it went on elsewhere.
        self.lost_on: set[str] = set()
        self.finished: events.RunFinished | None = None
        self.finished_ns = 0
        self.first_output_ns: int | None = None
        self._accepted_ns = 0
        self._suspended_ns = 0
        self._waited_ns = 0
        self._calls: set[str] = set()
        self._busy_since_ns = 0
        self._busy_ns = 0

    @property
    def latency_ns(self) -> int:
        """From acceptance to the end, without the time in which people were waited for."""
        return max(self.finished_ns - self._accepted_ns - self._waited_ns, 0)

    @property
    def overhead_ns(self) -> int:
        """Part of the latency in which neither a model nor a tool was at work."""
        return max(self.latency_ns - self._busy_ns, 0)

    def add(self, event: events.RunEvent) -> None:
        """Take in the next event."""
        at_ns = event.recorded_at.ToNanoseconds()
        match event.WhichOneof("body"):
            case "run_accepted":
                self.agent, self.mode, self._accepted_ns = event.run_accepted.agent.name, event.mode, at_ns
            case "run_routed":
                self.runtime = event.run_routed.runtime
                self.lost_on |= lost_on(event.run_routed)
            case "run_started":
                self.attempts += 1
            case "run_suspended":
                self._suspended_ns = at_ns
            case "run_resumed":
                self._waited_ns += max(at_ns - self._suspended_ns, 0)
            case "message_added" if event.message_added.role == events.MESSAGE_ROLE_AGENT:
                self._show(at_ns)
            case "artifact_added":
                self._show(at_ns)
            case "model_call_started":
                self._begin(event.model_call_started.call_id, at_ns)
            case "tool_call_requested":
                self._begin(event.tool_call_requested.call_id, at_ns)
            case "model_call_finished":
                self._end(event.model_call_finished.call_id, at_ns)
            case "tool_call_finished":
                self._end(event.tool_call_finished.call_id, at_ns)
            case "run_finished":
                self.finished, self.finished_ns = event.run_finished, at_ns
            case _:
                pass

    def _show(self, at_ns: int) -> None:
        if self.first_output_ns is None:
            self.first_output_ns = max(at_ns - self._accepted_ns - self._waited_ns, 0)

    def _begin(self, call_id: str, at_ns: int) -> None:
        if not self._calls:
            self._busy_since_ns = at_ns
        self._calls.add(call_id)

    def _end(self, call_id: str, at_ns: int) -> None:
        if call_id in self._calls:
            self._calls.discard(call_id)
            if not self._calls:
                self._busy_ns += at_ns - self._busy_since_ns
