"""Where a host is reached, and by which way the SDK of its functions reaches it without a key."""

import json

from durable_devhost.host.address import Address
from durable_devhost.model.functions import Binding
from durable_devhost.triggers.management.urls import ManagementUrls

CLIENT = Binding(type="durableClient", name="client", direction="in", properties={})


def test_the_way_of_the_sdk_is_another_in_each_process() -> None:
    """Only the binding names it, and it is too long for the console to show."""
    urls = ManagementUrls(hub="Hub", key="KEY")
    first, second = (Address(urls=urls, port=7071) for _ in range(2))
    base = json.loads(first.binding(CLIENT))["rpcBaseUrl"]
    assert f"http://127.0.0.1:7071{first.rpc_path}/" == base
    assert first.rpc_path != second.rpc_path
    assert len(first.rpc_path.rpartition("/")[2]) > 64
    assert first.rpc_path not in repr(first)
