"""Names of people: which ones are the same, and which ones are refused because they are not what they look like.

Both rules follow PRECIS, the Nickname profile of RFC 8266: full width, composed letters, extra spaces and case do not
make two names different, and a name must not contain invisible characters. The zero-width joiner and non-joiner are
allowed because some scripts need them, but they do not make two names different either.
"""

import hashlib
import unicodedata
from functools import lru_cache
from typing import Annotated

from precis_i18n import get_profile
from pydantic import AfterValidator

from approvals.validation import Line

UNSEEN = "must not contain control or format characters, nor others that RFC 8266 excludes"
"""The error text for such a name or word."""

_LONGEST_ADDRESS = 1_000
"""Characters, including a display name. No name may be longer, and a longer one is compared unchanged."""
_NICKNAME = get_profile("Nickname")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_BLANK = "\u2800"
"""The Braille pattern without dots: Unicode counts it as a symbol, but it is invisible."""
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
_REMEMBERED = 4_096
"""Names; a review compares the same few again and again."""


@lru_cache(maxsize=_REMEMBERED)
def key(name: str) -> str:
    """Return the form of a name that is compared. Never raises: names that PRECIS refuses can be compared too.

    For a mail address this is the mailbox, however mail programs write it: `mara+approvals@example.org` and
    `Mara Lindqvist <mara@example.org>` are both the mailbox `mara@example.org`.
    """
    folded = _fold(_fold(name.translate(_JOINERS)))  # twice: NFKC may produce capitals and spaces
    while (mailbox := _mailbox(folded)) != folded:
        folded = mailbox
    return folded


def same(one: str, other: str) -> bool:
    """Say whether two names mean the same person."""
    return key(one) == key(other)


def among(name: str, names: tuple[str, ...]) -> bool:
    """Say whether a name means one of several people."""
    return any(same(name, each) for each in names)


def digest(name: str) -> str:
    """Return 16 characters that are the same for the same person, for places that must not have the name itself."""
    return hashlib.sha256(key(name).encode()).hexdigest()[:16]


def is_seen(name: str) -> bool:
    """Say whether all characters of a name are visible and allowed at their place."""
    if any(unicodedata.category(char) in _UNSEEN or char == _BLANK for char in name.translate(_JOINERS)):
        return False
    try:
        _NICKNAME.enforce(name)
    except UnicodeEncodeError:
        return False
    return True


def _mailbox(folded: str) -> str:
    """Return the mailbox of an address without its outermost notation; a text that is not an address is unchanged."""
    if len(folded) > _LONGEST_ADDRESS:
        return folded
    address = folded[folded.rfind("<") + 1 : -1] if folded.endswith(">") else folded.removeprefix("mailto:")
    local, at, domain = address.rpartition("@")
    mailbox, host = local.replace('"', "").partition("+")[0], domain.rstrip(".")
    return f"{mailbox}@{_in_ascii(host)}" if at and mailbox and host and " " not in address else folded


def _in_ascii(domain: str) -> str:
    """Return a domain as the DNS writes it (IDNA); unchanged if that is not possible."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", name).casefold().split()))


def _visible(name: str) -> str:
    if not is_seen(name):
        raise ValueError(UNSEEN)
    return name


Name = Annotated[Line, AfterValidator(_visible)]
"""A person's name in requests and messages. Records may have names from before this rule."""
