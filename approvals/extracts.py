"""Extracts: the title and the first sentences of a document. The same input always gives the same extract."""

import re
from collections.abc import Iterator

LONGEST_EXTRACT = 500
"""Characters: one paragraph in a list of proposals."""

_READ = 20_000
"""Characters of a document that are read, far more than an extract needs."""

_HEADING = re.compile(r"#{1,6}\s")
_NO_PROSE = re.compile(r"[*+-]\s|\d{1,3}[.)]\s|\||```|~~~|<|!\[")
"""How lists, tables, code, HTML and pictures begin in Markdown."""
_PICTURE = re.compile(r"!\[[^\[\]]{0,200}\]\([^()]{0,500}\)")
_LINK = re.compile(r"\[([^\[\]]{0,200})\]\([^()]{0,500}\)")
_MARKS = re.compile(r"[*`]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def extract(title: str, summary: str, document: str = "") -> str:
    """Return one line: the title, then as many sentences as fit, first from the summary, then from the document."""
    taken = _plain(title)[:LONGEST_EXTRACT]
    mark = ": "
    for sentence in (*_sentences(summary), *_sentences(_prose(document[:_READ]))):
        if len(taken) + len(mark) + len(sentence) > LONGEST_EXTRACT:
            return taken if mark == " " else taken + _cut(mark + sentence, LONGEST_EXTRACT - len(taken))
        taken += mark + sentence
        mark = " "
    return taken


def _prose(document: str) -> str:
    """Return the paragraphs of a Markdown document without headings, lists, tables and code."""
    return " ".join(_paragraphs(document.replace("\r\n", "\n")))


def _paragraphs(document: str) -> Iterator[str]:
    for block in re.split(r"\n[ \t]*\n", document):
        lines = [line.strip() for line in block.splitlines()]
        while lines and (not lines[0] or _HEADING.match(lines[0])):
            lines = lines[1:]
        if lines and not _NO_PROSE.match(lines[0]):
            yield _MARKS.sub("", _LINK.sub(r"\1", _PICTURE.sub("", " ".join(lines))))


def _sentences(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE_END.split(_plain(text)) if sentence]


def _plain(text: str) -> str:
    """Return `text` in one line, without invisible characters, which may reverse the text direction."""
    return " ".join("".join(char for char in text if char.isprintable() or char.isspace()).split())


def _cut(text: str, room: int) -> str:
    """Return as many whole words as there is room for."""
    words = text[: max(room - 1, 0)].rpartition(" ")[0].rstrip()
    return f"{words}…" if len(words) > 1 else ""
