"""What a client and a function see at the edges is what the real host gives, but for what the table names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.testing.app import AppUnderTest
from packages.devhost.tests.edges.comparing import comparable
from packages.devhost.tests.edges.driver import drive

_FOLDER = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((_FOLDER / "recorded.json").read_text(encoding="utf-8"))
"""Functions host 4.1037, durable extension 3.19, Storage bindings 5.3, Python worker 4.34 and Python 3.11."""

DIFFERS = {
    "durable.status.later.17k": "the real host loses its way in the replay of an instance that fails in a later step; "
    "here the failure names the size",
}
"""What still differs, with the reason."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Everything that was recorded, asked of one host."""
    with AppUnderTest(_FOLDER / "app", tmp_path_factory.mktemp("edges"), ("--clock", "system"), {}) as app:
        yield drive(app.url, app.connection_string)


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in DIFFERS])
def test_an_answer_is_the_real_hosts(answers: dict[str, Any], name: str) -> None:
    """Status, headers and body, what a function was given, or how an instance ended."""
    assert comparable(answers[name]) == comparable(RECORDED[name])


@pytest.mark.parametrize("name", DIFFERS)
def test_what_differs_still_does(answers: dict[str, Any], name: str) -> None:
    """One that has become equal leaves the table."""
    assert comparable(answers[name]) != comparable(RECORDED[name])
