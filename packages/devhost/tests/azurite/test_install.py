"""The install of Azurite: whole or not at all, with signs of life, and a sentence for each way in which it can fail.

A small npm stands for the real one, which needs a network: it makes the tree that npm makes, or fails as npm does.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from durable_devhost.azurite import install as module
from durable_devhost.azurite.command import cache_folder, command_in, find_command
from durable_devhost.azurite.install import VERSION, install
from durable_devhost.errors import DevhostError

NPM = """#!/bin/sh
echo "$@" >> "$NPM_CALLS"
test "$2" = --prefix || exit 3
mkdir -p "$3/node_modules/.bin" "$3/node_modules/azurite"
echo '{{"version": "{version}"}}' > "$3/node_modules/azurite/package.json"
printf '#!/bin/sh\\necho {version}\\nexit {runs}\\n' > "$3/node_modules/.bin/azurite"
chmod +x "$3/node_modules/.bin/azurite"
{then}
"""


class Machine:
    """A machine whose npm does as it is told."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.bin.mkdir()
        self.calls.touch()
        self.said: list[str] = []

    def npm(self, then: str = "", *, version: str = VERSION, runs: int = 0) -> None:
        """After it has made the tree npm runs the shell lines `then`; `runs` is Azurite's own exit status."""
        self._command("npm", NPM.format(then=then, version=version, runs=runs))

    def node(self, version: str) -> None:
        """Node says that it is this version."""
        self._command("node", f"#!/bin/sh\necho {version}\n")

    def install(self) -> Path:
        """Install, and remember what is said."""
        return install(self.said.append)

    def _command(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with Node 22, an npm that works, and an empty cache."""
    made = Machine(tmp_path)
    made.node("v22.1.0")
    made.npm()
    for tool in ("sh", "mkdir", "chmod", "mv", "sleep"):
        (made.bin / tool).symlink_to(shutil.which(tool) or pytest.fail(f"no {tool}"))
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setenv("NPM_CALLS", str(made.calls))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return made


def rests(folder: Path) -> list[str]:
    """What lies beside the installed Azurite."""
    return [each.name for each in folder.parent.iterdir() if each != folder]


def test_an_installed_azurite_is_found(machine: Machine, tmp_path: Path) -> None:
    """The install takes the tested version and prints one line before and one after."""
    command = machine.install()
    assert command == find_command(tmp_path) == command_in(cache_folder())
    assert machine.calls.read_text().split()[-1] == f"azurite@{VERSION}"
    assert [line.split()[0] for line in machine.said] == ["Installing", "done"]
    assert rests(cache_folder()) == []


def test_a_second_install_does_nothing(machine: Machine) -> None:
    """It finds the Azurite of the first one."""
    assert machine.install() == machine.install()
    assert len(machine.calls.read_text().splitlines()) == 1
    assert machine.said[-1] == f"Azurite {VERSION} is installed already, in {cache_folder()}."


def test_an_older_azurite_is_replaced(machine: Machine) -> None:
    """No file of the older version stays."""
    machine.npm(version="3.30.0")
    machine.install()
    (cache_folder() / "old").touch()
    machine.npm()
    machine.install()
    assert not (cache_folder() / "old").exists()
    assert rests(cache_folder()) == []


def test_an_interrupted_install_leaves_no_azurite(machine: Machine, tmp_path: Path) -> None:
    """The install is killed in the middle; the next one removes what is left."""
    machine.npm(then=f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; sleep 60")
    code = "from durable_devhost.azurite.install import install; install(lambda line: print(line, flush=True))"
    pid = tmp_path / "pid"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        give_up = time.monotonic() + 20
        while not pid.exists() and time.monotonic() < give_up:
            time.sleep(0.02)
    finally:
        process.kill()
        process.communicate()
        os.killpg(int(pid.read_text()), signal.SIGKILL)  # npm has outlived it
    assert not cache_folder().exists()
    assert len(rests(cache_folder())) == 1
    machine.npm()
    machine.install()
    assert rests(cache_folder()) == []


def test_ctrl_c_ends_npm_too(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file stays behind."""
    machine.npm(then=f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; sleep 60")
    monkeypatch.setattr(module, "_HEARTBEAT_S", 0.05)

    def interrupt(line: str) -> None:
        if "still at it" in line and (tmp_path / "pid").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert rests(cache_folder()) == []
    assert not cache_folder().exists()


def test_a_long_install_reports_progress(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fifteen seconds; sooner in this test."""
    monkeypatch.setattr(module, "_HEARTBEAT_S", 0.05)
    machine.npm(then="sleep 0.5")
    machine.install()
    assert "  still at it after 0 s" in machine.said


def test_a_second_install_at_once_waits_for_the_first(machine: Machine) -> None:
    """It says that it waits, and then finds what the first one installed."""
    folder = cache_folder()
    folder.parent.mkdir(parents=True)
    held = os.open(folder.parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    second = threading.Thread(target=machine.install)
    second.start()
    give_up = time.monotonic() + 20
    while not machine.said and time.monotonic() < give_up:
        time.sleep(0.02)
    os.close(held)
    second.join(20)
    assert machine.said[0] == "Another install is under way; waiting for its end ..."
    assert command_in(folder).exists()


@pytest.mark.parametrize("code", ["ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "E403", "SELF_SIGNED_CERT_IN_CHAIN"])
def test_a_network_failure_is_reported(machine: Machine, code: str) -> None:
    """With npm's error code and its text."""
    machine.npm(then=f"echo npm error code {code}; echo npm error request to somewhere failed; exit 1")
    with pytest.raises(DevhostError, match=rf"(?s)could not fetch Azurite .*\({code}\)\. Check the network.*somewhere"):
        machine.install()
    assert rests(cache_folder()) == []


@pytest.mark.parametrize("status", [0, 228])
def test_a_full_disk_is_reported(machine: Machine, status: int) -> None:
    """Also where npm exits with 0 although files are missing."""
    machine.npm(then=f"echo npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write; exit {status}")
    with pytest.raises(DevhostError, match=r"disk that holds .* is full\. Free some space .*XDG_CACHE_HOME"):
        machine.install()
    assert not cache_folder().exists()


def test_a_folder_that_cannot_be_made_is_reported(machine: Machine, tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(DevhostError, match=r"cannot be installed into .*cache.*XDG_CACHE_HOME"):
        machine.install()


def test_any_other_failure_shows_the_output_of_npm(machine: Machine) -> None:
    """The last lines of it."""
    machine.npm(then="echo npm error something odd; exit 1")
    with pytest.raises(DevhostError, match=r"(?s)npm could not install Azurite\..*something odd"):
        machine.install()


def test_an_azurite_that_does_not_run_is_not_installed(machine: Machine) -> None:
    """The install starts it once before it moves it into place."""
    machine.npm(runs=1)
    with pytest.raises(DevhostError, match="does not run"):
        machine.install()
    assert not cache_folder().exists()


def test_a_missing_npm_error_says_how_to_get_it(machine: Machine) -> None:
    """Some systems have Node without npm."""
    (machine.bin / "npm").unlink()
    with pytest.raises(DevhostError, match=r"no `npm` on the PATH.*comes with Node\.js 20"):
        machine.install()


def test_a_missing_or_old_node_is_an_error(machine: Machine) -> None:
    """It is reported before npm is run."""
    machine.node("v18.20.1")
    with pytest.raises(DevhostError, match=r"Node\.js is v18\.20\.1, and Azurite needs 20 or newer"):
        machine.install()
    (machine.bin / "node").unlink()
    with pytest.raises(DevhostError, match="no `node` on the PATH"):
        machine.install()
    assert machine.calls.read_text() == ""
