"""Tests of paths as Kestrel reads them and as URLs show them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.triggers.paths import decoded_path, decoded_text, path_in_urls


@pytest.mark.parametrize(
    ("raw", "path", "shown"),
    [
        ("/a/b", "/a/b", "/a/b"),
        ("/a%2Fb%2fc", "/a%2Fb%2fc", "/a%2Fb%2fc"),
        ("/a/../b", "/b", "/b"),
        ("/a/%2e%2e/b", "/b", "/b"),
        ("/a/%2E/b", "/a/b", "/a/b"),
        ("/a/..", "/", "/"),
        ("/a/b/..", "/a/", "/a/"),
        ("/a/b/.", "/a/b/", "/a/b/"),
        ("/../../x", "/x", "/x"),
        ("/a/...", "/a/...", "/a/..."),
        ("//a", "//a", "//a"),
        ("/a/", "/a/", "/a/"),
        ("/a%20b", "/a b", "/a%20b"),
        ("/a+b;c=d@e:f,g", "/a+b;c=d@e:f,g", "/a+b;c=d@e:f,g"),
        ("/%C3%A9", "/é", "/%C3%A9"),
        ("/%e2%82%ac", "/€", "/%E2%82%AC"),
        ("/%F0%9F%98%80", "/😀", "/%F0%9F%98%80"),
        ("/%ff", "/%ff", "/%ff"),
        ("/%C3%28", "/%C3(", "/%C3("),
        ("/%C3", "/%C3", "/%C3"),
        ("/%ED%A0%80", "/%ED%A0%80", "/%ED%A0%80"),
        ("/%zz", "/%zz", "/%25zz"),
        ("/a%", "/a%", "/a%25"),
        ("/%2541", "/%41", "/%41"),
        ("/a%5Cb", "/a\\b", "/a%5Cb"),
        ("/%0D%0A%01", "/\r\n\x01", "/%0D%0A%01"),
        ("/a%3Fb%23", "/a?b#", "/a%3Fb%23"),
    ],
)
def test_a_path_is_decoded_and_encoded_again(raw: str, path: str, shown: str) -> None:
    """Recorded, and by the rules of Kestrel's decoder."""
    assert decoded_path(raw) == path
    assert path_in_urls(path) == shown


def test_a_null_character_is_a_bad_request() -> None:
    """Kestrel answers 400."""
    assert decoded_path("/a%00") is None


@given(path=st.text().map(lambda text: "/" + text.replace("\0", "").replace("%", "").replace("/", "").replace(".", "")))
def test_an_encoded_path_reads_back(path: str) -> None:
    """For any characters."""
    assert decoded_path(quote(path)) == path
    assert decoded_path(path_in_urls(path)) == path


@given(raw=st.text(alphabet="/.%2eEfFaAcC3901é"))
def test_any_path_is_read_and_none_leads_above_the_root(raw: str) -> None:
    """No dot segments are left."""
    path = decoded_path("/" + raw)
    assert path is None or (path.startswith("/") and not {".", ".."} & set(path.split("/")))


@pytest.mark.parametrize(
    ("raw", "text"),
    [("a%2Fb", "a/b"), ("%C3%A9%ff", "é%ff"), ("%", "%"), ("%2", "%2"), ("%00", "\0"), ("%E4%B8", "%E4%B8")],
)
def test_other_text_is_decoded_with_its_slashes(raw: str, text: str) -> None:
    """What is no UTF-8 stays."""
    assert decoded_text(raw) == text
