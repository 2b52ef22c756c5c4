"""The pytest plugin, with a small app of its own on a real host."""

import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from durable_devhost.azurite.command import find_command
from durable_devhost.testing.plugin import AppFailed, AppUnderTest

pytestmark = pytest.mark.timeout(120)

APP = """
import json
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()


@app.blob_trigger(arg_name="blob", path="in/{name}", connection="AzureWebJobsStorage")
@app.durable_client_input(client_name="client")
async def on_blob(blob: func.InputStream, client):
    await client.start_new("answer_or_wait", blob.name, blob.read().decode("latin-1"))


@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent):
    raise ValueError(event.get_json()["n"])


@app.orchestration_trigger(context_name="context")
def answer_or_wait(context: df.DurableOrchestrationContext):
    answer = context.wait_for_external_event("Answer")
    deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=72))
    winner = yield context.task_any([answer, deadline])
    if winner is deadline:
        return "nobody answered"
    deadline.cancel()
    return {"answered": answer.result, "input": context.get_input()}
"""
StartApp = Callable[..., AppUnderTest]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The app's folder."""
    (tmp_path / "function_app.py").write_text(textwrap.dedent(APP))
    return tmp_path


def test_the_fixture_runs_an_app_from_start_to_end(start_app: StartApp, folder: Path) -> None:
    """Start, event, result."""
    app = start_app(folder)
    instance = app.start("answer_or_wait", {"n": 1}, "first-one")
    assert instance == "first-one"
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    app.raise_event(instance, "Answer", "yes")
    assert app.wait(instance)["output"] == {"answered": "yes", "input": {"n": 1}}
    assert app.status("unknown") is None


def test_a_trigger_without_a_listener_is_called_by_hand(start_app: StartApp, folder: Path) -> None:
    """The call returns when its function has ended; a failure fails the test."""
    app = start_app(folder)
    app.trigger("on_blob", b"h\xe4llo", {"BlobTrigger": "from-a-blob"})
    status = app.wait("from-a-blob", until=lambda status: status["runtimeStatus"] == "Running")
    assert json.loads(status["input"]) == "hällo"
    event = {"id": "e1", "topic": "t", "subject": "s", "eventType": "x", "dataVersion": "1", "data": {"n": 7}}
    with pytest.raises(AppFailed, match="ValueError: 7"):
        app.trigger("on_event", event)
    with pytest.raises(AppFailed, match="no function 'nobody'"):
        app.trigger("nobody")


def test_72_hours_pass_by_a_jump_of_the_clock(start_app: StartApp, folder: Path) -> None:
    """The clock is virtual and can be read."""
    app = start_app(folder)
    before = app.info()["clock"]["now"]
    instance = app.start("answer_or_wait")
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    assert app.advance(hours=72) > before
    assert app.wait(instance)["output"] == "nobody answered"


def test_a_killed_host_goes_on_after_a_restart(start_app: StartApp, folder: Path) -> None:
    """Its Azurite lives on, and the next start uses it."""
    app = start_app(folder)
    instance = app.start("answer_or_wait")
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    app.kill()
    assert app.exit_status == -9
    app.restart()
    app.raise_event(instance, "Answer", "late")
    assert app.wait(instance)["output"]["answered"] == "late"
    app.stop()
    assert app.exit_status == 0


@pytest.mark.parametrize(
    ("mode", "other", "words"),
    [("journal", "standard", "was made in journal mode"), ("standard", "journal", "was not made in journal mode")],
)
def test_a_host_in_the_other_storage_mode_is_refused(
    start_app: StartApp, folder: Path, mode: str, other: str, words: str
) -> None:
    """In one sentence, while the data are as they were. Journal mode is what tests get that do not ask for another."""
    app = start_app(folder) if mode == "journal" else start_app(folder, storage_mode=mode)
    assert app.info()["storageMode"] == mode
    instance = app.start("answer_or_wait")
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    app.stop()
    wrong = AppUnderTest(folder, app.data_dir, ("--clock", "virtual", "--storage-mode", other), {})
    with pytest.raises(AppFailed, match=f"The task hub TestHubName {words}"):
        wrong.launch()
    assert wrong.exit_status == 2
    app.launch()
    app.raise_event(instance, "Answer", "yes")
    assert app.wait(instance)["output"]["answered"] == "yes"


def test_a_failed_start_shows_the_output_of_the_host(start_app: StartApp, tmp_path: Path) -> None:
    """The sentence instead of a timeout."""
    with pytest.raises(AppFailed, match=r"did not become ready:\n.*There is no function_app\.py"):
        start_app(tmp_path)


def test_a_failing_test_shows_the_output_of_the_host(
    pytester: pytest.Pytester, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a section of its report."""
    azurite = find_command(Path(__file__).parent)  # pytester runs in a folder and with a home of its own
    monkeypatch.setenv("PATH", f"{azurite.parent}{os.pathsep}{os.environ['PATH']}")
    pytester.makepyfile(f"""
        def test_it(start_app):
            start_app({str(folder)!r})
            assert False
    """)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*devhost of*", '*"event": "ready"*'])
