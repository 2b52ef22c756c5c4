"""Tests of reading JSON as Newtonsoft does."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dotnet.json_reader import JsonReaderError, deserialize, parse
from durable_devhost.dotnet.json_writer import compact, indented

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=values)
def test_standard_json_has_the_same_meaning_to_newtonsoft_and_python(value: object) -> None:
    """Python's text is read here, and the printed text is read by Python, in both forms."""
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value, indent=1, ensure_ascii=False)) == value
    assert json.loads(compact(value)) == value
    assert json.loads(indented(value)) == value


@given(value=values | st.text(st.characters(codec=None)), dates=st.booleans())
def test_plain_json_is_read_by_the_fast_reader_to_the_same_value(value: object, dates: bool) -> None:
    """A leading blank that only Newtonsoft knows needs the slow reader."""
    text = json.dumps([value, {"at": "2020-01-02T03:04:05Z"}])
    for read in (parse, deserialize):
        assert read("\v" + text, dates=dates) == read(text, dates=dates)


@given(text=st.text(alphabet="[]{}:,\"'/*-+.0123456789eExXnulltrfasNIy \n\t\\$_"))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    """It raises no other error, and the message has Newtonsoft's form."""
    for read in (parse, deserialize):
        complaint = ""
        try:
            read(text)
        except JsonReaderError as error:
            complaint = str(error)
        assert not complaint or (" Path '" in complaint and complaint.endswith("."))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'approved': true}", {"approved": True}),
        ("{approved: true, $a_1:2}", {"approved": True, "$a_1": 2}),
        ("{/*c*/}", {}),
        ("// first\n[1, /* two */ 2,]// end", [1, 2]),
        ("[1,]", [1]),
        ("[,1]", [None, 1]),
        ('{"a":1,}', {"a": 1}),
        ("undefined", None),
        ("[undefined, null]", [None, None]),
        ("007", 7),
        ("010", 8),
        ("0x1F", 31),
        ("0xFFFFFFFFFFFFFFFF", -1),
        ("-0", 0),
        ("-01", -1),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e400", math.inf),
        ("-Infinity", -math.inf),
        ("9223372036854775808", 9223372036854775808),
        ("1" * 380, int("1" * 380)),
        ("-" + "0" * 5000 + "1", -1),
        ('"a\nb"', "a\nb"),
        (r'"\'\/A"', "'/A"),
        ('"a\\ud83dz"', "a�z"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d\\ud83d\\ude00"', "�😀"),
        ('{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
        ("\x00 1 \x00", 1),
        ('"2020-01-02T03:04:05Z"', "2020-01-02T03:04:05Z"),
        ("[" * 64 + "]" * 64, json.loads("[" * 64 + "]" * 64)),
    ],
)
def test_newtonsoft_accepts_more_than_standard_json(text: str, expected: object) -> None:
    """Single quotes, bare names, comments, commas, numbers of JavaScript, and 64 levels."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("yes", "Unexpected character encountered while parsing value: y. Path '', line 0, position 0."),
        ("{} x", "Additional text encountered after finished reading JSON content: x. Path '', line 1, position 3."),
        ("", "Error reading JToken from JsonReader. Path '', line 0, position 0."),
        ("[" * 70, f"The reader's MaxDepth of 64 has been exceeded. Path '{'[0]' * 64}', line 1, position 65."),
        ("[1,\n x]", "Unexpected character encountered while parsing value: x. Path '[0]', line 2, position 1."),
        ('{"a":{"b c":[1,y]}}',
         "Unexpected character encountered while parsing value: y. Path 'a['b c'][0]', line 1, position 15."),
        ('{"a":1,"b":[', "Unexpected end of content while loading JArray. Path 'b', line 1, position 12."),
        ('{"a"',
         "Invalid character after parsing property name. Expected ':' but got: \0. Path '', line 1, position 4."),
        ("{bad", "Unexpected end while parsing unquoted property name. Path '', line 1, position 4."),
        ("{a-b:1}", "Invalid JavaScript property identifier character: -. Path '', line 1, position 2."),
        ("{-:1}", "Invalid property identifier character: -. Path '', line 1, position 1."),
        ("[1 2]", "After parsing a value an unexpected character was encountered: 2. Path '[0]', line 1, position 3."),
        ("[1}", "JsonToken EndObject is not valid for closing JsonType Array. Path '[0]', line 1, position 3."),
        ("]", "JsonToken EndArray is not valid for closing JsonType None. Path '', line 1, position 1."),
        ('"ab', "Unterminated string. Expected delimiter: \". Path '', line 1, position 3."),
        ("'a\\", "Unterminated string. Expected delimiter: '. Path '', line 1, position 3."),
        ('"\\q"', "Bad JSON escape sequence: \\q. Path '', line 1, position 3."),
        ('"\\u12"', "Unexpected end while parsing Unicode escape sequence. Path '', line 1, position 3."),
        ('"\\u12xy"', "Invalid Unicode escape sequence: \\u12xy. Path '', line 1, position 3."),
        ("tru", "Unexpected end when reading JSON. Path '', line 1, position 3."),
        ("trub", "Error parsing boolean value. Path '', line 1, position 3."),
        ("nulls", "Error parsing null value. Path '', line 1, position 4."),
        ("08", "Input string '08' is not a valid number. Path '', line 1, position 2."),
        ("1abc", "Input string '1abc' is not a valid number. Path '', line 1, position 4."),
        ("1z", "Unexpected character encountered while parsing number: z. Path '', line 1, position 1."),
        ("/*", "Unexpected end while parsing comment. Path '', line 1, position 2."),
        ("/", "Unexpected end while parsing comment. Path '', line 1, position 1."),
        ("/x", "Error parsing comment. Expected: *, got x. Path '', line 1, position 1."),
        ("1" * 381, f"JSON integer {'1' * 381} is too large to parse. Path '', line 1, position 381."),
    ],
)  # fmt: skip
def test_a_refusal_has_the_text_and_position_of_newtonsoft(text: str, complaint: str) -> None:
    """Clients of the durable HTTP API read them."""
    with pytest.raises(JsonReaderError) as caught:
        parse(text)
    assert str(caught.value) == complaint


def test_trailing_text_may_be_ignored() -> None:
    """Events are read in this way."""
    assert parse("{} x", whole=False) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" /* nothing */ ", None),
        ('{"$type":"x","$id":"1","a":1,"$type ":2}', {"a": 1, "$type ": 2}),
        ('{"a":{"$type":"x"}}', {"a": {"$type": "x"}}),
        ('{"a":1,"$type":"x"}', {"a": 1, "$type": "x"}),
        ('["$type"]', ["$type"]),
    ],
)
def test_deserializing_drops_metadata_and_accepts_blank_text(text: str, expected: object) -> None:
    """Only before the other keys of an object, and only of the outermost one."""
    assert deserialize(text) == expected


def test_the_last_of_equal_keys_counts() -> None:
    """`JTokenWriter` removes the first one; `JObject.Load` puts the last value in its place."""
    text = '{"a":1,"b":2,"a":3}'
    assert list(deserialize(text).items()) == [("b", 2), ("a", 3)]
    assert list(parse(text).items()) == [("a", 3), ("b", 2)]
