"""How a flow ends, what a client is answered, and what a middleware sees is what the real host gave, all of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.storage_mode import StorageMode
from durable_devhost.testing.app import AppUnderTest
from packages.devhost.tests.edges.comparing import comparable
from packages.devhost.tests.flows.driver import drive

_FOLDER = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((_FOLDER / "recorded.json").read_text(encoding="utf-8"))
"""Functions host 4.1037, durable extension 3.19, Python worker 4.34 and Python 3.11; two runs gave the same."""

BY_RULE: dict[str, Any] = {
    "flow.child_retry": ("Completed", "after 3", None),
    "flow.history_of_status": ("Completed", "ok", "last"),
    "flow.entity_corners": (
        "Completed",
        [["box", "<id>", False], None, 1, None, ["box", "<id>", False], ["box", "<id>", False]],
        None,
    ),
}
"""How flows end that have no recording here: status, output, custom status."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=list(StorageMode), ids=str)
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Everything that was recorded, asked of one host of each storage mode."""
    options = ("--clock", "system", "--storage-mode", request.param)
    with AppUnderTest(_FOLDER / "app", tmp_path_factory.mktemp("flows"), options, {}) as app:
        yield drive(app.url)


@pytest.mark.parametrize("name", RECORDED)
def test_a_flow_equals_its_recording(answers: dict[str, Any], name: str) -> None:
    """Status, output and events of a flow, or an answer."""
    assert comparable(answers[name]) == comparable(RECORDED[name])


@pytest.mark.parametrize("name", BY_RULE)
def test_a_flow_without_a_recording_ends_as_expected(answers: dict[str, Any], name: str) -> None:
    """A child that needs three tries, a status that stays, an entity with unusual operations."""
    seen = answers[name]
    assert (seen["runtimeStatus"], seen["output"], seen["customStatus"]) == BY_RULE[name]
