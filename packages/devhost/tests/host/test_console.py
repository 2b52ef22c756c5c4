"""The console: the same facts for a person and for a machine, the app's log records among them."""

import io
import json
import logging
import textwrap
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.outcome import Invocation, Raised, Returned
from durable_devhost.host.console import Console
from durable_devhost.host.facts import Ready
from durable_devhost.model.functions import Function, FunctionCatalog
from durable_devhost.model.history import RuntimeStatus
from packages.devhost.tests.local import catalog_of

NOON = datetime(2199, 5, 17, 12, 0, tzinfo=UTC)
INVOCATION = Invocation(id="11111111-2222-3333-4444-555555555555", function_name="hello")
BOOM = Raised(type_name="ValueError", message="ValueError: boom", stack='  File "app.py", line 3, in hello\n')


def catalog() -> FunctionCatalog:
    """An app with a function of each kind."""
    app = df.DFApp()

    @app.route(route="hello/{name}", methods=["GET", "POST"])
    def hello(req: func.HttpRequest) -> str:
        return req.method

    @app.route(route="any")
    def anything(req: func.HttpRequest) -> str:
        return req.method

    @app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
    def order(msg: func.QueueMessage) -> None: ...

    @app.timer_trigger(arg_name="timer", schedule="0 */5 * * * *")
    def tick(timer: func.TimerRequest) -> None: ...

    @app.orchestration_trigger(context_name="context", orchestration="ApprovalWorkflow")
    def approval_workflow(context: df.DurableOrchestrationContext) -> Any:
        yield context.call_activity("Work")

    @app.activity_trigger(input_name="work", activity="Work")
    def work(work: str) -> str:
        return work

    @app.entity_trigger(context_name="context", entity_name="Counter")
    def counter(context: df.DurableEntityContext) -> None:
        pass

    @app.blob_trigger(arg_name="blob", path="in/{name}", connection="")
    def on_blob(blob: func.InputStream) -> None: ...

    @app.event_grid_trigger(arg_name="event")
    def on_grid(event: func.EventGridEvent) -> None: ...

    @app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="")
    def on_bus(message: func.ServiceBusMessage) -> None: ...

    return catalog_of(app, Path(__file__).parent)


FUNCTIONS = catalog()
URL = "http://127.0.0.1:7071"
READY = Ready(
    url=URL, app="shop", hub="ShopHub", storage="Azurite on port 10000", clock="virtual",
    functions=Ready.list_functions(FUNCTIONS, URL, "api"), disabled=("old",),
)  # fmt: skip


def _function(name: str) -> Function:
    return FUNCTIONS.get(name) or pytest.fail(f"no {name}")


def printed(tell: Callable[[Console], None], *, json_logs: bool) -> str:
    """What a console prints at noon."""
    stream, clock = io.StringIO(), VirtualClock()
    clock.move_to(NOON)
    tell(Console.create(clock, json_logs=json_logs, stream=stream))
    return stream.getvalue()


def record(tell: Callable[[Console], None]) -> dict[str, Any]:
    """The one JSON line without its time, which must be noon."""
    (line,) = printed(tell, json_logs=True).splitlines()
    found: dict[str, Any] = json.loads(line)
    assert found.pop("time").startswith("2199-05-17T12:00:00")
    return found


def line(tell: Callable[[Console], None]) -> str:
    """The text for a person, which begins with the time."""
    text = printed(tell, json_logs=False)
    assert text.startswith("12:00:00  ")
    return text.removeprefix("12:00:00  ").rstrip("\n")


