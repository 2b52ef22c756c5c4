"""The whole host with apps of its own: what works, and how what cannot work is told."""

import json
import os
import re
import signal
import socket
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableClient
from azure.storage.queue import QueueClient

from durable_devhost.azurite.process import STATE_FILE
from durable_devhost.taskhub.names import HubNames
from durable_devhost.testing.plugin import AppUnderTest, Storage

pytestmark = pytest.mark.timeout(120)

APP = """
import json
import os
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.route(route="hello/{name}")
def hello(req: func.HttpRequest) -> str:
    return f"Hello {req.route_params['name']}"


@app.route(route="tries")
def tries(req: func.HttpRequest, context: func.Context) -> str:
    if not context.retry_context.retry_count:
        raise ValueError("the first try")
    return f"try {context.retry_context.retry_count} of {context.retry_context.max_retry_count}"


@app.activity_trigger(input_name="n")
def double(n: int):
    return 2 * n


@app.activity_trigger(input_name="n")
def fail_once(n: int):
    if not os.path.exists("mended"):
        raise ValueError("not mended yet")
    return "mended"


@app.orchestration_trigger(context_name="context")
def chain_of_five(context: df.DurableOrchestrationContext):
    n = 1
    for _ in range(5):
        n = yield context.call_activity("double", n)
    return n


@app.orchestration_trigger(context_name="context")
def waits(context: df.DurableOrchestrationContext):
    answer = context.wait_for_external_event("Answer")
    deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=72))
    winner = yield context.task_any([answer, deadline])
    if winner is answer:
        deadline.cancel()
    return "answered" if winner is answer else "late"


@app.orchestration_trigger(context_name="context")
def listens(context: df.DurableOrchestrationContext):
    return (yield context.wait_for_external_event("Answer"))


@app.orchestration_trigger(context_name="context")
def fails(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("fail_once", 1))


@app.orchestration_trigger(context_name="context")
def counts(context: df.DurableOrchestrationContext):
    counter = df.EntityId("counter", context.get_input()["key"])
    context.signal_entity(counter, "add", 4)
    return (yield context.call_entity(counter, "add", 5))


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext):
    value = context.get_state(lambda: 0)
    if context.operation_name == "add":
        value += context.get_input()
    context.set_state(value)
    context.set_result(value)


@app.queue_trigger(arg_name="message", queue_name="orders", connection="AzureWebJobsStorage")
@app.durable_client_input(client_name="client")
async def on_order(message: func.QueueMessage, client):
    await client.start_new("counts", json.loads(message.get_body())["key"], json.loads(message.get_body()))
"""
HOST = {
    "version": "2.0",
    "retry": {"strategy": "fixedDelay", "maxRetryCount": 1, "delayInterval": "00:00:00"},
    "extensions": {
        "durableTask": {"hubName": "HostHub", "storageProvider": {"maxQueuePollingInterval": "00:00:30"}},
        "queues": {"messageEncoding": "none"},
    },
}
DURABLE = "/runtime/webhooks/durabletask"
StartApp = Callable[..., AppUnderTest]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """One host for the tests that leave it as it was."""
    folder = write(tmp_path_factory.mktemp("app"), APP)
    with AppUnderTest(folder, tmp_path_factory.mktemp("data"), ("--clock", "virtual"), {}, app_storage) as running:
        yield running


def test_http_orchestrations_entities_and_queues_work_together(app: AppUnderTest) -> None:
    """In an app that is not of this repository."""
    assert app.request("GET", "/api/hello/Ines").body == "Hello Ines"
    assert app.wait(app.start("chain_of_five"))["output"] == 32
    key = uuid.uuid4().hex
    with QueueClient.from_connection_string(app.connection_string, "orders") as queue:
        with suppress(ResourceExistsError):  # the host makes it, but not before it looks into it for the first time
            queue.create_queue()
        queue.send_message(json.dumps({"key": key}))
    _until(lambda: app.status(key), "the message started nothing")
    assert app.wait(key)["output"] == 9


def test_the_retry_policy_of_host_json_applies_to_every_function(app: AppUnderTest) -> None:
    """Also to one with an HTTP trigger."""
    assert app.request("GET", "/api/tries").body == "try 1 of 1"


def test_an_instance_is_suspended_resumed_terminated_and_restarted(app: AppUnderTest) -> None:
    """All through the HTTP API; a suspended instance sees an event when it resumes."""
    instance = app.start("listens")
    _post(app, f"/instances/{instance}/suspend?reason=lunch", 202)
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Suspended")
    app.raise_event(instance, "Answer", "yes")
    assert app.wait(instance, until=lambda _: True)["runtimeStatus"] == "Suspended"
    _post(app, f"/instances/{instance}/resume?reason=back", 202)
    assert app.wait(instance)["output"] == "yes"
    _post(app, f"/instances/{instance}/terminate?reason=late", 410)
    again = _post(app, f"/instances/{instance}/restart", 202)["id"]
    assert again != instance
    app.wait(again, until=lambda status: status["runtimeStatus"] == "Running")
    _post(app, f"/instances/{again}/terminate?reason=enough", 202)
    ended = app.wait(again)
    assert (ended["runtimeStatus"], ended["output"]) == ("Terminated", "enough")


