"""The host's id is the one that the real host gives itself for the same app on the same machine."""

from pathlib import Path

import pytest

from durable_devhost.host import identity
from durable_devhost.host.identity import host_id
from durable_devhost.settings import HostSettings


def settings(folder: Path, **values: str) -> HostSettings:
    """The settings of an app in that folder."""
    return HostSettings.load(folder, values, environ={})


@pytest.mark.parametrize(
    ("machine", "begins"),
    [("vm", "vm-"), ("My_Machine-7.example.com", "mymachine7-"), ("", "local-"), ("m" * 60, "m" * 32)],
)
def test_the_host_id_is_made_of_machine_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, begins: str
) -> None:
    """In lower case, because it is part of a queue's name."""
    monkeypatch.setattr(identity.platform, "node", lambda: machine)
    found = host_id(settings(tmp_path))
    assert found.startswith(begins)
    assert len(found) <= 32
    assert found == host_id(settings(tmp_path))
    (tmp_path / "other").mkdir()
    assert (found == host_id(settings(tmp_path / "other"))) == (len(machine) == 60)


def test_the_setting_for_the_host_id_wins(tmp_path: Path) -> None:
    """The setting of Azure Functions; its name ignores case."""
    assert host_id(settings(tmp_path, AzureFunctionsWebHost__hostId="Shop-")) == "shop"


@pytest.mark.parametrize(
    ("text", "value"), [("", 23), ("a", 810), ("/home/site/wwwroot", 2137340777), ("\U0001f600", 1795002)]
)
def test_the_number_equals_the_hash_of_the_real_host(text: str, value: int) -> None:
    """31 times the value before, as a signed 32-bit number, over UTF-16 units."""
    assert identity._stable_hash(text) == value
