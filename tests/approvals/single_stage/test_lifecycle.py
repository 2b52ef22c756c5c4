"""The stations of a proposal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.single_stage.lifecycle import TRANSITIONS, IllegalTransition, State, Status

FRESH = Status(stage="design-review", approver="Mara", deadline=None)


def test_the_status_shows_only_fields_with_a_value():
    """Deadline and rejections appear if there are any."""
    assert FRESH.to_dict() == {"state": "submitted", "stage": "design-review", "approver": "Mara"}
    shown = Status(stage="s", approver="a", deadline="t").with_rejection("one").with_rejection("two").to_dict()
    assert (shown["deadline"], shown["rejectedAnswers"], shown["lastRejection"]) == ("t", 2, "two")


@given(st.lists(st.sampled_from(State)))
def test_nothing_is_approved_without_processing(path):
    """On every path that the table allows."""
    status, seen = FRESH, [State.SUBMITTED]
    for state in path:
        try:
            status = status.moved_to(state)
        except IllegalTransition:
            continue
        seen.append(state)
    if State.APPROVED in seen:
        assert seen[-2:] == [State.PROCESSING, State.APPROVED]


def test_every_state_is_in_the_table():
    """End states have no way on."""
    assert set(TRANSITIONS) == set(State)
    with pytest.raises(IllegalTransition, match="approved to waiting"):
        Status(stage="s", approver="a", deadline=None, state=State.APPROVED).moved_to(State.WAITING)
