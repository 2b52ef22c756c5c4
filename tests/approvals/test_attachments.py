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
def test_the_content_decides_the_kind(content, kind):
    """The declared type is ignored. Text is text, even if a browser would render it."""
    assert kind_of(content) == kind


def test_a_file_gets_a_blob_name_made_by_the_app():
    """From the proposal, the content, and the suffix of its kind."""
    upload = upload_of("p-1", "Übersicht.exe", PNG)
    assert upload.blob == f"p-1/{hashlib.sha256(PNG).hexdigest()[:32]}.png"
    assert (upload.name, upload.content_type, upload.reference.size) == ("Übersicht.exe", "image/png", len(PNG))


def test_different_content_has_a_different_blob_name():
    """A cleaned picture is not the one that was sent."""
    upload = upload_of("p-1", "a.png", PNG)
    cleaned = upload.with_content(PNG + b"!")
    assert cleaned.blob == upload_of("p-1", "a.png", PNG + b"!").blob != upload.blob
    assert (cleaned.name, cleaned.content) == ("a.png", PNG + b"!")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.md", "text/markdown"), ("A.Markdown", "text/markdown"), ("a.txt", "text/plain"), ("a.html", "text/plain"),
        ("md", "text/plain"),
    ],
)  # fmt: skip
def test_the_suffix_only_tells_text_formats_apart(name, kind):
    """Markdown is text; HTML with a text suffix is text too."""
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
def test_an_unsupported_kind_is_refused_with_the_supported_ones(content, told):
    """In one sentence."""
    with pytest.raises(Invalid, match=told):
        upload_of("p-1", "a.zip", content)


def test_a_file_uploaded_alone_may_be_larger_than_one_in_a_proposal():
    """The separate route is for large files."""
    assert LARGEST_UPLOAD > MOST_BYTES
    assert len(upload_of("p-1", "a.txt", b"x" * LARGEST_UPLOAD).content) == LARGEST_UPLOAD


@pytest.mark.parametrize(
    "name",
    [
        "plan.png", "a b.pdf", "Übersicht (3).md", "橋.txt", "it's 100 %.md", "a..b", "50%20off.txt", "-rf",
        "a,b;c=d.md", "x" * LONGEST_FILE_NAME, "क्\u200dष.md",
    ],
)  # fmt: skip
def test_plain_names_are_accepted_unchanged(name):
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
def test_names_with_paths_or_invisible_characters_are_refused(name):
    """Also encoded once or twice, because a proxy may decode them."""
    with pytest.raises(Invalid, match="name: a file's name"):
        checked_file_name(name)


@given(st.text(max_size=200))
def test_no_accepted_name_leads_anywhere(name):
    """Normalising it twice changes nothing."""
    try:
        taken = checked_file_name(name)
    except Invalid:
        return
    assert not {"/", "\\", "\0", "\r", "\n"} & set(taken)
    assert taken.strip(".") == taken
    assert checked_file_name(taken) == taken


def test_one_name_has_one_spelling():
    """An accented letter may be one character or two."""
    assert checked_file_name("U\u0308ber.md") == "Über.md"


def test_the_files_of_a_proposal_have_different_names():
    """Every fault is listed."""
    check_file_names(["a.md", "b.md", "A.md"])
    with pytest.raises(Invalid) as refused:
        check_file_names(["Über.md", "../x", "U\u0308ber.md", "a\0"])
    assert [error.partition(": ")[0] for error in refused.value.errors] == [
        "attachment '../x'", "attachment 'U\u0308ber.md'", "attachment 'a\\x00'",
    ]  # fmt: skip
    assert "another attachment has this name" in refused.value.errors[1]


def test_every_kind_has_a_suffix():
    """Blob names end with it."""
    assert all(kind.suffix.startswith(".") for kind in KINDS.values())
