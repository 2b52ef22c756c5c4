"""Where Azurite is looked for, in which order, and what is said where it or Node is missing."""

from pathlib import Path

import pytest

from durable_devhost.azurite.command import cache_folder, command_in, find_command, node_environment
from durable_devhost.errors import DevhostError


def place(command: Path) -> Path:
    """Put an executable there."""
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    return command


def homeless() -> Path:
    """What `Path.home` does for a user without a home."""
    raise RuntimeError("Could not determine home directory.")


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has Node and nothing else, and a person in a folder of their own."""
    place(tmp_path / "bin" / "node")
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NODE_COMPILE_CACHE", raising=False)


def test_the_search_for_azurite_takes_the_nearest_place(tmp_path: Path) -> None:
    """The order: the app's folder and those above it, the current folder and those above it, PATH, devhost's cache."""
    app = tmp_path / "apps" / "mine"
    places = [
        command_in(app),
        command_in(tmp_path / "apps"),
        command_in(tmp_path / "here" / "below"),
        command_in(tmp_path / "here"),
        tmp_path / "bin" / "azurite",
        command_in(tmp_path / "cache" / "durable-devhost" / "azurite"),
    ]
    found = []
    for each in reversed(places):
        place(each)
        found.append(find_command(app))
    assert list(reversed(places)) == found


def test_a_missing_azurite_error_says_how_to_install_it(tmp_path: Path) -> None:
    """devhost's own install command comes first, because it needs no rights."""
    with pytest.raises(
        DevhostError, match=r"no Azurite.*durable-devhost azurite install.*npm install -g azurite.*--no-azurite"
    ):
        find_command(tmp_path)


def test_a_missing_node_is_an_error(tmp_path: Path) -> None:
    """Azurite cannot run without Node."""
    place(command_in(tmp_path))
    (tmp_path / "bin" / "node").unlink()
    with pytest.raises(DevhostError, match=r"no `node` on the PATH.*Install Node\.js 20"):
        find_command(tmp_path)


def test_the_cache_folder_follows_xdg_cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative XDG_CACHE_HOME is ignored, as the XDG specification says."""
    assert cache_folder() == tmp_path / "cache" / "durable-devhost" / "azurite"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for useless in ("", "caches"):
        monkeypatch.setenv("XDG_CACHE_HOME", useless)
        assert cache_folder() == tmp_path / "home" / ".cache" / "durable-devhost" / "azurite"


def test_the_environment_of_azurite_names_a_folder_for_compiled_code(tmp_path: Path) -> None:
    """It is made here: Node.js 22 does not return from making one below a folder like /proc."""
    folder = tmp_path / "cache" / "durable-devhost" / "node"
    assert node_environment()["NODE_COMPILE_CACHE"] == str(folder)
    assert folder.is_dir()


def test_the_environment_of_azurite_keeps_the_folder_that_the_user_has_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made in the cache then."""
    monkeypatch.setenv("NODE_COMPILE_CACHE", "/mine")
    assert node_environment()["NODE_COMPILE_CACHE"] == "/mine"
    assert not (tmp_path / "cache").exists()


def test_the_environment_of_azurite_needs_no_folder_for_compiled_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that cannot be made must not keep a host from starting; here a file is in its place, or no home there."""
    (tmp_path / "cache").touch()
    assert "NODE_COMPILE_CACHE" not in node_environment()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert "NODE_COMPILE_CACHE" not in node_environment()


def test_the_search_works_for_a_user_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a user has no cache to search; only an install needs one."""
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(DevhostError, match="There is no Azurite"):
        find_command(tmp_path)
    with pytest.raises(DevhostError, match=r"no home folder.*XDG_CACHE_HOME"):
        cache_folder()
