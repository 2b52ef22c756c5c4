"""The directory: which address a person's mail goes to, and who it is that has signed in.

It is a file, `policies/people.json`, as the policies beside it are: `{"Mara Lindqvist": {"mail": "mara@example.org",
"tenant": "<GUID>", "object": "<GUID>"}, …}`. Nobody needs to be in it, and each entry may say only some of this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import StringConstraints

from approvals.review import people
from approvals.validation import Boundary, Invalid, read_json

FILE = Path(__file__).resolve().parent.parent / "policies" / "people.json"

_GUID = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"

Guid = Annotated[str, StringConstraints(pattern=_GUID)]
Address = Annotated[str, StringConstraints(pattern=_ADDRESS, max_length=254)]
"""An address of the plain kind: one mailbox, no display name, no quotes, ASCII."""

K = TypeVar("K")


class DirectoryWrong(Exception):
    """The file cannot be used; the text names it and every fault in it."""


class Person(Boundary):
    """What the file says of one person."""

    mail: Address | None = None
    tenant: Guid | None = None
    """Of the organisation in Microsoft Entra: the claim `tid`."""
    object: Guid | None = None
    """Of the person there: the claim `oid`, which never changes hands, as names and addresses do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The people that are known."""

    addresses: Mapping[str, str]
    """By what names are compared by."""
    signed_in: Mapping[tuple[str, str], str]
    """Names by tenant and object, both in lower case."""

    def address_of(self, name: str) -> str | None:
        """Return where a person's mail goes; a name that is an address itself is one. None where nothing is known."""
        return self.addresses.get(people.key(name)) or (name.strip() if is_address(name.strip()) else None)

    def person_of(self, tenant: str, thing: str) -> str | None:
        """Return the name of somebody whom Microsoft Entra has signed in; None where the file does not have them."""
        return self.signed_in.get((tenant.lower(), thing.lower()))


def address_of(name: str) -> str | None:
    """Return where a person's mail goes, see `Directory.address_of`. Raises `DirectoryWrong`."""
    return open_directory().address_of(name)


def person_of(tenant: str, thing: str) -> str | None:
    """Return who has signed in, see `Directory.person_of`. Raises `DirectoryWrong`."""
    return open_directory().person_of(tenant, thing)


def open_directory(file: Path = FILE) -> Directory:
    """Return the directory, read once a process; an empty one where there is no file. Raises `DirectoryWrong`."""
    return _read(file)


@cache
def _read(file: Path) -> Directory:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        content = b"{}"
    try:
        entries = read_json(content, own=True)
    except Invalid as error:
        raise DirectoryWrong(f"{file.name}: {error}") from error
    if not isinstance(entries, dict):
        raise DirectoryWrong(f"{file.name}: it must be an object of names, each with mail, tenant or object")
    return _directory(file.name, entries)


def _directory(file: str, entries: Mapping[str, Any]) -> Directory:
    """Check all entries, and that nobody is in it twice."""
    errors, known = list[str](), dict[str, Person]()
    for name, value in entries.items():
        try:
            known[name] = Person.from_dict(value)
        except Invalid as error:
            errors += [f"{name[:60]}: {each}" for each in error.errors]
        if not people.key(name):
            errors.append("a name is empty")
    for name, person in known.items():
        if (person.tenant is None) != (person.object is None):
            errors.append(f"{name[:60]}: tenant and object are given together or not at all")
    by_name = _unique({name: people.key(name) for name in known}, errors, "the same name")
    ids = {
        name: (each.tenant.lower(), each.object.lower()) for name, each in known.items() if each.tenant and each.object
    }
    by_id = _unique(ids, errors, "the same tenant and object")
    if errors:
        raise DirectoryWrong(f"{file}: {'; '.join(errors)}")
    addresses = {key: mail for key, name in by_name.items() if (mail := known[name].mail)}
    return Directory(addresses=MappingProxyType(addresses), signed_in=MappingProxyType(by_id))


def _unique(keys: Mapping[str, K], errors: list[str], what: str) -> dict[K, str]:
    """Turn the mapping round, and note down those that have the same key."""
    turned: dict[K, str] = {}
    for name, key in keys.items():
        if turned.setdefault(key, name) != name:
            errors.append(f"{turned[key][:60]} and {name[:60]} have {what}")
    return turned


def is_address(text: str) -> bool:
    """Say whether mail can be sent to `text`: one plain mailbox in ASCII."""
    try:
        return Person.from_dict({"mail": text}).mail is not None
    except Invalid:
        return False
