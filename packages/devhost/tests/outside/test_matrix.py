"""The same small app on many environments: what works on one Python and SDK works on all that devhost promises.

The environments are made with pip in a folder that is kept from run to run. A missing interpreter is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from durable_devhost.testing.plugin import AppUnderTest
from packages.devhost.tests.outside.environments import environment, interpreter
from packages.devhost.tests.outside.hosts import Make
from tests.long import long

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A Python and the SDK in it."""

    python: str
    functions: str
    durable: str

    def __str__(self) -> str:
        return f"py{self.python}-f{self.functions}-d{self.durable}"


ENVIRONMENTS = (
    Environment(python="3.9", functions="1.11.3", durable="1.2.0"),
    Environment(python="3.9", functions="1.12.0", durable="1.2.9"),
    Environment(python="3.11", functions="1.26.0", durable="1.7.0"),
    Environment(python="3.12", functions="1.26.0", durable="1.7.0"),
    Environment(python="3.13", functions="2.3.0", durable="1.7.0"),
    Environment(python="3.14", functions="2.3.0", durable="1.7.0"),
)


@pytest.fixture(scope="module", params=[None, *(pytest.param(each, marks=long, id=str(each)) for each in ENVIRONMENTS)])
def app(request: pytest.FixtureRequest, make: Make) -> Iterator[AppUnderTest]:
    """The app on one environment: that of the tests, or in the long form each that is promised."""
    options = [] if request.param is None else ["--python", str(_environment(request.param))]
    with make("matrix", options) as running:
        if request.param is not None:
            about = running.info()["python"]
            assert about.startswith(f"{request.param.python}.")
            assert f"azure-functions {request.param.functions}" in about
            assert f"azure-functions-durable {request.param.durable}" in about
        yield running


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("chain", 3, 24),
        ("fan", 5, [0, 2, 4, 6, 8]),
        ("family", None, [8, "gave up"]),
        ("sums", None, 5),
        ("replay", None, [True, True, False]),
    ],
)
def test_an_orchestrator_completes(app: AppUnderTest, name: str, given: object, expected: object) -> None:
    """It is started through the SDK's client from a binding."""
    started = app.request("POST", f"/api/orchestrators/{name}", given)
    assert started.status == 202
    assert started.headers["Location"] == started.body["statusQueryGetUri"]
    assert (expected, "Completed") == _end(app, started.body["id"])


def test_an_answer_before_the_deadline_cancels_the_timer(app: AppUnderTest) -> None:
    """The orchestrator races an event against a timer."""
    instance = _waiting(app, "approval")
    app.raise_event(instance, "Answer", {"yes": True})
    assert ({"yes": True}, "Completed") == _end(app, instance)


def test_a_deadline_passes_in_virtual_time(app: AppUnderTest) -> None:
    """The clock jumps to it."""
    instance = _waiting(app, "approval")
    app.advance(hours=72)
    assert ("nobody answered", "Completed") == _end(app, instance)


def test_a_message_goes_through_a_queue(app: AppUnderTest) -> None:
    """Output binding, queue, trigger, client, event."""
    instance = _waiting(app, "mailbox")
    assert app.request("POST", "/api/letters", {"to": instance, "text": "grüß dich"}).status == 204
    assert ({"text": "grüß dich", "tries": 1}, "Completed") == _end(app, instance)


def test_every_part_of_a_request_and_of_its_answer_arrives(app: AppUnderTest) -> None:
    """Method, address, headers and body; status, headers and body."""
    asked = Request(f"{app.url}/api/mirror/%C3%A4?x=1", data=b'{"n": 1}', headers={"X-Asked": "why"}, method="POST")
    with urlopen(asked, timeout=30) as answer:
        assert (answer.status, answer.headers["X-Said"], answer.headers.get_content_type()) == (
            202, "yes", "application/json",
        )  # fmt: skip
        assert json.loads(answer.read()) == {
            "method": "POST",
            "word": "ä",
            "query": {"x": "1"},
            "header": "why",
            "body": {"n": 1},
        }


def _waiting(app: AppUnderTest, name: str) -> str:
    instance = app.start(name)
    app.wait(instance, until=lambda status: status["customStatus"] == "waiting")
    return instance


def _end(app: AppUnderTest, instance: str) -> tuple[object, str]:
    status = app.wait(instance)
    return status["output"], status["runtimeStatus"]


def _environment(wanted: Environment) -> Path:
    packages = [f"azure-functions=={wanted.functions}", f"azure-functions-durable=={wanted.durable}"]
    return environment(str(wanted), interpreter(wanted.python), packages)
