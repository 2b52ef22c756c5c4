"""What keeps a host from starting, told with what to do about it."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.testing.plugin import AppFailed, AppUnderTest
from packages.devhost.tests.host.test_assembly import APP, write

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("text", "host", "sentence"),
    [
        ("def broken(:\n", {}, r"SyntaxError"),
        (APP.replace("def fail_once(", "def double("), {}, r"double"),
        (APP, {"hubName": "no_good"}, r"no_good"),
        (APP, {"storageProvider": {"connectionName": "Nowhere"}}, r"Nowhere"),
        (APP.replace('connection="AzureWebJobsStorage"', 'connection="Elsewhere"'), {}, r"Elsewhere"),
        ("import nowhere_to_be_found\n", {}, r"nowhere_to_be_found"),
        ("x = 1\n", {}, r"function_app\.py"),
    ],
    ids=["syntax error", "two of one name", "hub name", "hub connection", "queue connection", "import", "no app"],
)
def test_a_mistake_that_a_user_can_fix_ends_the_start_with_one_sentence(
    tmp_path: Path, azurite: Azurite, text: str, host: dict[str, Any], sentence: str
) -> None:
    """Exit status 2, with at most the app's own frames."""
    environ = {"AzureWebJobsStorage": azurite.connection_string}
    said = _refused(AppUnderTest(write(tmp_path / "app", text, **host), tmp_path / "data", (), environ))
    assert re.search(sentence, said)
    assert "This is a defect" not in said
    assert "devhost/" not in said.replace(str(tmp_path), "")


def test_a_port_in_use_is_reported(tmp_path: Path, azurite: Azurite) -> None:
    """With what to do."""
    environ = {"AzureWebJobsStorage": azurite.connection_string}
    with socket.create_server(("", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = _refused(AppUnderTest(write(tmp_path / "app", APP), tmp_path / "data", ("--port", port), environ))
    assert port in said
    assert "--port" in said


def test_a_missing_azurite_is_reported(tmp_path: Path) -> None:
    """A connection string points to one; the message has the address that does not answer."""
    folder = write(tmp_path / "app", APP)
    nowhere = "DefaultEndpointsProtocol=http;AccountName=nobody;AccountKey=bm9ib2R5;" + "".join(
        f"{service}Endpoint=http://127.0.0.1:9/nobody;" for service in ("Blob", "Queue", "Table")
    )
    settings = {"IsEncrypted": False, "Values": {"AzureWebJobsStorage": nowhere}}
    (folder / "local.settings.json").write_text(json.dumps(settings))
    assert "127.0.0.1:9" in _refused(AppUnderTest(folder, tmp_path / "data", (), {}))


def _refused(app: AppUnderTest) -> str:
    try:
        with pytest.raises(AppFailed):
            app.launch()
        assert app.exit_status == 2, app.output
        return app.output
    finally:
        app.stop()
