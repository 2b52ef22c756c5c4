"""Watches the app's files and reloads the app when one of them is saved."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter

from durable_devhost.errors import AppImportError, DevhostError, SettingsError
from durable_devhost.host.console import Console

_SOURCES = frozenset({".py", ".html", ".jinja", ".j2", ".yaml", ".yml", ".toml", ".sql", ".graphql"})
"""The sources of an app. Not .json, .txt and the like: apps write such files themselves, and would reload for ever."""

_AT_THE_START = frozenset({"host.json", "local.settings.json"})
_IGNORED = frozenset(
    [
        ".azurite",
        ".git",
        ".hg",
        ".idea",
        ".mypy_cache",
        ".pytest_cache",
        ".python_packages",
        ".ruff_cache",
        ".venv",
        ".vscode",
        "__pycache__",
        "build",
        "dist",
        "env",
        "node_modules",
        "site-packages",
        "venv",
    ]
)
"""Folders whose files are not, or not only, the app's: environments, tools, build output."""

_DEBOUNCE_MS = 200
_STEP_MS = 50


class Reloader:
    """`reload` loads the app and raises DevhostError if it does not load; nothing changes then.

    `changes` gives changed files, in batches; `watch_files` reads them from the file system.
    """

    def __init__(
        self, app_dir: Path, *, changes: AsyncIterator[Sequence[Path]], reload: Callable[[], Awaitable[int]],
        console: Console,
    ) -> None:  # fmt: skip
        self._app_dir = app_dir
        self._changes = changes
        self._reload = reload
        self._console = console

    async def run(self) -> None:
        """Watch until cancelled."""
        async for paths in self._changes:
            sources = [path for path in paths if path.suffix in _SOURCES]
            if settings := sorted({path.name for path in paths if path.parent == self._app_dir} & _AT_THE_START):
                self._console.notice(f"{' and '.join(settings)} changed. It is read at the start: start the host anew.")
            if sources:
                _forget_bytecode(sources)
                await self._again(self._short_names(sources))

    async def _again(self, names: str) -> None:
        began = perf_counter()
        try:
            count = await self._reload()
        except DevhostError as error:
            details = error.details if isinstance(error, AppImportError) else ""
            self._console.failure(
                f"{names} changed, but the app does not load: {error} "
                "The code that was loaded before goes on; save again when it is fixed.",
                details=details,
            )
            return
        self._console.notice(f"{names} changed: loaded anew in {perf_counter() - began:.1f} s, {count} functions.")

    def _short_names(self, paths: Iterable[Path]) -> str:
        names = sorted({str(path.relative_to(self._app_dir)) for path in paths})
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _forget_bytecode(sources: Iterable[Path]) -> None:
    """Delete the compiled files of these sources: Python does not notice a second save in one second with one size.

    It compares the time in whole seconds and the size ("Cached bytecode invalidation" in Python's reference).
    """
    for source in sources:
        for compiled in source.parent.glob(f"__pycache__/{source.stem}.*.pyc"):
            with suppress(OSError):
                compiled.unlink()


def watch_files(app_dir: Path, data: Path) -> AsyncIterator[Sequence[Path]]:
    """The changed files below the app's folder, without those of environments, tools and the data folder.

    Raises SettingsError if the package that watches is not installed, at once instead of with the first change.
    """
    try:
        from watchfiles import awatch
    except ModuleNotFoundError:
        raise SettingsError(
            "--watch needs the package watchfiles. Install it beside devhost: pip install 'durable-devhost[watch]'."
        ) from None

    def is_of_the_app(_change: object, path: str) -> bool:
        found = Path(path)
        return not found.is_relative_to(data) and _IGNORED.isdisjoint(found.relative_to(app_dir).parts[:-1])

    changes = awatch(app_dir, watch_filter=is_of_the_app, debounce=_DEBOUNCE_MS, step=_STEP_MS)
    return (sorted(Path(path) for _, path in batch) async for batch in changes)
