"""What a client and a function see at the edges is what the real host gives, but for what the table names."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.storage_mode import StorageMode
from durable_devhost.testing.app import AppUnderTest
from packages.devhost.tests.edges.comparing import comparable
from packages.devhost.tests.edges.driver import drive
from packages.devhost.tests.edges.turns import IN_A_ROW, turns
from tests.long import long

_FOLDER = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((_FOLDER / "recorded.json").read_text(encoding="utf-8"))
"""Functions host 4.1037, durable extension 3.19, Storage bindings 5.3, Python worker 4.34 and Python 3.11."""

DIFFERS = {
    "durable.status.later.17k": "the real host loses its way in the replay of an instance that fails in a later step; "
    "here the failure names the size",
}
"""What still differs, with the reason."""

_DEEP = "The reader's MaxDepth of 64 has been exceeded. Path '" + "[0]" * 64 + "', line 1, position 65."
BY_RULE: dict[str, Any] = {
    "durable.result.mixed": {"type": "dict", "repr": "{'a': 'NaN', 'b': ['-Infinity']}"},
    "durable.result.half": {"type": "str", "repr": "'a�z'"},
    "durable.result.deep": {"error": "Exception", "text": f"Activity function 'odd' failed: {_DEEP}"},
    "durable.result.exit": {
        "error": "Exception", "text": f"Activity function 'odd' failed: {sys.executable} exited with code 3 (0x3)",
    },
    "ids.odd.at": 5,
}  # fmt: skip
"""Outputs that follow from the same rules and that no recording here has."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=[StorageMode.STANDARD, pytest.param(StorageMode.JOURNAL, marks=long)], ids=str)
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Everything that was recorded, asked of one host of each storage mode."""
    options = ("--clock", "system", "--storage-mode", request.param)
    with AppUnderTest(_FOLDER / "app", tmp_path_factory.mktemp("edges"), options, {}) as app:
        yield drive(app.url, app.connection_string, turns)


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in DIFFERS])
def test_an_answer_equals_that_of_the_real_host(answers: dict[str, Any], name: str) -> None:
    """Status, headers and body, what a function got, or how an instance ended."""
    assert comparable(answers[name]) == comparable(RECORDED[name])


@pytest.mark.parametrize("name", BY_RULE)
def test_an_unrecorded_output_equals_the_expected_one(answers: dict[str, Any], name: str) -> None:
    """Values that pass through the extension, an id like an entity's, an activity that ends its worker."""
    assert comparable(answers[name])["output"] == BY_RULE[name]


def test_unrecorded_answers_equal_the_expected_ones(answers: dict[str, Any]) -> None:
    """A control character in a header, a picture read as text, and bodies of the durable HTTP API."""
    assert answers["ids.odd.control"] == {"status": 500, "body": ""}
    pictures = {name: answers[f"blob.png.{name}"]["body"] for name in ("stream", "binary", "bytes")}
    assert pictures == {"stream": "hefbfbd504e470d0a", "binary": "h89504e470d0a", "bytes": "str '�PNG\\r\\n'"}
    statuses = {name: answers[f"bodies.raise.{name}"]["status"] for name in ("deep-many", "trailing")}
    assert statuses == {"deep-many": 400, "trailing": 202}


@pytest.mark.parametrize("name", IN_A_ROW)
def test_events_in_a_row_are_heard_by_the_rule(answers: dict[str, Any], name: str) -> None:
    """None more than twice, none out of order, and none is lost except for a later one of its name."""
    heard = [(event, told["n"]) for _, event, told in answers[f"turns.{name}"]["heard"] if event != "timer"]
    raised = list(enumerate(IN_A_ROW[name]))
    for number, event in raised:
        is_overwritten = (event, number) not in heard and event in IN_A_ROW[name][number + 1 :]
        assert 1 <= heard.count((event, number)) <= 2 or is_overwritten
    for event in {"Wake", "One", "Two"}:
        numbers = [number for each, number in heard if each == event]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("name", DIFFERS)
def test_a_known_difference_still_differs(answers: dict[str, Any], name: str) -> None:
    """One that has become equal must leave the table."""
    assert comparable(answers[name]) != comparable(RECORDED[name])
