"""Names as people write them: which are the same, and which cannot be taken for what they look like.

Both follow PRECIS, the Nickname profile of RFC 8266: full width, composed letters, further spaces and case tell no two
names apart, and what nobody sees has no place in a name. The two characters that join letters or keep them apart are
taken where a script needs them, and tell no two names apart either.
"""

import hashlib
import unicodedata
from functools import lru_cache
from typing import Annotated

from precis_i18n import get_profile
from pydantic import AfterValidator

from approvals.validation import Line

UNSEEN = "must hold no control or format characters, nor others that no name has by RFC 8266"
"""What is wrong with such a name or word, for whoever wrote it."""

_LONGEST_ADDRESS = 1_000
"""Characters, with the name of its owner before it; what is longer no name may be, and is compared as it stands."""
_NICKNAME = get_profile("Nickname")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_BLANK = "\u2800"
"""The Braille pattern without dots: a sign by its category, and nothing to the eye."""
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
_REMEMBERED = 4_096
"""Names; a review compares the same few again and again."""


@lru_cache(maxsize=_REMEMBERED)
def key(name: str) -> str:
    """Return what a name is compared by. Never raises: what PRECIS refuses is compared all the same.

    Of a mail address that is the mailbox, in whichever form mail programs write it: `mara+approvals@example.org` and
    `Mara Lindqvist <mara@example.org>` are read by whoever reads `mara@example.org`.
    """
    folded = _fold(_fold(name.translate(_JOINERS)))  # twice: NFKC may bring forth capitals and spaces
    while (mailbox := _mailbox(folded)) != folded:
        folded = mailbox
    return folded


def same(one: str, other: str) -> bool:
    """Say whether two names mean the same person."""
    return key(one) == key(other)


def among(name: str, names: tuple[str, ...]) -> bool:
    """Say whether a person is one of several."""
    return any(same(name, each) for each in names)


def digest(name: str) -> str:
    """Return 16 characters that are the same for the same person, for where a name itself does not belong."""
    return hashlib.sha256(key(name).encode()).hexdigest()[:16]


def is_seen(name: str) -> bool:
    """Say whether a name is what it looks like: all of it can be seen, and stands where it may."""
    if any(unicodedata.category(char) in _UNSEEN or char == _BLANK for char in name.translate(_JOINERS)):
        return False
    try:
        _NICKNAME.enforce(name)
    except UnicodeEncodeError:
        return False
    return True


def _mailbox(folded: str) -> str:
    """Return the mailbox of an address, without one thing that is only about how it is written; else what it is."""
    if len(folded) > _LONGEST_ADDRESS:
        return folded
    address = folded[folded.rfind("<") + 1 : -1] if folded.endswith(">") else folded.removeprefix("mailto:")
    local, at, domain = address.rpartition("@")
    mailbox, host = local.replace('"', "").partition("+")[0], domain.rstrip(".")
    return f"{mailbox}@{_in_ascii(host)}" if at and mailbox and host and " " not in address else folded


def _in_ascii(domain: str) -> str:
    """Return a domain as the DNS has it, where it has letters beyond ASCII that can be written so."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", name).casefold().split()))


def _seen(name: str) -> str:
    if not is_seen(name):
        raise ValueError(UNSEEN)
    return name


Name = Annotated[Line, AfterValidator(_seen)]
"""A person's name in what people and systems send; records hold what was taken before there was this rule."""
