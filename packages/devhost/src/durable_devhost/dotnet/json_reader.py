"""Reads JSON as Newtonsoft does, which accepts more than the standard and has its own error messages. Pure.

Rules and messages are those of `JsonTextReader.cs`: single quotes, unquoted names, comments, trailing commas,
`undefined`, octal and hexadecimal numbers are accepted; 64 levels are the limit. Half a surrogate pair becomes U+FFFD.
Python's own parser, which is fast, reads plain JSON; the reader here is for the rest.
"""

import re
from typing import Any

from durable_devhost.dotnet.json_quick import MAX_DEPTH, NotPlain, read_plain
from durable_devhost.dotnet.texts import whole_characters
from durable_devhost.dotnet.times import read_time

_LONGEST_INTEGER = 380
_INT64 = 1 << 63
_INT64_DIGITS = 19
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "\\": "\\", "'": "'", '"': '"', "/": "/"}
_NUMBER_CHARS = frozenset("-+.0123456789abcdefABCDEFxX")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]+")
_PLAIN_NAME = re.compile(r"[^ .'/\"\[\]()\t\n\r\f\b\\\u0085\u2028\u2029]+")
_METADATA = ("$type", "$id")


class JsonReaderError(ValueError):
    """The text is invalid to Newtonsoft; the message is Newtonsoft's."""


def parse(text: str, *, whole: bool = True, dates: bool = False) -> Any:
    """The value of a text, as `JToken.Parse` reads it; raises JsonReaderError.

    With `whole` only comments may follow. With `dates`, strings that look like dates are `NetTime`s.
    `undefined` is None. Integers have any size up to 380 digits; of equal keys the last one counts, at the first one's
    place.
    """
    try:
        return read_plain(text, dates=dates, moves_doubles=False)
    except NotPlain:
        reader = _Reader(text, dates=dates, moves_doubles=False)
    value = reader.value("JToken")
    if whole:
        reader.end()
    return value


def deserialize(text: str, *, dates: bool = True) -> Any:
    """The value of a text, as `JsonConvert.DeserializeObject` reads it; raises JsonReaderError.

    A blank text is None. `$type` and `$id` before an object's other keys are dropped, since they are metadata to the
    library; of equal keys the last one counts, at its own place.
    """
    try:
        return without_metadata(read_plain(text, dates=dates, moves_doubles=True))
    except NotPlain:
        reader = _Reader(text, dates=dates, moves_doubles=True)
    if reader.is_blank():
        return None
    value = reader.value("JToken")
    reader.end()
    return without_metadata(value)


def without_metadata(value: Any) -> Any:
    """An object without the metadata before its other keys."""
    if not isinstance(value, dict):
        return value
    names = list(value)
    first = next((index for index, name in enumerate(names) if name not in _METADATA), len(names))
    return {name: value[name] for name in names[first:]} if first else value


