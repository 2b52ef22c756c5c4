"""S18: no secret is in the repository, and what looks like one is the emulator's, which everybody knows."""

import base64
import json
import re
import secrets
from pathlib import Path

import pytest

from tests.repository import ROOT, files

PATTERNS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "an account key": r"AccountKey=[A-Za-z0-9+/]{60,}",
    "a storage key": r"(?<!sha512-)(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])",
    "a shared access signature": r"[?&;]?sig=[A-Za-z0-9%+/]{40,}",
    "a function key": r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{4,8}={0,2}",
    "a secret of Entra": r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}8Q~[A-Za-z0-9_~.-]{34}",
    "a token of GitHub": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,}",
    "a key of AWS": r"(?<![A-Z0-9])AKIA[A-Z0-9]{16}(?![A-Z0-9])",
    "a web token": r"eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
    "a password in an address": r"[a-z][a-z0-9+.-]*://[^\s/:@{}<>$%'\"]+:[^\s/:@{}<>$%'\"]{6,}@[a-z0-9.-]+\.[a-z]{2,}",
    "a connection to App Insights": r"InstrumentationKey=[0-9a-f]{8}-[0-9a-f]{4}-(?!0000)[0-9a-f]{4}-",
}
EMULATORS = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's account key, as Microsoft publishes it."""

LARGEST = 2_000_000


def found(text):
    """Return which kinds of secrets a text holds."""
    plain = text.replace(EMULATORS, "")
    return {kind for kind, pattern in PATTERNS.items() if re.search(pattern, plain)}


def test_no_file_of_the_repository_holds_a_secret():
    """In any of the usual forms."""
    paths = [path for path in files() if path.stat().st_size < LARGEST]
    assert len(paths) > 300
    texts = {path.relative_to(ROOT).as_posix(): path.read_bytes().decode("latin-1") for path in paths}
    assert {name: kinds for name, text in texts.items() if (kinds := found(text))} == {}


def _random(length, letters="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"):
    return "".join(secrets.choice(letters) for _ in range(length))


def _packed(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


SEEDED = {
    "a private key": lambda: "-----BEGIN RSA " + "PRIVATE KEY-----",
    "an account key": lambda: f"AccountKey={_random(86)}",
    "a storage key": lambda: base64.b64encode(secrets.token_bytes(64)).decode(),
    "a shared access signature": lambda: f"?sv=2026-01-01&sig={_random(44)}%3D",
    "a function key": lambda: f"code={_random(44)}AzFu{_random(6)}==",
    "a secret of Entra": lambda: f"{_random(3)}8Q~{_random(34)}",
    "a token of GitHub": lambda: f"ghp_{_random(36)}",
    "a key of AWS": lambda: "AKIA" + _random(16, "ABCDEFGHIJKLMNOP"),
    "a web token": lambda: f"{_packed({'alg': 'RS256', 'typ': 'JWT'})}.{_packed({'sub': 'somebody'})}.{_random(40)}",
    "a password in an address": lambda: f"https://deploy:{_random(12)}@scm.example.net/site.git",
    "a connection to App Insights": lambda: "InstrumentationKey=" + "1b2c3d4e-1a2b-3c4d-9e8f-001122334455",
}


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_seeded_secret_is_found(kind, tmp_path):
    """Random, in the middle of a file; a search that cannot find proves nothing."""
    file = Path(tmp_path / "settings.py")
    file.write_text(f'SETTING = "{SEEDED[kind]()}"\n')
    assert kind in found(file.read_text())


def test_the_local_settings_use_the_emulator():
    """The file is in the repository for newcomers; it names no account and no key."""
    values = json.loads((ROOT / "local.settings.json").read_text("utf-8"))["Values"]
    assert {values[name] for name in ("AzureWebJobsStorage", "ApprovalsStorage")} == {"UseDevelopmentStorage=true"}
    assert [name for name in values if re.search(r"(?i)password|secret|_keys?$|sas$", name)] == []


def test_the_local_settings_are_not_deployed():
    """The development mode believes any name."""
    ignored = (ROOT / ".funcignore").read_text("utf-8").splitlines()
    assert "local.settings.json" in ignored