def test_the_banner_groups_the_functions_and_shows_every_url() -> None:
    """Durable functions have the names that callers use."""
    expected = """
        devhost runs shop

          hub       ShopHub
          storage   Azurite on port 10000
          clock     virtual

          HTTP
            hello     GET,POST  http://127.0.0.1:7071/api/hello/{name}
            anything  ANY       http://127.0.0.1:7071/api/any

          Queues
            order  orders

          Blobs
            on_blob  in/{name}

          Event Grid
            on_grid  POST http://127.0.0.1:7071/runtime/webhooks/eventgrid?functionName=on_grid

          Timers
            tick  0 */5 * * * *

          Orchestrators
            ApprovalWorkflow

          Activities
            Work

          Entities
            Counter

          Not listened to
            devhost has no listener for these triggers. Call them by hand, with {"input": …}
            on_bus  serviceBus  PLACE: POST http://127.0.0.1:7071/admin/functions/on_bus

          Disabled
            old

        Ready on http://127.0.0.1:7071  Ctrl-C stops.

    """
    expected = textwrap.dedent(expected).replace("PLACE", _function("on_bus").where)
    assert expected == printed(lambda console: console.host_started(READY), json_logs=False)


def test_the_ready_record_has_the_url_and_the_functions() -> None:
    """A program waits for it; empty values are left out."""
    found = record(lambda console: console.host_started(READY))
    assert (found["event"], found["url"], found["hub"], found["clock"]) == ("ready", URL, "ShopHub", "virtual")
    assert "keys" not in found
    assert found["functions"][0] == {
        "name": "hello", "kind": "http", "detail": f"{URL}/api/hello/{{name}}", "methods": ["GET", "POST"],
    }  # fmt: skip
    assert {"name": "ApprovalWorkflow", "kind": "orchestration"} in found["functions"]


def test_an_invocation_is_one_line_with_its_duration() -> None:
    """Name, kind, outcome, milliseconds."""

    def tell(console: Console) -> None:
        console.invocation_ended(_function("order"), INVOCATION, Returned(), 0.0124)

    assert line(tell).split() == ["order", "queue", "ok", "12", "ms"]
    assert record(tell) == {
        "event": "invocation", "function": "order", "kind": "queue", "invocation": INVOCATION.id, "ms": 12.4,
    }  # fmt: skip


def test_a_successful_http_invocation_is_shown_only_as_its_request() -> None:
    """One line is enough for a person; machines get both."""

    def tell(console: Console) -> None:
        console.invocation_ended(_function("hello"), INVOCATION, Returned(value="hi"), 0.0124)

    assert printed(tell, json_logs=False) == ""
    assert record(tell)["event"] == "invocation"


@pytest.mark.parametrize(("status", "function"), [(200, "hello"), (404, ""), (500, "hello")])
def test_a_request_is_one_line_with_its_status(status: int, function: str) -> None:
    """Function, status, duration, method and path."""

    def tell(console: Console) -> None:
        console.request_answered("GET", "/api/hello/ann", status, 0.0124, function)

    assert line(tell).split() == [function or "-", "http", str(status), "12", "ms", "GET", "/api/hello/ann"]
    expected = {"event": "request", "method": "GET", "path": "/api/hello/ann", "status": status, "ms": 12.4}
    assert record(tell) == expected | ({"function": function} if function else {})


def test_a_failed_invocation_shows_the_users_own_stack() -> None:
    """Below the line, indented."""

    def tell(console: Console) -> None:
        console.invocation_ended(_function("hello"), INVOCATION, BOOM, 1)

    assert 'failed  1,000 ms  ValueError: boom\n            File "app.py", line 3, in hello' in line(tell)
    assert (record(tell)["error"], record(tell)["stack"]) == (BOOM.message, BOOM.stack)


def test_an_orchestration_is_shown_from_start_to_end() -> None:
    """With a short id; a failure shows the whole id and the text."""
    instance = "0123456789abcdef0123456789abcdef"

    def start(console: Console) -> None:
        console.orchestration("ApprovalWorkflow", instance, RuntimeStatus.RUNNING)

    def fail(console: Console) -> None:
        console.orchestration("ApprovalWorkflow", instance, RuntimeStatus.FAILED, "boom\n  at line 3")

    assert line(start).split() == ["ApprovalWorkflow", "0123456789..", "started"]
    assert record(start) == {
        "event": "orchestration", "name": "ApprovalWorkflow", "instance": instance, "status": "Running",
    }  # fmt: skip
    assert f"failed\n          instance {instance}\n          boom\n            at line 3" in line(fail)
    assert (record(fail)["status"], record(fail)["detail"]) == ("Failed", "boom\n  at line 3")


