"""What README and WORKFLOWS tell people to type is executed here, and what they list is all that there is."""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from approvals.workflows import WORKFLOWS
from examples.neighbour import running_neighbour

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| `(curl .+)` \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def app(app_alone):
    """A host of its own: the lines of the README name their instances."""
    return app_alone


def rows():
    """Name, sentence and command of each line of the table."""
    return ROW.findall((ROOT / "docs" / "WORKFLOWS.md").read_text("utf-8").replace("\\|", "|"))


def curl(line):
    """What curl would send: the URL and the body. It has not to be installed where the tests run."""
    options = argparse.ArgumentParser()
    options.add_argument("-i", action="store_true")
    options.add_argument("-d", dest="data")
    options.add_argument("url")
    given = options.parse_args(shlex.split(line)[1:])
    if given.data is None:
        return given.url, None
    data = (ROOT / given.data[1:]).read_text("utf-8") if given.data.startswith("@") else given.data
    return given.url, json.loads(data)


def test_the_table_lists_every_workflow_with_the_sentence_of_the_catalogue():
    """In the order of GET /api/workflows."""
    assert [(name, does) for name, does, _ in rows()] == [(flow.name, flow.does) for flow in WORKFLOWS.values()]


def test_every_line_starts_its_workflow(app):
    """Unchanged, except for the port of the host and of the server for the other systems."""
    with running_neighbour() as neighbour:
        for name, _, line in rows():
            url, body = curl(line.replace("localhost:7099", neighbour.url.removeprefix("http://")))
            assert url == f"localhost:7071/api/orchestrators/{name}"
            answer = app.request("POST", url.removeprefix("localhost:7071"), body)
            assert answer.status == 202, (line, answer)
            instance = answer.body["id"]
            status = app.wait(instance, until=lambda status: bool(status["customStatus"] or status["output"]))
            assert status["name"] == name
            assert status["runtimeStatus"] != "Failed", status


def test_every_example_of_the_catalogue_works_unchanged(app):
    """Posted to HttpStart; if the other system is unreachable the workflow says so, and does not fail."""
    listed = app.request("GET", "/api/workflows").body["workflows"]
    assert [each["name"] for each in listed] == [flow.name for flow in WORKFLOWS.values()]
    for each in listed:
        instance = app.begin(each["name"], each["example"])
        status = app.wait(instance, until=lambda status: bool(status["customStatus"] or status["output"]))
        assert status["runtimeStatus"] != "Failed", status


def test_the_first_steps_work_unchanged(app):
    """The five lines that a newcomer types after `make run`, one after the other."""
    lines = re.findall(r"^curl .+$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    statuses, bodies = [], []
    for line in lines:
        url, body = curl(line)
        answer = app.request("GET" if body is None else "POST", url.removeprefix("localhost:7071"), body)
        statuses.append(answer.status)
        bodies.append(answer.body)
    assert [202, 200, 200, 200, 200] == statuses
    assert bodies[3]["comments"] == 1
    assert bodies[4]["verdict"]["ok"] is True


def test_the_commands_work_unchanged(app):
    """In the order of the README, each with exit status 0."""
    lines = re.findall(r"^\$ greenlight (.+)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert len(lines) == 6
    for line in lines:
        command = [sys.executable, "-m", "greenlight", *shlex.split(line)]
        ran = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"GREENLIGHT_URL": app.url}, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, (line, ran.stdout, ran.stderr)


def test_the_table_of_policies_lists_every_policy():
    """Each file in the folder, and no other."""
    listed = re.findall(r"^\| `([\w-]+)` \| [^`]+ \|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    files = {path.stem for path in (ROOT / "policies").glob("*.json")} - {"people"}
    assert files == set(listed)
