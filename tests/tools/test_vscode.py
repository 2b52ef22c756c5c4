"""What VS Code is told to do can be done: commands, options, tasks and ports that its files name are there."""

import json
import re
import tomllib
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from durable_devhost.host.facts import Ready
from durable_devhost.host.printing import TextSink
from tests.repository import files
from tools import setup

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".vscode"
PACKAGE = ROOT / "packages/devhost"
NAMES = ("extensions.json", "launch.json", "settings.json", "tasks.json")


def read(name):
    """The file, which holds no comments, so that any program can read it."""
    return json.loads((FOLDER / name).read_text("utf-8"))


TASKS = {task["label"]: task for task in read("tasks.json")["tasks"]}
LAUNCHES = {launch["name"]: launch for launch in read("launch.json")["configurations"]}
STARTS = [arguments for one in (*TASKS.values(), *LAUNCHES.values()) if "start" in (arguments := one.get("args", []))]


def test_the_files_are_part_of_the_repository():
    """.gitignore does not exclude them."""
    assert set(NAMES) == {path.name for path in files() if path.parent == FOLDER}


def test_every_make_target_exists():
    """A task with another one would fail."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {argument for task in TASKS.values() if task["command"] == "make" for argument in task["args"]}
    assert {"setup", "test", "check"} <= named
    assert named <= targets


def test_every_other_command_is_installed_by_the_set_up():
    """It is in .venv, so no PATH is needed."""
    scripts = tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    commands = {task["command"] for task in TASKS.values()} - {"make"}
    assert commands == {f".venv/bin/{name}" for name in scripts}
    modules = {launch["module"] for launch in LAUNCHES.values() if "module" in launch} - {"pytest"}
    assert [name for name in modules if not (PACKAGE / "src" / name / "__main__.py").is_file()] == []


@pytest.mark.parametrize("arguments", STARTS, ids=" ".join)
def test_every_option_of_the_host_exists(arguments):
    """As its command line declares it."""
    source = (PACKAGE / "src/durable_devhost/cli.py").read_text("utf-8")
    declared = set(re.findall(r'add_argument\(\s*"(--[\w-]+)"', source))
    assert "start" == arguments[0]
    assert {argument for argument in arguments if argument.startswith("--")} <= declared


def test_every_task_that_another_depends_on_exists():
    """Otherwise VS Code would ask whether to go on."""
    waited_for = {launch["preLaunchTask"] for launch in LAUNCHES.values() if "preLaunchTask" in launch}
    waited_for |= {task["dependsOn"] for task in TASKS.values() if "dependsOn" in task}
    assert waited_for
    assert waited_for <= set(TASKS)


def test_the_debugger_attaches_to_the_port_of_the_host():
    """Only on this machine, and in the app's own code."""
    launch = LAUNCHES["Attach to the app"]
    arguments = TASKS[launch["preLaunchTask"]]["args"]
    assert launch["connect"] == {"host": "localhost", "port": int(arguments[arguments.index("--debug") + 1])}
    assert launch["justMyCode"] is True


def test_the_debugger_waits_for_the_line_that_says_ready():
    """Between the first and the last line of the banner the task counts as busy."""
    printed = StringIO()
    ready = Ready(url="http://localhost:7071", app="/app", hub="Hub", storage="Azurite", clock="system")
    TextSink(printed).write(ready, datetime.now(UTC))
    lines = printed.getvalue().splitlines()
    matcher = TASKS[LAUNCHES["Attach to the app"]["preLaunchTask"]]["problemMatcher"]
    background = matcher["background"]
    begun = [number for number, line in enumerate(lines) if re.search(background["beginsPattern"], line)]
    ended = [number for number, line in enumerate(lines) if re.search(background["endsPattern"], line)]
    assert 1 == len(begun) == len(ended)
    assert begun < ended
    assert [line for line in lines if re.search(matcher["pattern"]["regexp"], line)] == []


def test_the_settings_fit_this_repository():
    """The environment of the set-up, pytest, and the v2 model on version 4 of the host."""
    settings = read("settings.json")
    assert settings["python.defaultInterpreterPath"] == "${workspaceFolder}/.venv/bin/python"
    assert settings["python.testing.pytestEnabled"] is True
    assert settings["azureFunctions.projectLanguage"] == "Python"
    assert settings["azureFunctions.projectLanguageModel"] == 2
    assert settings["azureFunctions.projectRuntime"] == "~4"


def test_the_required_extensions_are_recommended():
    """The debugger, the formatter, and the extensions for functions and their storage."""
    recommended = set(read("extensions.json")["recommendations"])
    assert {"ms-azuretools.vscode-azurefunctions", "ms-python.python", "azurite.azurite"} <= recommended
    assert {f"ms-python.{launch['type']}" for launch in LAUNCHES.values()} <= recommended
    assert read("settings.json")["[python]"]["editor.defaultFormatter"] in recommended


def test_the_container_has_the_recommended_extensions_and_sets_itself_up():
    """It needs nothing else; its Python and Node.js versions fit."""
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert set(read("extensions.json")["recommendations"]) == set(container["customizations"]["vscode"]["extensions"])
    assert "make setup" == container["postCreateCommand"]
    assert [7071] == container["forwardPorts"]
    python = re.search(r"python:([\d.]+)", container["image"])[1]
    assert tuple(map(int, python.split("."))) in setup.FITTING
    assert int(container["features"]["ghcr.io/devcontainers/features/node:1"]["version"]) >= 20
