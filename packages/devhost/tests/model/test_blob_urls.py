"""The address of a blob says where it is, on Azure and on an emulator."""

import pytest

from durable_devhost.model.blob_urls import blob_place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://account.blob.core.windows.net/in/a/b%20c.txt", ("in", "a/b c.txt")),
        ("https://account.blob.core.windows.net/in/x?sv=1", ("in", "x")),
        ("http://127.0.0.1:10000/devstoreaccount1/in/a/b.txt", ("in", "a/b.txt")),
        ("http://localhost:10000/devstoreaccount1/in/%C3%BC.txt", ("in", "ü.txt")),
        ("https://account.blob.core.windows.net/in", None),
        ("http://127.0.0.1:10000/devstoreaccount1/in", None),
        ("in/a.txt", None),
        ("ftp://account/in/x", None),
        ("http://[broken/in/x", None),
        ("", None),
    ],
)
def test_a_blob_url_is_split_into_its_parts(url: str, place: tuple[str, str] | None) -> None:
    """An emulator has the account in the path."""
    assert blob_place(url) == place
