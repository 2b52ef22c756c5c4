"""A letter as a mail message: MIME with text and HTML, with the same Message-ID each time."""

import hashlib
import os
import re
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from approvals.words.notices import Letter
from gateways.people import address_of, is_address

_NOBODY = "greenlight@localhost"
"""The sender if no mail server is set."""

_LONGEST_LOCAL_PART = 64
"""RFC 5321, section 4.5.3.1.1."""


class SenderWrong(Exception):
    """`MAIL_FROM` is not an address; the text says what to set."""


def write_message(letter: Letter, *, key: str, now: datetime) -> EmailMessage:
    """Return the message; `To` has no address if it is not known. Raises `SenderWrong`."""
    sender = _sender()
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _to(letter)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = _id(sender, letter.proposal_id, key)
    message["References"] = _id(sender, letter.proposal_id)  # one thread per proposal
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: automatic replies are not sent
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message


def recipient_address(letter: Letter) -> str | None:
    """Return the address of a letter's recipient; None if it is not known."""
    return letter.to_address or address_of(letter.to_name)


def local_address(name: str) -> str:
    """Return an address at this machine for a person by their name, for mail servers that send nothing on."""
    plain = unicodedata.normalize("NFKD", name.replace("'", "")).encode("ascii", "ignore").decode().lower()
    return f"{'.'.join(re.findall('[a-z0-9]+', plain))[:_LONGEST_LOCAL_PART].strip('.') or 'somebody'}@localhost"


def _to(letter: Letter) -> Address:
    name, _, domain = (recipient_address(letter) or "").rpartition("@")
    return Address(" ".join(letter.to_name.split()), name, domain)


def _sender() -> Address:
    display, address = parseaddr(os.environ.get("MAIL_FROM") or _NOBODY)
    if not is_address(address):
        raise SenderWrong("MAIL_FROM: set it to an address, such as greenlight@example.org or Greenlight <…>")
    name, _, domain = address.rpartition("@")
    return Address(display or "Greenlight", name, domain)


def _id(sender: Address, *parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]
    return f"<{digest}@{sender.domain}>"
