"""A letter can be read by light and in the dark: each text differs enough from what is behind it.

The figures are those of WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text of this size.
"""

import re
from html.parser import HTMLParser

import pytest

from tests.approvals.story import Story
from tests.gateways.letters.test_letters import PLAIN, notice_of, writer

LEAST = 4.5
VOID = ("meta", "br")


class Colours(HTMLParser):
    """Collects the colours of each text and of its background, with the classes that the dark scheme overrides."""

    def __init__(self, html, *, dark):
        super().__init__()
        self.texts = list[tuple[str, str, str]]()
        self._overrides = dict(re.findall(r"\.([\w-]+) \{ (.*?) \}", html)) if dark else {}
        self._open = [("#000000", "#ffffff")]
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        styles = [given.get("style") or "", *(self._overrides.get(each, "") for each in classes)]
        self._hidden = "display:none" in styles[0]
        ink, ground = self._open[-1]
        for style in styles:
            for name, value in re.findall(r"(?:^|;|\s)(color|background):\s*(#[0-9a-f]{6})", style):
                ink, ground = (value, ground) if name == "color" else (ink, value)
        self._open.append((ink, ground))

    def handle_endtag(self, tag):
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data):
        if data.strip() and not self._hidden and self.lasttag != "style":
            self.texts.append((data.strip(), *self._open[-1]))


def luminance(colour):
    """The relative luminance of a colour."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """From 1 for the same colour to 21 for black on white."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["by light", "in the dark"])
@pytest.mark.parametrize("keys", [("a-key-of-more-than-thirty-two-characters",), ()], ids=["with a link", "without"])
def test_every_text_of_a_letter_has_enough_contrast(dark, keys):
    """Also the name at the top, quotes and the button."""
    story = Story(PLAIN).check()
    letter = writer(keys=keys).write(notice_of(story, "Ana"))
    texts = Colours(letter.html, dark=dark).texts
    assert "Greenlight" in [text for text, _, _ in texts]
    assert [] == [(text, ink, ground) for text, ink, ground in texts if contrast(ink, ground) < LEAST]
