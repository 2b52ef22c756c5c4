"""Tests of route constraints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import AppError
from durable_devhost.triggers.constraints import predicate


@pytest.mark.parametrize(
    ("name", "argument", "accepted", "refused"),
    [
        ("int", None, ["7", "-7", "+7", " 7 ", "2147483647", "-2147483648"], ["", "x", "7.0", "2147483648", "७"]),
        ("long", None, ["9223372036854775807"], ["9223372036854775808", "1e3"]),
        ("bool", None, ["true", "FALSE", " True "], ["yes", "1", ""]),
        ("guid", None, ["5352817784574deca43d2cc87362f469", "{53528177-8457-4dec-a43d-2cc87362f469}",
                        "(53528177-8457-4DEC-A43D-2CC87362F469)"],
         ["53528177", "{53528177-8457-4dec-a43d-2cc87362f469)", "53528177-8457-4dec-a43d-2cc87362f46g"]),
        ("alpha", None, ["abc", "ABC"], ["a1", "ä", "a b"]),
        ("decimal", None, ["1", "1.5", "-1,000.25", ".5", "5."], ["1e3", "x", "", "."]),
        ("double", None, ["1e3", "-1.5E-7", "NaN", "Infinity"], ["1e", "x", ""]),
        ("float", None, ["1e3", "2.5"], ["one"]),
        ("datetime", None, ["2024-02-29", "2024-02-29T10:00:00Z", "12-31-2024", "10:30", "2016-12-31 7:32pm"],
         ["2024-02-30", "soon", ""]),
        ("length", "3", ["abc"], ["ab", "abcd"]),
        ("length", "2,3", ["ab", "abc"], ["a", "abcd"]),
        ("minlength", "2", ["ab", "abc"], ["a"]),
        ("maxlength", "2", ["", "ab"], ["abc"]),
        ("min", "5", ["5", "6"], ["4", "x"]),
        ("max", "5", ["5", "-1"], ["6"]),
        ("range", "1,10", ["1", "10"], ["0", "11", "x"]),
        ("regex", r"^\d{3}-\d{4}$", ["123-4567"], ["123-456", "x123-4567"]),
        ("regex", "(?<word>b+)", ["abc", "BBB"], ["ac"]),
        ("required", None, ["x"], [""]),
        ("file", None, ["a.txt", "x/a.b"], ["a", "a.", "x.y/a"]),
        ("nonfile", None, ["a", "x.y/a"], ["a.txt"]),
        ("INT", None, ["7"], ["x"]),
    ],
)  # fmt: skip
def test_a_constraint_accepts_and_refuses_the_same_as_aspnet(
    name: str, argument: str | None, accepted: list[str], refused: list[str]
) -> None:
    """One line for each constraint, with the edges of .NET's invariant parsing."""
    accepts = predicate(name, argument)
    assert [text for text in accepted if not accepts(text)] == []
    assert [text for text in refused if accepts(text)] == []


@pytest.mark.parametrize(
    ("name", "argument"),
    [("integer", None), ("int", "3"), ("range", None), ("range", "3"), ("regex", "("), ("min", "x"), ("length", "a,b")],
)
def test_the_error_quotes_an_unknown_or_malformed_constraint(name: str, argument: str | None) -> None:
    """As it was written."""
    with pytest.raises(AppError, match=name):
        predicate(name, argument)


@given(number=st.integers())
def test_int_and_long_accept_32_and_64_bits(number: int) -> None:
    """The range decides, not the number of digits."""
    assert predicate("int", None)(str(number)) == (-(2**31) <= number < 2**31)
    assert predicate("long", None)(str(number)) == (-(2**63) <= number < 2**63)


@given(text=st.text())
def test_a_constraint_never_raises(text: str) -> None:
    """It accepts or refuses any text of a client."""
    for name in ("int", "long", "bool", "guid", "alpha", "decimal", "double", "datetime", "required", "file"):
        assert predicate(name, None)(text) in (True, False)
