"""Tests of printing values as Newtonsoft and .NET do."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dotnet.json_reader import JsonReaderError, deserialize, parse
from durable_devhost.dotnet.json_writer import as_text, compact, indented, number


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('{"b":1,"a":[1,2]}', '{\n  "b": 1,\n  "a": [\n    1,\n    2\n  ]\n}'),
        ("[1, null]", "[\n  1,\n  null\n]"),
        ('[{},[],""]', '[\n  {},\n  [],\n  ""\n]'),
        ("null", ""),
        ("true", "True"),
        ("false", "False"),
        ('"q"', "q"),
        ("007", "7"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("1e15", "1E+15"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("undefined", ""),
        ("", ""),
        ("   ", ""),
        ('"2020-01-02T03:04:05+02:00"', "01/02/2020 01:04:05"),
        ('"2020-01-02"', "2020-01-02"),
        ('{"at": "2020-01-02T03:04:05.1230000Z"}', '{\n  "at": "2020-01-02T03:04:05.123Z"\n}'),
        ("[1.0, 1e20, NaN]", '[\n  1.0,\n  1E+20,\n  "NaN"\n]'),
        ("{a:'\\u0001\\u0085\\u2028\\u007f\\'\\\"/'}", '{\n  "a": "\\u0001\\u0085\\u2028\x7f\'\\"/"\n}'),
        ('{"a":1,"a":2}', '{\n  "a": 2\n}'),
        ('{"$type":"x","a":1}', '{\n  "a": 1\n}'),
    ],
)  # fmt: skip
def test_the_text_that_a_function_returns_is_formatted_again(text: str, printed: str) -> None:
    """Recorded, and by the rules of `JToken.ToString` and .NET."""
    assert as_text(deserialize(text)) == printed


@pytest.mark.parametrize(
    "text", ["{bad", "plain text", "a\x00b", "{} x", "08", "2020-01-02", "1,2", "[" * 65 + "]" * 65]
)
def test_text_that_is_invalid_json_is_unchanged(text: str) -> None:
    """The caller has to check before it formats text again."""
    with pytest.raises(JsonReaderError):
        deserialize(text)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1e14, "100000000000000"), (1e15, "1E+15"), (1234567890123456.0, "1234567890123456"),
        (1.2345678901234568e17, "1.2345678901234568E+17"), (0.0001, "0.0001"), (0.00001, "1E-05"), (-0.0, "-0"),
        (0.1, "0.1"), (-1.5, "-1.5"), (100.0, "100"), (1e100, "1E+100"), (5e-324, "5E-324"),
        (123456.789, "123456.789"), (math.inf, "Infinity"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_a_number_is_printed_as_dotnet_prints_it(value: float, printed: str) -> None:
    """The shortest digits; an exponent beyond fifteen places or below five."""
    assert number(value) == printed


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_reads_back_equal(value: float) -> None:
    """Nothing is lost."""
    assert float(number(value)) == value
    assert parse(compact(value)) == value


@given(text=st.text())
def test_a_printed_text_reads_back_equal(text: str) -> None:
    """In JSON; .NET's own form has no quotes."""
    assert parse(compact(text)) == text
    assert as_text(text) == text


def test_numbers_that_json_lacks_are_strings() -> None:
    """Newtonsoft's `FloatFormatHandling.String`."""
    assert compact([math.nan, math.inf, -math.inf]) == '["NaN","Infinity","-Infinity"]'
    assert indented({"a": math.nan}) == '{\n  "a": "NaN"\n}'
