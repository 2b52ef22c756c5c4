"""Invocations with tables, and with blobs that an event names."""

# The functions of these small apps must have the bound parameters, used or not.
# ruff: noqa: ARG001

from typing import Any

import azure.functions as func
import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Returned
from durable_devhost.dispatch.tables import TableQuery
from durable_devhost.storage.tables import Action, Operation
from durable_devhost.triggers.requests import made_request

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")


class Advised:
    """An observer that keeps what is advised."""

    def __init__(self):
        self.sentences = []

    def invocation_ended(self, *_): ...

    def advise(self, text):
        self.sentences.append(text)


@pytest.fixture
def advised() -> Advised:
    """An observer."""
    return Advised()


@pytest.fixture
def invoker(workers: Any, bindings: Any, advised: Advised) -> Invoker:
    """An invoker over the store in memory."""
    return Invoker(workers, store=bindings, client_json=lambda _: "{}", clock=VirtualClock(), observer=advised)


async def test_a_table_input_is_the_json_of_its_rows(invoker, bindings, build, advised):
    """Expressions are filled in; a row key is ignored with a warning."""
    app = func.FunctionApp()

    @app.route(route="rows/{day}")
    @app.table_input(arg_name="rows", table_name="t{day}", partition_key="{day}", row_key="r", take=2, connection="X")
    def one(req, rows: str) -> str:
        return rows

    request = made_request(method="GET", url="/rows/mon", body=b"", route_params={"day": "mon"})
    asked = TableQuery(table="tmon", filter="PartitionKey eq 'mon'", take=2)
    bindings.rows["X", asked] = [{"PartitionKey": "mon", "RowKey": "1", "n": 5}]
    outcome = await invoker.invoke(build(app), trigger_value=request)
    assert outcome == Returned(value={"type": "string", "value": '[{"PartitionKey":"mon","RowKey":"1","n":5}]'})
    (said,) = advised.sentences
    assert said.startswith("The row_key of the table 'rows' of 'one' is passed over, here as on Azure")


@pytest.mark.parametrize("value", ['{"RowKey": "r"}', {"RowKey": "r"}, [{"RowKey": "r"}], b'{"RowKey": "r"}'])
async def test_a_table_output_writes_rows(invoker, bindings, build, value):
    """One or many, from text or from values; the binding's keys serve rows without keys."""
    app = func.FunctionApp()

    @app.route()
    @app.table_output(arg_name="row", table_name="rows", partition_key="p", connection="")
    def one(req, row) -> str:
        row.set(value)
        return "done"

    assert isinstance(
        await invoker.invoke(build(app), trigger_value=made_request(method="GET", url="/x", body=b"")), Returned
    )
    expected = Operation(action=Action.INSERT, row={"PartitionKey": "p", "RowKey": "r"})
    assert bindings.operations == {(None, "rows"): [expected]}


async def test_a_blob_may_be_named_by_its_url(invoker, bindings, build):
    """As in an Event Grid event."""
    app = func.FunctionApp()

    @app.event_grid_trigger(arg_name="event")
    @app.blob_input(arg_name="blob", path="{data.url}", connection="")
    @app.blob_output(arg_name="copy", path="out/{data.api}", connection="")
    def one(event: func.EventGridEvent, blob: str, copy: func.Out[str]) -> None:
        copy.set(blob)

    bindings.blobs[None, "in", "a b"] = b"content"
    event = '{"data": {"url": "https://x.blob.core.windows.net/in/a%20b", "api": "PutBlob"}}'
    assert isinstance(await invoker.invoke(build(app), trigger_value=event), Returned)
    assert bindings.blobs[None, "out", "PutBlob"] == b"content"
