"""A copy of what the checks look at, in which one thing can be changed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("infra", "activities", "approvals", "clients", "entities", "gateways", "orchestrators", "services")
FILES = ("function_app.py", "host.json", "host.dts.json", "local.settings.json", "azure.yaml", ".funcignore")


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy's top folder; change it through `change` alone."""
    top = tmp_path_factory.mktemp("copy")
    for folder in FOLDERS:
        shutil.copytree(REPOSITORY / folder, top / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(REPOSITORY / file, top / file)
    return top


@pytest.fixture
def change(copy: Path) -> Iterator[Callable[[str, str, str], None]]:
    """Replaces words of a file, everywhere in it, or with None takes it away; afterwards the copy is as it was."""
    kept = dict[Path, bytes]()

    def apply(file: str, right: str, wrong: str | None) -> None:
        path = copy / file
        kept[path] = path.read_bytes()
        text = kept[path].decode("utf-8")
        assert right in text, "the mistake can no longer be made: say it anew"
        if wrong is None:
            path.unlink()
        else:
            path.write_text(text.replace(right, wrong), "utf-8")

    yield apply
    for path, content in kept.items():
        path.write_bytes(content)
