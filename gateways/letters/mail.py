"""Sending letters: by SMTP, or into a container if no mail server is set; each letter once, by its key.

If the sender crashes while it is sending, nobody knows whether the mail server accepted the letter. Such a letter is
sent again with the same Message-ID, so that mailboxes recognise it.
"""

import logging
import os
import re
import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient
from azure.storage.blob import ContainerClient, ContentSettings

from approvals.identifiers import is_instance_id
from approvals.operations import LetterState, UnsentLetter
from approvals.words.notices import Letter
from gateways import clock, tables
from gateways.containers import open_container
from gateways.hosting import is_development
from gateways.letters.messages import local_address, recipient_address, write_message
from gateways.letters.old_letters import WRITTEN, forget_counts, forget_files, forget_rows
from gateways.letters.smtp import Line, NotSent, Server, Undeliverable, deliver, read_server
from gateways.operations import Operations, open_operations
from gateways.tables import insert, keys, open_table

log = logging.getLogger("greenlight.mail")

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", re.ASCII)
_MESSAGE = ContentSettings(content_type="message/rfc822", content_disposition="attachment")
_MOVED_ON = 412

_GIVEN_UP_AFTER = timedelta(minutes=5)
"""Longer than a mail server can take for all its responses, so the process that was sending has crashed."""


class LetterSender(Protocol):
    """What the app needs for sending letters."""

    def send(self, letter: Letter, *, key: str) -> bool:
        """Send a letter; False if it was sent before or can never be sent.

        Raises `NotSent` if it can be sent later.
        """
        ...


