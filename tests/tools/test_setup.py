"""The set-up repairs what it can, and says in a sentence what it cannot."""

import sys
import tomllib
from errno import EACCES, ENOSPC
from pathlib import Path
from subprocess import run

import pytest
from packaging.specifiers import SpecifierSet

from tools import setup

ROOT = Path(__file__).resolve().parents[2]
MODERN = f"{sys.version_info.major}.{sys.version_info.minor}"
FAULTS = {
    "A disk is full": [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "Error: [Errno 122] Disk quota exceeded: '/home/ann/app/.venv/lib'",
        "npm error code ENOSPC\nnpm error nospc ENOSPC: no space left on device, write",
        # pip tries again and gets through, before the disk is full
        "WARNING: Retrying after connection broken by 'ReadTimeoutError(\"Read timed out.\")'\nNo space left on device",
    ],
    "read-only file system": [
        "Error: [Errno 30] Read-only file system: '/app/.venv'",
        "npm error code EROFS\nnpm error EROFS: read-only file system, mkdir '/app/node_modules'",
    ],
    "may not write": [
        "Error: [Errno 13] Permission denied: '/app/.venv'",
        "npm error code EACCES\nnpm error Error: EACCES: permission denied, mkdir '/root/.npm'",
        "npm error Error: EPERM: operation not permitted, unlink '/app/node_modules/.bin'",
    ],
    "The proxy cannot be reached": [
        "after connection broken by 'ProxyError('Cannot connect to proxy.', NewConnectionError('refused'))': /rich/",
        "OSError('Tunnel connection failed: 407 Proxy Authentication Required')",
        "npm error tunneling socket could not be established, cause=connect ECONNREFUSED 127.0.0.1:3128",
    ],
    "The certificate": [
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))",
        "npm error code SELF_SIGNED_CERT_IN_CHAIN",
        "npm error code UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    ],
    "over the network": [
        "NewConnectionError('Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')",
        "NewConnectionError('Failed to establish a new connection: [Errno -2] Name or service not known')",
        "NewConnectionError('Failed to establish a new connection: [Errno 101] Network is unreachable')",
        "NewConnectionError('Failed to establish a new connection: [Errno 13] Permission denied')",
        "ConnectTimeoutError('Connection to pypi.org timed out. (connect timeout=15)')",
        "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(port=443): Read timed out.",
        "ConnectionResetError(104, 'Connection reset by peer')",
        "npm error code ENOTFOUND\nnpm error network If you are behind a proxy, please check that it is set.",
        "npm error code EAI_AGAIN\nnpm error request to https://registry.npmjs.org/azurite failed",
        "npm error code ETIMEDOUT",
        "npm error code ECONNREFUSED",
        "ERROR: Could not find a version that satisfies the requirement hatchling==1.33.0 (from versions: none)",
    ],
    "": [
        "",
        "ERROR: Cannot install -r requirements-dev.txt because these package versions have conflicting dependencies.",
        "npm error code EUSAGE",
    ],
}


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone that has what the set-up reads, and nothing that it makes."""
    for name in (*setup.PYTHON_INPUTS, *setup.NODE_INPUTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, "ascii")
    monkeypatch.setattr(setup, "REPOSITORY", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(setup, "COMMAND", tmp_path / ".venv/bin/greenlight")
    return tmp_path


@pytest.fixture
def steps(clone, monkeypatch):
    """What the set-up would have run, in order; the step that makes an environment leaves one that works."""
    taken = []

    def take(_title, command, _general):
        taken.append(command)
        if "venv" in command:
            make_venv(clone)

    monkeypatch.setattr(setup, "_step", take)
    monkeypatch.setattr(setup, "_check_node", lambda: None)
    return taken


def make_venv(clone, version=MODERN, pip="exit 0"):
    """An environment whose Python is a script that knows its version and has a pip, or has not."""
    python = clone / ".venv/bin/python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f'#!/bin/sh\ncase "$*" in *pip*) {pip};; *) echo {version};; esac\n', "ascii")
    python.chmod(0o755)
    (clone / "node_modules").mkdir(exist_ok=True)
    return python


def kinds(steps):
    """Which modules of Python the steps ran, or npm."""
    return [command[command.index("-m") + 1] if "-m" in command else command[0] for command in steps]


@pytest.mark.parametrize(("said", "output"), [(said, one) for said, outputs in FAULTS.items() for one in outputs])
def test_the_advice_fits_the_output_of_pip_npm_and_venv(said, output):
    """Without a known text there is none, and the step's own sentence stays."""
    advice = setup.advice(f"Looking around ...\n{output}\n")
    assert bool(said) == bool(advice)
    assert said in advice


