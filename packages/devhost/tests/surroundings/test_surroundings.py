"""What triggers hand over and an app sees of its worker is what the real host gives, but for what a table names."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.testing.app import AppUnderTest
from packages.devhost.tests.edges.comparing import comparable
from packages.devhost.tests.surroundings import driver

_FOLDER = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((_FOLDER / "recorded.json").read_text(encoding="utf-8"))
"""Functions host 4.1037 that asks for keys, without telemetry; durable extension 3.19, Storage bindings 5.3, Event Grid
extension 3.3; Python worker 4.34 and Python 3.11. Where it
named the known orchestrators in either order, one stands."""

ROWS: tuple[driver.Row, ...] = (
    driver.timers, driver.worker, driver.queue_inputs, driver.queue_expressions, driver.queue_failures,
    driver.queue_outputs, driver.keys, driver.blobs, driver.grid,
)  # fmt: skip
DIFFERS = {
    "form.chunked": "the host looks at Content-Length, so no byte of such a body reaches a function there; here it is "
    "handed over, with a warning",
}
"""What still differs, with the reason."""

_CRON = {"AdjustForDST": True}
_MONITORED = {"past_due": False, "status": {"Last": True, "Next": True, "LastUpdated": True}, "schedule": _CRON}
_FAILED = "Microsoft.Azure.WebJobs.Extensions.DurableTask.FunctionFailedException"
_OFF_ENTITY = (
    f"{{'$type': '{_FAILED}, Microsoft.Azure.WebJobs.Extensions.DurableTask', 'ClassName': '{_FAILED}', "
    "'Message': \"The function 'off_entity' doesn't exist, is disabled, or is not an entity function. "
)[:300]
BY_RULE: dict[str, Any] = {
    "timer.fast": [{"past_due": False, "status": {}, "schedule": _CRON}] * 3,
    "timer.start": [_MONITORED],
    "timer.start.by-hand": [_MONITORED],
    "timer.monitor.keys": ["Last", "LastUpdated", "Next"],
    "timer.by-hand": {"status": 202, "seen": 2},
    "off.timer": {"before": [], "by-hand": [{"past_due": False}]},
    "off.listed": ["off_activity", "off_entity", "off_http", "off_orchestrator", "off_queue", "off_timer"],
    "raise.int": {"status": 500, "type": None, "body": ""},
    "raise.ok": {"status": 200, "type": "text/plain; charset=utf-8", "body": "ok"},
    "queue.str.json": {"seen": [{"type": "str", "body": '{"a": 1}'}], "poison": []},
    "queue.str.raw": {"seen": None, "poison": ["not base64!"]},
    "queue.field": [{"doc": "the doc"}],
    "queue.field.out": ["d1/<guid>.txt"],
    "queue.whole": [{"doc": "whole"}],
    "queue.fail": {"poison": ["f"], "seen": [{"count": count, "retry": 0} for count in (1, 2, 3)]},
    "gone.activity.case": {"runtimeStatus": "Completed", "output": {"result": 1}},
    "gone.activity.retry": {"runtimeStatus": "Completed", "output": {"result": [2, 3, True]}},
    "gone.start.unknown": {
        "runtimeStatus": "Failed",
        "output": "Orchestrator function 'nope' failed: The function 'nope' doesn't exist, is disabled, or is not an "
        "orchestrator function. Additional info: The following are the known orchestrator functions: 'calls', "
        "'off_orchestrator'.",
    },
    "gone.entity.off": {"runtimeStatus": "Completed", "output": {"error": "Exception", "text": _OFF_ENTITY}},
    "gone.signal.off": {"runtimeStatus": "Completed", "output": {"result": "sent"}},
    "keys.function.none": {"status": 200},
    "keys.hook.wrong": {"status": 401},
}
"""What follows from the same rules and has no recording here."""

WORKER = {
    "cwd_is_app": True, "file_folder_on_path": True, "main": "worker.py", "module": "function_app",
    "app_module_in_sys": True,
    "thread_main": True, "loop": "_UnixSelectorEventLoop", "debug": False, "root_level": 20,
    "root_handlers": ["AsyncLoggingHandler"], "function_name": "worker", "directory_is_app": True, "invocation_id": 36,
    "retry": "RetryContext(retry_count=0, max_retry_count=0, rpc_exception=)", "tls": True, "argv": 19,
    "excepthook": True, "recursion": 1000, "encoding": "utf-8",
}  # fmt: skip
"""What the real worker's own code makes of the process."""

