"""What a cold start waits for: libraries and validators that only some requests need are not among it."""

import json
import subprocess
import sys

import pytest

from tests.repository import ROOT

NEEDED_LATER = (
    "jinja2", "markdown_it", "nh3", "pygal", "azure.identity", "clients.description.operations", "PIL",
)  # fmt: skip
"""For the first letter, page, chart or picture, a managed identity, the API's document."""

LOOK = """
import gc, json, sys

def collections():
    return sum(each["collections"] for each in gc.get_stats())

before = collections()
import function_app
collected, looked_through, goes_on = collections() - before, len(gc.get_objects()), gc.isenabled()
from approvals.validation import Boundary

def below(kind):
    for each in kind.__subclasses__():
        yield each
        yield from below(each)

models = list(below(Boundary))
print(json.dumps({
    "collected": collected,
    "frozen": gc.get_freeze_count(),
    "looked_through": looked_through,
    "goes_on": goes_on,
    "modules": sorted(sys.modules),
    "models": len(models),
    "built": [each.__name__ for each in models if each.__pydantic_complete__],
    "source": [each.__name__ for each in models if each.model_config.get("use_attribute_docstrings")],
}))
"""


@pytest.fixture(scope="module")
def started():
    """What a process has that has imported the app and done nothing else."""
    ran = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(ran.stdout)


@pytest.mark.parametrize("library", NEEDED_LATER)
def test_what_only_some_requests_need_is_not_imported(started, library):
    """Each import takes a part of every cold start."""
    assert library not in started["modules"]


def test_no_validator_is_built(started):
    """Of more than a hundred models a request needs a few."""
    assert started["models"] > 100
    assert started["built"] == []


def test_no_source_is_read(started):
    """Only the API's document needs the docstrings of fields."""
    assert started["source"] == []


def test_no_garbage_is_looked_for_among_what_is_imported(started):
    """Nothing of it is garbage; a look through it is an eighth of a start, and later as long as a request."""
    assert started["collected"] <= 1  # while function_app.py itself is read
    assert started["frozen"] > 50_000
    assert started["looked_through"] < 1_000


def test_garbage_is_looked_for_afterwards(started):
    """Requests leave cycles behind: exceptions with their frames."""
    assert started["goes_on"]
