"""The command line: options, exit statuses, and one sentence for whatever a person can mend."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from durable_devhost import cli
from durable_devhost.errors import AppError, AppImportError, DevhostError, SettingsError
from durable_devhost.host.shutdown import Shutdown
from durable_devhost.options import DoctorOptions, StartOptions
from durable_devhost.storage_mode import StorageMode

Playing = Callable[..., list[StartOptions]]


@pytest.fixture
def playing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Playing]:
    """A function that puts a small host in place of the real one and gives the options that it is started with.

    The host fails with the error given, or is told to stop by a signal to the process.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {sign: signal.getsignal(sign) for sign in signals}
    started: list[StartOptions] = []

    def play(error: Exception | None = None, sign: signal.Signals = signal.SIGTERM, is_ready: bool = True) -> Any:
        async def run(options: StartOptions, shutdown: Shutdown) -> None:
            started.append(options)
            if error:
                raise error
            shutdown.is_ready = is_ready
            os.kill(os.getpid(), sign)
            await (shutdown.requested if is_ready else asyncio.Event()).wait()

        monkeypatch.setattr(cli, "run", run)
        return started

    yield play
    for sign, handler in before.items():
        signal.signal(sign, handler)


def test_without_options_the_app_in_this_folder_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the system clock, with data in .azurite; the port comes from the settings."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path.resolve()
    assert StartOptions(app_dir=folder, data_dir=folder / ".azurite") == cli.parse(["start"])


