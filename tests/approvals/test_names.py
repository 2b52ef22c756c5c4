"""Names: one however it is typed, and none that is not what it looks like."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from precis_i18n import get_profile
from pydantic import TypeAdapter, ValidationError

from approvals.names import Name, is_seen, key

NICKNAME = get_profile("Nickname")
ANY = st.text(max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jos\u00e9", "Jose\u0301"),
        ("Mara Lindqvist", "\uff2d\uff41\uff52\uff41\u3000LINDQVIST"),
        ("Mara Lindqvist", "\u2003mara \u00a0 lindqvist "),
        ("Stra\u00dfe", "STRASSE"),
        ("\ufb01ona", "Fiona"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u062e"),
        ("Mara@Example.org", "mara@example.ORG"),
        ("mara+approvals@example.org", "mara@example.org"),
        ("Mara Lindqvist <mara+approvals@example.org>", "mara@example.org"),
        ("<Mara@Example.org>", "mara@example.org"),
        ("mailto:mara@example.org", "mara@example.org"),
        ("mara@example.org.", "mara@example.org"),
        ('"mara"@example.org', "mara@example.org"),
        ("mara@m\u00fcnchen.example", "mara@xn--mnchen-3ya.example"),
    ],
)
def test_a_name_is_equal_however_it_is_typed(one, other):
    """Composed or decomposed, full width, with other spaces, in any case, an address in any form."""
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mara", "Maria"),
        ("Jos\u00e9", "Jose"),
        ("mara+x@example.org", "mara@example.com"),
        ("+x@example.org", "+y@example.org"),
        ("R+D @ Acme", "R @ Acme"),
        ("Mara <the boss>", "the boss"),
        ("mara@\u00fc..example", "mara@xn--tda..example"),
    ],
)
def test_different_names_stay_different(one, other):
    """An accent counts, and so does a plus sign outside of an address."""
    assert key(one) != key(other)


def test_a_text_too_long_for_an_address_is_compared_unchanged():
    """A policy is searched for faults before its names are known to be short."""
    assert key("mailto:" * 5_000 + "mara@example.org").startswith("mailto:mailto:")
    assert key("<" + "a@" * 15_000) == "<" + "a@" * 15_000


@given(ANY | st.text('ab+@."<>:\u00fc ', max_size=20) | st.text("ab@+<>", max_size=9).map("mailto:".__add__))
def test_any_text_can_be_compared(name):
    """Its key is its own key."""
    assert key(key(name)) == key(name)
    assert key(unicodedata.normalize("NFD", name)) == key(unicodedata.normalize("NFC", name)) == key(f" {name}  ")


@given(ANY | st.text(st.characters(categories=("L", "N", "P", "S")), max_size=40))
def test_names_equal_by_the_rfc_profile_are_equal_here(name):
    """RFC 8266, section 3: comparison."""
    assume(is_seen(name))
    assert key(NICKNAME.enforce(name)) == key(name)


@pytest.mark.parametrize(
    "name",
    [
        "Ma\u200bra", "Ma\u200dra", "Ma\u00adra", "Ma\u202era", "\ufeffMara", "Mara\u3164", "Mara\ufe0f", "Ma\u034fra",
        "Ma\x07ra", "Ma\x85ra", "Ma\u2028ra", "Ma\ue000ra", "Ma\U000e0041ra", "\u00b7", "Ma\u2800ra",
    ],
)  # fmt: skip
def test_a_name_that_looks_like_another_is_refused(name):
    """Format and control characters, fillers, and joiners in the wrong place."""
    assert not is_seen(name)
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize(
    "name",
    [
        "Mara Lindqvist", "O\u2019Brien", "Jos\u00e9", "Zoe\u0308", "\u738b\u5c0f\u660e", "\u0915\u094d\u200d\u0937",
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "Gal\u00b7la", "mara@example.org", "Ana & Ben (works)",
    ],
)  # fmt: skip
def test_names_of_people_are_accepted(name):
    """In any script, with joiners where it needs them."""
    assert TypeAdapter(Name).validate_python(name) == name