class _Reader:
    """One text and the position in it."""

    def __init__(self, text: str, *, dates: bool, moves_doubles: bool) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._line_start = 0
        self._has_begun = False
        self._places: list[int | str | None] = []
        self._dates = dates
        self._moves_doubles = moves_doubles

    def is_blank(self) -> bool:
        """Whether only blanks and comments are left."""
        self._skip(comments=True)
        return self._at >= len(self._text)

    def value(self, wanted: str) -> Any:
        """Read the next value; `wanted` names it in the error if the text ends too soon."""
        self._skip(comments=True)
        if self._at >= len(self._text):
            raise self._error(f"Error reading {wanted} from JsonReader.")
        char = self._text[self._at]
        match char:
            case "{":
                return self._object()
            case "[":
                return self._array()
            case '"' | "'":
                return self._string_or_date(char)
            case ",":
                return self._note_value(None)  # an element that was left out is undefined
            case "t" | "f":
                return self._word("true" if char == "t" else "false", char == "t", "Error parsing boolean value.")
            case "n":
                return self._word("null", None, "Error parsing null value.")
            case "u":
                return self._word("undefined", None, "Error parsing undefined value.")
            case "N":
                return self._word("NaN", float("nan"), "Error parsing NaN value.")
            case "I":
                return self._word("Infinity", float("inf"), "Error parsing positive infinity value.")
            case "-" if self._text.startswith("-I", self._at):
                return self._word("-Infinity", float("-inf"), "Error parsing negative infinity value.")
            case "]" | ")":
                self._at += 1
                raise self._error(_wrong_bracket(char, self._container()))
            case _ if char.isnumeric() or char in "-.":
                return self._number()
            case _:
                raise self._error(f"Unexpected character encountered while parsing value: {char}.")

    def end(self) -> None:
        """Only blanks and comments may follow."""
        self._skip(comments=True)
        if self._at < len(self._text):
            char = self._text[self._at]
            raise self._error(f"Additional text encountered after finished reading JSON content: {char}.")

    def _array(self) -> list[Any]:
        items: list[Any] = []
        self._push()
        while True:
            self._skip(comments=True)
            if self._closes("]", "JArray"):
                return items
            items.append(self.value("JArray"))
            self._separate("]", "JArray")

    def _object(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        self._push()
        while True:
            self._skip(comments=True)
            if self._closes("}", "JObject"):
                return fields
            name = self._name()
            self._skip(comments=False)
            if self._peek() != ":":
                char = self._peek() or "\0"
                raise self._error(f"Invalid character after parsing property name. Expected ':' but got: {char}.")
            self._at += 1
            self._places[-1] = name
            self._skip(comments=True)
            self._must_go_on("JObject")
            value = self.value("JObject")
            if self._moves_doubles:
                fields.pop(name, None)
            fields[name] = value
            self._separate("}", "JObject")

    def _push(self) -> None:
        self._at += 1
        self._note_value(None)
        if len(self._places) >= MAX_DEPTH:
            raise self._error(f"The reader's MaxDepth of {MAX_DEPTH} has been exceeded.")
        self._places.append(None)

    def _closes(self, bracket: str, what: str) -> bool:
        self._must_go_on(what)
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        self._places.pop()
        return True

    def _container(self) -> str:
        return "None" if not self._places else "Object" if isinstance(self._places[-1], str) else "Array"

    def _must_go_on(self, what: str) -> None:
        if self._at >= len(self._text):
            raise self._error(f"Unexpected end of content while loading {what}.")

    def _separate(self, bracket: str, what: str) -> None:
        """Skip the comma after a value; a closing bracket is left."""
        self._skip(comments=True)
        self._must_go_on(what)
        char = self._text[self._at]
        if char == ",":
            self._at += 1
        elif char in "}])" and char != bracket:
            self._at += 1
            raise self._error(_wrong_bracket(char, self._container()))
        elif char != bracket:
            raise self._error(f"After parsing a value an unexpected character was encountered: {char}.")

    def _name(self) -> str:
        char = self._text[self._at]
        if char in "\"'":
            return self._string(char)
        if not _is_identifier(char):
            raise self._error(f"Invalid property identifier character: {char}.")
        start = self._at
        while _is_identifier(self._peek()):
            self._at += 1
        after = self._peek()
        if not after:
            raise self._error("Unexpected end while parsing unquoted property name.")
        if after != ":" and not after.isspace():
            raise self._error(f"Invalid JavaScript property identifier character: {after}.")
        return self._text[start : self._at]

    def _string_or_date(self, quote: str) -> Any:
        text = self._string(quote)
        return self._note_value((read_time(text) if self._dates else None) or text)

    def _string(self, quote: str) -> str:
        self._at += 1
        pieces: list[str] = []
        start = self._at
        while True:
            char = self._peek()
            if not char:
                raise self._error(f"Unterminated string. Expected delimiter: {quote}.")
            if char == quote:
                pieces.append(self._text[start : self._at])
                self._at += 1
                return whole_characters("".join(pieces))
            if char == "\\":
                pieces.append(self._text[start : self._at])
                pieces.append(self._escape(quote))
                start = self._at
            else:
                self._pass(char)

    def _escape(self, quote: str) -> str:
        self._at += 1
        char = self._peek()
        if not char:
            raise self._error(f"Unterminated string. Expected delimiter: {quote}.")
        self._at += 1
        if char != "u":
            if char not in _ESCAPES:
                raise self._error(f"Bad JSON escape sequence: \\{char}.")
            return _ESCAPES[char]
        digits = self._text[self._at : self._at + 4]
        if len(digits) < 4:
            raise self._error("Unexpected end while parsing Unicode escape sequence.")
        if re.fullmatch("[0-9a-fA-F]{4}", digits) is None:
            raise self._error(f"Invalid Unicode escape sequence: \\u{digits}.")
        self._at += 4
        return chr(int(digits, 16))

    def _word(self, word: str, value: Any, complaint: str) -> Any:
        for index, char in enumerate(word):
            if self._at + index >= len(self._text):
                self._at = len(self._text)
                raise self._error("Unexpected end when reading JSON.")
            if self._text[self._at + index] != char:
                self._at += index
                raise self._error(complaint)
        self._at += len(word)
        after = self._peek()
        if after and after not in "}],\0/" and not after.isspace():
            raise self._error(complaint)
        return self._note_value(value)

    def _number(self) -> Any:
        start = self._at
        while self._peek() in _NUMBER_CHARS:
            self._at += 1
        after = self._peek()
        if after and after not in ",}])/\0" and not after.isspace():
            raise self._error(f"Unexpected character encountered while parsing number: {after}.")
        return self._note_value(self._number_of(self._text[start : self._at]))

    def _number_of(self, digits: str) -> int | float:
        if len(digits) > 1 and digits[0] == "0" and digits[1] not in ".eE":
            return self._other_base(digits)
        if _INTEGER.fullmatch(digits):
            short = f"{'-' if digits[0] == '-' else ''}{digits.lstrip('-').lstrip('0') or '0'}"
            if len(digits) > _LONGEST_INTEGER and len(short) > _INT64_DIGITS:
                raise self._error(f"JSON integer {digits} is too large to parse.")
            return int(short)
        if _FLOAT.fullmatch(digits) is None:
            raise self._error(f"Input string '{digits}' is not a valid number.")
        return float(digits)

    def _other_base(self, digits: str) -> int:
        is_hexadecimal = digits[1] in "xX"
        body, base = (digits[2:], 16) if is_hexadecimal else (digits, 8)
        allowed = "[0-9a-fA-F]{1,}" if is_hexadecimal else "[0-7]+"
        value = int(body, base) if re.fullmatch(allowed, body) else 2 * _INT64
        if value >= 2 * _INT64:
            raise self._error(f"Input string '{digits}' is not a valid number.")
        return value - 2 * _INT64 if value >= _INT64 else value

    def _note_value(self, value: Any) -> Any:
        """Note that a value has begun: an array counts it, and the text is no longer at its start."""
        self._has_begun = True
        if self._places and not isinstance(self._places[-1], str):
            place = self._places[-1]
            self._places[-1] = 0 if place is None else place + 1
        return value

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _pass(self, char: str) -> None:
        """Skip one character, counting lines as Newtonsoft does."""
        self._at += 1
        if char == "\r" and self._peek() == "\n":
            self._at += 1
        if char in "\r\n":
            self._line += 1
            self._line_start = self._at

    def _skip(self, *, comments: bool) -> None:
        while True:
            char = self._peek()
            if char == "\0" or (char.isspace() and char not in "\x1c\x1d\x1e\x1f"):
                self._pass(char)
            elif char == "/" and comments:
                self._comment()
            else:
                return

    def _comment(self) -> None:
        opening = self._text[self._at : self._at + 2]
        if opening not in ("/*", "//"):
            self._at += 1
            if len(opening) < 2:
                raise self._error("Unexpected end while parsing comment.")
            raise self._error(f"Error parsing comment. Expected: *, got {opening[1]}.")
        self._at += 2
        is_block = opening == "/*"
        while not (self._text.startswith("*/", self._at) if is_block else self._peek() in ("\r", "\n", "")):
            if not self._peek():
                raise self._error("Unexpected end while parsing comment.")
            self._pass(self._peek())
        self._at += 2 if is_block else 0

    def _error(self, message: str) -> JsonReaderError:
        position = self._at - self._line_start
        line = 0 if position == 0 and not self._has_begun else self._line
        return JsonReaderError(f"{message} Path '{self._path()}', line {line}, position {position}.")

    def _path(self) -> str:
        path = ""
        for place in self._places:
            if isinstance(place, int):
                path += f"[{place}]"
            elif place is not None and _PLAIN_NAME.fullmatch(place):
                path += f".{place}" if path else place
            elif place is not None:
                path += f"['{place}']"
        return path


def _wrong_bracket(bracket: str, container: str) -> str:
    kind = {"}": "EndObject", "]": "EndArray", ")": "EndConstructor"}[bracket]
    return f"JsonToken {kind} is not valid for closing JsonType {container}."


def _is_identifier(char: str) -> bool:
    return bool(char) and (char.isalpha() or char.isdecimal() or char in "_$")
