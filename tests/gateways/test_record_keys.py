"""Keys of records: from the settings, from a file of this machine, and on Azure never made up."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from gateways import record_keys as module
from gateways.keys import KeysWrong
from gateways.record_keys import record_keys

OLD, NEW = f"old:{'o' * 32}", f"new:{'n' * 32}"
PLATFORM = ("WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "WEBSITE_SKU", "LEGION_SERVICE_HOST")


@pytest.fixture(autouse=True)
def _settings(monkeypatch, tmp_path):
    """A machine of these tests' own, that has no keys yet."""
    for name in ("RECORD_KEYS", "RECORDS_SIGNED_SINCE", *PLATFORM):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "FILE", tmp_path / "keys" / "record-key")


def test_the_first_key_signs_and_all_keys_verify(monkeypatch):
    """A new key is put before the old one. All entries must be signed, unless a setting says since when."""
    monkeypatch.setenv("RECORD_KEYS", f"{NEW}, {OLD},")
    assert ([key.id for key in record_keys().keys], record_keys().since) == (["new", "old"], None)
    monkeypatch.setenv("RECORDS_SIGNED_SINCE", "2026-11-26T00:00:00+00:00")
    assert record_keys().since == datetime(2026, 11, 26, tzinfo=UTC)
    assert not module.FILE.exists()


@pytest.mark.parametrize("sign", PLATFORM)
def test_on_azure_no_key_is_made_up(monkeypatch, sign):
    """One sentence names the setting."""
    monkeypatch.setenv(sign, "anything")
    with pytest.raises(KeysWrong, match="RECORD_KEYS is not set"):
        record_keys()
    assert not module.FILE.exists()


@pytest.mark.parametrize(
    ("setting", "since", "message"),
    [
        ("@Microsoft.KeyVault(SecretUri=https://vault.example.org/secrets/record-keys)", "", "was not resolved"),
        ("x" * 40, "", "RECORD_KEYS: write each key as id:key"),
        ("k:short", "", "RECORD_KEYS: the key k needs at least 32"),
        (NEW, "soon", "RECORDS_SIGNED_SINCE: "),
        (NEW, "2026-11-26T00:00:00", "RECORDS_SIGNED_SINCE: must be a point in time in UTC"),
    ],
)
def test_an_invalid_setting_is_an_error(monkeypatch, setting, since, message):
    """Also an unresolved Key Vault reference: everybody could know that key."""
    monkeypatch.setenv("RECORD_KEYS", setting)
    monkeypatch.setenv("RECORDS_SIGNED_SINCE", since)
    with pytest.raises(KeysWrong, match=message):
        record_keys()


def test_a_developers_machine_creates_its_key_once():
    """In a private file, which is found again. Older entries may be unsigned."""
    (key,) = record_keys().keys
    module._of_this_machine.cache_clear()
    assert record_keys().keys == (key,)
    assert stat.S_IMODE(os.stat(module.FILE).st_mode) == 0o600
    assert list(module.FILE.parent.iterdir()) == [module.FILE]
    assert timedelta(0) < datetime.now(UTC) - record_keys().since < timedelta(minutes=1)


def test_one_of_several_starting_processes_creates_the_key():
    """All of them sign with the same one."""
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: module._of_this_machine.__wrapped__(module.FILE), range(8)))
    assert len({ring.signing_key.secret for ring in rings}) == 1
