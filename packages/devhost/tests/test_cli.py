"""The command line: options, exit statuses, and one sentence for whatever a person can mend."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from durable_devhost import cli
from durable_devhost.errors import AppError, DevhostError, SettingsError
from durable_devhost.indexing.loader import AppImportError
from durable_devhost.settings import StartOptions

Playing = Callable[[Exception | None], None]


@pytest.fixture
def playing(monkeypatch: pytest.MonkeyPatch) -> Playing:
    """A function that puts a small host in place of the real one: it fails with the error given, or runs for ever."""

    def play(error: Exception | None) -> None:
        async def run(_: StartOptions) -> None:
            if error:
                raise error
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

        monkeypatch.setattr(cli, "run", run)

    return play


def test_without_options_it_starts_the_app_in_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On port 7071, on the system clock, with data in .azurite."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path.resolve()
    assert StartOptions(app_dir=folder, data_dir=folder / ".azurite") == cli.parse(["start"])


def test_every_option_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are made absolute, since loading the app changes the working directory."""
    monkeypatch.chdir(tmp_path)
    flags = ["--enable-auth", "--json-logs", "--no-azurite"]
    given = ["start", "--app", "shop", "--port", "0", "--data", "d", "--clock", "virtual", *flags]
    expected = StartOptions(
        app_dir=tmp_path.resolve() / "shop",
        data_dir=tmp_path.resolve() / "d",
        port=0,
        clock="virtual",
        enable_auth=True,
        json_logs=True,
        start_azurite=False,
    )
    assert expected == cli.parse(given)


@pytest.mark.parametrize(
    "given", ["", "stop", "start --port x", "start --port 65536", "start --clock lunar", "start x"]
)
def test_options_that_make_no_sense_are_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With status 2 and a usage line."""
    with pytest.raises(SystemExit) as ended:
        cli.parse(given.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: durable-devhost")


@pytest.mark.parametrize("given", [["--help"], ["start", "--help"]])
def test_help_is_no_error(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And names the option that every reader looks for."""
    with pytest.raises(SystemExit) as ended:
        cli.parse(given)
    assert ended.value.code == 0
    assert "start" in capsys.readouterr().out


def test_sigterm_stops_the_host_in_good_order(playing: Playing) -> None:
    """Cancelled, not killed: the exit status is 0."""
    playing(None)
    assert cli.main(["start"]) == 0


@pytest.mark.parametrize("error", [SettingsError("Port 1 is in use."), DevhostError("Port 1 is in use.")])
def test_what_a_person_can_mend_is_one_sentence(
    playing: Playing, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, status 2, no traceback."""
    playing(error)
    assert cli.main(["start"]) == 2
    assert capsys.readouterr().err == "devhost: Port 1 is in use.\n"


def test_errors_from_several_tasks_are_all_told(playing: Playing, capsys: pytest.CaptureFixture[str]) -> None:
    """However deep the groups are that carry them."""
    inner = ExceptionGroup("inner", [AppError("Two."), AppError("Three.")])
    playing(ExceptionGroup("outer", [AppError("One."), inner]))
    assert cli.main(["start"]) == 2
    assert capsys.readouterr().err == "devhost: One.\ndevhost: Two.\ndevhost: Three.\n"


def test_an_app_that_cannot_be_imported_shows_its_own_traceback(
    playing: Playing, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the sentence."""
    playing(AppImportError("function_app.py failed.", "Traceback ...\nSyntaxError: invalid syntax\n"))
    assert cli.main(["start"]) == 2
    assert capsys.readouterr().err.endswith("function_app.py failed.\nTraceback ...\nSyntaxError: invalid syntax\n")


def test_a_defect_of_devhost_is_called_one(playing: Playing, capsys: pytest.CaptureFixture[str]) -> None:
    """With the traceback to report, and status 1."""
    playing(RuntimeError("unthinkable"))
    assert cli.main(["start"]) == 1
    said = capsys.readouterr().err
    assert "RuntimeError: unthinkable" in said
    assert said.endswith("This is a defect of devhost. Please report it with the lines above.\n")
