"""Asks the reference worker, one request after the other."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

WORKER = Path(__file__).with_name("worker.py")


class Reference:
    """Microsoft's worker library in a process of its own, with the packages in `folders` besides those of `python`."""

    def __init__(self, python: str | Path, folders: Sequence[Path]) -> None:
        self.python = str(python)
        self.environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [self.python, WORKER], env=self.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def index(self, folder: Path) -> dict[str, Any]:
        """`functions`, as the host gets them, or `failure`, why there are none."""
        found: dict[str, Any] = self._ask("index", folder)
        return found

    def judge(self, folder: Path) -> dict[str, str]:
        """Why the worker refuses each function of the app by itself; the empty text where it takes it."""
        found: dict[str, str] = self._ask("judge", folder)
        return found

    def call(self, folder: Path, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """For each call `raised` with a text, or `returned` and `outputs`."""
        found: list[dict[str, Any]] = self._ask("calls", folder, calls=calls)
        return found

    def _ask(self, what: str, folder: Path, **fields: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        request = json.dumps({"do": what, "folder": str(folder), **fields}, default=_wire_form)
        self._process.stdin.write(request.encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline(), object_hook=_restored)


def _wire_form(value: bytes) -> dict[str, str]:
    return {"$bytes": b64encode(value).decode("ascii")}


def _restored(value: dict[str, Any]) -> Any:
    return b64decode(value["$bytes"]) if "$bytes" in value else value
