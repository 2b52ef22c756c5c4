"""Where a host is reached, and by which way the SDK of its functions reaches it without a key."""

import json
from collections.abc import Callable
from pathlib import Path

from durable_devhost.host.address import Address
from durable_devhost.model.functions import Binding
from durable_devhost.testing.plugin import AppUnderTest
from durable_devhost.triggers.management.urls import ManagementUrls

CLIENT = Binding(type="durableClient", name="client", direction="in", properties={})
APP = """
import json

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def ends(context: df.DurableOrchestrationContext):
    return 1


@app.route(route="rpc")
@app.durable_client_input(client_name="client")
async def rpc(req: func.HttpRequest, client) -> func.HttpResponse:
    instance_id = await client.start_new("ends")
    return func.HttpResponse(json.dumps([instance_id, client._orchestration_bindings.rpc_base_url]))
"""


def test_the_sdk_address_differs_in_each_process() -> None:
    """Only the binding names it, and the console does not show it."""
    urls = ManagementUrls(hub="Hub", key="KEY")
    first, second = (Address(urls=urls, port=7071) for _ in range(2))
    base = json.loads(first.binding(CLIENT))["rpcBaseUrl"]
    assert f"http://127.0.0.1:7071{first.rpc_path}/" == base
    assert first.rpc_path != second.rpc_path
    assert len(first.rpc_path.rpartition("/")[2]) > 64
    assert first.rpc_path not in repr(first)


def test_the_sdk_address_needs_its_secret_and_no_key(start_app: Callable[..., AppUnderTest], tmp_path: Path) -> None:
    """Without the secret the address does not exist; only the app's client has it, and the console never shows it."""
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    app = start_app(tmp_path, options=["--enable-auth"])
    for path in ("/durabletask", "/durabletask/instances", "/durabletask/orchestrators/ends"):
        assert app.request("GET", path).status == 404
        assert app.request("POST", path).status == 404
    instance_id, base = app.request("GET", "/api/rpc").body
    shown = app.request("GET", f"{base}instances/{instance_id}")
    assert (shown.status in (200, 202), shown.body["name"]) == (True, "ends")
    assert app.request("PATCH", f"{base}nowhere").status == 404
    assert base.rstrip("/").rpartition("/")[2] not in app.output
