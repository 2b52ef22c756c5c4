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


def test_a_working_app_passes_and_no_key_is_shown(app, key, storage, capsys):
    """What is printed may land in a public log."""
    status = smoke.main(["--url", f"{app.url}/", "--storage", storage])
    shown = capsys.readouterr()
    assert (0, "") == (status, shown.err)
    steps = ["ready", "handed", "waiting", "answered", "Completed", "on", "approved", "works"]
    assert steps == [line.split()[0] for line in shown.out.splitlines()]
    assert key not in shown.out
    assert "code=" not in shown.out


def test_where_people_sign_in_the_workflow_alone_is_tried(start_app, monkeypatch, capsys):
    """Nobody is signed in at night; the rest is worth knowing all the same."""
    app = start_app(environ={"AUTH_MODE": "easyauth", "WEBSITE_AUTH_ENABLED": "true"})
    monkeypatch.delenv("GREENLIGHT_KEY", raising=False)
    assert 0 == smoke.main(["--url", app.url, "--storage", app.connection_string])
    assert "skipped     proposals are only for people who sign in here" in capsys.readouterr().out


def test_without_a_key_it_fails_at_once_and_names_the_variable(app, storage, monkeypatch, capsys):
    """401 does not go away by waiting."""
    monkeypatch.delenv("GREENLIGHT_KEY", raising=False)
    assert 1 == smoke.main(["--url", app.url, "--storage", storage])
    assert "answers 401. Put the app's default host key into GREENLIGHT_KEY." in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_an_answer_that_never_arrives_fails(app, azurite, capsys):
    """The message lands in another account, as it does where the setting names the wrong one."""
    arguments = ["--url", app.url, "--storage", azurite.connection_string, "--wait", "1.5"]
    assert 1 == smoke.main(arguments)
    assert "is not Completed after 2 s, its status is Running" in capsys.readouterr().err


def test_a_host_that_is_not_there_fails(unused_tcp_port, capsys):
    """The reason says what kept the answer from coming, and where to look."""
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
def test_an_end_other_than_the_asked_for_one_fails(output):
    """An app that completes with a wrong outcome is worse than one that fails."""
    with pytest.raises(smoke.SmokeFailed, match="not as approved by Smoke Test"):
        smoke.check_outcome({"output": output})


@pytest.mark.parametrize("storage", ["AccountName=short", "https://"])
def test_storage_that_cannot_be_understood_fails_in_words(storage):
    """Not with a traceback at night."""
    target = smoke.Target(url="http://localhost", storage=storage, key="", patience=0)
    with pytest.raises(smoke.SmokeFailed, match="approval-queue takes no message"):
        smoke.approve(target, "x")
