"""The stored form of an entity is the recorded one, and whatever else stands there is named."""

import pytest

from durable_devhost.durable.entities.messages import RequestMessage
from durable_devhost.durable.entities.scheduler import CorruptState, SchedulerState, entity_state

RECORDED = (
    r'{"exists":true,"state":"7","sorter":{"ReceivedFromInstance":{"e1":{"Last":"2026-11-21T04:30:19.5282024Z",'
    r'"ExecutionId":"0a32e72b-f102-4049-a176-dcc96cc23201"}},"ReceiveHorizon":"2026-11-21T04:00:19.1503316Z"}}'
)
NEVER_SET = '{"state":"null","sorter":{}}'
BROKEN = ["{", "[1]", '"x"', "7"]


@pytest.mark.parametrize("text", [RECORDED, NEVER_SET])
def test_a_recorded_state_is_written_back_equal(text: str) -> None:
    """Properties with their default value stay absent."""
    assert SchedulerState.from_json_text(text).to_json_text() == text


@pytest.mark.parametrize("text", [None, "", "null"])
def test_a_new_entity_has_no_input(text: str | None) -> None:
    """It does not exist yet, and nothing waits."""
    assert SchedulerState.from_json_text(text) == SchedulerState()
    assert SchedulerState().to_json_text() == '{"sorter":{}}'


def test_the_whole_state_of_a_scheduler_is_stored() -> None:
    """In the order of the extension's class."""
    state = SchedulerState(
        exists=True,
        state='"ü"',
        queue=(RequestMessage(op="add", id="i", is_typed=True),),
        locked_by="o1",
        suspended=True,
    )
    text = state.to_json_text()
    assert text == (
        r'{"exists":true,"state":"\"ü\"","queue":[{"op":"add","id":"i","Timestamp":"0001-01-01T00:00:00",'
        r'"Predecessor":"0001-01-01T00:00:00"}],"lockedBy":"o1","suspended":true,"sorter":{}}'
    )
    assert SchedulerState.from_json_text(text).to_json_text() == text


@pytest.mark.parametrize(
    "text", [*BROKEN, '{"queue":[{}]}', '{"sorter":7}', '{"sorter":{"ReceivedFromInstance":{"e1":{}}}}']
)
def test_a_corrupt_state_raises_one_error_class(text: str) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(CorruptState, match="the entity's stored state"):
        SchedulerState.from_json_text(text)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (SchedulerState(), "{}"),
        (SchedulerState(exists=True), '{"entityExists":true}'),
        (
            SchedulerState(exists=True, queue=(RequestMessage(op="a", id="i"),), locked_by="o1"),
            '{"entityExists":true,"queueSize":1,"lockedBy":"o1"}',
        ),
    ],
)
def test_the_custom_status_leaves_out_defaults(state: SchedulerState, shown: str) -> None:
    """As the extension writes it."""
    assert state.custom_status == shown


@pytest.mark.parametrize(
    ("text", "state"), [(RECORDED, "7"), (NEVER_SET, "null"), ('{"sorter":{}}', None), (None, None)]
)
def test_the_entity_state_is_none_without_a_text(text: str | None, state: str | None) -> None:
    """A deleted entity still reads as null."""
    assert entity_state(text) == state


@pytest.mark.parametrize("text", BROKEN)
def test_reading_a_corrupt_state_fails(text: str) -> None:
    """It must not look like an entity that does not exist."""
    with pytest.raises(CorruptState):
        entity_state(text)
