"""No file of the repository holds a secret; the emulator's published key is none."""

import re
from collections.abc import Iterator

import pytest

from tests.repository import ROOT, files

EMULATOR = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
"""The beginning of the key that Azurite has on every machine."""

SHAPES = {
    "the key of a storage account": re.compile(r"(?:Account|SharedAccess)Key=(?P<secret>[\w+/]{40,}={0,2})"),
    "a shared access signature": re.compile(r"[?&;]sig=(?P<secret>[\w%+/]{40,})"),
    "a private key": re.compile(r"-----BEGIN (?P<secret>(?:\w+ )?PRIVATE KEY)-----\n"),
    "a GitHub token": re.compile(r"\b(?P<secret>gh[pousr]_\w{36,}|github_pat_\w{60,})"),
    "a signed token": re.compile(r"\b(?P<secret>eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,})"),
    "a key of a function app": re.compile(r"[?&]code=(?P<secret>[\w-]{40,}={0,2})"),
    "a connection string of Application Insights": re.compile(r"InstrumentationKey=(?P<secret>[0-9a-f-]{36})"),
}  # fmt: skip


def secrets_in(text: str) -> Iterator[str]:
    """Name each secret that a text holds."""
    for kind, shape in SHAPES.items():
        for found in shape.finditer(text):
            if not found["secret"].startswith(EMULATOR):
                yield f"{kind}: {found['secret'][:6]}…"


def test_no_file_of_the_repository_holds_a_secret() -> None:
    """Everybody with a clone would have it."""
    found = {
        str(path.relative_to(ROOT)): list(secrets_in(path.read_text("utf-8", errors="replace"))) for path in files()
    }
    assert len(found) > 300
    assert {} == {name: secrets for name, secrets in found.items() if secrets}


@pytest.mark.parametrize(
    ("before", "secret"),
    [
        ("AccountKey=", "q" * 86 + "=="),
        ("https://x.blob.core.windows.net/a?sv=2026&sig=", "Zm9v" * 11),
        ("-----BEGIN ", "RSA PRIVATE KEY-----\n"),
        ("token: gh", "p_" + "a1" * 18),
        ("Bearer ey", "JhbGciOiJIUzI1NiIsInR5cCI6.ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0." + "SflKxwRJSMeKKF2QT4fw"),
        ("https://x.azurewebsites.net/api/y?code=", "k" * 54 + "=="),
        ("InstrumentationKey=", "0a" * 4 + "-1111-2222-3333-" + "4b" * 6),
    ],
    ids=list(SHAPES),
)
def test_each_kind_of_secret_is_found(before: str, secret: str) -> None:
    """The two halves are joined here, so that this file holds none."""
    assert 1 == len(list(secrets_in(before + secret)))


def test_the_emulators_key_is_no_secret() -> None:
    """It is the same on every machine, and opens only an emulator."""
    assert [] == list(secrets_in(f"AccountKey={EMULATOR}/K1SZFPTOtr/KBHBeksoGMGw=="))
