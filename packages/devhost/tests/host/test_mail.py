"""A whole host with `--mail`: the app is led to the catcher, and its letters are on the dashboard."""

import asyncio
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from durable_devhost.clock import SystemClock, VirtualClock
from durable_devhost.errors import SettingsError
from durable_devhost.host.console import Console
from durable_devhost.host.mail import MailCatcher, catching_mail
from durable_devhost.mail.mailbox import Mailbox
from durable_devhost.testing.plugin import AppUnderTest, Storage

APP = """
import os
import smtplib
from email.message import EmailMessage

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("send")
def send(req: func.HttpRequest) -> str:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Hello", "app@localhost", "mara@localhost"
    host = os.environ["WEBSITE_HOSTNAME"]
    message.set_content(f"Decide: http://{host}/api/decide?token=1. http://{host}0/x https://elsewhere.example/")
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as server:
        server.send_message(message)
    return "sent"
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """One host for all tests here; the app's settings name a port of a mail server and none itself."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(APP)
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "local.settings.json").write_text(json.dumps({"Values": {"SMTP_PORT": "587"}}))
    options, environ = ("--clock", "virtual", "--mail", "--page", "Send=/api/send"), {"SMTP_HOST": ""}
    with AppUnderTest(folder, tmp_path_factory.mktemp("data"), options, environ, app_storage) as running:
        yield running


def test_a_letter_of_the_app_is_told_of_and_shown_and_is_there_after_a_restart(app: AppUnderTest) -> None:
    """With the links in it that lead to this host, and in virtual time."""
    app.advance(hours=72)
    assert app.request("GET", "/api/send").body == "sent"
    app.until(lambda: any(record["event"] == "letter" for record in app.records))
    told = next(record for record in app.records if record["event"] == "letter")
    page = f"{app.url}/devhost/letter?id=1"
    assert (told["subject"], told["recipients"], told["page"]) == ("Hello", ["mara@localhost"], page)
    assert told["links"] == [f"{app.url}/api/decide?token=1"]
    shown = requests.get(page, timeout=30).text
    assert app.info()["clock"]["now"][:10] in shown
    assert "SMTP_HOST" in requests.get(f"{app.url}/devhost/settings", timeout=30).text
    (letter,) = app.letters()
    links = [f"{app.url}/api/decide?token=1", f"{app.url}0/x", "https://elsewhere.example/"]
    assert (letter["to"], letter["subject"], letter["links"]) == (["mara@localhost"], "Hello", links)
    assert (letter["at"][:10], letter["html"]) == (app.info()["clock"]["now"][:10], None)
    app.restart()
    assert "Hello" in requests.get(f"{app.url}/devhost/mail", timeout=30).text
    assert app.request("GET", "/api/send").body == "sent"
    assert "letter?id=2" in requests.get(f"{app.url}/devhost/mail", timeout=30).text


def test_the_start_names_the_pages(app: AppUnderTest) -> None:
    """Those of the app, and the mailbox."""
    ready = next(record for record in app.records if record["event"] == "ready")
    url = ready["url"]
    assert (ready["pages"], ready["mail"]) == ([["Send", f"{url}/api/send"]], f"{url}/devhost/mail")


def test_an_app_that_names_a_mail_server_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The console says so, unless the server that it names is the catcher."""
    catcher = MailCatcher(mailbox=Mailbox(tmp_path), port=1025)
    console = Console.create(SystemClock(), json_logs=False)
    led = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1025"}
    assert catcher.settings_for({}, console) == catcher.settings_for({"SMTP_HOST": " "}, console) == led
    assert catcher.settings_for({"SMTP_HOST": "localhost", "SMTP_PORT": "1025"}, console) == {}
    assert capsys.readouterr().out == ""
    assert catcher.settings_for({"SMTP_HOST": "mail.example.org"}, console) == {}
    assert "SMTP_HOST is 'mail.example.org'" in capsys.readouterr().out


async def open_one(data: Path, port: int) -> None:
    """Open a catcher, and close it again."""
    async with catching_mail(port, data, VirtualClock(), Console.create(SystemClock(), json_logs=True), host=1):
        pass


async def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    """The block itself may raise what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SettingsError, match="cannot listen on port"):
        await open_one(tmp_path, taken.getsockname()[1])
    with pytest.raises(OSError, match="of the block"):
        async with catching_mail(0, tmp_path, SystemClock(), Console.create(SystemClock(), json_logs=True), host=1):
            raise OSError("of the block")


def test_without_its_package_the_option_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the other options with a package of their own."""
    monkeypatch.delitem(sys.modules, "durable_devhost.mail.catcher", raising=False)
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    with pytest.raises(SettingsError, match=r"durable-devhost\[mail\]"):
        asyncio.run(open_one(tmp_path, 0))


def test_a_host_that_catches_no_letters_has_none_to_give(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, app_storage: Storage
) -> None:
    """An empty list would make a test wait in vain."""
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    with AppUnderTest(tmp_path, tmp_path_factory.mktemp("data"), (), {}, app_storage) as running:
        answer = running.request("GET", "/admin/devhost/letters")
        assert (answer.status, "--mail" in answer.body["error"]) == (409, True)
        assert "--mail" in requests.get(f"{running.url}/devhost/mail", timeout=30).text
