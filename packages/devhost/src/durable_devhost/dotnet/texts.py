"""Text as .NET has it: bytes as its `StreamReader` reads them, what UTF-8 can hold, and failures. Pure."""

import codecs
import re

REPLACEMENT = "�"
"""What stands for bytes that are no text, and for half of a character."""

_MARKS = (  # a mark of UTF-32 begins like one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_JSON = re.compile(r"\s*\{\s*\"\$type\".*", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def without_exception_json(text: str) -> str:
    """A failure's text without the JSON of the .NET exception that the durable extension adds to it."""
    return _JSON.sub(" {…}", text)


def read_text(content: bytes) -> str:
    """The text: in the encoding that a mark at the start names, else in UTF-8; what is no text becomes U+FFFD."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def whole_characters(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair that has lost its other half."""
    if _HALF.search(text) is None:
        return text
    joined = _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
    return _HALF.sub(REPLACEMENT, joined)
