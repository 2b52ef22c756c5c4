"""What devhost's worker takes and refuses of an app, beside Microsoft's own worker.

That is `azure-functions-runtime`, the library with which the Python worker of Azure indexes and converts. It asks for
Python 3.13 and works on the tests' own as well, beside the packages of apps there; `make long` takes 3.13 too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.errors import AppError
from durable_devhost.indexing.catalog import build_catalog
from durable_devhost.model.functions import Function, RetryPolicy
from packages.devhost.tests.outside.environments import extension, worker_library
from packages.devhost.tests.outside.hosts import APPS
from packages.devhost.tests.outside.reference.asking import Reference
from packages.devhost.tests.worker.driver import Driver

pytestmark = pytest.mark.timeout(120)

GREENLIGHT = Path(__file__).parents[4]
ANNOTATIONS, CONVERSIONS, DECORATORS = APPS / "annotations", APPS / "conversions", APPS / "decorators"


def test_every_annotation_of_every_binding_is_judged_as_by_the_reference(reference: Reference) -> None:
    """About seven thousand functions, each on its own."""
    theirs = reference.judge(ANNOTATIONS)
    with Driver(ANNOTATIONS, reference.python) as driver:
        found = {each["name"]: each["problems"] for each in driver.load()["functions"]}
    assert {name for name, text in theirs.items() if text} == {name for name, problems in found.items() if problems}
    assert len(theirs) > 7_000


def test_an_app_with_the_fastapi_extension_gets_its_types() -> None:
    """Requests, responses and values that become one; the SDK's own types are refused."""
    app, folders = APPS / "web_annotations", [extension(), worker_library()]
    with Reference(sys.executable, folders) as reference:
        theirs = reference.judge(app)
    with Driver(app, environ=reference.environ) as driver:
        found = {each["name"]: each["problems"] for each in driver.load()["functions"]}
    assert {name for name, text in theirs.items() if text} == {name for name, problems in found.items() if problems}
    assert 0 < sum(map(bool, theirs.values())) < len(theirs)


@pytest.mark.parametrize("app", [GREENLIGHT, CONVERSIONS, DECORATORS], ids=["greenlight", "conversions", "decorators"])
def test_the_functions_of_an_app_are_reported_alike(reference: Reference, app: Path) -> None:
    """Names, bindings with directions and data types, retry policies."""
    if app == GREENLIGHT and reference.python != sys.executable:
        pytest.skip("its packages are those of the tests' own Python")
    theirs = reference.index(app)
    assert theirs["failure"] == ""
    with Driver(app, reference.python) as driver:
        found = driver.load()["functions"]
    assert [(each["name"], each["raw"]) for each in theirs["functions"]] == [
        (each["name"], each["bindings"]) for each in found
    ]


