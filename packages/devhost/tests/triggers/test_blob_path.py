"""A blob trigger that is run by hand with a path gets the blob."""

from pathlib import Path

import pytest

from durable_devhost.model.functions import Binding, Function
from durable_devhost.triggers.blob_path import find_blob, path_data

BLOBS = {(None, "in", "2026/plan.pdf"): b"\x00\xff"}


def on_blob(path: str) -> Function:
    """A blob function of that path."""
    trigger = Binding(type="blobTrigger", name="blob", direction="in", properties={"path": path, "connection": ""})
    return Function(name="on_blob", trigger=trigger, script_file=Path("function_app.py"))


async def read(connection: str | None, container: str, name: str) -> bytes | None:
    """The blob of that place."""
    return BLOBS.get((connection, container, name))


@pytest.mark.parametrize(
    ("pattern", "path", "data"),
    [
        ("in/{name}", "in/plan.pdf", {"name": "plan.pdf"}),
        ("in/{name}", "in/2026/plan.pdf", {"name": "2026/plan.pdf"}),
        ("in/{year}/{name}.pdf", "in/2026/plan.pdf", {"year": "2026", "name": "plan"}),
        ("in/fixed.txt", "in/fixed.txt", {}),
        ("in/{name}.pdf", "in/plan.txt", None),
        ("in/{name}", "out/plan.pdf", None),
        ("in/{name}", "some text that is a payload", None),
        ("in/a.b", "in/axb", None),
    ],
)
def test_a_path_is_held_against_the_triggers_own(pattern: str, path: str, data: dict[str, str] | None) -> None:
    """What the braces stand for may be used by other bindings."""
    assert path_data(pattern, path) == data


async def test_the_blob_comes_with_its_metadata() -> None:
    """Name, length and address are what an InputStream shows."""
    found = await find_blob(on_blob("in/{name}"), "in/2026/plan.pdf", read)
    assert found is not None
    assert (found.content, found.data) == (b"\x00\xff", {"name": "2026/plan.pdf"})
    assert (found.metadata["BlobTrigger"], found.metadata["Properties"]) == ("in/2026/plan.pdf", {"Length": 2})


@pytest.mark.parametrize("text", ["in/none.pdf", "in/", "in", "", "out/2026/plan.pdf", '{"id": 1}'])
async def test_what_is_no_path_of_a_blob_is_a_payload(text: str) -> None:
    """It is handed over as it is."""
    assert await find_blob(on_blob("in/{name}"), text, read) is None
