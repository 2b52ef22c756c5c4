"""What an app of another repository met when its code ran inside devhost's own process, each of these once for good."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.request import urlopen

import azure.functions
import pytest

from durable_devhost.testing.plugin import AppFailed, AppUnderTest
from packages.devhost.tests.outside.hosts import APPS, Make
from packages.devhost.tests.outside.processes import environment_without_pip

pytestmark = pytest.mark.timeout(120)

RECORDED = json.loads((APPS / "replays" / "recorded.json").read_text("utf-8"))
"""What each pass of the orchestrators saw on the real host (4.1037, durable extension 3.19, SDK 1.7)."""

SITE_PACKAGES = Path(azure.functions.__file__).parents[2]


def test_folders_and_modules_of_the_app_win_over_those_of_devhost(make: Make) -> None:
    """Even with the names of devhost's packages, of the worker's modules or of the app beside it."""
    with make("shadows") as app:
        rooms = ["activities", "clients", "dispatch", "entities", "host", "model", "policies", "wire", "worker"]
        assert app.request("GET", "/api/greetings").body == ", ".join(
            f"{each} of the app" for each in sorted([*rooms, "channel", "loader"])
        )


def test_patches_of_the_app_do_not_reach_devhost(make: Make) -> None:
    """Neither storage nor the worker's connection uses an aiohttp, socket or sleep that the app replaced."""
    with make("patched") as app:
        instances = [app.start("chain") for _ in range(3)]
        assert [42] * 3 == [app.wait(each)["output"] for each in instances]
        assert app.request("GET", "/api/seen").body is None


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        (
            {"azure-functions": "2.3.0", "azure-functions-durable": "2.0.0rc3"},
            r"azure-functions-durable 2\.0\.0rc3 is installed in \S+; devhost runs 1\.2 to 1\.7\.",
        ),
        (
            {"azure-functions": "1.26.0", "azure-functions-durable": "1.1.6"},
            r"azure-functions-durable 1\.1\.6 is installed in \S+; devhost runs 1\.2 to 1\.7\.",
        ),
        ({"azure-functions": "1.8.0"}, r"azure-functions 1\.8\.0 is installed in \S+; devhost runs 1\.11 and later\."),
        ({}, r"azure-functions is not installed in \S+\. Install what the app needs there: \S+ -m pip install -r"),
    ],
    ids=["durable-too-new", "durable-too-old", "functions-too-old", "no-functions"],
)
def test_an_sdk_that_cannot_run_is_a_one_sentence_error(
    make: Make, tmp_path: Path, packages: dict[str, str], said: str
) -> None:
    """It names what was found, where, and what works. The package metadata says what is installed."""
    installed = environment_without_pip(sys.executable, tmp_path / "env")
    for name, version in packages.items():
        metadata = installed / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    _refused(make("small", ["--python", str(tmp_path / "env")]), said)


def test_a_python_that_is_too_old_is_a_one_sentence_error(make: Make) -> None:
    """3.8 is no longer supported."""
    found = sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python"))
    if not found:
        pytest.skip("There is no Python 3.8 in ~/.pyenv/versions.")
    _refused(
        make("small", ["--python", str(found[0])]),
        r"is Python 3\.8\.\d+, and apps run on Python 3\.9 to 3\.14\. Give another one with --python\.",
    )


def test_a_program_that_is_not_python_is_a_one_sentence_error(make: Make) -> None:
    """`--python` may name anything."""
    _refused(make("small", ["--python", "/bin/true"]), r"/bin/true")


@pytest.fixture(scope="module")
def replays(make: Make) -> Iterator[AppUnderTest]:
    """The app whose orchestrators take notes."""
    with make("replays") as app:
        yield app


@pytest.mark.parametrize("name", RECORDED)
def test_is_replaying_equals_that_of_the_real_host(replays: AppUnderTest, name: str) -> None:
    """Output and passes; in a fan-out the passes depend on timing."""
    instance = replays.start(name)
    _play(replays, instance, name)
    found = {"output": replays.wait(instance)["output"], "passes": _passes(replays, instance)}
    if "child" in RECORDED[name]:
        found["child"] = _passes(replays, f"{instance}:c")
    if name == "fan" and len(found["passes"]) == 3:
        found["passes"].insert(1, RECORDED["fan"]["passes"][1])
    assert RECORDED[name] == found


@pytest.mark.parametrize(
    ("name", "output", "last"),
    [
        ("retry", [True, False], [["start", True], ["did", False]]),
        ("entity", [True, True, False], [["start", True], ["first", True], ["last", False]]),
        ("again", [True, False], [["start", True], ["did", False]]),
    ],
)
def test_is_replaying_follows_the_rule_with_retries_entities_and_generations(
    replays: AppUnderTest, name: str, output: list[bool], last: list[object]
) -> None:
    """True until the last event that is not new."""
    instance = replays.start(name)
    assert output == replays.wait(instance)["output"]
    assert last == _passes(replays, instance)[-1]


def _play(app: AppUnderTest, instance: str, name: str) -> None:
    """Send the events that the orchestrator waits for, each when it waits."""
    for number in range({"events": 2, "approval": 1}.get(name, 0)):
        app.until(lambda passes=number + 1: len(_passes(app, instance)) >= passes)
        app.raise_event(instance, "Go", 1)


def _passes(app: AppUnderTest, instance: str) -> list[list[list[object]]]:
    """All passes of an instance, equal ones that follow each other once."""
    with urlopen(f"{app.url}/api/passes/{instance}", timeout=30) as answer:
        return [each for each, _ in groupby(json.loads(answer.read()))]


def _refused(app: AppUnderTest, said: str) -> None:
    """The host ends with status 2, and this sentence is all that it says."""
    with pytest.raises(AppFailed, match=rf"not become ready:\ndevhost: .*{said}"):
        app.launch()
    (line,) = (line for line in app.output.splitlines() if not line.startswith("{"))
    assert (app.exit_status, line.startswith("devhost: ")) == (2, True)