def test_a_purged_instance_is_gone(app: AppUnderTest) -> None:
    """A second purge finds nothing."""
    instance = app.start("chain_of_five")
    app.wait(instance)
    path = f"{DURABLE}/instances/{instance}"
    assert app.request("DELETE", path).body == {"instancesDeleted": 1}
    assert app.status(instance) is None
    assert app.request("DELETE", path).status == 404


def test_a_failed_instance_is_rewound(app: AppUnderTest) -> None:
    """Once the cause is fixed it goes on from where it failed."""
    instance = app.start("fails")
    failed = app.wait(instance)
    assert failed["runtimeStatus"] == "Failed"
    assert "ValueError: not mended yet" in failed["output"]
    (app.app_dir / "mended").touch()
    _post(app, f"/instances/{instance}/rewind?reason=mended", 202)
    ended = app.wait(instance, until=lambda status: status["runtimeStatus"] == "Completed")
    assert ended["output"] == "mended"


def test_an_entity_is_signalled_called_read_and_listed(app: AppUnderTest) -> None:
    """A signal from outside, a signal and a call from an orchestration."""
    key = uuid.uuid4().hex
    _post(app, f"/entities/counter/{key}?op=add", 202, "7")
    assert app.wait(app.start("counts", {"key": key}))["output"] == 16
    assert app.request("GET", f"{DURABLE}/entities/counter/{key}").body == 16
    listed = app.request("GET", f"{DURABLE}/entities/counter").body
    assert {"name": "counter", "key": key} in [each["entityId"] for each in listed]
    assert app.request("GET", f"{DURABLE}/entities/counter/nobody").status == 404


def test_an_unknown_orchestration_fails_and_lists_the_known_ones(app: AppUnderTest) -> None:
    """As on the real host."""
    ended = app.wait(app.start("mistyped"))
    assert ended["runtimeStatus"] == "Failed"
    assert "'chain_of_five'" in ended["output"]


def test_a_start_with_an_id_in_use_is_refused(app: AppUnderTest) -> None:
    """409, and the first instance is unchanged."""
    instance = app.start("waits")
    assert app.request("POST", f"{DURABLE}/orchestrators/waits/{instance}").status == 409
    app.raise_event(instance, "Answer", 1)
    assert app.wait(instance)["output"] == "answered"
    assert app.start("chain_of_five", None, instance) == instance
    assert app.wait(instance, until=lambda status: status["output"] == 32)["name"] == "chain_of_five"


def test_a_chain_of_five_costs_eighteen_storage_calls(app: AppUnderTest) -> None:
    """Polls of empty queues do not count; the real host needs about 54."""
    assert _cost(app, lambda: app.start("chain_of_five")) <= 18


def test_a_wait_and_its_answer_cost_five_storage_calls(app: AppUnderTest) -> None:
    """Three for the start with its timer, two for the event that ends it."""
    assert _cost(app, lambda: app.raise_event(app.start("waits"), "Answer", "yes")) <= 5


def test_in_journal_mode_a_chain_of_five_costs_eight_storage_calls(start_app: StartApp, tmp_path: Path) -> None:
    """Six episodes, and the row at the start and at the end; a wait with a timer and its answer cost four."""
    app = start_app(write(tmp_path, APP))
    assert _cost(app, lambda: app.start("chain_of_five")) <= 8
    assert _cost(app, lambda: app.raise_event(app.start("waits"), "Answer", "yes")) <= 4


def test_a_corrupt_message_is_reported_and_left_in_the_queue(app: AppUnderTest) -> None:
    """The host goes on."""
    queue_name = HubNames("HostHub").control(0)
    with QueueClient.from_connection_string(app.connection_string, queue_name) as queue:
        queue.send_message("{nonsense")
        told = _until(lambda: _warning(app, f"A message on queue {queue_name} cannot be read"), "not told", 40.0)
        assert "It stays there and is tried again" in told
        assert queue.get_queue_properties().approximate_message_count >= 1
    assert app.wait(app.start("chain_of_five"))["output"] == 32


def test_a_corrupt_history_row_is_reported_and_stops_only_its_instance(app: AppUnderTest) -> None:
    """The instance's work stays queued; once the row is fixed, it goes on."""
    instance = app.start("waits")
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    with TableClient.from_connection_string(app.connection_string, "HostHubHistory") as table:
        row = next(row for row in table.query_entities(f"PartitionKey eq '{instance}'") if row["RowKey"].endswith("1"))
        app.kill()
        table.upsert_entity({**row, "EventType": "Nonsense"})
        app.restart()
        assert app.wait(app.start("chain_of_five"))["output"] == 32
        _until(lambda: _warning(app, "Nonsense"), "not told")
        answer = app.request("POST", f"{DURABLE}/instances/{instance}/raiseEvent/Answer", "yes")
        assert answer.status == 500
        table.upsert_entity(row)
    app.raise_event(instance, "Answer", "yes")
    assert app.wait(instance)["output"] == "answered"
    assert "Traceback" not in app.output


