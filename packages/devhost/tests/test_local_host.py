"""The section `Host` of local.settings.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.errors import SettingsError
from durable_devhost.local_host import Cors, LocalHost


def load(folder: Path, host: Any, **flags: Any) -> LocalHost:
    """The section of an app with that local.settings.json."""
    (folder / "local.settings.json").write_text(json.dumps({"Values": {}, "Host": host}))
    return LocalHost.load(folder, **flags)


def test_an_app_without_the_section_has_no_port_and_no_origins(tmp_path: Path) -> None:
    """Nor has an app without the file."""
    assert LocalHost.load(tmp_path) == LocalHost() == load(tmp_path, None)


def test_the_port_of_the_file_is_used(tmp_path: Path) -> None:
    """Names ignore case, numbers may be text; 0 is the same as none, as with func."""
    assert load(tmp_path, {"LocalHttpPort": 7072}).port == 7072
    assert load(tmp_path, {"localhttpport": "7072"}).port == 7072
    assert load(tmp_path, {"LocalHttpPort": 0}).port is None


@pytest.mark.parametrize("port", [-1, 65536, "many", True, 1.5])
def test_an_invalid_port_is_refused(tmp_path: Path, port: Any) -> None:
    """The error names the file."""
    with pytest.raises(SettingsError, match=r"Host\.LocalHttpPort in .*local\.settings\.json is"):
        load(tmp_path, {"LocalHttpPort": port})


def test_origins_are_separated_by_commas(tmp_path: Path) -> None:
    """They become lower case, as ASP.NET compares them; credentials have their own key."""
    cors = load(tmp_path, {"CORS": "http://A.example,https://b.example:8080,", "CORSCredentials": "true"}).cors
    assert cors == Cors(origins=("http://a.example", "https://b.example:8080"), credentials=True)
    assert load(tmp_path, {"CORS": "", "CORSCredentials": True}).cors == Cors()


def test_an_option_wins_over_the_file(tmp_path: Path) -> None:
    """Also an empty one, which allows no origin."""
    host = {"CORS": "http://a.example"}
    assert load(tmp_path, host, cors="http://b.example").cors.origins == ("http://b.example",)
    assert load(tmp_path, host, cors="").cors.origins == ()
    assert load(tmp_path, host, cors_credentials=True).cors.credentials


@pytest.mark.parametrize("host", [{"CORS": ["*"]}, {"CORS": True}, {"CORS": "*", "CORSCredentials": True}])
def test_values_with_which_func_does_not_start_are_refused(tmp_path: Path, host: dict[str, Any]) -> None:
    """Every origin together with credentials, and values that are not text."""
    with pytest.raises(SettingsError, match=r"Host\.CORS in .*local\.settings\.json"):
        load(tmp_path, host)


def test_credentials_that_are_not_a_boolean_are_refused(tmp_path: Path) -> None:
    """The error names the key."""
    with pytest.raises(SettingsError, match=r"Host\.CORSCredentials"):
        load(tmp_path, {"CORS": "*", "CORSCredentials": "yes"})


@pytest.mark.parametrize("origin", ["http://a.example/", "localhost:3000", " http://b.example", "*"])
def test_an_origin_that_no_browser_sends_is_a_warning(tmp_path: Path, origin: str) -> None:
    """A slash at the end, a leading blank, or a star among others: a frequent mistake."""
    (said,) = load(tmp_path, {"CORS": f"http://c.example,{origin}"}).notices
    assert said.startswith(f"No browser sends the origin '{origin}' of the CORS setting")


def test_another_listen_address_is_a_warning(tmp_path: Path) -> None:
    """devhost listens only on this machine."""
    (said,) = load(tmp_path, {"LocalHttpAddress": "0.0.0.0"}).notices
    assert "devhost listens on 127.0.0.1 only" in said
    assert load(tmp_path, {"LocalHttpAddress": "localhost"}).notices == ()
