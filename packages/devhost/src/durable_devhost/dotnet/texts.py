"""Bytes as .NET's `StreamReader` reads them as text. Pure."""

import codecs

_MARKS = (  # a mark of UTF-32 begins like one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_text(content: bytes) -> str:
    """The text: in the encoding that a mark at the start names, else in UTF-8; what is no text becomes U+FFFD."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")