def test_each_advice_is_of_one_kind():
    """No two rows of the table have the same sentence, and each ends with what to do next."""
    sentences = [sentence for _, sentence in setup.ADVICE]
    assert len(sentences) == len(set(sentences)) == len(FAULTS) - 1
    assert [one for one in sentences if "`make setup`" not in one] == []


def test_a_first_set_up_creates_everything(steps, capsys):
    """No reason about an old environment is printed."""
    assert 0 == setup.main()
    assert ["venv", "ensurepip", "pip", "npm"] == kinds(steps)
    assert "anew" not in capsys.readouterr().out


def test_the_local_host_is_installed_from_this_folder(steps):
    """Together with the requirements, so that one resolution fits both."""
    setup.main()
    command = steps[kinds(steps).index("pip")]
    assert "packages/devhost" == command[command.index("-e") + 1]
    assert "requirements-dev.txt" == command[command.index("-r") + 1]


def test_a_second_set_up_does_nothing(steps):
    """`make test` runs it each time."""
    setup.main()
    steps.clear()
    assert 0 == setup.main()
    assert [] == steps


def test_changed_requirements_are_installed_into_the_same_environment(clone, steps):
    """It need not be created again."""
    setup.main()
    steps.clear()
    (clone / "constraints.txt").write_text("changed", "ascii")
    assert 0 == setup.main()
    assert ["pip"] == kinds(steps)


@pytest.mark.parametrize(
    ("version", "pip", "reason"),
    [
        ("3.15", "exit 0", "it has Python 3.15, and the app's packages need 3.11, 3.12, 3.13 or 3.14"),
        ("3.9", "exit 0", "it has Python 3.9, and the app's packages need 3.11, 3.12, 3.13 or 3.14"),
        (MODERN, "exit 1", "pip does not work in it"),
        ("", "exit 0", "its Python does not start"),
    ],
)
def test_an_unfit_environment_is_created_again_with_the_reason(clone, steps, capsys, version, pip, reason):
    """Also if everything was installed into it while its Python fitted."""
    setup.main()
    steps.clear()
    make_venv(clone, version, pip)
    assert 0 == setup.main()
    assert f"The virtual environment in .venv is made again: {reason}" in capsys.readouterr().out
    assert ["venv", "ensurepip", "pip"] == kinds(steps)
    assert "--clear" in steps[0]


def test_an_environment_whose_python_was_removed_is_created_again(clone, steps, capsys):
    """An update of the system leaves a broken link."""
    setup.main()
    steps.clear()
    python = clone / ".venv/bin/python"
    python.unlink()
    python.symlink_to(clone / "gone")
    assert 0 == setup.main()
    assert "made again: the Python that it was made with is gone" in capsys.readouterr().out
    assert ["venv", "ensurepip", "pip"] == kinds(steps)


def test_an_environment_whose_python_cannot_run_is_created_again(clone, steps, capsys):
    """Like one copied from another kind of machine."""
    setup.main()
    steps.clear()
    (clone / ".venv/bin/python").chmod(0o644)
    assert 0 == setup.main()
    assert "made again: its Python cannot be run (Permission denied)" in capsys.readouterr().out
    assert ["venv", "ensurepip", "pip"] == kinds(steps)


def test_an_environment_that_was_moved_is_created_again(clone, steps, capsys, monkeypatch):
    """Its commands and its path to the local host name the old place."""
    setup.main()
    steps.clear()
    moved = clone / "moved"
    moved.mkdir()
    (clone / ".venv").rename(moved / ".venv")
    monkeypatch.setattr(setup, "VENV", moved / ".venv")
    monkeypatch.setattr(setup, "COMMAND", moved / ".venv/bin/greenlight")
    make_venv(moved)
    monkeypatch.setattr(setup, "_step", lambda _title, command, _general: steps.append(command))
    assert 0 == setup.main()
    assert f"made again: it was made for {clone / '.venv'}" in capsys.readouterr().out
    assert ["venv", "ensurepip", "pip"] == kinds(steps)


def test_a_python_that_does_not_fit_creates_no_environment(steps, capsys, monkeypatch):
    """`make` looks for one that fits; the user may have named another."""
    monkeypatch.setattr(setup, "RUNNING", (3, 15))
    assert 1 == setup.main()
    said = capsys.readouterr().err
    assert "This is Python 3.15, and the app's packages need 3.11, 3.12, 3.13 or 3.14" in said
    assert "make setup PYTHON=/path/to/python3.12" in said
    assert [] == steps


