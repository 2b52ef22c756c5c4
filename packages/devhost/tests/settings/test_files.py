"""A running host does what host.json and local.settings.json say, and names what it does not do."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

from durable_devhost.testing.app import AppUnderTest

APP = Path(__file__).parent / "app"
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppUnderTest]:
    """One host for all."""
    with AppUnderTest(APP, tmp_path_factory.mktemp("files"), ("--enable-auth", "--clock", "virtual"), {}) as running:
        yield running


def start_messages(app: AppUnderTest) -> list[str]:
    """The sentences of the start."""
    return [record["text"] for record in app.records if record["event"] in ("notice", "warning")]


def keys(app: AppUnderTest) -> Any:
    """The keys in the file that the start names."""
    (ready,) = [record for record in app.records if record["event"] == "ready"]
    return json.loads(Path(ready["keys"]).read_text())


def test_unsupported_keys_are_named_once_with_their_file(app: AppUnderTest) -> None:
    """Keys that matter only on Azure are not."""
    (text,) = [text for text in start_messages(app) if text.startswith(str(APP / "host.json"))]
    assert "does not act on watchDirectories and extensions.durableTask.maxOrchestrationActions." in text
    assert "docs/azure.md" in text


def test_a_function_missing_from_the_list_in_host_json_does_not_exist(app: AppUnderTest) -> None:
    """Names ignore case, and the start reports it."""
    assert app.request("GET", "/v1/left-out").status == 404
    assert app.request("GET", "/v1/nap?s=0").body == "awake"
    assert "'functions' in host.json leaves out left_out: they are not there, here as on Azure." in start_messages(app)


def test_answers_have_the_custom_headers(app: AppUnderTest) -> None:
    """Those of functions and of the durable HTTP API."""
    for path in ("/v1/pid", "/v1/nowhere", "/runtime/webhooks/durabletask/instances/none"):
        assert app.request("GET", path).headers["X-Frame-Options"] == "DENY"


def test_cors_headers_allow_the_page_to_call(app: AppUnderTest) -> None:
    """The origin is in local.settings.json."""
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    asked = urllib.request.Request(f"{app.url}/v1/pid", headers=headers, method="OPTIONS")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "http://localhost:3000")
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"


def test_with_keys_the_start_names_their_file_and_the_urls_carry_one(app: AppUnderTest) -> None:
    """The system key, in the URLs of the durable HTTP API."""
    urls = app.request("POST", "/v1/start/napping?s=0").body
    assert all(
        f"code={keys(app)['systemKeys']['durabletask_extension']}" in urls[name] for name in urls if name != "id"
    )
    assert app.request("GET", urls["statusQueryGetUri"]).status in (200, 202)


def test_the_console_shows_the_levels_that_host_json_allows(app: AppUnderTest) -> None:
    """By category; the worker's root logger is at 20 whatever host.json says, as in the real worker."""
    assert app.request("GET", "/v1/chatty").body == 20
    app.until(lambda: any("chat at ERROR" in record.get("text", "") for record in app.records))
    url = app.request("POST", "/v1/start/napping?s=0").body["statusQueryGetUri"]
    app.until(lambda: app.request("GET", url).body["output"] == "awake")
    told = [record for record in app.records if record["event"] in ("log", "orchestration")]
    assert [record["text"] for record in told if "chat" in record.get("text", "")] == [
        "chat at WARNING",
        "chat at ERROR",
    ]
    assert [record for record in told if record["event"] == "orchestration"] == []


def test_a_timer_uses_the_time_zone_of_the_setting(app: AppUnderTest) -> None:
    """Its status has the time of the next run with the zone's offset."""
    info = app.request("GET", f"/admin/devhost/info?code={keys(app)['masterKey']}").body
    blobs = ContainerClient.from_connection_string(info["storage"]["connectionString"], "azure-webjobs-hosts")
    name = next(blob.name for blob in blobs.list_blobs() if blob.name.endswith("Host.Functions.at_nine/status"))
    status = json.loads(blobs.download_blob(name).readall())
    assert status["Next"].endswith("T09:00:00+09:00")
    assert any("count in Asia/Tokyo (WEBSITE_TIME_ZONE)" in text for text in start_messages(app))
