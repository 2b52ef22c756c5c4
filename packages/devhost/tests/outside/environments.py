"""Pythons and packages that a test needs besides its own, kept in a folder from run to run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

CACHE = Path(tempfile.gettempdir()) / "durable-devhost-matrix"
_PIP_INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
EXTENSION = (
    "azurefunctions-extensions-http-fastapi==1.0.1", "azurefunctions-extensions-base==1.2.0", "fastapi==0.165.0",
    "starlette==1.10.0", "uvicorn==0.54.0", "h11==0.16.0", "annotated-doc==0.0.7", "anyio==4.16.0",
    "typing-inspection==0.4.5", "typing-extensions==4.16.0",
)  # fmt: skip
"""The extension for FastAPI, with what it needs besides the packages of the tests."""
LIBRARY = ("azure-functions-runtime==1.3.0", "azurefunctions-extensions-base==1.2.0", "protobuf==5.29.5")
"""The library with which the Python worker of Azure indexes and converts."""
_WHOLE = "whole"
"""A file at the end of what is made, so that one that broke off is made again."""


def interpreter(version: str) -> str:
    """A Python of that version: the one of the tests, one on the PATH, or one of pyenv's; skips where there is none."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    candidates = [sys.executable, shutil.which(f"python{version}"), *map(str, pyenv)]
    for each in filter(None, candidates):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        answer = subprocess.run([each, "-c", code], capture_output=True, text=True, check=False)
        if answer.stdout.strip() == version:
            return each
    pytest.skip(f"There is no Python {version} on the PATH or in ~/.pyenv/versions.")


def environment(name: str, python: str, packages: Sequence[str]) -> Path:
    """A virtual environment with these packages, made where it is missing."""
    folder = CACHE / name
    if not (folder / _WHOLE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "python", *_PIP_INSTALL, *packages], check=True)
        (folder / _WHOLE).touch()
    return folder


def extension() -> Path:
    """A folder with the extension for FastAPI, for the tests' own Python."""
    return packages_beside("fastapi-1.0.1", EXTENSION)


def worker_library() -> Path:
    """A folder with the worker's library, for the tests' own Python."""
    return packages_beside("worker-library-1.3.0", LIBRARY)


def packages_beside(name: str, packages: Sequence[str]) -> Path:
    """A folder with these packages for the path of another process of the tests' own Python, without what they need.

    Their own demands are passed over, that of a Python too. Skips where pip gets none.
    """
    version = "{}.{}".format(*sys.version_info)
    folder = CACHE / f"{name}-py{version}"
    if not (folder / _WHOLE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        options = ["--no-deps", "--ignore-requires-python", "--target", folder]
        made = subprocess.run(
            [sys.executable, *_PIP_INSTALL, *options, *packages], capture_output=True, text=True, check=False
        )
        if made.returncode:
            pytest.skip(f"pip could not get {', '.join(packages)}: {made.stderr.strip().splitlines()[-1]}")
        (folder / _WHOLE).touch()
    return folder
