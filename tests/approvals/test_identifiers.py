"""Which ids are taken, and which can be chosen: such that parts can be named after them, and none is a part's."""

import pytest

from approvals.identifiers import LONGEST_NEW_ID, checked_new_id, is_instance_id
from approvals.validation import Invalid


@pytest.mark.parametrize("text", ["a", "0" * LONGEST_NEW_ID, "A-1_b.c"])
def test_a_new_id_leaves_room_for_the_names_of_parts(text):
    """A queue message may name a part's id, but nobody can choose it."""
    part = f"{text}:picture9-0123456789"
    assert checked_new_id(text) == text
    assert is_instance_id(part)
    with pytest.raises(Invalid, match="id: "):
        checked_new_id(part)


@pytest.mark.parametrize(
    "text",
    ["", "@counter@x", "-a", "a b", "ä", "0" * (LONGEST_NEW_ID + 1), "a/b", "a\n", "L1:approval", "vic:checks-2"],
)
def test_other_ids_are_refused(text):
    """With a sentence for the sender."""
    with pytest.raises(Invalid, match="id: "):
        checked_new_id(text)