def test_notices_warnings_and_failures_look_different() -> None:
    """Brackets in a text are not markup."""
    assert line(lambda console: console.notice("[red]x")) == "notice: [red]x"
    assert line(lambda console: console.warning("odd", "i-1")) == "warning: odd (instance i-1)"
    assert line(lambda console: console.trouble("corrupt row", "i-1")) == "warning: corrupt row (instance i-1)"
    assert line(lambda console: console.failure("bad", details="why\n")) == "failure: bad\n          why"
    assert record(lambda console: console.warning("odd", "i-1")) == {
        "event": "warning", "text": "odd", "instance": "i-1",
    }  # fmt: skip


def test_a_log_record_of_the_app_names_its_function_and_invocation() -> None:
    """It comes from a worker; outside an invocation its logger is shown."""
    message = {"kind": "log", "level": "warning", "logger": "shop", "text": "3 orders", "function": "hello",
               "invocation": INVOCATION.id, "stack": ""}  # fmt: skip

    assert record(lambda console: console.worker_message(message)) == {
        "event": "log", "level": "warning", "logger": "shop", "text": "3 orders", "function": "hello",
        "invocation": INVOCATION.id,
    }  # fmt: skip
    assert line(lambda console: console.worker_message(message)).split() == ["hello", "warning", "3", "orders"]
    outside = {**message, "function": "", "invocation": "", "stack": "  File x\n"}
    assert line(lambda console: console.worker_message(outside)).split()[:2] == ["shop", "warning"]
    assert line(lambda console: console.worker_message(outside)).endswith("\n            File x")


def test_an_orchestrator_that_blocks_is_a_warning_for_its_instance() -> None:
    """The worker notices it; a message of an unknown kind is ignored."""
    slow = record(lambda console: console.worker_message({"kind": "slow", "name": "story", "instance": "i-1"}))
    assert (slow["event"], slow["instance"]) == ("warning", "i-1")
    assert slow["text"].startswith("The orchestrator 'story' has not come back for a second.")
    assert printed(lambda console: console.worker_message({"kind": "news"}), json_logs=True) == ""


def test_a_dead_worker_is_a_failure_with_its_last_output() -> None:
    """And with what it means for its callers."""

    def tell(console: Console) -> None:
        console.worker_died(7, "it was ended by SIGSEGV", "Fatal Python error\n  File x")

    assert record(tell)["event"] == "failure"
    assert record(tell)["details"] == "Fatal Python error\n  File x"
    assert line(tell).startswith("failure: The app's worker (pid 7) has died: it was ended by SIGSEGV. Another one is")
    assert line(tell).endswith("          Fatal Python error\n            File x")


def test_the_same_advice_is_shown_once() -> None:
    """However often its cause occurs."""

    def tell(console: Console) -> None:
        for text in ("first", "second", "first"):
            console.advise(text)

    assert [json.loads(each)["text"] for each in printed(tell, json_logs=True).splitlines()] == ["first", "second"]


def test_control_characters_do_not_control_the_terminal_and_stay_in_records() -> None:
    """Text of an app, a caller or a storage account is never a command."""
    text = "a\x1b[2Jb\x07\u202ec"
    assert line(lambda console: console.notice(text)) == "notice: a\\x1b[2Jb\\x07\\u202ec"
    assert record(lambda console: console.notice(text))["text"] == text

    def tell(console: Console) -> None:
        console.request_answered("GET", "/a\nb", 404, 0.0)

    assert line(tell).endswith("GET  /a\\nb".replace("  ", " "))


def test_the_dotnet_exception_in_a_failure_is_folded() -> None:
    """Nobody reads it; machines get all of it."""
    detail = 'boom \n {"$type":"System.Exception",\n"a":1}'

    def tell(console: Console) -> None:
        console.orchestration("Story", "i", RuntimeStatus.FAILED, detail, "  File app.py\n")

    assert line(tell).endswith("failed\n          instance i\n          boom {…}\n            File app.py")
    assert record(tell)["detail"] == detail


