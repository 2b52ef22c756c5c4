"""Sending letters: by SMTP, or into a container if no mail server is set; each letter once, by its key.

If the sender crashes while it is sending, nobody knows whether the mail server accepted the letter. Such a letter is
sent again with the same Message-ID, so that mailboxes recognise it.
"""

import logging
import os
import re
import uuid
from datetime import datetime, timedelta
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.data.tables import TableClient, UpdateMode
from azure.storage.blob import ContainerClient, ContentSettings

from approvals.identifiers import is_instance_id
from approvals.words.notices import Letter
from gateways import clock
from gateways.containers import open_container
from gateways.letters.messages import where_to, write_message
from gateways.letters.smtp import NotSent, Server, Undeliverable, deliver, read_server
from gateways.tables import insert, keys, open_table

log = logging.getLogger("greenlight.mail")

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", re.ASCII)
_MESSAGE = ContentSettings(content_type="message/rfc822", content_disposition="attachment")
_MOVED_ON = 412

_GIVEN_UP_AFTER = timedelta(minutes=5)
"""Longer than a mail server can take for all its responses, so the process that was sending has crashed."""


class Post(Protocol):
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
        message = write_message(letter, key=key, now=clock.now())
        try:
            self._container.upload_blob(
                _blob_name(letter.proposal_id, key), message.as_bytes(), overwrite=False, content_settings=_MESSAGE
            )
        except ResourceExistsError:
            return False
        return True


class MailServer:
    """A mail server, and the table `Letters` with one row for each letter.

    The row's `State` is sending, unsent (may be tried again), sent, or refused permanently. `Claim` lets a sender
    recognise its own claim if the response to it was lost.
    """

    def __init__(self, server: Server, letters: TableClient) -> None:
        self._server = server
        self._letters = letters

    def send(self, letter: Letter, *, key: str) -> bool:
        """Claim the letter, pass it to the server, and record that it was sent."""
        if where_to(letter) is None:
            log.warning("proposal %s: letter %s is not sent: the address is not known", letter.proposal_id, key)
            return False
        now = clock.now()
        message = write_message(letter, key=key, now=now)
        row = {**keys(letter.proposal_id, "letter", key), "ProposalId": letter.proposal_id, "Key": key}
        row["Claim"] = uuid.uuid4().hex
        etag = self._claim({**row, "State": "sending", "ClaimedAt": now.isoformat()}, now)
        if etag is None:
            return False
        try:
            deliver(self._server, message)
        except Undeliverable as error:
            log.error("proposal %s: letter %s can never be sent: %s", letter.proposal_id, key, error)
            self._mark(row, "refused", etag)
            return False
        except NotSent:
            self._mark(row, "unsent", etag)
            raise
        self._mark(row, "sent", etag)
        return True

    def _claim(self, row: dict[str, Any], now: datetime) -> str | None:
        """Return the etag of the claim; None if the letter is finished. Raises `NotSent` if another process has it."""
        try:
            return str(insert(self._letters, row)["etag"])
        except ResourceExistsError:
            before = self._letters.get_entity(row["PartitionKey"], row["RowKey"])
        if before.get("Claim") == row["Claim"]:
            return str(before.metadata["etag"])
        if before["State"] in ("sent", "refused"):
            return None
        since = datetime.fromisoformat(before["ClaimedAt"])
        if before["State"] == "sending" and now - since < _GIVEN_UP_AFTER:
            raise NotSent(f"another process has been sending letter {row['Key']} since {since.isoformat()}")
        try:
            return self._replace(row, str(before.metadata["etag"]))
        except HttpResponseError as error:
            if error.status_code != _MOVED_ON:
                raise
            now_there = self._letters.get_entity(row["PartitionKey"], row["RowKey"])
            if now_there.get("Claim") == row["Claim"]:
                return str(now_there.metadata["etag"])
            raise NotSent(f"another process has claimed letter {row['Key']}") from error

    def _mark(self, row: dict[str, Any], state: str, etag: str) -> None:
        """Record the result; a claim that another process has taken over is not changed.

        If that fails, the result is still valid: a letter that was sent must not be sent again.
        """
        try:
            self._replace({**row, "State": state, "ClaimedAt": clock.now().isoformat()}, etag)
        except AzureError as error:
            if not isinstance(error, HttpResponseError) or error.status_code != _MOVED_ON:
                log.warning("letter %s is %s, but this could not be recorded: %s", row["Key"], state, error)

    def _replace(self, row: dict[str, Any], etag: str) -> str:
        written = self._letters.update_entity(
            row, UpdateMode.REPLACE, etag=etag, match_condition=MatchConditions.IfNotModified
        )
        return str(written["etag"])


def open_post() -> Post:
    """Return the sender of letters: by SMTP if `SMTP_HOST` is set, otherwise into the container `OUTBOX_CONTAINER`.

    Raises `MailSettingsWrong`.
    """
    server = read_server()
    if server:
        return MailServer(server, open_table("Letters"))
    return Outbox(open_container(os.environ.get("OUTBOX_CONTAINER") or "outbox"))


def _blob_name(proposal_id: str, key: str) -> str:
    if not is_instance_id(proposal_id) or not _KEY.fullmatch(key):
        raise ValueError(f"{proposal_id[:100]!r} and {key[:100]!r} are not valid for a letter")
    return f"{proposal_id}/{key}.eml"
