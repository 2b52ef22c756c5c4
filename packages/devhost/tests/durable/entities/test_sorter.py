"""Requests are delivered once and in the order of their sender, whatever the queue does to them inside the window."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.entities.labels import UNSET
from durable_devhost.durable.entities.messages import REORDER_WINDOW, RequestMessage, SendLabels
from durable_devhost.durable.entities.sorter import Received, Sorter, SorterState

NOW = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)


class Sender:
    """An orchestration that sends to one entity, and numbers what it sends."""

    def __init__(self, name: str = "o1", execution: str | None = "x1") -> None:
        self.name = name
        self.execution = execution
        self._labels = SendLabels()
        self._sent = 0

    def send(self, minutes: float = 0) -> RequestMessage:
        """The next request, sent so many minutes after NOW."""
        timestamp, predecessor = self._labels.label("@c@k", NOW + timedelta(minutes=minutes))
        self._sent += 1
        return RequestMessage(
            op=f"{self.name}-{self._sent}",
            id=f"{self.name}-{self.execution}-{self._sent}",
            parent=self.name,
            parent_execution=self.execution,
            timestamp=timestamp,
            predecessor=predecessor,
        )


def after_storage(sorter: Sorter) -> Sorter:
    """The sorter as it comes back from storage."""
    state = SorterState(received=sorter.received, receive_horizon=sorter.horizon)
    return Sorter(SorterState.from_json(state.to_json()), REORDER_WINDOW)


def names(sorter: Sorter, requests: Iterable[RequestMessage]) -> list[str]:
    """What is delivered of `requests`, in order."""
    return [delivered.op or "" for request in requests for delivered in sorter.receive(request)]


def new_sorter(window: timedelta = REORDER_WINDOW) -> Sorter:
    """The sorter of an entity that never received anything."""
    return Sorter(SorterState(), window)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[RequestMessage], list[RequestMessage]]:
    """What some orchestrations sent within the window, and the same reordered and with duplicates."""
    senders = [Sender(name) for name in "abc"]
    sent = [
        draw(st.sampled_from(senders)).send(minutes)
        for minutes in draw(st.lists(st.floats(0, 29, allow_nan=False), max_size=12))
    ]
    again = draw(st.lists(st.sampled_from(sent), max_size=6)) if sent else []
    return sent, draw(st.permutations([*sent, *again]))


@given(deliveries(), st.data())
def test_any_reordering_within_the_window_is_corrected(
    sent_and_arrived: tuple[list[RequestMessage], list[RequestMessage]], data: st.DataObject
) -> None:
    """No operation is lost or doubled, and each sender's order is kept, also across storage."""
    sent, arrived = sent_and_arrived
    sorter, delivered = new_sorter(), []
    for request in arrived:
        delivered += sorter.receive(request)
        if data.draw(st.booleans()):
            sorter = after_storage(sorter)
    assert sorted(request.id for request in delivered) == sorted(request.id for request in sent)
    for sender in "abc":
        assert [request.id for request in delivered if request.parent == sender] == [
            request.id for request in sent if request.parent == sender
        ]


@given(deliveries())
def test_delivering_everything_twice_delivers_nothing_new(
    sent_and_arrived: tuple[list[RequestMessage], list[RequestMessage]],
) -> None:
    """After a crash the queue shows messages whose effects are already stored."""
    _, arrived = sent_and_arrived
    sorter = new_sorter()
    names(sorter, arrived)
    assert names(after_storage(sorter), arrived) == []


def test_a_request_waits_for_its_predecessor() -> None:
    """The predecessor's arrival delivers both."""
    sender, sorter = Sender(), new_sorter()
    first, second, third = sender.send(), sender.send(), sender.send()
    assert names(sorter, [third, second]) == []
    assert names(sorter, [first]) == ["o1-1", "o1-2", "o1-3"]


def test_a_waiting_request_is_kept_once() -> None:
    """Its duplicate replaces it."""
    sender, sorter = Sender(), new_sorter()
    first, second = sender.send(), sender.send()
    assert names(sorter, [second, second, first]) == ["o1-1", "o1-2"]


def test_a_lost_predecessor_delays_others_no_longer_than_the_window() -> None:
    """Later requests of any sender move the horizon and free them."""
    sender, other, sorter = Sender(), Sender("o2"), new_sorter()
    sender.send()
    assert names(sorter, [sender.send(1)]) == []
    assert names(sorter, [other.send(30.5)]) == ["o1-2", "o2-1"]
    assert set(sorter.received) == {"o1", "o2"}


