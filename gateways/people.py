"""The file of the directory: `policies/people.json`, as the policies beside it are.

`{"Mara Lindqvist": {"mail": "mara@example.org", "names": ["M. Lindqvist"], "mails": ["mara@old.example.org"],
"tenant": "<GUID>", "object": "<GUID>"}, …}`. Nobody needs to be in it, and each entry may say only some of this.
"""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from approvals.directory import Directory, is_address, read_directory
from approvals.validation import Invalid, read_json

FILE = Path(__file__).resolve().parent.parent / "policies" / "people.json"

DOMAINS = "MAIL_DOMAINS"
"""The setting: domains, with commas, in which also those get letters who are not in the directory."""


class DirectoryWrong(Exception):
    """The file cannot be used; the text names it and every fault in it."""


def name_of(text: str) -> str:
    """Return the one name of whom a text means, see `Directory.name_of`. Raises `DirectoryWrong`."""
    return open_directory().name_of(text)


def address_of(text: str) -> str | None:
    """Return where a person's mail goes, see `Directory.address_of`. Raises `DirectoryWrong`."""
    return open_directory().address_of(text)


def person_of(tenant: str, thing: str) -> str | None:
    """Return who has signed in, see `Directory.person_of`. Raises `DirectoryWrong`."""
    return open_directory().person_of(tenant, thing)


def open_directory(file: Path = FILE) -> Directory:
    """Return the directory, whose file is read once a process; nobody is in it where there is no file.

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
