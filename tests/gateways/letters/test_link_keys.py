"""Keys of links: from the settings, made in development, or none at all."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateways.connections import open_blob_service
from gateways.letters import link_keys as module
from gateways.letters.link_keys import KeysWrong, link_keys

OLD, NEW = "old" * 12, "new" * 12


@pytest.fixture(autouse=True)
def _settings(monkeypatch):
    """Production without keys, and a container of these tests' own."""
    monkeypatch.delenv("LINK_KEYS", raising=False)
    monkeypatch.delenv("AUTH_MODE", raising=False)
    monkeypatch.setattr(module, "CONTAINER", f"development-{uuid.uuid4().hex[:8]}")
    module._of_this_machine.cache_clear()


def test_keys_are_ordered_by_age(monkeypatch):
    """A new key is appended."""
    monkeypatch.setenv("LINK_KEYS", f"{OLD}, {NEW},")
    assert link_keys() == (OLD, NEW)


@pytest.mark.parametrize("mode", [None, "keys", "easyauth", "Development"])
def test_without_keys_there_are_no_links(monkeypatch, mode):
    """Outside development no key is made up."""
    if mode:
        monkeypatch.setenv("AUTH_MODE", mode)
    assert link_keys() == ()
    monkeypatch.setenv("LINK_KEYS", " , ")
    assert link_keys() == ()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("short", "at least 32"),
        (f"{NEW},short", "at least 32"),
        (f"{NEW},{NEW}", "given twice"),
        ("@Microsoft.KeyVault(SecretUri=https://vault.example.org/secrets/link-keys)", "was not resolved"),
    ],
)
@pytest.mark.parametrize("mode", ["keys", "development"])
def test_a_key_that_others_could_know_is_refused(monkeypatch, setting, message, mode):
    """Also an unresolved Key Vault reference. The error does not repeat the setting."""
    monkeypatch.setenv("AUTH_MODE", mode)
    monkeypatch.setenv("LINK_KEYS", setting)
    with pytest.raises(KeysWrong, match=message) as refused:
        link_keys()
    assert not any(part in str(refused.value) for part in setting.split(",") if part != "short")


def test_in_development_a_key_is_created_once(monkeypatch):
    """The next process finds it, so links survive a restart."""
    monkeypatch.setenv("AUTH_MODE", "development")
    (key,) = link_keys()
    module._of_this_machine.cache_clear()
    assert link_keys() == (key,)
    assert len(key) >= module.SHORTEST
    assert not open_blob_service().get_container_client(module.CONTAINER).get_container_properties().public_access


def test_one_of_several_starting_processes_creates_the_key(monkeypatch):
    """All of them sign with the same one."""
    monkeypatch.setenv("AUTH_MODE", "development")
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: module._of_this_machine.__wrapped__(open_blob_service()), range(8)))
    assert len(set(keys)) == 1


def test_keys_of_the_settings_are_used_in_development_too(monkeypatch):
    """No key is created then."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("LINK_KEYS", NEW)
    assert link_keys() == (NEW,)
    assert not open_blob_service().get_container_client(module.CONTAINER).exists()
