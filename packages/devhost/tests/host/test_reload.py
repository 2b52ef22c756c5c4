"""A saved file has the app loaded anew; one that does not load changes nothing."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.errors import AppError, AppImportError, DevhostError
from durable_devhost.host.console import Console
from durable_devhost.host.reload import Reloader, watch_files

APP = Path("/app")
PATIENCE_S = 10.0


async def _said(*batches: Sequence[str], error: DevhostError | None = None) -> tuple[int, list[dict[str, str]]]:
    """How often the app was loaded for these changes, and what the console told."""
    loads, stream = 0, io.StringIO()

    async def changes() -> AsyncIterator[Sequence[Path]]:
        for batch in batches:
            yield [APP / name for name in batch]

    async def load() -> int:
        nonlocal loads
        loads += 1
        if error is not None:
            raise error
        return 7

    console = Console.create(VirtualClock(), json_logs=True, stream=stream)
    await Reloader(APP, changes=changes(), reload=load, console=console).run()
    return loads, [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("names", "told"),
    [(["function_app.py"], "function_app.py"), (["b/two.py", "a.py", "page.html", "note.txt"], "a.py and 2 more")],
)
async def test_changed_sources_are_reloaded_once_for_each_batch(names: list[str], told: str) -> None:
    """With the time that it took and the number of functions."""
    loads, ((notice),) = await _said(names)
    assert loads == 1
    assert notice["event"] == "notice"
    assert notice["text"].startswith(f"{told} changed: loaded anew in ")
    assert notice["text"].endswith(" s, 7 functions.")


@pytest.mark.parametrize("name", ["data.json", "out.txt", "app.log", "cache.db"])
async def test_files_that_the_app_writes_cause_no_reload(name: str) -> None:
    """Otherwise it would reload for ever."""
    assert await _said([name]) == (0, [])


async def test_a_change_of_settings_is_reported_and_not_loaded() -> None:
    """They are read only at the start. Settings files in subfolders belong to others."""
    loads, ((notice),) = await _said(["local.settings.json", "host.json"], ["deep/host.json"])
    assert loads == 0
    assert notice["text"].startswith("host.json and local.settings.json changed. It is read at the start")


async def test_a_reload_of_a_broken_app_is_reported_and_the_next_save_tries_again() -> None:
    """With the app's traceback if its import failed."""
    loads, told = await _said(["a.py"], ["a.py"], error=AppImportError("a.py:1: SyntaxError.", "  File a.py\n"))
    assert loads == 2
    assert [one["event"] for one in told] == ["failure", "failure"]
    assert told[0]["text"].startswith("a.py changed, but the app does not load: a.py:1: SyntaxError. The code that was")
    assert told[0]["details"] == "  File a.py\n"
    _, (plain,) = await _said(["a.py"], error=AppError("Two of one name."))
    assert "details" not in plain


async def _seen(app_dir: Path, data: Path, names: Sequence[str]) -> set[str]:
    """Which of these files the watch tells of when they are written; the last one must be among them."""
    for name in names:
        (app_dir / name).parent.mkdir(parents=True, exist_ok=True)
    batches = watch_files(app_dir, data)
    batch = asyncio.ensure_future(anext(batches))
    seen: set[Path] = set()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not seen:  # until the watch is under way nothing is told
                (app_dir / "begun.py").write_text("x = 1\n")
                await asyncio.wait((batch,), timeout=0.05)
                if batch.done():
                    seen |= set(batch.result())
                    batch = asyncio.ensure_future(anext(batches))
            for name in names:
                (app_dir / name).write_text("x = 1\n")
            while app_dir / names[-1] not in seen:
                seen |= set(await batch)
                batch = asyncio.ensure_future(anext(batches))
    finally:
        batch.cancel()
        await asyncio.gather(batch, return_exceptions=True)
    return {name for name in names if app_dir / name in seen}


async def test_the_watcher_reports_sources_but_not_environments_tools_and_the_data_folder(
    tmp_path: Path,
) -> None:
    """Also in subfolders."""
    names = ["data/x.py", ".venv/x.py", "venv/x.py", "__pycache__/x.pyc", "deep/er/x.py", "last.py"]
    assert await _seen(tmp_path, tmp_path / "data", names) == {"deep/er/x.py", "last.py"}


async def test_a_folder_whose_name_begins_like_the_data_folder_is_watched(tmp_path: Path) -> None:
    """It belongs to the app."""
    names = ["data_access.py", "last.py"]
    assert await _seen(tmp_path, tmp_path / "data", names) == set(names)


async def test_an_app_below_a_folder_named_like_a_tools_is_watched(tmp_path: Path) -> None:
    """Only folders inside the app's folder are ignored."""
    folder = tmp_path / "build" / "app"
    folder.mkdir(parents=True)
    assert await _seen(folder, folder / ".azurite", ["last.py"]) == {"last.py"}
