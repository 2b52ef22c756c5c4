"""The directory: which person a name, a mail address or a sign-in belongs to, and where letters go.

One entry is one person with all of their names. A person without an entry is identified by their name alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import StringConstraints

from approvals.forms import AsTuple
from approvals.names import UNSEEN, Name, digest, is_seen, key
from approvals.validation import Boundary, Invalid

_GUID = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"

Guid = Annotated[str, StringConstraints(pattern=_GUID)]
Address = Annotated[str, StringConstraints(pattern=_ADDRESS, max_length=254)]
"""A plain mail address: one mailbox, no display name, no quotes, ASCII."""


class Person(Boundary):
    """The directory's entry of one person, besides the name that is shown to everybody."""

    mail: Address | None = None
    """The address for letters to this person."""
    names: Annotated[tuple[Name, ...], AsTuple] = ()
    """Other names of this person."""
    mails: Annotated[tuple[Address, ...], AsTuple] = ()
    """Other addresses of this person."""
    tenant: Guid | None = None
    """The organisation in Microsoft Entra: the claim `tid`."""
    object: Guid | None = None
    """The person in Microsoft Entra: the claim `oid`. Unlike names and addresses it never passes to another person."""

    def identifiers(self) -> Iterator[tuple[str, str]]:
        """Yield each name, address and sign-in of this person, each with its description for an error text."""
        yield from ((each, "the same name") for each in self.names)
        yield from ((each, "the same address") for each in ({self.mail} if self.mail else set()) | set(self.mails))
        if self.tenant and self.object:
            yield sign_in(self.tenant, self.object), "the same tenant and object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The known people, and the mail domains that letters to other people may be sent to."""

    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The name of each person's entry, by `names.key` of each of their identifiers."""
    mails: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Mail addresses, by the name of the entry."""
    domains: frozenset[str] = frozenset()
    """In lower case."""

    def name_of(self, text: str) -> str:
        """Return the main name of the person that a text identifies; the text itself if nobody is found."""
        return self.names.get(key(text), text)

    def also_called(self, text: str) -> tuple[str, ...]:
        """Return digests of the person's other identifiers, sorted; none if the person is not in the directory."""
        name = self.names.get(key(text))
        return tuple(sorted(digest(each) for each, owner in self.names.items() if owner == name and each != key(text)))

    def knows(self, text: str) -> bool:
        """Say whether a text identifies somebody in the directory."""
        return key(text) in self.names

    def person_of(self, tenant: str, thing: str) -> str | None:
        """Return the name of a person that Microsoft Entra has signed in; None if the directory does not have them."""
        return self.names.get(key(sign_in(tenant, thing)))

    def address_of(self, text: str) -> str | None:
        """Return the mail address for letters to a person; None if it is unknown or letters must not be sent there.

        A person in the directory gets letters at the address of their entry. Any other address must be in an allowed
        domain: letters are sent in the organisation's name.
        """
        if self.knows(text):
            return self.mails.get(self.name_of(text))
        address = text.strip()
        return address if is_address(address) and self.allows(address) else None

    def allows(self, text: str) -> bool:
        """Say whether a text may name a person: false for an unknown address outside of the allowed domains.

        An address in another notation, with a display name or a full-width at sign, is recognised too.
        """
        address = key(text)
        known = not is_address(address) or self.knows(address)
        return known or address.rpartition("@")[2] in self.domains


NOBODY_KNOWN = Directory()
"""An empty directory: each name is a person."""


def sign_in(tenant: str, thing: str) -> str:
    """Return the identifier of a signed-in person that no directory entry has."""
    return f"{tenant}/{thing}".lower()


def is_address(text: str) -> bool:
    """Say whether mail can be sent to `text`: one plain mailbox in ASCII."""
    try:
        return Person.from_dict({"mail": text}).mail is not None
    except Invalid:
        return False


def read_directory(entries: Mapping[str, Any], *, domains: frozenset[str] = frozenset()) -> Directory:
    """Check all entries, and that no two people share an identifier; raises `Invalid` that names every error."""
    errors, known = list[str](), dict[str, Person]()
    for name, value in entries.items():
        try:
            known[name] = person = Person.from_dict(value)
        except Invalid as error:
            errors += [f"{name[:60]}: {each}" for each in error.errors]
            person = Person()
        if not key(name):
            errors.append("a name is empty")
        elif not is_seen(name):
            errors.append(f"{name[:60]!r}: {UNSEEN}")
        if (person.tenant is None) != (person.object is None):
            errors.append(f"{name[:60]}: give both tenant and object, or neither")
    names = dict[str, str]()
    for name, person in known.items():
        for text, what in ((name, "the same name"), *person.identifiers()):
            owner = names.setdefault(key(text), name)
            if owner != name:
                errors.append(f"{owner[:60]} and {name[:60]} have {what}")
    if errors:
        raise Invalid("; ".join(errors), tuple(errors))
    mails = {
        name: mail for name, person in known.items() if (mail := person.mail or (name if is_address(name) else None))
    }
    return Directory(names=MappingProxyType(names), mails=MappingProxyType(mails), domains=domains)