class Outbox:
    """A container for letters: one blob each, `<proposal>/<key>.eml`, for people to read."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def send(self, letter: Letter, *, key: str) -> bool:
        """Write the blob if there is none with its name."""
        now = clock.now()
        message = write_message(letter, key=key, now=now)
        try:
            self._container.upload_blob(
                _blob_name(letter.proposal_id, key),
                message.as_bytes(),
                overwrite=False,
                content_settings=_MESSAGE,
                metadata={WRITTEN: now.isoformat()},
            )
        except ResourceExistsError:
            return False
        return True


class MailServer:
    """A mail server, and the table `Letters` with one row for each letter.

    The row's `State` is sending, unsent (may be tried again), sent, or refused permanently. `Claim` lets a sender
    recognise its own claim if the response to it was lost. Letters that were not sent are also in the table
    `Operations`, so that operators find them without a search of all letters.
    """

    def __init__(self, server: Server, letters: TableClient, operations: Operations) -> None:
        self._server = server
        self._letters = letters
        self._operations = operations

    def send(self, letter: Letter, *, key: str) -> bool:
        """Claim the letter, pass it to the server, and record that it was sent."""
        letter = self._addressed(letter)
        if recipient_address(letter) is None:
            log.warning("proposal %s: letter %s is not sent: the address is not known", letter.proposal_id, key)
            self._note(letter.proposal_id, key, LetterState.REFUSED, "the address of this person is not known")
            return False
        now = clock.now()
        message = write_message(letter, key=key, now=now)
        row = {**keys(letter.proposal_id, "letter", key), "ProposalId": letter.proposal_id, "Key": key}
        row["Claim"] = uuid.uuid4().hex
        claim = self._claim({**row, "State": "sending", "ClaimedAt": now.isoformat()}, now)
        if claim is None:
            return False
        etag, again = claim
        try:
            deliver(self._server, message)
        except Undeliverable as error:
            log.error("proposal %s: letter %s can never be sent: %s", letter.proposal_id, key, error)
            self._mark(row, LetterState.REFUSED.value, etag)
            self._note(letter.proposal_id, key, LetterState.REFUSED, str(error))
            return False
        except NotSent as error:
            self._mark(row, LetterState.UNSENT.value, etag)
            self._note(letter.proposal_id, key, LetterState.UNSENT, str(error))
            raise
        self._mark(row, "sent", etag)
        if again:
            self._forget(row)
        return True

    def release(self, proposal_id: str, key: str) -> bool:
        """Let a letter that was refused for good be tried again; False where it has gone, or is being sent.

        One that nobody has tried to send, as no address was known, may go.
        """
        place = keys(proposal_id, "letter", key)
        try:
            row = self._letters.get_entity(place["PartitionKey"], place["RowKey"])
        except ResourceNotFoundError:
            return True
        if row["State"] == LetterState.REFUSED.value:
            tables.replace(self._letters, {**row, "State": LetterState.UNSENT.value}, str(row.metadata["etag"]))
            return True
        if row["State"] == "sent":
            self._operations.forget_letter(proposal_id, key)
        return bool(row["State"] == LetterState.UNSENT.value)

    def _addressed(self, letter: Letter) -> Letter:
        """Return the letter with an address at this machine if the person's is not known, in development alone.

        The server has to be on this machine too: a mail catcher, which shows letters and sends none on.
        """
        is_caught = self._server.line is Line.PLAIN and is_development()
        if not is_caught or recipient_address(letter):
            return letter
        return replace(letter, to_address=local_address(letter.to_name))

    def _claim(self, row: dict[str, Any], now: datetime) -> tuple[str, bool] | None:
        """Return the etag of our claim, and whether somebody tried before; None where the letter is done with.

        Raises `NotSent` where another has it.
        """
        try:
            return str(insert(self._letters, row)["etag"]), False
        except ResourceExistsError:
            before = self._letters.get_entity(row["PartitionKey"], row["RowKey"])
        if before.get("Claim") == row["Claim"]:
            return str(before.metadata["etag"]), False
        if before["State"] in ("sent", "refused"):
            return None
        since = datetime.fromisoformat(before["ClaimedAt"])
        if before["State"] == "sending" and now - since < _GIVEN_UP_AFTER:
            raise NotSent(f"another process has been sending letter {row['Key']} since {since.isoformat()}")
        try:
            return tables.replace(self._letters, row, str(before.metadata["etag"])), True
        except HttpResponseError as error:
            if error.status_code != _MOVED_ON:
                raise
            now_there = self._letters.get_entity(row["PartitionKey"], row["RowKey"])
            if now_there.get("Claim") == row["Claim"]:
                return str(now_there.metadata["etag"]), True
            raise NotSent(f"another process has claimed letter {row['Key']}") from error

    def _mark(self, row: dict[str, Any], state: str, etag: str) -> None:
        """Record the result; a claim that another process has taken over is not changed.

        If that fails, the result is still valid: a letter that was sent must not be sent again.
        """
        try:
            tables.replace(self._letters, {**row, "State": state, "ClaimedAt": clock.now().isoformat()}, etag)
        except AzureError as error:
            if not isinstance(error, HttpResponseError) or error.status_code != _MOVED_ON:
                log.warning("letter %s is %s, but this could not be recorded: %s", row["Key"], state, error)

    def _note(self, proposal_id: str, key: str, state: LetterState, reason: str) -> None:
        """Note for operators that a letter has not gone, and why; where that fails the log has it all the same."""
        letter = UnsentLetter(proposal_id=proposal_id, key=key, state=state, reason=reason, at=clock.now())
        try:
            self._operations.note_letter(letter)
        except AzureError as error:
            log.warning("letter %s is %s, which could not be noted: %s", key, state.value, error)

    def _forget(self, row: dict[str, Any]) -> None:
        """Take the note back; one that stays is found out when somebody wants to send that letter again."""
        try:
            self._operations.forget_letter(row["ProposalId"], row["Key"])
        except AzureError as failure:
            log.warning("letter %s has gone, which could not be noted: %s", row["Key"], failure)


def forget_old_letters(*, finished: Collection[str], before: datetime, most: int) -> int:
    """Delete what is kept of letters that went before then, about proposals that ended and of which all were told.

    At most so many letters, and as many counts of their days; returns how many letters.
    """
    forget_counts(open_table("LetterLimits"), now=clock.now(), most=most)
    files = forget_files(open_outbox(), finished=finished, before=before, most=most)
    return files + forget_rows(open_table("Letters"), finished=finished, before=before, most=most - files)


def open_outbox() -> ContainerClient:
    """Return the container of letters that no mail server takes."""
    return open_container(os.environ.get("OUTBOX_CONTAINER") or "outbox")


def open_post() -> LetterSender:
    """Return the sender of letters: by SMTP if `SMTP_HOST` is set, otherwise into the container `OUTBOX_CONTAINER`.

    Raises `MailSettingsWrong`.
    """
    server = read_server()
    if server:
        return MailServer(server, open_table("Letters"), open_operations())
    return Outbox(open_outbox())


def _blob_name(proposal_id: str, key: str) -> str:
    if not is_instance_id(proposal_id) or not _KEY.fullmatch(key):
        raise ValueError(f"{proposal_id[:100]!r} and {key[:100]!r} are not valid for a letter")
    return f"{proposal_id}/{key}.eml"
