"""A function that runs over `functionTimeout` ends as on the real host, by its kind, and its worker with it."""

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from durable_devhost.testing.app import Answer, AppUnderTest

APP = Path(__file__).parent / "app"
TEXT = "Timeout value of 00:00:01 was exceeded by function: Functions."
pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer, and after how many seconds it came."""

    answer: Answer
    seconds: float


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppUnderTest]:
    """One host for all."""
    with AppUnderTest(APP, tmp_path_factory.mktemp("settings"), ("--clock", "system"), {}) as running:
        yield running


@pytest.fixture(scope="module")
def answers(app: AppUnderTest) -> dict[str, Answered]:
    """Calls of one worker: two that take too long, and one within its limit that ends after their time is up."""
    begun = threading.Barrier(2)
    before = app.request("GET", "/v1/pid")

    def ask(path: str) -> Answered:
        if path == "/v1/nap?s=0.9":
            begun.wait(10)
            time.sleep(0.6)  # the others are half over: this one is under way when their time is up
        elif path == "/v1/nap?s=60":
            begun.wait(10)
        start = time.monotonic()
        answer = app.request("GET", path)
        return Answered(answer=answer, seconds=time.monotonic() - start)

    paths = {"sync": "/v1/nap?s=60", "async": "/v1/nap-async?s=60", "within": "/v1/nap?s=0.9"}
    with ThreadPoolExecutor(len(paths)) as threads:
        found = dict(zip(paths, threads.map(ask, paths.values()), strict=True))
    after = app.request("GET", "/v1/pid")
    return {**found, "before": Answered(answer=before, seconds=0), "after": Answered(answer=after, seconds=0)}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_http_function_over_the_limit_is_an_empty_500(answers: dict[str, Answered], kind: str) -> None:
    """Once its worker has ended: after the limit and a grace period for other calls there."""
    found = answers[kind]
    assert (found.answer.status, found.answer.body) == (500, None)
    assert 1.0 <= found.seconds < 12.0


def test_another_call_of_the_same_worker_is_not_affected(answers: dict[str, Answered]) -> None:
    """It is within its own limit."""
    assert (answers["within"].answer.status, answers["within"].answer.body) == (200, "awake")


def test_the_worker_is_replaced(app: AppUnderTest, answers: dict[str, Answered]) -> None:
    """The console names the call and the reason."""
    assert answers["before"].answer.body != answers["after"].answer.body
    lines = lambda: [record for record in app.records if "functionTimeout" in record.get("text", "")]  # noqa: E731
    app.until(lines)
    (said,) = lines()
    assert re.match(
        r"The http [Nn]ap\w* has run for longer than functionTimeout in host\.json \(00:00:01\)", said["text"]
    )
    assert not [record for record in app.records if "has died" in record.get("text", "")]


def test_an_activity_over_the_limit_fails_its_caller(app: AppUnderTest) -> None:
    """With the text and the exception of the real host (recorded)."""
    output = app.wait(app.start("napping", {"s": 60}))["output"]
    reason, _, details = output.partition(" \n ")
    assert reason == f"Activity function 'nap_activity' failed: {TEXT}nap_activity"
    shown = json.loads(details)
    kind = "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException"
    assert list(shown)[:4] == ["$type", "Timeout", "InstanceId", "MethodName"]
    assert (shown["$type"], shown["Timeout"]) == (f"{kind}, Microsoft.Azure.WebJobs.Host", "00:00:01")
    assert shown["MethodName"] == "Functions.nap_activity"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown["InstanceId"])


def test_an_entity_operation_over_the_limit_fails_its_caller(app: AppUnderTest) -> None:
    """The entity's state is unchanged."""
    assert f"{TEXT}dreamer" in app.wait(app.start("asking", {"s": 60}))["output"]


def test_an_orchestrator_over_the_limit_stays_pending_and_is_retried(app: AppUnderTest, tmp_path: Path) -> None:
    """Each try ends with its worker."""
    instance = app.start("dozing", {"tries": str(tmp_path / "tries")})
    tried = f"The orchestrator dozing ({instance}) has run for longer"
    app.until(lambda: any(record.get("text", "").startswith(tried) for record in app.records))
    seen = app.status(instance)
    assert seen is not None
    assert seen["runtimeStatus"] == "Pending"
    assert app.wait(instance)["output"] == "awake"
    assert (tmp_path / "tries").read_text().startswith("xxx")


def test_an_orchestrator_that_is_always_over_the_limit_can_be_terminated(app: AppUnderTest) -> None:
    """Its step is not tried any more then."""
    instance = app.start("sleepless")
    tried = f"The orchestrator sleepless ({instance}) has run for longer"
    app.until(lambda: any(record.get("text", "").startswith(tried) for record in app.records))
    path = f"/runtime/webhooks/durabletask/instances/{instance}/terminate?reason=over"
    assert app.request("POST", path).status == 202
    app.until(lambda: (app.status(instance) or {})["runtimeStatus"] == "Terminated")
    assert (app.status(instance) or {})["output"] == "over"


def test_a_queue_message_over_the_limit_is_retried_and_then_poison(app: AppUnderTest) -> None:
    """As after any failure; host.json allows two tries."""
    policy = TextBase64EncodePolicy()
    queue = QueueClient.from_connection_string(app.connection_string, "naps", message_encode_policy=policy)
    poison = QueueClient.from_connection_string(app.connection_string, "naps-poison")
    queue.send_message("60")

    def refused() -> list[Any]:
        return [each for each in app.records if each.get("function") == "on_nap" and TEXT in each.get("error", "")]

    app.until(lambda: len(refused()) == 2)
    app.until(lambda: any("was moved to 'naps-poison'" in record.get("text", "") for record in app.records))
    assert [message.content for message in poison.peek_messages()] == ["NjA="]
