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
def test_each_level_is_opened_by_its_own_keys_and_the_master_key(
    level: AuthLevel, owner: str, opening: set[str | None]
) -> None:
    """A system key is no good for a function, a function's key for no other function."""
    ring = KeyRing(KEYS)
    assert {
        key for key in ("m", "h", "f1", "f2", "s", "x", "", None) if ring.admits(level, key, owner=owner)
    } == opening


def test_without_keys_everybody_is_let_in() -> None:
    """The default of a local host."""
    ring = KeyRing()
    assert not ring.is_on
    assert ring.admits(AuthLevel.ADMIN, None)
    assert ring.system_key("durable") is None


@given(key=st.text())
def test_a_key_that_is_not_there_opens_nothing(key: str) -> None:
    """Any text, also one that is no UTF-8, is refused and raises nothing."""
    if key not in ("m", "h", "f1"):
        assert not KeyRing(KEYS).admits(AuthLevel.FUNCTION, key, owner="one")


def test_the_key_file_is_made_at_the_first_start_for_its_owner_only(tmp_path: Path) -> None:
    """Mode 600, in a folder that is made too."""
    path = tmp_path / "data" / "keys.json"
    ring = KeyRing.open(path, functions=["One"], systems=["durable"])
    content = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert ring.admits(AuthLevel.FUNCTION, content["functions"]["one"]["default"], owner="One")
    assert ring.system_key("Durable") == content["systemKeys"]["durable"]


def test_keys_stay_and_new_functions_get_theirs(tmp_path: Path) -> None:
    """A second start over the same file changes no key; a file that others can read is closed."""
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
def test_an_unreadable_key_file_is_named_and_not_overwritten(tmp_path: Path, content: str) -> None:
    """The person is told what to do; keys that somebody uses are not thrown away."""
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"keys\.json"):
        KeyRing.open(path, functions=[])
    assert path.read_text() == content


def test_a_representation_shows_no_secret() -> None:
    """Keys never get into a log by accident."""
    assert "f1" not in repr(KEYS)
