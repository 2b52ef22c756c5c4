"""`--watch`: what is saved counts, and what waits goes on."""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from durable_devhost.testing.plugin import AppUnderTest
from packages.devhost.tests.outside.hosts import Make, console_records, copy_of, texts, workers
from packages.devhost.tests.outside.processes import all_gone, until

pytestmark = pytest.mark.timeout(120)

SOON_S = 4.0
"""What a save may take to count on a machine that does other things as well; a second or so on an idle one."""

MORE = """

@app.route(route="news/{id}")
def news(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.route_params["id"])


@app.queue_trigger(arg_name="message", queue_name="fresh", connection="AzureWebJobsStorage")
def fresh(message: func.QueueMessage) -> None:
    print(f"fresh: {message.get_body().decode()}")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's folder, which the tests edit."""
    return copy_of("changing", tmp_path_factory.mktemp("watched"))


@pytest.fixture(scope="module")
def app(make: Make, folder: Path) -> Iterator[AppUnderTest]:
    """The app that is watched; a moment after the start it really is."""
    with make(folder, ["--watch"]) as running:
        for attempt in range(10):
            _write(folder / "texts.py", f'GREETING = "begun {attempt}"\n')
            with suppress(AssertionError):
                _hear_greeting(running, f"begun {attempt}", patience_s=1.0 + attempt)
                break
        yield running


def test_a_saved_change_takes_effect_soon(app: AppUnderTest, folder: Path) -> None:
    """Also in a module that function_app.py imports; the old worker ends."""
    before = workers(app)
    _save_greeting(app, folder, "good day")
    app.until(lambda: "texts.py changed: loaded anew in" in texts(app, "notice")[-1])
    all_gone(before)
    assert len(workers(app)) == 1


def test_a_waiting_instance_goes_on_with_the_new_code(app: AppUnderTest, folder: Path) -> None:
    """Completed steps stay; later ones use the new code."""
    _save_greeting(app, folder, "old")
    instance = app.start("waiting")
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    until(lambda: _count(app, "wording") == 1, "the first activity never ran")
    _save_greeting(app, folder, "new")
    app.raise_event(instance, "Go")
    assert ["old", "new"] == app.wait(instance)["output"]


def test_two_saves_in_one_second_with_one_size_both_take_effect(app: AppUnderTest, folder: Path) -> None:
    """Python compares bytecode by time and size, so the second would get the first one's. An editor renames here."""
    for text in ("one", "two"):
        draft = folder / "texts.new"
        _write(draft, f'GREETING = "{text}"\n')
        os.utime(draft, (1_800_000_000, 1_800_000_000))
        draft.replace(folder / "texts.py")
        _hear_greeting(app, text)


def test_a_call_during_a_save_is_answered_by_the_old_code(app: AppUnderTest, folder: Path) -> None:
    """Nobody gets an error because somebody saved a file."""
    answers = []
    _write(folder / "texts.py", 'GREETING = "during"\n')
    give_up = time.monotonic() + SOON_S
    while answers[-1:] != ["during"] and time.monotonic() < give_up:
        answer = app.request("GET", "/api/greeting")
        assert answer.status == 200
        answers.append(answer.body)
    assert answers[-1] == "during"


def test_new_functions_appear_and_removed_ones_disappear(app: AppUnderTest, folder: Path) -> None:
    """A route answers and a queue has a listener until its function is removed."""
    source = (folder / "function_app.py").read_text("utf-8")
    assert app.request("GET", "/api/news/7").status == 404
    _write(folder / "function_app.py", source + MORE)
    until(lambda: app.request("GET", "/api/news/7").body == 7, "there is no such route")
    with QueueClient.from_connection_string(app.connection_string, "fresh") as queue:
        until(lambda: _exists(queue), "the queue of the new function was not made")
        queue.send_message(b64encode(b"read me").decode())
    app.until(lambda: "fresh: read me" in app.output)
    _write(folder / "function_app.py", source)
    until(lambda: app.request("GET", "/api/news/7").status == 404, "the route is still there")


def test_a_syntax_error_is_shown_and_the_next_save_fixes_it(app: AppUnderTest, folder: Path) -> None:
    """The old code runs meanwhile; the error has its line, as at a start."""
    source = (folder / "function_app.py").read_text("utf-8")
    _save_greeting(app, folder, "before")
    pids = workers(app)
    _write(folder / "function_app.py", source + "\ndef broken(:\n")
    app.until(lambda: console_records(app, "failure"), SOON_S)
    shown = console_records(app, "failure")[-1]
    line = source.count("\n") + 2
    assert f"function_app.py changed, but the app does not load: function_app.py:{line}: SyntaxError" in shown["text"]
    assert "def broken(:" in shown["details"]
    assert "durable_devhost" not in shown["details"]
    assert (app.request("GET", "/api/greeting").body, workers(app)) == ("before", pids)
    _write(folder / "function_app.py", source)
    _save_greeting(app, folder, "mended")


def test_an_import_that_raises_is_shown(app: AppUnderTest, folder: Path) -> None:
    """With the line that raised."""
    _write(folder / "texts.py", "GREETING = 1 / 0\n")
    app.until(lambda: "texts.py:1: ZeroDivisionError" in "".join(texts(app, "failure")), SOON_S)
    _save_greeting(app, folder, "well again")


def test_a_change_of_settings_files_gives_a_notice(app: AppUnderTest, folder: Path) -> None:
    """host.json and local.settings.json are read at the next start."""
    before = workers(app)
    (folder / "local.settings.json").write_text('{"Values": {}}', "utf-8")
    expected = "local.settings.json changed. It is read at the start: start the host anew."
    app.until(lambda: expected in texts(app, "notice"), SOON_S)
    (folder / "host.json").write_text(json.dumps({"version": "2.0", "logging": {}}), "utf-8")
    app.until(lambda: expected.replace("local.settings", "host") in texts(app, "notice"), SOON_S)
    assert before == workers(app)


def test_files_that_the_app_writes_cause_no_reload(app: AppUnderTest, folder: Path) -> None:
    """Data files, bytecode and environments are no sources."""
    before = workers(app)
    for name in ("data.json", "notes.txt", "__pycache__/x.pyc", ".venv/lib/x.py", ".git/x.py"):
        _write(folder / name, "x = 1\n")
    earlier = texts(app, "notice")
    _save_greeting(app, folder, "once")
    app.until(lambda: texts(app, "notice") != earlier)
    (notice,) = texts(app, "notice")[len(earlier) :]
    assert notice.startswith("texts.py changed: ")
    assert before != workers(app)


def _save_greeting(app: AppUnderTest, folder: Path, text: str) -> None:
    """Save another greeting and wait until it is the one that the app says, which must be soon."""
    _write(folder / "texts.py", f'GREETING = "{text}"\n')
    _hear_greeting(app, text)


def _hear_greeting(app: AppUnderTest, text: str, patience_s: float = SOON_S) -> None:
    said = f"{text!r} is not said"
    until(lambda: app.request("GET", "/api/greeting").body == text, lambda: f"{said}:\n{app.output}", patience_s)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _exists(queue: QueueClient) -> bool:
    try:
        queue.get_queue_properties()
    except Exception:  # noqa: BLE001 - the SDK's own way to say no
        return False
    return True


def _count(app: AppUnderTest, function: str) -> int:
    return sum(record.get("event") == "invocation" and record["function"] == function for record in app.records)
