"""A log stays a log, whatever comes: twice, late, out of order, from a writer that has lost the run."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from pal_recorder.admission import RunHead, new_events
from pal_recorder.chain import chained
from pal_rpc.errors import MeshError

RUN, LIVE = "r1", common.EXECUTION_MODE_LIVE
WRITERS = [EventWriter(ROUTER) for _ in range(2)]


class Log(RuleBasedStateMachine):
    """Two routers that believe what they like of one run, and the recorder's rules."""

    @initialize()
    def begin(self) -> None:
        self.head = RunHead()
        self.log: list[events.RunEvent] = []
        self.sent: list[list[events.RunEvent]] = []
        self._append([WRITERS[0].event(RUN, LIVE, 1, run_accepted=events.RunAccepted())])

    @rule(writer=st.sampled_from(WRITERS), epoch=st.integers(1, 4), count=st.integers(1, 3), start=st.booleans())
    def write(self, writer: EventWriter, epoch: int, count: int, start: bool) -> None:
        batch = [writer.event(RUN, LIVE, epoch, note_added=events.NoteAdded(name="n")) for _ in range(count)]
        if start:
            batch.insert(0, writer.event(RUN, LIVE, epoch, run_started=events.RunStarted(attempt=epoch)))
        self._append(batch)

    @rule(epoch=st.integers(1, 4), behind=st.integers(0, 2))
    def write_from_a_head(self, epoch: int, behind: int) -> None:
        known = self.head.run.head_seq
        event = WRITERS[1].event(RUN, LIVE, epoch, note_added=events.NoteAdded(name="n"))
        if self._append([event], expected=known - behind):
            assert behind == 0

    @rule(data=st.data())
    def write_again(self, data: st.DataObject) -> None:
        """Repeat what was sent, whole or in parts, in any order."""
        batch = data.draw(st.permutations(data.draw(st.sampled_from(self.sent))))
        self._append(list(batch[: data.draw(st.integers(1, len(batch)))]))

    @rule(epoch=st.integers(1, 4))
    def finish(self, epoch: int) -> None:
        end = events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)
        self._append([WRITERS[0].event(RUN, LIVE, epoch, run_finished=end)])

    @invariant()
    def positions_have_no_holes_and_each_event_has_one(self) -> None:
        assert [event.seq for event in self.log] == list(range(1, len(self.log) + 1))
        assert len({event.event_id for event in self.log}) == len(self.log)
        assert self.head.run.head_seq == len(self.log)

    @invariant()
    def an_epoch_that_was_lost_writes_nothing(self) -> None:
        epochs = [event.lease_epoch for event in self.log]
        assert epochs == sorted(epochs)

    @invariant()
    def nothing_follows_the_end(self) -> None:
        types = [event.type for event in self.log]
        assert "run.finished" not in types[:-1]
        assert (self.head.run.state == shared.RUN_STATE_FINISHED) is (types[-1] == "run.finished")

    def _append(self, batch: list[events.RunEvent], expected: int | None = None) -> bool:
        """Append as the recorder does; tell whether the batch was taken."""
        request = pb.AppendBatch(run_id=RUN, events=[_unplaced(event) for event in batch], expected_head_seq=expected)
        before = {event.event_id: event.seq for event in self.log}
        try:
            fresh = new_events(request, self.head, ROUTER)
        except MeshError:
            return False
        for event in fresh:
            event.seq = self.head.run.head_seq + 1
            self.head.take(event, chained(self.head.hash, RUN, event.seq, event.event_id, event.type, b""))
            self.log.append(event)
        self.sent.append(batch)
        assert all(self.head.ids[event_id] == seq for event_id, seq in before.items())
        return True


def _unplaced(event: events.RunEvent) -> events.RunEvent:
    copy = events.RunEvent()
    copy.CopyFrom(event)
    copy.seq = 0
    return copy


Log.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestLog = Log.TestCase