def test_every_option_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths become absolute, since loading the app changes the working directory."""
    monkeypatch.chdir(tmp_path)
    flags = ["--enable-auth", "--json-logs", "--no-azurite", "--watch", "--debug", "--python", "py", "--as-func"]
    flags += ["--forget-virtual-time", "--mail", "--page", "Inbox=/api/inbox?a=b", "--page", "All of them=/"]
    flags += ["--storage-mode", "journal"]
    given = ["start", "--app", "shop", "--port", "0", "--data", "d", "--clock", "virtual", *flags]
    expected = StartOptions(
        app_dir=tmp_path.resolve() / "shop",
        data_dir=tmp_path.resolve() / "d",
        port=0,
        clock="virtual",
        storage_mode=StorageMode.JOURNAL,
        enable_auth=True,
        json_logs=True,
        start_azurite=False,
        watch=True,
        debug=5678,
        python="py",
        as_func=True,
        forget_virtual_time=True,
        mail=0,
        pages=(("Inbox", "/api/inbox?a=b"), ("All of them", "/")),
    )
    assert expected == cli.parse(given)
    assert cli.parse(["start", "--debug", "9091", "--debugpy", "/ext"]).debugpy == "/ext"
    assert cli.parse(["start", "--debug", "9091"]).debug == 9091
    assert cli.parse(["start", "--mail", "1025"]).mail == 1025


def test_the_doctor_examines_the_app_in_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the data that a start would use; every option is passed on, those with an id also more than once."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path.resolve()
    assert DoctorOptions(app_dir=folder, data_dir=folder / ".azurite") == cli.read(["doctor"])
    given = "doctor shop --data d --python py --no-azurite --yes --purge a --purge b --terminate c --requeue d"
    expected = DoctorOptions(
        app_dir=folder / "shop",
        data_dir=folder / "d",
        start_azurite=False,
        python="py",
        is_sure=True,
        purge=("a", "b"),
        terminate=("c",),
        requeue=("d",),
    )
    assert expected == cli.read(given.split())


@pytest.mark.parametrize(("left", "status"), [(0, 0), (1, 1)])
def test_the_exit_status_of_the_doctor_says_whether_findings_are_left(
    monkeypatch: pytest.MonkeyPatch, left: int, status: int
) -> None:
    """For scripts."""

    async def visit(*_: object) -> int:
        return left

    monkeypatch.setattr(cli, "visit", visit)
    assert cli.main(["doctor"]) == status


@pytest.mark.parametrize(
    "given",
    ["", "stop", "start --port x", "start --port 65536", "start --clock lunar", "start x", "start --debug x", "azurite",
     "start --mail x", "start --page Inbox", "start --page =/x", "start --page A=x", "start --page A=//evil.example",
     "azurite remove", "shim", "start --storage-mode paper"],
)  # fmt: skip
def test_contradictory_options_are_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With status 2 and a usage line."""
    with pytest.raises(SystemExit) as ended:
        cli.parse(given.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: durable-devhost")


@pytest.mark.parametrize("given", [["--help"], ["start", "--help"]])
def test_help_is_no_error(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It names the option that readers look for first."""
    with pytest.raises(SystemExit) as ended:
        cli.parse(given)
    assert ended.value.code == 0
    assert "start" in capsys.readouterr().out


@pytest.mark.parametrize("is_ready", [True, False])
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_the_host_with_status_0(playing: Playing, sign: signal.Signals, is_ready: bool) -> None:
    """Also during the start."""
    playing(None, sign, is_ready)
    assert cli.main(["start"]) == 0


def test_the_func_shim_accepts_the_options_of_core_tools(playing: Playing, capsys: pytest.CaptureFixture[str]) -> None:
    """It reports those that it ignores."""
    started = playing()
    assert cli.main(["func", "host", "start", "--port", "7", "--cors", "*", "--timeout", "9"]) == 0
    ((options),) = started
    assert (options.port, options.cors, options.as_func) == (7, "*", True)
    assert capsys.readouterr().err == "func: --timeout changes nothing here.\n"
    assert cli.main(["func", "--version"]) == 0
    assert capsys.readouterr().out == "4.5.0\n"
    assert cli.main(["func", "new"]) == 2
    assert "'func new' is Azure Functions Core Tools' own" in capsys.readouterr().err


def test_the_shim_is_written_to_the_given_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do next."""
    assert cli.main(["shim", str(tmp_path / "bin")]) == 0
    assert capsys.readouterr().out.startswith(f"Wrote {tmp_path}/bin/func. Put {tmp_path}/bin in front on the PATH")
    (tmp_path / "file").touch()
    assert cli.main(["shim", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_azurite_is_installed_on_demand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The steps are printed while they run."""

    def install(tell: Callable[[str], None]) -> str:
        tell("fetching")
        return "/cache/azurite"

    monkeypatch.setattr(cli, "install", install)
    assert cli.main(["azurite", "install"]) == 0
    assert capsys.readouterr().out == "fetching\nAzurite is ready: /cache/azurite\n"


@pytest.mark.parametrize("error", [SettingsError("Port 1 is in use."), DevhostError("Port 1 is in use.")])
def test_a_mistake_that_a_user_can_fix_is_one_sentence(
    playing: Playing, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, status 2, no traceback."""
    playing(error)
    assert cli.main(["start"]) == 2
    assert capsys.readouterr().err == "devhost: Port 1 is in use.\n"


def test_errors_of_several_tasks_are_all_reported(playing: Playing, capsys: pytest.CaptureFixture[str]) -> None:
    """However deep their groups are nested."""
    inner = ExceptionGroup("inner", [AppError("Two."), AppError("Three.")])
    playing(ExceptionGroup("outer", [AppError("One."), inner]))
    assert cli.main(["start"]) == 2
    assert capsys.readouterr().err == "devhost: One.\ndevhost: Two.\ndevhost: Three.\n"


def test_an_app_that_cannot_be_imported_shows_its_traceback(
    playing: Playing, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the sentence."""
    playing(AppImportError("function_app.py failed.", "Traceback ...\nSyntaxError: invalid syntax\n"))
    assert cli.main(["start"]) == 2
    assert capsys.readouterr().err.endswith("function_app.py failed.\nTraceback ...\nSyntaxError: invalid syntax\n")


def test_a_bug_in_devhost_is_called_a_bug(playing: Playing, capsys: pytest.CaptureFixture[str]) -> None:
    """With the traceback to report, and status 1."""
    playing(RuntimeError("unthinkable"))
    assert cli.main(["start"]) == 1
    said = capsys.readouterr().err
    assert "RuntimeError: unthinkable" in said
    assert said.endswith("This is a defect of devhost. Please report it with the lines above.\n")


def test_control_characters_from_an_app_do_not_reach_the_terminal(
    playing: Playing, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name or an error text could otherwise colour or clear it."""
    playing(AppImportError("function_app.py:1: ValueError: \x1b[31mred", "a traceback\n  \x1b]0;title\x07"))
    assert cli.main(["start"]) == 2
    said = capsys.readouterr().err
    assert "\\x1b[31mred" in said
    assert ("\x1b" in said, "\x07" in said) == (False, False)
