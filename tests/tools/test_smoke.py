"""The smoke test passes on an app that works, and fails with a reason on one that does not."""

import json
from pathlib import Path

import pytest

from durable_devhost.testing.plugin import AppUnderTest
from tools import smoke

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def app(tmp_path_factory, app_storage):
    """The app of this repository with keys on, as on Azure."""
    with AppUnderTest(
        ROOT, tmp_path_factory.mktemp("smoke"), ("--clock", "virtual", "--enable-auth"), {}, app_storage
    ) as running:
        yield running


@pytest.fixture
def storage(app):
    """The connection string of the app's storage, as the host tells it to whoever has the master key."""
    return app.request("GET", f"/admin/devhost/info?code={_keys(app)['masterKey']}").body["storage"]["connectionString"]


def _keys(app):
    return json.loads((app.data_dir / "keys.json").read_text("utf-8"))


@pytest.fixture
def key(app, monkeypatch):
    """The app's host key, put where the smoke test looks for it."""
    found = _keys(app)["functionKeys"]["default"]
    monkeypatch.setenv("GREENLIGHT_KEY", found)
    return found


def test_a_working_app_passes_and_no_key_is_printed(app, key, storage, capsys):
    """The output may be in a public log."""
    status = smoke.main(["--url", f"{app.url}/", "--storage", storage])
    shown = capsys.readouterr()
    assert (0, "") == (status, shown.err)
    steps = ["ready", "handed", "waiting", "answered", "Completed", "on", "approved", "works"]
    assert steps == [line.split()[0] for line in shown.out.splitlines()]
    assert key not in shown.out
    assert "code=" not in shown.out


def test_with_sign_in_only_the_workflow_is_tested(start_app, monkeypatch, capsys):
    """Nobody is signed in at night; the other results still help."""
    app = start_app(environ={"AUTH_MODE": "easyauth", "WEBSITE_AUTH_ENABLED": "true"})
    monkeypatch.delenv("GREENLIGHT_KEY", raising=False)
    assert 0 == smoke.main(["--url", app.url, "--storage", app.connection_string])
    assert "skipped     proposals are only for people who sign in here" in capsys.readouterr().out


def test_without_a_key_it_fails_at_once_and_names_the_variable(app, storage, monkeypatch, capsys):
    """Waiting does not help against a 401."""
    monkeypatch.delenv("GREENLIGHT_KEY", raising=False)
    assert 1 == smoke.main(["--url", app.url, "--storage", storage])
    assert "answers 401. Put the app's default host key into GREENLIGHT_KEY." in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_an_answer_that_never_arrives_fails(app, azurite, capsys):
    """The message goes to another account if the setting names the wrong one."""
    arguments = ["--url", app.url, "--storage", azurite.connection_string, "--wait", "1.5"]
    assert 1 == smoke.main(arguments)
    assert "is not Completed after 2 s, its status is Running" in capsys.readouterr().err


def test_an_unreachable_host_fails(unused_tcp_port, capsys):
    """With the cause, and where to look."""
    url = f"http://127.0.0.1:{unused_tcp_port}"
    assert 1 == smoke.main(["--url", url, "--storage", "UseDevelopmentStorage=true", "--wait", "0"])
    assert f"{url} is not ready after 0 s: GET /api/workflows got no answer, ConnectionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    "output",
    [
        {"outcome": "rejected", "decidedBy": smoke.APPROVER},
        {"outcome": "approved", "decidedBy": "Somebody Else"},
        {"outcome": "approved"},
        "approved",
        None,
    ],
)
def test_an_unexpected_outcome_fails(output):
    """An app with a wrong outcome is worse than one that fails."""
    with pytest.raises(smoke.SmokeFailed, match="not as approved by Smoke Test"):
        smoke.check_outcome({"output": output})


@pytest.mark.parametrize("storage", ["AccountName=short", "https://"])
def test_an_invalid_storage_setting_fails_with_a_sentence(storage):
    """Not with a traceback."""
    target = smoke.Target(url="http://localhost", storage=storage, key="", patience=0)
    with pytest.raises(smoke.SmokeFailed, match="approval-queue takes no message"):
        smoke.approve(target, "x")
