"""The URLs of the durable HTTP API, as recorded, and as the SDK reads them."""

import json

import pytest
from azure.durable_functions import DurableOrchestrationClient

from durable_devhost.triggers.management.urls import ManagementUrls, client_binding

BASE = "http://127.0.0.1:7071/runtime/webhooks/durabletask"
RECORDED = ManagementUrls(hub="TruthHub", key="KEY")


def test_the_payload_of_a_start_equals_the_recorded_one() -> None:
    """Keys, their order and the order of the query."""
    query = "taskHub=TruthHub&connection=Storage&code=KEY"
    expected = {
        "id": "x-num",
        "statusQueryGetUri": f"{BASE}/instances/x-num?{query}",
        "sendEventPostUri": f"{BASE}/instances/x-num/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{BASE}/instances/x-num/terminate?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{BASE}/instances/x-num?{query}",
        "restartPostUri": f"{BASE}/instances/x-num/restart?{query}",
        "suspendPostUri": f"{BASE}/instances/x-num/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{BASE}/instances/x-num/resume?reason={{text}}&{query}",
    }
    assert json.dumps(expected) == json.dumps(RECORDED.instance(BASE, "x-num"))


def test_an_id_is_encoded_in_urls_and_raw_elsewhere() -> None:
    """Recorded for the id @bad."""
    payload = RECORDED.instance(BASE, "@bad")
    assert ("@bad", f"{BASE}/instances/%40bad?taskHub=TruthHub&connection=Storage&code=KEY") == (
        payload["id"],
        payload["statusQueryGetUri"],
    )


def test_without_a_key_the_urls_have_no_code() -> None:
    """Keys are off by default."""
    urls = ManagementUrls(hub="Hub")
    assert f"{BASE}/instances/i?taskHub=Hub&connection=Storage" == urls.status(BASE, "i")
    assert f"{BASE}/orchestrators/{{functionName}}[/{{instanceId}}]" == urls.creation(BASE)["createNewInstancePostUri"]
    assert "" == urls.query


def test_hub_connection_and_key_are_encoded() -> None:
    """Azure's keys end with equals signs."""
    urls = ManagementUrls(hub="Hub", connection="My Storage", key="a/b==")
    assert f"{BASE}/instances/i?taskHub=Hub&connection=My%20Storage&code=a%2Fb%3D%3D" == urls.status(BASE, "i")


def test_a_binding_has_the_keys_of_the_extension_in_order() -> None:
    """BindingHelper.cs."""
    binding = json.loads(client_binding(BASE, "http://127.0.0.1:7071/durabletask", "TruthHub", None, "KEY"))
    assert [
        "taskHubName", "connectionName", "creationUrls", "managementUrls", "baseUrl",
        "requiredQueryStringParameters", "rpcBaseUrl", "httpBaseUrl",
    ] == list(binding)  # fmt: skip
    assert [
        "id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "rewindPostUri", "purgeHistoryDeleteUri",
        "restartPostUri", "suspendPostUri", "resumePostUri",
    ] == list(binding["managementUrls"])  # fmt: skip
    assert {
        "createNewInstancePostUri": f"{BASE}/orchestrators/{{functionName}}[/{{instanceId}}]?code=KEY",
        "createAndWaitOnNewInstancePostUri": f"{BASE}/orchestrators/{{functionName}}[/{{instanceId}}]"
        "?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&code=KEY",
    } == binding["creationUrls"]
    assert ("http://127.0.0.1:7071/durabletask/", "code=KEY", None) == (
        binding["rpcBaseUrl"],
        binding["requiredQueryStringParameters"],
        binding["connectionName"],
    )


def test_the_sdk_makes_the_recorded_management_payload_from_a_binding() -> None:
    """The answer of a starter function has a rewind URL, after terminate."""
    client = DurableOrchestrationClient(client_binding(BASE, "http://127.0.0.1:7071/durabletask/", "Hub", None, None))
    payload = client.create_http_management_payload("i")
    assert ["terminatePostUri", "rewindPostUri", "purgeHistoryDeleteUri"] == list(payload)[3:6]
    assert f"{BASE}/instances/i/rewind?reason={{text}}&taskHub=Hub&connection=Storage" == payload["rewindPostUri"]


@pytest.mark.parametrize(
    ("hub", "connection", "known"),
    [
        (None, None, True),
        ("truthhub", "storage", True),
        ("TruthHub", "AzureWebJobsStorage", True),
        ("Other", None, False),
        (None, "Other", False),
    ],
)
def test_a_request_may_name_only_this_hub(hub: str | None, connection: str | None, known: bool) -> None:
    """`Storage` is the extension's short name for AzureWebJobsStorage."""
    assert known is RECORDED.names_this_hub(hub, connection)


def test_a_request_may_name_the_hubs_own_connection() -> None:
    """storageProvider.connectionName."""
    urls = ManagementUrls(hub="Hub", connection="Durable")
    assert (True, False) == (urls.names_this_hub("Hub", "durable"), urls.names_this_hub("Hub", "Storage"))