ENVIRONMENT = {
    "ASPNETCORE_SUPPRESSSTATUSMESSAGES", "AZURE_FUNCTIONS_ENVIRONMENT", "AzureWebJobsScriptRoot", "AzureWebJobsStorage",
    "AzureWebJobs.off_http.Disabled", "FUNCTIONS_APPLICATION_DIRECTORY", "FUNCTIONS_CORETOOLS_ENVIRONMENT",
    "FUNCTIONS_WORKER_DIRECTORY", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION", "NAMED_QUEUE",
    "PYTHON_THREADPOOL_THREAD_COUNT", "WEBSITE_HOSTNAME", "languageWorkers__python__defaultExecutablePath",
}  # fmt: skip
"""What `func start` and the host set for a worker, and the app's settings."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppUnderTest]:
    """One host that asks for keys."""
    options = ("--clock", "system", "--enable-auth")
    with AppUnderTest(_FOLDER / "app", tmp_path_factory.mktemp("surroundings"), options, {}) as started:
        yield started


@pytest.fixture(scope="module")
def answers(app: AppUnderTest) -> dict[str, Any]:
    """Everything that was recorded, asked of the one host."""
    key = json.loads((app.data_dir / "keys.json").read_text())["masterKey"]
    info = app.request("GET", f"/admin/devhost/info?code={key}").body
    return driver.drive(driver.Host(app.url, info["storage"]["connectionString"], key), ROWS)


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in DIFFERS])
def test_an_answer_equals_that_of_the_real_host(answers: dict[str, Any], name: str) -> None:
    """What a function got, what a client got, or how an instance ended."""
    assert comparable(answers[name]) == comparable(RECORDED[name])


def test_the_details_of_a_disabled_function_equal_the_recorded_ones(answers: dict[str, Any]) -> None:
    """No function has failed, so the exception is the extension's."""
    assert answers["gone.activity.off"] == RECORDED["gone.activity.off"]


@pytest.mark.parametrize("name", BY_RULE)
def test_an_unrecorded_answer_equals_the_expected_one(answers: dict[str, Any], name: str) -> None:
    """Cases close to the recorded ones."""
    assert answers[name] == BY_RULE[name]


@pytest.mark.parametrize("name", DIFFERS)
def test_a_known_difference_still_differs(answers: dict[str, Any], name: str) -> None:
    """One that has become equal must leave the table."""
    assert comparable(answers[name]) != comparable(RECORDED[name])


def test_a_multipart_form_reaches_its_function(answers: dict[str, Any]) -> None:
    """With the file beside the fields; the length of the body depends on the client."""
    seen = json.loads(answers["form.multipart"]["body"])
    assert (seen["form"], seen["files"]) == ({"a": "1"}, {"f": ["x.txt", "text/plain", 5]})


def test_the_worker_looks_like_the_real_one_to_its_app(answers: dict[str, Any]) -> None:
    """Modules, threads, the loop, loggers, the context, and the environment."""
    seen = answers["worker"]
    assert {name: seen[name] for name in WORKER} == WORKER
    assert set(seen["env"]) >= ENVIRONMENT
    version = "{}.{}".format(*sys.version_info)
    assert (seen["env"]["FUNCTIONS_WORKER_RUNTIME_VERSION"], seen["env"]["NAMED_QUEUE"]) == (version, "named")


@pytest.mark.usefixtures("answers")
def test_the_host_warns_about_what_fails_on_azure(app: AppUnderTest) -> None:
    """A call that waits for ever, a disabled function, a body that would not arrive: each once."""
    warnings = lambda: [record["text"] for record in app.records if record["event"] == "warning"]  # noqa: E731
    app.until(lambda: any("The entity 'off_entity' is disabled" in line for line in warnings()))
    for text in (
        "no activity 'nope'", "no orchestrator 'nope'", "no entity 'nope'", "'off_activity' is disabled",
        "'form' got a body in chunks",
    ):  # fmt: skip
        app.until(lambda text=text: any(text in line for line in warnings()))
        assert len([line for line in warnings() if text in line]) == 1, (text, warnings())


def test_the_start_names_the_file_with_the_keys(app: AppUnderTest) -> None:
    """The user has to find them."""
    (ready,) = [record for record in app.records if record["event"] == "ready"]
    assert ready["keys"] == str(app.data_dir / "keys.json")
