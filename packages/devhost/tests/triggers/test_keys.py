"""Tests of keys and authorization levels."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import SettingsError
from durable_devhost.triggers.keys import AuthLevel, KeyRing, Keys

KEYS = Keys(master="m", host="h", functions={"one": "f1", "two": "f2"}, systems={"durable": "s"})


@pytest.mark.parametrize(
    ("level", "owner", "opening"),
    [
        (AuthLevel.ANONYMOUS, "One", {"m", "h", "f1", "f2", "s", "x", "", None}),
        (AuthLevel.FUNCTION, "One", {"m", "h", "f1"}),
        (AuthLevel.FUNCTION, "unknown", {"m", "h"}),
        (AuthLevel.SYSTEM, "Durable", {"m", "s"}),
        (AuthLevel.ADMIN, "One", {"m"}),
    ],
)
def test_each_level_accepts_its_own_keys_and_the_master_key(
    level: AuthLevel, owner: str, opening: set[str | None]
) -> None:
    """A system key does not open a function, nor does the key of another function."""
    ring = KeyRing(KEYS)
    assert {
        key for key in ("m", "h", "f1", "f2", "s", "x", "", None) if ring.admits(level, key, owner=owner)
    } == opening


def test_without_keys_everybody_is_admitted() -> None:
    """The default of a local host."""
    ring = KeyRing()
    assert not ring.is_on
    assert ring.admits(AuthLevel.ADMIN, None)
    assert ring.system_key("durable") is None


@given(key=st.text())
def test_an_unknown_key_opens_nothing(key: str) -> None:
    """Any text, also invalid UTF-8, is refused without an exception."""
    if key not in ("m", "h", "f1"):
        assert not KeyRing(KEYS).admits(AuthLevel.FUNCTION, key, owner="one")


def test_the_first_start_creates_the_key_file_for_its_owner_only(tmp_path: Path) -> None:
    """Mode 600, in a new folder."""
    path = tmp_path / "data" / "keys.json"
    ring = KeyRing.open(path, functions=["One"], systems=["durable"])
    content = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert ring.admits(AuthLevel.FUNCTION, content["functions"]["one"]["default"], owner="One")
    assert ring.system_key("Durable") == content["systemKeys"]["durable"]


def test_keys_stay_and_new_functions_get_theirs(tmp_path: Path) -> None:
    """A second start changes no key; a file that others can read becomes private."""
    path = tmp_path / "keys.json"
    KeyRing.open(path, functions=["one"])
    first = json.loads(path.read_text())
    path.chmod(0o644)
    KeyRing.open(path, functions=["one", "two"])
    second = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert second["masterKey"] == first["masterKey"]
    assert second["functions"]["one"] == first["functions"]["one"]
    assert set(second["functions"]) == {"one", "two"}
    assert (
        len(
            {
                second["masterKey"],
                second["functionKeys"]["default"],
                *(v["default"] for v in second["functions"].values()),
            }
        )
        == 4
    )


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"masterKey": ""}', "\x00"])
def test_an_unreadable_key_file_is_reported_and_not_overwritten(tmp_path: Path, content: str) -> None:
    """The error says what to do; keys in use must not be lost."""
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"keys\.json"):
        KeyRing.open(path, functions=[])
    assert path.read_text() == content


def test_the_repr_shows_no_key() -> None:
    """So that keys do not get into a log."""
    assert "f1" not in repr(KEYS)