def test_an_exception_is_logged_with_its_traceback() -> None:
    """As Python prints it."""

    def tell(console: Console) -> None:
        with console.showing_logs():
            try:
                raise ValueError("boom")
            except ValueError:
                logging.getLogger("shop").exception("oops")

    assert record(tell)["stack"].endswith("ValueError: boom\n")


def test_a_log_call_with_wrong_arguments_raises_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logging reports it on standard error, as always."""
    monkeypatch.setattr(logging.getLogger("shop"), "propagate", True)

    def tell(console: Console) -> None:
        with console.showing_logs():
            handler = logging.getLogger().handlers[-1]
            handler.handle(logging.LogRecord("shop", logging.INFO, "app.py", 1, "%d", ("x",), None))

    assert printed(tell, json_logs=True) == ""
    assert "--- Logging error ---" in capsys.readouterr().err


@pytest.mark.parametrize("json_logs", [True, False])
def test_a_closed_output_pipe_does_not_stop_the_host(json_logs: bool) -> None:
    """As with `| head`."""
    stream = io.StringIO()
    console = Console.create(VirtualClock(), json_logs=json_logs, stream=stream)
    stream.close()
    console.notice("nobody reads this")


def test_an_invocation_names_its_instance() -> None:
    """With a short id on success, the full id on failure; machines get the full one."""
    invocation = Invocation(id="i", function_name="work", instance_id="0123456789abcdef")
    function = FUNCTIONS.activity("Work")
    assert function is not None

    def well(console: Console) -> None:
        console.invocation_ended(function, invocation, Returned(value=None), 0.002)

    def badly(console: Console) -> None:
        console.invocation_ended(function, invocation, BOOM, 0.002)

    assert line(well).endswith("ok  2 ms  0123456789..")
    assert "instance 0123456789abcdef" in line(badly)
    assert record(well)["instance"] == "0123456789abcdef"


def test_in_place_of_func_app_logs_have_the_form_of_core_tools() -> None:
    """Test harnesses cut off the time and look for the text; all else is unchanged."""
    stream, clock = io.StringIO(), VirtualClock()
    clock.move_to(NOON)
    console = Console.create(clock, json_logs=False, as_func=True, stream=stream)
    log = {"kind": "log", "level": "info", "logger": "shop", "function": "order", "invocation": "i", "stack": ""}
    console.worker_message({**log, "text": "taken\x1b[31m"})
    console.invocation_ended(_function("order"), INVOCATION, BOOM, 0.0124)
    console.request_answered("GET", "/api/any", 404, 0.001)
    taken, executed, while_executing, error, *stack, requested = stream.getvalue().splitlines()
    assert taken.startswith("[2199-05-17T12:00:00.")
    assert [each.partition("Z] ")[2] for each in (taken, executed, while_executing, error)] == [
        "taken\\x1b[31m",
        f"Executed 'Functions.order' (Failed, Id={INVOCATION.id}, Duration=12ms)",
        "System.Private.CoreLib: Exception while executing function: Functions.order.",
        "Exception: ValueError: boom",
    ]
    assert "app.py" in stack[0]
    assert "404" in requested


def test_the_last_records_are_kept_for_the_dashboard() -> None:
    """The oldest go first, so that memory does not grow over days."""
    console = Console.create(VirtualClock(), json_logs=True, stream=io.StringIO())
    for number in range(250):
        console.notice(f"notice {number}")
    kept = console.recent()
    assert (200, "notice 50", "notice 249") == (len(kept), kept[0]["text"], kept[-1]["text"])


def test_the_banner_names_the_dashboard() -> None:
    """In its own line, after the address that tools read."""
    shown = printed(
        lambda console: console.host_started(replace(READY, dashboard="http://x/devhost/")), json_logs=False
    )
    assert "Dashboard http://x/devhost/" in shown.splitlines()
