"""Mentions in comments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.words.mentions import Piece, pieces

PEOPLE = ("Ana", "Ana Lima", "Ben (works)", " ")


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("@Ana Lima, please look.", ["@Ana Lima"]),
        ("@ana and @BEN (WORKS)!", ["@ana", "@BEN (WORKS)"]),
        ("Write to cem@ana.example, not to @Anastasia", []),
        ("(@Ana)", ["@Ana"]),
        ("@Cem", []),
        ("", []),
    ],
)
def test_a_person_with_a_part_is_mentioned_by_name(text, mentioned):
    """The longest matching name, in any case; an address is no mention."""
    assert [each.text for each in pieces(text, PEOPLE) if each.mention] == mentioned


@given(st.text("@AnaBe (works)\n"), st.lists(st.sampled_from(PEOPLE)))
def test_the_pieces_add_up_to_the_text(text, people):
    """Nothing is lost or added."""
    found = pieces(text, people)
    assert "".join(each.text for each in found) == text
    assert all(each.text for each in found)


def test_without_people_nobody_is_mentioned():
    """The text is one piece."""
    assert pieces("@Ana", ()) == (Piece(text="@Ana", mention=False),)
    assert pieces("", ()) == ()
