"""Files that are put by themselves: what kind they are, what they may be called, and where they come to lie."""

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.attachments import (
    KINDS,
    LARGEST_UPLOAD,
    LONGEST_FILE_NAME,
    MOST_BYTES,
    check_file_names,
    checked_file_name,
    kind_of,
    upload_of,
)
from approvals.validation import Invalid

PNG = b"\x89PNG\r\n\x1a\nrest"
OFFICE = "application/vnd.openxmlformats-officedocument"


def archive(*names):
    """An archive of small files, packed as office programs do."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, f"<{name}/>" * 50)
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"# A bench\n", "text/plain"),
        ("\ufeffÜber\f\t".encode(), "text/plain"),
        (b"<html><script>", "text/plain"),
        (b"", "text/plain"),
        (b"GIF89a", "text/plain"),
        (b"PK\x03\x04\xff", None),
        (archive("[Content_Types].xml", "word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
        (archive("xl/workbook.xml", "[Content_Types].xml"), f"{OFFICE}.spreadsheetml.sheet"),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), None),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), None),
        (archive("word/document.xml"), None),
        (archive("a.txt"), None),
        (b"caf\xe9", None),
        (b"a\0b", None),
        (b"MZ\x90\0", None),
    ],
)
def test_the_content_says_what_kind_it_is(content, kind):
    """What the sender says of it is not asked. Text is text, also where it would be a page elsewhere."""
    assert kind_of(content) == kind


def test_a_file_lies_under_a_name_that_is_made_here():
    """Of the proposal, the content, and an ending that belongs to its kind."""
    upload = upload_of("p-1", "Übersicht.exe", PNG)
    assert upload.blob == f"p-1/{hashlib.sha256(PNG).hexdigest()[:32]}.png"
    assert (upload.name, upload.content_type, upload.stored.size) == ("Übersicht.exe", "image/png", len(PNG))


def test_other_content_lies_elsewhere():
    """A cleaned picture is not the one that was sent."""
    upload = upload_of("p-1", "a.png", PNG)
    cleaned = upload.holding(PNG + b"!")
    assert cleaned.blob == upload_of("p-1", "a.png", PNG + b"!").blob != upload.blob
    assert (cleaned.name, cleaned.content) == ("a.png", PNG + b"!")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.md", "text/markdown"), ("A.Markdown", "text/markdown"), ("a.txt", "text/plain"), ("a.html", "text/plain"),
        ("md", "text/plain"),
    ],
)  # fmt: skip
def test_the_ending_tells_texts_apart_and_nothing_else(name, kind):
    """Markdown is text; HTML that calls itself so is text as well."""
    assert upload_of("p-1", name, b"# A bench\n").content_type == kind
    assert upload_of("p-1", name, PNG).content_type == "image/png"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "1 to"),
        (b"x" * (LARGEST_UPLOAD + 1), "20,971,521"),
        (b"PK\x03\x04\xff", "not accepted; accepted are text/markdown"),
    ],
)
def test_what_is_not_taken_is_told(content, told):
    """With what would be."""
    with pytest.raises(Invalid, match=told):
        upload_of("p-1", "a.zip", content)


def test_a_file_by_itself_may_be_larger_than_one_inside_a_proposal():
    """That is what it is for."""
    assert LARGEST_UPLOAD > MOST_BYTES
    assert len(upload_of("p-1", "a.txt", b"x" * LARGEST_UPLOAD).content) == LARGEST_UPLOAD


@pytest.mark.parametrize(
    "name",
    [
        "plan.png", "a b.pdf", "Übersicht (3).md", "橋.txt", "it's 100 %.md", "a..b", "50%20off.txt", "-rf",
        "a,b;c=d.md", "x" * LONGEST_FILE_NAME, "क्\u200dष.md",
    ],
)  # fmt: skip
def test_plain_names_are_taken_as_they_are(name):
    """In any language."""
    assert checked_file_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "x" * (LONGEST_FILE_NAME + 1), "..", ".", "../x", "a/b", "/x", "a\\b", "..\\x", "%2e%2e", "%2e%2e%2fx",
        "%252e%252e%252fx", "a%2fb", "a%5cb", "a%00b", "a\0b", "a\nb", "a%0ab", "\x7f", "\x85", ".htaccess", "a.", "a ",
        " a", "gnp.exe\u202egnp.", "a\u200bb", "\ufeffa", "a\u2028b", "\ud800", "\ue000", "%ff", "%c0%ae",
    ],
)  # fmt: skip
def test_what_could_be_a_path_or_cannot_be_seen_is_refused(name):
    """Also encoded once or twice, as somebody on the way may decode it."""
    with pytest.raises(Invalid, match="name: a file's name"):
        checked_file_name(name)


@given(st.text(max_size=200))
def test_no_name_that_is_taken_leads_anywhere(name):
    """Nor does taking it twice change it."""
    try:
        taken = checked_file_name(name)
    except Invalid:
        return
    assert not {"/", "\\", "\0", "\r", "\n"} & set(taken)
    assert taken.strip(".") == taken
    assert checked_file_name(taken) == taken


def test_one_name_has_one_spelling():
    """A letter with its accent may come as one character or as two."""
    assert checked_file_name("U\u0308ber.md") == "Über.md"


def test_the_files_of_a_proposal_are_called_differently():
    """Every fault is named."""
    check_file_names(["a.md", "b.md", "A.md"])
    with pytest.raises(Invalid) as refused:
        check_file_names(["Über.md", "../x", "U\u0308ber.md", "a\0"])
    assert [error.partition(": ")[0] for error in refused.value.errors] == [
        "attachment '../x'", "attachment 'U\u0308ber.md'", "attachment 'a\\x00'",
    ]  # fmt: skip
    assert "another attachment has this name" in refused.value.errors[1]


def test_every_kind_has_an_ending():
    """Under which its blobs lie."""
    assert all(kind.suffix.startswith(".") for kind in KINDS.values())