@pytest.mark.usefixtures("clone")
def test_a_failed_step_shows_its_output_and_the_fitting_advice(capsys):
    """Advice for a known cause replaces the general sentence."""
    with pytest.raises(setup.SetupFailed, match=r"^Trying failed\. A disk is full"):
        setup._step("Trying", ["sh", "-c", "echo No space left on device >&2; exit 1"], "See above.")
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.usefixtures("clone")
def test_a_step_that_fails_for_an_unknown_cause_keeps_its_general_sentence():
    """It names the most frequent cause."""
    with pytest.raises(setup.SetupFailed, match=r"^Trying failed\. See above\.$"):
        setup._step("Trying", ["false"], "See above.")


@pytest.mark.usefixtures("clone")
def test_a_step_that_left_files_out_has_failed():
    """On a full disk npm only warns, and ends with status 0."""
    with pytest.raises(setup.SetupFailed, match=r"^Trying failed\. A disk is full"):
        setup._step("Trying", ["echo", "npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device"], "See above.")


def test_npm_runs_with_its_warnings_on(steps):
    """Without them it would not report files that it left out."""
    setup.main()
    assert "--loglevel=warn" in steps[kinds(steps).index("npm")]


@pytest.mark.usefixtures("clone")
def test_a_long_step_reports_progress(capsys, monkeypatch):
    """Its output before and after is kept."""
    monkeypatch.setattr(setup, "HEARTBEAT_S", 0.05)
    with pytest.raises(setup.SetupFailed):
        setup._step("Trying", ["sh", "-c", "echo before; sleep 0.2; echo after; exit 1"], "See above.")
    shown = capsys.readouterr()
    assert "still running" in shown.out
    assert "before\nafter" in shown.err


@pytest.mark.usefixtures("steps")
def test_a_stamp_that_cannot_be_written_is_a_one_sentence_error(clone, capsys):
    """/dev/full never has space."""
    make_venv(clone)
    (clone / ".venv/.set-up").symlink_to("/dev/full")
    assert 1 == setup.main()
    said = capsys.readouterr().err
    assert said.startswith("setup: No space left on device. A disk is full")
    assert "Traceback" not in said


@pytest.mark.usefixtures("steps")
def test_a_launcher_that_cannot_be_written_is_a_one_sentence_error(clone, capsys, monkeypatch):
    """The sentence names the file."""
    monkeypatch.setattr(setup, "COMMAND", clone / "package.json/greenlight")
    assert 1 == setup.main()
    said = capsys.readouterr().err
    assert f"setup: {clone}/package.json/" in said
    assert "Not a directory. Fix that, and run `make setup` again." in said


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize(
    ("number", "text"), [(ENOSPC, "A disk is full"), (EACCES, "may not write"), (0, "Fix that, and run `make setup`")]
)
def test_a_system_error_gets_the_same_advice(capsys, monkeypatch, number, text):
    """Whether pip had it, or the set-up itself."""

    def refuse():
        raise OSError(number, {ENOSPC: "No space left on device", EACCES: "Permission denied"}.get(number, "Odd"), "f")

    monkeypatch.setattr(setup, "_install_command", refuse)
    assert 1 == setup.main()
    assert text in capsys.readouterr().err


def test_a_damaged_stamp_or_launcher_is_written_again(clone, steps):
    """A crash of the machine can leave one."""
    setup.main()
    steps.clear()
    for name in (".venv/.set-up", ".venv/bin/greenlight", "node_modules/.set-up"):
        (clone / name).write_bytes(b"\xff\xfe\0")
    assert 0 == setup.main()
    assert ["pip", "npm"] == kinds(steps)
    assert b"-m greenlight" in (clone / ".venv/bin/greenlight").read_bytes()


def test_the_fitting_pythons_are_those_of_the_project():
    """pyproject.toml has them for packaging tools."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = SpecifierSet(project["requires-python"])
    assert [(3, minor) for minor in range(8, 20) if f"3.{minor}" in wanted] == list(setup.FITTING)


def test_without_a_fitting_python_make_says_what_to_install():
    """No Python can start to say it."""
    done = run(["make", "setup", "PYTHON="], cwd=ROOT, capture_output=True, text=True, check=False)
    assert 2 == done.returncode
    assert "There is no Python 3.11, 3.12, 3.13 or 3.14 on the PATH" in done.stderr
