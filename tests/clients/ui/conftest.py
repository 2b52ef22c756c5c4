"""What tests of pages get besides: a hub whose list can be asked."""

from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


@pytest.fixture
async def hub(client):
    """The client in memory, with the hub's list of its instances, and acts that change them."""

    async def instances(request):
        asked = request.query["runtimeStatus"].split(",")
        return web.json_response([each for each in client.instances.values() if each["runtimeStatus"] in asked])

    async def terminate(name, reason):
        client.instances[name] |= {"runtimeStatus": "Terminated", "output": reason}

    async def rewind(name, _):
        client.instances[name] |= {"runtimeStatus": "Running"}

    async def purge(name):
        del client.instances[name]

    client.terminate, client.rewind, client.purge_instance_history = terminate, rewind, purge
    client.resume = rewind
    app = web.Application()
    app.router.add_get("/instances/", instances)
    async with TestServer(app) as server:
        client._orchestration_bindings = SimpleNamespace(rpc_base_url=str(server.make_url("/")))
        yield client