def test_two_apps_with_two_hubs_share_one_azurite(start_app: StartApp, tmp_path: Path) -> None:
    """Neither sees the other's instances."""
    first = start_app(write(tmp_path / "first", APP))
    settings = {"IsEncrypted": False, "Values": {"AzureWebJobsStorage": first.connection_string}}
    second_app = write(tmp_path / "second", APP, hubName="OtherHub")
    (second_app / "local.settings.json").write_text(json.dumps(settings))
    second = start_app(second_app, clock="system")
    instances = [(each, each.start("waits", None, "same-id")) for each in (first, second)]
    first.raise_event("same-id", "Answer", "yes")
    assert first.wait("same-id")["output"] == "answered"
    assert instances[1][0].wait("same-id", until=lambda _: True)["runtimeStatus"] in ("Pending", "Running")
    assert second.wait(second.start("chain_of_five"))["output"] == 32
    assert ("HostHub", "OtherHub") == (first.info()["hub"], second.info()["hub"])


def test_with_auth_enabled_keys_are_required(start_app: StartApp, tmp_path: Path) -> None:
    """keys.json has them: a function key for functions, the system key for the durable API, the master key for all."""
    app = start_app(write(tmp_path, APP), options=["--enable-auth"])
    assert app.request("GET", "/api/hello/Ines").status == 401
    assert app.request("GET", "/admin/devhost/info").status == 401
    assert app.request("POST", f"{DURABLE}/orchestrators/chain_of_five").status == 401
    keys = json.loads((app.data_dir / "keys.json").read_text())
    found = re.findall(r'"([\w=-]{20,})"', json.dumps(keys))
    assert any(app.request("GET", f"/api/hello/Ines?code={key}").status == 200 for key in found)
    started = [app.request("POST", f"{DURABLE}/orchestrators/chain_of_five?code={key}") for key in found]
    ids = [answer for answer in started if answer.status == 202]
    assert ids
    status = app.request("GET", ids[0].body["statusQueryGetUri"])
    assert status.status in (200, 202)


def test_an_azurite_that_ends_is_restarted(start_app: StartApp, tmp_path: Path) -> None:
    """By the host that owns it, over the same files: nothing is lost and nobody has to act."""
    with socket.socket() as standard:
        with suppress(OSError):  # they are taken already; it takes others, which no other host is waiting for
            standard.bind(("127.0.0.1", 10000))
        app = start_app(write(tmp_path, APP), own_azurite=True)
    instance = app.start("waits")
    os.kill(json.loads((app.data_dir / STATE_FILE).read_text())["pid"], signal.SIGTERM)
    _until(lambda: "Azurite runs again." in app.output, "it was not started again", 80.0)
    assert "Azurite has ended. It is started again" in app.output
    app.raise_event(instance, "Answer", "yes")
    assert app.wait(instance)["output"] == "answered"


def write(folder: Path, text: str, **durable: Any) -> Path:
    """Write an app with this code; `durable` are keys of the extension in its host.json."""
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(textwrap.dedent(text))
    extensions = HOST["extensions"]
    assert isinstance(extensions, dict)
    host = {**HOST, "extensions": {**extensions, "durableTask": {**extensions["durableTask"], **durable}}}
    (folder / "host.json").write_text(json.dumps(host))
    return folder


def _post(app: AppUnderTest, path: str, expected: int, body: object = None) -> Any:
    answer = app.request("POST", DURABLE + path, body)
    assert (answer.status, answer.body) == (expected, answer.body)
    return answer.body


def _cost(app: AppUnderTest, work: Callable[[], object]) -> int:
    """How many storage calls some work makes: the least of three, since now and then the leases are renewed."""
    costs = []
    for _ in range(3):
        _quiet(app)
        before = _calls(app)
        work()
        _quiet(app)
        costs.append(_calls(app) - before)
    return min(costs)


def _calls(app: AppUnderTest) -> int:
    made = app.info()["storageCalls"]
    total: int = made["total"] - made["byKind"].get("queue GET", 0)
    return total


def _quiet(app: AppUnderTest) -> None:
    _until(lambda: not app.info()["inFlight"], "it never got quiet")


def _warning(app: AppUnderTest, words: str) -> str | None:
    said = [record.get("text", "") for record in app.records if record["event"] == "warning"]
    return next((text for text in said if words in text), None)


def _until(look: Callable[[], Any], complaint: str, patience_s: float = 20.0) -> Any:
    give_up = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < give_up, complaint
        time.sleep(0.03)
    return found
