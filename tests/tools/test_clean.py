"""`make clean` removes what can be made again, asks about proposals, and touches nothing that a host is using."""

import json
import os
import sys
from io import StringIO
from pathlib import Path
from subprocess import PIPE, Popen, run

import pytest

from durable_devhost.azurite.process import STATE_FILE, data_folder
from tools import clean

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = (
    ".coverage",
    ".coverage.host.1",
    ".hypothesis/examples/one",
    ".import_linter_cache/one",
    ".keys/record-key",
    ".mypy_cache/one",
    ".pytest_cache/one",
    ".ruff_cache/one",
    "approvals/__pycache__/one.pyc",
    "packages/devhost/.pytest_cache/one",
    "packages/devhost/build/one",
    "packages/devhost/dist/one.whl",
    "packages/devhost/src/durable_devhost/__pycache__/one.pyc",
)
KEPT = (
    ".venv/lib/__pycache__/one.pyc",
    "approvals/deadlines.py",
    "examples/dist/one",
    "node_modules/azurite/__pycache__/one.pyc",
    "packages/devhost/src/durable_devhost/build/one.py",
)
STUB = "print('runs', flush=True); input()"


class Keyboard(StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clone(tmp_path):
    """A clone in which everything has been run once."""
    for name in (*LEFT_BEHIND, *KEPT, ".azurite/__azurite_db_table__.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def types(monkeypatch):
    """Somebody at a terminal who types that; what they did not type is left for the next question."""

    def type_in(text):
        keyboard = Keyboard(text)
        monkeypatch.setattr("sys.stdin", keyboard)
        return keyboard

    return type_in


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))


def files(folder):
    """Every file in it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_generated_files_are_removed_and_all_others_stay(clone):
    """The set-up stays too, because it takes minutes."""
    assert 0 == clean.main([], clone)
    assert set(KEPT) == files(clone)
    assert not (clone / "packages/devhost/dist").exists()


def test_without_a_terminal_it_removes_and_says_so(clone, capsys):
    """The message names the proposals. It does not ask, because a job would hang."""
    clean.main([], clone)
    shown = capsys.readouterr().out
    assert ".azurite" in shown
    assert "the local task hub, with all proposals" in shown
    assert ".mypy_cache" in shown
    assert "packages/devhost/dist" in shown
    assert "2 folders" in shown
    assert "[y/N]" not in shown


def test_there_may_be_nothing_to_remove(clone, capsys):
    """At a second run."""
    clean.main([], clone)
    capsys.readouterr()
    assert 0 == clean.main([], clone)
    assert "There is nothing to remove.\n" == capsys.readouterr().out


@pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n"])
def test_on_a_terminal_it_asks_once_and_yes_removes_all(clone, types, capsys, answer):
    """One question for all of it."""
    keyboard = types(answer + "left\n")
    assert 0 == clean.main([], clone)
    assert set(KEPT) == files(clone)
    assert 1 == capsys.readouterr().out.count("[y/N]")
    assert "left\n" == keyboard.read()


@pytest.mark.parametrize("answer", ["n\n", "\n", "perhaps\n", ""])
def test_any_other_answer_keeps_all(clone, types, capsys, answer):
    """Also the end of the input, by Ctrl-D."""
    before = files(clone)
    types(answer)
    assert 1 == clean.main([], clone)
    assert before == files(clone)
    assert "Nothing was removed." in capsys.readouterr().out


def test_without_a_hub_it_asks_nothing(clone, types, capsys):
    """Caches are no loss."""
    (clone / ".azurite/__azurite_db_table__.json").unlink()
    types("n\n")
    assert 0 == clean.main([], clone)
    assert set(KEPT) == files(clone)
    assert "[y/N]" not in capsys.readouterr().out


def test_with_yes_it_does_not_ask(clone, types, capsys):
    """`make clean YES=1`."""
    types("n\n")
    assert 0 == clean.main(["--yes"], clone)
    assert set(KEPT) == files(clone)
    assert "[y/N]" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--yes"]])
def test_nothing_is_removed_while_a_host_holds_the_data_folder(clone, capsys, arguments):
    """The host has locked it; the sentence names its pid and how to stop it."""
    with data_folder(clone / ".azurite"):
        before = files(clone)
        assert 1 == clean.main(arguments, clone)
        assert before == files(clone)
    said = capsys.readouterr().err
    assert f"A host (pid {os.getpid()}) is using {clone / '.azurite'}" in said
    assert f"`kill {os.getpid()}`" in said
    assert 0 == clean.main(arguments, clone)


def test_a_lock_without_a_pid_counts_too(clone, capsys):
    """A host that has just started has not written it yet."""
    with data_folder(clone / ".azurite"):
        (clone / ".azurite/devhost.lock").write_text("", "ascii")
        assert 1 == clean.main([], clone)
    assert "A host is using" in capsys.readouterr().err


def test_an_azurite_of_a_killed_host_is_named(clone, capsys):
    """It would go on writing into the folder of the next host."""
    hub = clone / ".azurite"
    azurite = Popen([sys.executable, "-c", STUB, "--location", hub, "--silent"], stdin=PIPE, stdout=PIPE)
    try:
        assert azurite.stdout.readline()  # the system may show no command line before that
        (hub / STATE_FILE).write_text(json.dumps({"pid": azurite.pid, "location": str(hub)}), "utf-8")
        assert 1 == clean.main([], clone)
    finally:
        azurite.communicate(b"\n")
    assert f"Azurite (pid {azurite.pid}) of a host that was killed" in (said := capsys.readouterr().err)
    assert f"`kill {azurite.pid}`" in said
    assert 0 == clean.main([], clone)


@pytest.mark.parametrize("state", [{"pid": os.getpid(), "location": "/elsewhere"}, {"location": ""}, ["odd"], "{"])
def test_a_foreign_process_with_the_pid_of_an_azurite_does_not_count(clone, state):
    """The system reuses pids, and the file may be half-written."""
    (clone / ".azurite" / STATE_FILE).write_text(state if isinstance(state, str) else json.dumps(state), "utf-8")
    assert 0 == clean.main([], clone)


def test_a_failed_removal_is_a_one_sentence_error(clone, capsys, monkeypatch):
    """As for files that a container made as root."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path / "one"))

    monkeypatch.setattr("shutil.rmtree", refuse)
    assert 1 == clean.main([], clone)
    said = capsys.readouterr().err
    assert f"clean: {clone}/" in said
    assert "cannot be removed (Permission denied)" in said


def test_only_the_link_to_a_hub_elsewhere_is_removed(clone, tmp_path_factory):
    """Its target stays."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (clone / ".azurite").rename(elsewhere / "hub")
    (clone / ".azurite").symlink_to(elsewhere / "hub")
    assert 0 == clean.main([], clone)
    assert not (clone / ".azurite").is_symlink()
    assert (elsewhere / "hub/__azurite_db_table__.json").exists()


@pytest.mark.parametrize(("given", "option"), [([], False), (["YES=1"], True), (["YES=0"], False)])
def test_make_passes_the_answer_on(given, option):
    """Nothing is removed here: make only prints its commands."""
    done = run(["make", "-n", "clean", *given], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tools/clean.py" in done.stdout
    assert option == ("--yes" in done.stdout)


def test_any_python_can_clean():
    """Without a fitting one there is the most to clean up."""
    done = run(["make", "-n", "clean", "PYTHON="], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "python3 tools/clean.py" in done.stdout
