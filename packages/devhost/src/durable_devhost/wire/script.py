"""Checks whether a folder holds an app: the host before it starts anything, the worker each time it loads the app.

A worker also loads after a death or a saved file, when the script may be gone.
"""

from __future__ import annotations

from pathlib import Path

DEFAULT_SCRIPT = "function_app.py"


def script_fault(folder: Path, name: str) -> str | None:
    """Why `name` cannot be the main file of the app in `folder`, as a sentence that says what to do; None if it can."""
    script = folder / name
    if script.suffix != ".py" or not script.stem.isidentifier():
        return f"PYTHON_SCRIPT_FILE_NAME is '{name}', which is no Python module. Name a .py file of the app."
    if script.is_file():
        return None
    if any(folder.glob("*/function.json")):
        return (
            f"{folder} holds an app of the v1 model (function.json files), which devhost does not run. "
            f"Move it to the v2 model, with decorators in {DEFAULT_SCRIPT}."
        )
    return (
        f"There is no {name} in {folder}. Give the folder of a v2 app with --app, "
        f"or set PYTHON_SCRIPT_FILE_NAME if its main file has another name."
    )
