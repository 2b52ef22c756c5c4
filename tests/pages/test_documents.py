"""The documents of a proposal to look at, and what changed from version to version."""

from approvals.record.documents import Attachment
from approvals.rules.verbs import Attach
from approvals.rules.versions import versions
from pages.documents import (
    LARGEST_READ,
    LONGEST_SHOWN,
    MOST_READ,
    address_of,
    changes,
    documents,
    look_of,
    texts_wanted,
)
from tests.approvals.story import AUTHOR, Story, policy

ONE = policy({"approvers": ["Mara"]})


def put(story: Story, name: str, content: str, content_type: str = "text/plain", size: int = 100) -> None:
    """Add a file; its content stands for its hash."""
    fields = {"blob": f"p1/{content}", "content_type": content_type, "size": size, "sha256": content}
    story.judge(Attach(by=AUTHOR, name=name, **fields))


def file(content_type: str) -> Attachment:
    """Return a file of a kind."""
    return Attachment(name="a", blob="b", content_type=content_type, size=1, sha256="c")


def test_each_kind_of_file_has_its_view():
    """A kind that is no longer accepted can only be downloaded."""
    kinds = ("image/png", "application/pdf", "text/markdown", "text/plain", "image/svg+xml", "text/html")
    assert [look_of(file(each)) for each in kinds] == ["picture", "pdf", "text", "text", "file", "file"]


def test_a_page_reads_a_few_texts_the_present_ones_first():
    """Each costs a storage call; a large one has its own page."""
    story = Story(ONE)
    for number in range(5):
        put(story, f"note {number}.md", f"n{number}")
    put(story, "large.txt", "l1", size=LARGEST_READ + 1)
    put(story, "plan.png", "i1", "image/png")
    put(story, "note 0.md", "n0b")
    found = texts_wanted(versions(story.entries))
    assert [each.sha256 for each in found] == ["n1", "n2", "n3", "n0", "n0b"]
    assert len(found) == MOST_READ


def test_markdown_is_formatted_and_plain_text_is_not():
    """A text that was not read, or is long, has its own page."""
    story = Story(ONE)
    put(story, "note.md", "n", "text/markdown")
    put(story, "offer.txt", "o")
    put(story, "long.txt", "l")
    put(story, "unread.txt", "u")
    texts = {"n": "# Hello", "o": "<b>100", "l": "x" * (LONGEST_SHOWN + 1)}
    note, offer, long, unread = documents("p1", versions(story.entries)[-1], texts)
    assert (note.text, note.laid_out, note.short) == ("<h4>Hello</h4>\n", True, True)
    assert (offer.text, offer.laid_out) == ("<b>100", False)
    assert (long.cut, len(long.text or ""), long.short) == (True, LONGEST_SHOWN, False)
    assert (unread.text, unread.cut) == (None, False)


def test_each_version_shows_its_changes():
    """The latest first; words with both values, files with links."""
    story = Story(ONE)
    put(story, "offer.txt", "v1")
    put(story, "plan.png", "i1", "image/png")
    put(story, "offer.txt", "v2")
    put(story, "plan.png", "i2", "image/png")
    story.check()
    story.does("changes", approver="Mara", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, summary="Of oak.", cost=120.5, currency="GBP", department="works")
    found = changes("p1", versions(story.entries), {"v1": "price 100\n", "v2": "price 90\n"})
    assert [each.number for each in found] == [6, 5, 4, 3, 2]
    rewritten, picture, offer, _, first = found
    assert rewritten.words == (
        ("Cost", "100 EUR", "120.50 GBP"), ("Currency", "EUR", "GBP"), ("Department", "none", "works"),
    )  # fmt: skip
    assert [(each.kind, each.text) for each in rewritten.summary] == [("added", "Of oak.")]
    assert first.added == (("offer.txt", "/api/ui/proposals/p1/files/offer.txt?version=2"),)
    assert (offer.by, offer.change) == (AUTHOR, "replaced offer.txt")
    (replaced,) = offer.replaced
    assert [(each.kind, each.text) for each in replaced.lines] == [("removed", "price 100"), ("added", "price 90")]
    assert replaced.comparison == "/api/ui/proposals/p1/files/offer.txt?version=4&since=3"
    assert replaced.earlier.endswith("?version=3")
    assert (picture.replaced[0].comparison, picture.replaced[0].lines) == ("", ())


def test_an_address_holds_any_name():
    """A name may have characters with a meaning in URLs."""
    assert address_of("p1", "50% & more?.txt") == "/api/ui/proposals/p1/files/50%25%20%26%20more%3F.txt"
