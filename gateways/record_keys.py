"""The keys that authenticate records: from the settings, or on a developer's machine from a local file.

They are not stored with the records, so that write access to the storage account is not enough to add a valid entry.
"""

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from approvals.instants import read_instant
from approvals.record.keys import Keyring, read_keyring
from approvals.validation import Invalid
from gateways.hosting import on_azure
from gateways.keys import KeysWrong, split_keys

FILE = Path(__file__).resolve().parents[1] / ".keys" / "record-key"
"""The file with the key that a developer's machine makes; beside the code, not in the storage account."""

_MOMENT = timedelta(seconds=10)
"""The longest time between the first record and the creation of the key."""


def record_keys() -> Keyring:
    """Return the keys; the first one signs, all of them verify.

    `RECORD_KEYS` has them as `id:key`, separated by commas. `RECORDS_SIGNED_SINCE` is the time in UTC when an app with
    older records got its first key. If it is not set, every entry must be authenticated.

    Raises `KeysWrong`, on Azure also if there are no keys. The keys are read when a record is read or written, not when
    the app starts: the first deployment creates the vault, and its secrets are added afterwards. Until then the running
    app can say which setting is missing. Without keys no record is read.
    """
    try:
        parts = split_keys("RECORD_KEYS", os.environ.get("RECORD_KEYS", ""))
        if parts:
            return read_keyring(parts, since=_since())
    except Invalid as error:
        raise KeysWrong(f"RECORD_KEYS: {error}") from None
    if on_azure():
        raise KeysWrong(
            "RECORD_KEYS is not set, and without keys no record can be verified; "
            "put keys into the vault and reference them in the setting"
        )
    return _of_this_machine(FILE)


def _since() -> datetime | None:
    text = os.environ.get("RECORDS_SIGNED_SINCE", "").strip()
    if not text:
        return None
    try:
        return read_instant(text)
    except ValueError as error:
        raise KeysWrong(f"RECORDS_SIGNED_SINCE: {error}; for example 2026-11-26T00:00:00+00:00") from None


@cache
def _of_this_machine(file: Path) -> Keyring:
    """Read the file, or create it if it is missing. Of several processes one creates it, and the others read it.

    Entries from before the file existed may lack authentication.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(f"this-machine:{secrets.token_urlsafe(48)}\n")
        # Creating a link is atomic: the file appears with its whole content, and only once.
        with suppress(FileExistsError):
            os.link(made, file)
        made.unlink()
    since = datetime.fromtimestamp(file.stat().st_mtime, UTC) - _MOMENT
    return read_keyring(file.read_text("utf-8").split(), since=since)
