"""The checks of attachments, on bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.attachments import LARGEST_UPLOAD, StoredAttachment, check_attachments
from approvals.checks import (
    LONGEST_TEXT,
    VIRUS_TEST,
    ChecksForm,
    ChecksSubmission,
    Picture,
    Work,
    inspect,
    list_work,
)
from approvals.findings import Checked

PNG = b"\x89PNG\r\n\x1a\nrest"
PICTURE = Picture(width=860, height=420)


def work(content, kind="text/plain", size=None):
    """Return the work that an attachment of this content is."""
    stored = StoredAttachment(blob="p/a", name="a", content_type=kind, size=len(content) if size is None else size)
    return list_work(ChecksSubmission(attachments=(stored,)))[0]


def found(content, kind="text/plain", *, size=None, picture=None):
    """Return severity and message of each check."""
    checked = inspect(work(content, kind, size), content, picture)
    return {finding.check: (finding.severity, finding.message) for finding in checked.findings}


def test_a_form_becomes_the_input_of_the_workflow():
    """The unchanged example."""
    form = ChecksForm.from_dict(dict(ChecksForm.example))
    stored = tuple(upload.reference for upload in check_attachments("p-1", form.files))
    assert ChecksSubmission.from_dict(form.submission(stored)).attachments == stored
    assert ChecksForm.from_dict({}).submission(()) == {"attachments": []}


@pytest.mark.parametrize(
    ("kind", "checks"),
    [
        ("text/markdown", ("type", "size", "virus", "text")),
        ("image/jpeg", ("type", "size", "virus", "image")),
        ("application/pdf", ("type", "size", "virus")),
    ],
)
def test_the_declared_type_decides_the_checks(kind, checks):
    """Each once, and the activity reads the same list."""
    listed = work(b"x", kind)
    assert listed.checks == checks
    assert Work.from_dict(listed.to_dict()) == listed


@pytest.mark.parametrize(
    ("content", "kind", "severity", "told"),
    [
        (b"# A bench", "text/markdown", "ok", "is text/markdown"),
        (b"# A bench", "image/png", "error", "it is text/plain"),
        (PNG, "image/png", "ok", "is image/png"),
        (PNG, "text/plain", "error", "it is image/png"),
        (PNG, "image/jpeg", "error", "it is image/png"),
        (b"caf\xe9", "text/plain", "error", "nor UTF-8"),
        (b"a\x00b", "text/plain", "error", "nor UTF-8"),
        (b"%PDF-1.7", "application/pdf", "ok", "is application/pdf"),
        (b"MZ\x00", "application/x-msdownload", "error", "not accepted"),
    ],
)
def test_the_content_decides_the_type(content, kind, severity, told):
    """Not the declared one."""
    said, message = found(content, kind, picture=PICTURE)["type"]
    assert said == severity
    assert told in message


@pytest.mark.parametrize(
    ("content", "size", "severity"),
    [
        (b"x", 1, "ok"),
        (b"x", 2, "error"),
        (b"", 0, "error"),
        (b"x" * (LARGEST_UPLOAD + 1), LARGEST_UPLOAD + 1, "error"),
    ],
)
def test_the_size_is_unchanged_and_within_limits(content, size, severity):
    """A blob that was changed later is noticed."""
    assert found(content, size=size)["size"][0] == severity


@pytest.mark.parametrize("content", [VIRUS_TEST, b"before " + VIRUS_TEST + b" after"])
def test_the_virus_test_string_is_found_anywhere(content):
    """The EICAR string has 68 characters."""
    assert len(VIRUS_TEST) == 68
    assert found(content)["virus"][0] == "error"
    assert found(content[:-8])["virus"][0] == "ok"


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("x", "ok"),
        (" \n\t\ufeff", "error"),
        ("x" * LONGEST_TEXT, "ok"),
        ("x" * (LONGEST_TEXT + 1), "warning"),
    ],
)
def test_a_text_is_neither_empty_nor_too_long(text, severity):
    """White space and a byte order mark are no text."""
    assert found(text.encode())["text"][0] == severity


@pytest.mark.parametrize(
    ("picture", "severity", "told"),
    [
        (PICTURE, "ok", "860 x 420"),
        (Picture(width=860, height=31), "warning", "little"),
        (Picture(width=86, height=42, trouble="cut off"), "error", "cut off"),
        (None, "error", "not measured"),
    ],
)
def test_an_image_can_be_decoded_and_has_a_sensible_size(picture, severity, told):
    """The measured size is judged here."""
    said, message = found(PNG, "image/png", picture=picture)["image"]
    assert said == severity
    assert told in message


@given(st.binary(max_size=200), st.sampled_from(["text/plain", "image/png", "application/pdf", "x/y" * 60]))
def test_each_check_has_one_finding_for_any_content(content, kind):
    """Checks raise nothing, and their findings can be recorded."""
    listed = work(content, kind)
    checked = inspect(listed, content, Picture(trouble="x" * 500))
    assert tuple(finding.check for finding in checked.findings) == listed.checks
    assert checked.bytes == len(content)
    assert Checked.from_dict(checked.to_dict()) == checked
