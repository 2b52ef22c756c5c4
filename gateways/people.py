"""The directory's file: `policies/people.json`, beside the policies.

`{"Mara Lindqvist": {"mail": "mara@example.org", "names": ["M. Lindqvist"], "mails": ["mara@old.example.org"],
"tenant": "<GUID>", "object": "<GUID>"}, …}`. It may be empty, and each field of an entry is optional.
"""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from approvals.directory import Directory, is_address, read_directory
from approvals.validation import Invalid, read_json

FILE = Path(__file__).resolve().parent.parent / "policies" / "people.json"

DOMAINS = "MAIL_DOMAINS"
"""The setting: mail domains, separated by commas, where people outside of the directory get letters too."""


class DirectoryWrong(Exception):
    """The file cannot be used; the text names the file and every error in it."""


def name_of(text: str) -> str:
    """Return a person's main name, see `Directory.name_of`. Raises `DirectoryWrong`."""
    return open_directory().name_of(text)


def address_of(text: str) -> str | None:
    """Return a person's mail address, see `Directory.address_of`. Raises `DirectoryWrong`."""
    return open_directory().address_of(text)


def person_of(tenant: str, thing: str) -> str | None:
    """Return the name of a signed-in person, see `Directory.person_of`. Raises `DirectoryWrong`."""
    return open_directory().person_of(tenant, thing)


def open_directory(file: Path = FILE) -> Directory:
    """Return the directory. Its file is read once per process; without a file the directory is empty.

    Raises `DirectoryWrong`.
    """
    domains = (each.strip().lower() for each in os.environ.get(DOMAINS, "").split(","))
    return replace(_read(file), domains=frozenset(each for each in domains if each))


@cache
def _read(file: Path) -> Directory:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        content = b"{}"
    try:
        entries = read_json(content, own=True)
        if not isinstance(entries, dict):
            raise Invalid("it must be an object of names, each with mail, names, mails, tenant or object")
        return read_directory(entries)
    except Invalid as error:
        raise DirectoryWrong(f"{file.name}: {error}") from error


__all__ = ["DOMAINS", "FILE", "DirectoryWrong", "address_of", "is_address", "name_of", "open_directory", "person_of"]
