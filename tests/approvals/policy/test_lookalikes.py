"""Words that look the same to somebody who skims them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policy.lookalikes import looks


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Reject", "R\u0435ject"),
        ("approve", "\u0430\u0440\u0440\u0433\u043e\u0475\u0435"),
        ("approve", "\u03b1\u03c1\u03c1r\u03bfve"),
        ("approve", "appr0ve"),
        ("Reject", "R\u00e9ject"),
        ("Reject", "reject."),
        ("approved", "app roved"),
        ("later", "1ater"),
        ("internal", "intemal"),
    ],
)
def test_these_names_look_alike(one, other):
    """Lookalikes of other scripts, digits, accents, signs."""
    assert looks(one) == looks(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("approve", "approved"),
        ("approved", "approved with conditions"),
        ("\u627f\u8a8d", "\u5374\u4e0b"),
        ("\u043f\u0440\u0438\u043d\u044f\u0442\u044c", "\u043e\u0442\u043a\u043b\u043e\u043d\u0438\u0442\u044c"),
        ("+", "-"),
    ],
)
def test_these_names_look_different(one, other):
    """Words of any script, and signs if there is nothing else."""
    assert looks(one) != looks(other)


@given(st.text(min_size=1, max_size=40))
def test_every_name_has_a_non_empty_skeleton(word):
    """So that no two are equal because both lack letters."""
    assert looks(word) or not word.split()
