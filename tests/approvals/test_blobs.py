"""What may be handed out, under which name, and how a browser is told to treat it."""

import pytest

from approvals.blobs import LONGEST_NAME, checked_blob_name, headers_for, is_readable


@pytest.mark.parametrize(
    ("container", "setting", "readable"),
    [
        ("attachments", "attachments", True),
        ("published", " attachments , published,", True),
        ("attachment", "attachments", False),
        ("attachments", "", False),
        ("", "", False),
    ],
)
def test_a_container_is_readable_if_the_setting_names_it(container, setting, readable):
    """The list has commas; white space is ignored."""
    assert is_readable(container, setting) is readable


@pytest.mark.parametrize(
    "container",
    [
        "greenlighthub-leases",
        "greenlighthub-largemessages",
        "greenlighthub-applease",
        "azure-webjobs-hosts",
        "azure-webjobs-secrets",
        "app-package-greenlight-1a2b3c",
        "scm-releases",
        "$logs",
        "$web",
        "$root",
        "Attachments",
        "a--b",
        "-ab",
        "ab",
        "a/b",
        "..",
        "a" * 64,
    ],
)
def test_the_platforms_containers_are_never_readable(container):
    """Even if the setting names them; nor is an invalid container name."""
    assert not is_readable(container, f"attachments,{container}")


@pytest.mark.parametrize("name", ["x.png", "p-1/abc.png", "ä ö.txt", "a%20b.md", "..x/y..", "x" * LONGEST_NAME, "100%"])
def test_valid_blob_names_are_accepted(name):
    """Unchanged."""
    assert checked_blob_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", "x" * (LONGEST_NAME + 1), "../x", "a/../b", "a/./b", "a/..", ".", "..", "a//b", "/a", "a/", "a\\b", "a\0b",
        "a\nb", "a\x7fb", "a\x85b", "\ud800", "%2e%2e/x", "a/%2E", "a%5cb", "a%2f%2fb", "..%2fx",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name):
    """Also if they are encoded once more."""
    with pytest.raises(ValueError, match="name"):
        checked_blob_name(name)


@pytest.mark.parametrize(
    ("content_type", "told", "shown"),
    [
        ("image/png", "image/png", "inline"),
        ("application/pdf", "application/pdf", "inline"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8", "inline"),
        ("TEXT/PLAIN", "TEXT/PLAIN", "inline"),
        ("text/html", "text/html", "attachment"),
        ("image/svg+xml", "image/svg+xml", "attachment"),
        ("text/markdown", "text/markdown", "attachment"),
        ("text/html\r\nX: y", "application/octet-stream", "attachment"),
        ("nonsense", "application/octet-stream", "attachment"),
        (None, "application/octet-stream", "attachment"),
    ],
)
def test_only_types_without_scripts_are_shown(content_type, told, shown):
    """Everything else is a download, and no type is guessed."""
    headers = headers_for("p-1/note.md", content_type)
    assert headers["Content-Type"] == told
    assert headers["Content-Disposition"] == f"{shown}; filename*=UTF-8''note.md"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Content-Security-Policy"].endswith("sandbox") is (content_type != "application/pdf")
    assert "Content-Encoding" not in headers


def test_a_file_name_is_short_plain_ascii():
    """A header holds nothing else; a long name keeps its suffix."""
    value = headers_for("a/" + "é\"';" * 100 + ".png", "image/png")["Content-Disposition"]
    assert value.isascii()
    assert value.endswith("%3B.png")
    assert len(value) < 700


def test_a_compressed_blob_keeps_its_content_encoding():
    """It is sent as it is stored."""
    assert headers_for("x.txt", "text/plain", "gzip")["Content-Encoding"] == "gzip"