def test_senders_silent_for_longer_than_the_window_are_forgotten() -> None:
    """So the stored state does not grow for ever."""
    sorter = new_sorter()
    names(sorter, [Sender("o1").send(0), Sender("o2").send(20), Sender("o3").send(31)])
    assert set(sorter.received) == {"o2", "o3"}


def test_requests_inside_the_window_keep_waiting_when_the_horizon_moves() -> None:
    """Only older ones are given up."""
    sender, sorter = Sender(), new_sorter()
    sender.send(20)
    assert names(sorter, [Sender("o2").send(0), sender.send(21), Sender("o3").send(31)]) == ["o2-1", "o3-1"]
    assert [request.op for request in sorter.received["o1"].buffered] == ["o1-2"]


def test_a_request_older_than_the_window_is_delivered_at_once() -> None:
    """Nobody remembers what came before it."""
    sender, sorter = Sender(), new_sorter()
    late = [sender.send(), sender.send()]
    assert names(sorter, [Sender("o2").send(31), *reversed(late)]) == ["o2-1", "o1-2", "o1-1"]


def test_a_new_execution_of_a_sender_starts_again() -> None:
    """Waiting requests of the old one are delivered first."""
    old, new, sorter = Sender(execution="x1"), Sender(execution="x2"), new_sorter()
    old.send()
    waiting = old.send()
    assert names(sorter, [waiting]) == []
    assert [request.id for request in sorter.receive(new.send())] == ["o1-x1-2", "o1-x2-1"]


@pytest.mark.parametrize(
    "request_",
    [
        RequestMessage(op="signal", id="i"),
        RequestMessage(op="lock", id="i", parent="o1", position=1, timestamp="2026-11-21T04:30:00Z"),
    ],
    ids=["client", "forwarded lock"],
)
def test_unordered_requests_are_delivered_at_once(request_: RequestMessage) -> None:
    """Every time they come."""
    sorter = new_sorter()
    assert names(sorter, [request_, request_]) == [request_.op] * 2
    assert sorter.received == {}


def test_a_window_of_zero_switches_ordering_off() -> None:
    """Requests are delivered as they come."""
    sender, sorter = Sender(), new_sorter(timedelta(0))
    first, second = sender.send(), sender.send()
    assert names(sorter, [second, first]) == ["o1-2", "o1-1"]


def test_a_batch_does_not_change_the_stored_maps() -> None:
    """A batch that fails is planned again from them."""
    state = SorterState()
    names(Sorter(state, REORDER_WINDOW), [Sender().send()])
    assert state == SorterState()


RECORDED = {
    "ReceivedFromInstance": {
        "e1": {"Last": "2026-11-21T04:30:19.5282024Z", "ExecutionId": "0a32e72b-f102-4049-a176-dcc96cc23201"}
    },
    "ReceiveHorizon": "2026-11-21T04:00:19.1503316Z",
}


def test_the_recorded_form_is_written_back_equal() -> None:
    """Defaults stay absent."""
    assert SorterState.from_json(RECORDED).to_json() == RECORDED
    assert SorterState.from_json({}).to_json() == {}


def test_the_whole_state_of_a_sorter_is_stored() -> None:
    """Also messages of entities to themselves, and waiting ones in the order of their labels."""
    sender = Sender(execution=None)
    first, second = sender.send(), sender.send()
    state = SorterState(
        last_sent={"@c@k": "2026-11-21T04:30:00Z"},
        received={"@c@other": Received(buffered=(first, second))},
        receive_horizon="2026-11-21T04:00:00Z",
        send_horizon="2026-11-21T04:00:00Z",
    )
    value = state.to_json()
    assert list(value) == ["LastSentToInstance", "ReceivedFromInstance", "ReceiveHorizon", "SendHorizon"]
    buffered = value["ReceivedFromInstance"]["@c@other"]["Buffered"]
    assert list(buffered) == [first.timestamp, second.timestamp]
    assert value["ReceivedFromInstance"]["@c@other"]["Last"] == UNSET
    value["ReceivedFromInstance"]["@c@other"]["Buffered"] = dict(reversed(buffered.items()))
    assert SorterState.from_json(value) == state