APPS_TO_REFUSE = {
    "no app": "bp = func.Blueprint()",
    "two apps": "app = func.FunctionApp()\nother = df.DFApp()",
    "a syntax error": "app = func.FunctionApp(",
    "a missing module": "import missing_module\napp = func.FunctionApp()",
    "an error on import": "app = func.FunctionApp()\nraise LookupError('x')",
    "a name used twice": """
app = func.FunctionApp()
@app.route()
def same(req: func.HttpRequest) -> str: ...
@app.route(route="other")
def same(req: func.HttpRequest) -> str: ...
""",
    "no trigger": "app = func.FunctionApp()\n@app.function_name('f')\ndef f(): ...",
    "two triggers": """
app = func.FunctionApp()
@app.route()
@app.timer_trigger(arg_name="tick", schedule="0 0 * * * *")
def f(req: func.HttpRequest, tick: func.TimerRequest): ...
""",
    "a parameter too many": "app = func.FunctionApp()\n@app.route()\ndef f(req: func.HttpRequest, other) -> str: ...",
    "a parameter too few": "app = df.DFApp()\n@app.activity_trigger(input_name='x')\ndef f(): ...",
    "another context": "app = df.DFApp()\n@app.orchestration_trigger(context_name='ctx')\ndef f(ctx): ...",
    "two types of results": "app = func.FunctionApp()\n@app.route()\ndef f(req: func.HttpRequest) -> str | bytes: ...",
}
APPS_TO_TAKE = {
    "a blueprint": """
bp = df.Blueprint()
@bp.orchestration_trigger(context_name="context", orchestration="Big Story")
def story(context): yield
app = df.DFApp()
app.register_functions(bp)
""",
    "functions without annotations": "app = func.FunctionApp()\n@app.route()\nasync def f(req, context): ...",
    "names of its own": """
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
@app.function_name("Another")
@app.route(route="a/{b}", methods=["GET", "POST"])
def f(req: func.HttpRequest) -> func.HttpResponse: ...
""",
    "an app behind another name": "application = df.DFApp()\n@application.route()\ndef f(req) -> str: ...",
    "many bindings": """
app = df.DFApp()
@app.queue_trigger(arg_name="msg", queue_name="orders", connection="C", data_type="binary")
@app.blob_input(arg_name="source", path="a/b", connection="", data_type=func.DataType.BINARY)
@app.queue_output(arg_name="one", queue_name="orders", connection="")
@app.blob_output(arg_name="$return", path="a/c", connection="")
def f(msg: func.QueueMessage, source: bytes, one: func.Out[typing.List[str]]) -> bytes: ...
@app.entity_trigger(context_name="context", entity_name="Counter")
def counter(context): ...
@app.route()
@app.durable_client_input(client_name="client", task_hub="H", connection_name="C")
async def g(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse: ...
""",
    "retry policies": """
app = func.FunctionApp()
@app.timer_trigger(arg_name="tick", schedule="0 0 * * * *")
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:05")
def f(tick: func.TimerRequest): ...
@app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
@app.retry(strategy="exponential_backoff", max_retry_count="-1", minimum_interval="0:0:1", maximum_interval="01:00:00")
def g(msg: str): ...
""",
}


@pytest.mark.parametrize("source", APPS_TO_REFUSE.values(), ids=APPS_TO_REFUSE)
def test_an_invalid_app_is_refused_by_both(reference: Reference, tmp_path: Path, source: str) -> None:
    """By the worker on Azure; here by the worker or the host, which lists all mistakes."""
    _write(tmp_path, source)
    assert reference.index(tmp_path)["failure"] != ""
    with Driver(tmp_path, reference.python) as driver:
        answer = driver.load()
    if answer["kind"] == "catalog":
        with pytest.raises(AppError):
            build_catalog(answer["functions"], answer["complaint"], tmp_path, {})


@pytest.mark.parametrize("source", APPS_TO_TAKE.values(), ids=APPS_TO_TAKE)
def test_a_valid_app_is_accepted_by_both(reference: Reference, tmp_path: Path, source: str) -> None:
    """With the same functions, bindings and retry policies."""
    _write(tmp_path, source)
    theirs = reference.index(tmp_path)
    assert theirs["failure"] == ""
    with Driver(tmp_path, reference.python) as driver:
        answer = driver.load()
    catalog = build_catalog(answer["functions"], answer["complaint"], tmp_path, {})
    assert [
        (each["name"], {name: tuple(found) for name, found in each["bindings"].items()}, _policy(each["retry"]))
        for each in theirs["functions"]
    ] == [(each.name, _told(each), each.retry_policy) for each in catalog.functions]


def _write(folder: Path, source: str) -> None:
    imports = "import typing\nimport azure.functions as func\nimport azure.durable_functions as df\n"
    (folder / "function_app.py").write_text(imports + source)


def _told(function: Function) -> dict[str, tuple[str, str, str]]:
    """Bindings as the worker tells its host of them: type, direction, type of data."""
    bindings = (function.trigger, *function.inputs, *function.outputs)
    return {one.name: (one.type, one.direction, (one.text("dataType") or "undefined").lower()) for one in bindings}


def _policy(given: Mapping[str, Any] | None) -> RetryPolicy | None:
    if given is None:
        return None
    return RetryPolicy(
        strategy=given["strategy"],
        max_retry_count=given["max_retry_count"],
        delay=timedelta(seconds=given.get("delay_interval", 0)),
        minimum=timedelta(seconds=given.get("minimum_interval", 0)),
        maximum=timedelta(seconds=given.get("maximum_interval", 0)),
    )
