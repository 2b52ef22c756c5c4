"""The directory: who is meant by a name, a mail address or a sign-in, and where letters may go.

One entry is one person, whatever they are called by. Who is in no entry is known by their name alone.
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
"""An address of the plain kind: one mailbox, no display name, no quotes, ASCII."""


class Person(Boundary):
    """What the directory says of one person, besides the name that everybody is shown."""

    mail: Address | None = None
    """Where their letters go."""
    names: Annotated[tuple[Name, ...], AsTuple] = ()
    """What else they are called."""
    mails: Annotated[tuple[Address, ...], AsTuple] = ()
    """Further addresses of theirs."""
    tenant: Guid | None = None
    """Of the organisation in Microsoft Entra: the claim `tid`."""
    object: Guid | None = None
    """Of the person there: the claim `oid`, which never changes hands, as names and addresses do."""

    def called(self) -> Iterator[tuple[str, str]]:
        """Yield what stands for this person, each with the words for it in a fault."""
        yield from ((each, "the same name") for each in self.names)
        yield from ((each, "the same address") for each in ({self.mail} if self.mail else set()) | set(self.mails))
        if self.tenant and self.object:
            yield sign_in(self.tenant, self.object), "the same tenant and object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The people that are known, and the mail domains that letters to others may go to."""

    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The name of each person's entry, by `names.key` of all that stands for them."""
    mails: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Addresses, by the name of the entry."""
    domains: frozenset[str] = frozenset()
    """In lower case."""

    def name_of(self, text: str) -> str:
        """Return the one name of whom a text means; the text itself where that is nobody in the directory."""
        return self.names.get(key(text), text)

    def also_called(self, text: str) -> tuple[str, ...]:
        """Return digests of all else that stands for whom a text means, in order; none for who is not in it."""
        name = self.names.get(key(text))
        return tuple(sorted(digest(each) for each, owner in self.names.items() if owner == name and each != key(text)))

    def knows(self, text: str) -> bool:
        """Say whether it means somebody in the directory."""
        return key(text) in self.names

    def person_of(self, tenant: str, thing: str) -> str | None:
        """Return the name of somebody whom Microsoft Entra has signed in; None where the directory lacks them."""
        return self.names.get(key(sign_in(tenant, thing)))

    def address_of(self, text: str) -> str | None:
        """Return where a person's letters go, None where nothing is known or letters must not go.

        Who is in the directory gets them at the entry's address. Another address that stands for a name is written to
        in the allowed domains only: letters go out in the organisation's name.
        """
        if self.knows(text):
            return self.mails.get(self.name_of(text))
        address = text.strip()
        return address if is_address(address) and self.allows(address) else None

    def allows(self, text: str) -> bool:
        """Say whether it may stand for somebody: false for a stranger's address outside the allowed domains.

        Also where it is not written as letters are addressed, with a name before it or a wide at sign.
        """
        address = key(text)
        known = not is_address(address) or self.knows(address)
        return known or address.rpartition("@")[2] in self.domains


NOBODY_KNOWN = Directory()
"""An empty directory: each name is a person."""


def sign_in(tenant: str, thing: str) -> str:
    """Return what somebody is called who has signed in, as long as no directory says more."""
    return f"{tenant}/{thing}".lower()


def is_address(text: str) -> bool:
    """Say whether mail can be sent to `text`: one plain mailbox in ASCII."""
    try:
        return Person.from_dict({"mail": text}).mail is not None
    except Invalid:
        return False


def read_directory(entries: Mapping[str, Any], *, domains: frozenset[str] = frozenset()) -> Directory:
    """Check all entries, and that nothing stands for two people; raises `Invalid` that names every fault."""
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
            errors.append(f"{name[:60]}: tenant and object are given together or not at all")
    names = dict[str, str]()
    for name, person in known.items():
        for text, what in ((name, "the same name"), *person.called()):
            owner = names.setdefault(key(text), name)
            if owner != name:
                errors.append(f"{owner[:60]} and {name[:60]} have {what}")
    if errors:
        raise Invalid("; ".join(errors), tuple(errors))
    mails = {
        name: mail for name, person in known.items() if (mail := person.mail or (name if is_address(name) else None))
    }
    return Directory(names=MappingProxyType(names), mails=MappingProxyType(mails), domains=domains)
