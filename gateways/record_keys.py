"""The keys that authenticate records: from the settings, or on a developer's machine from a file of that machine.

They lie elsewhere than the records, so that whoever may write to the storage account cannot make an entry that counts.
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
"""Where a developer's machine keeps the key that it makes for itself; beside the code, not in the storage account."""

_MOMENT = timedelta(seconds=10)
"""The first record is begun this long before the key is made, at most."""


def record_keys() -> Keyring:
    """Return the keys; the first signs, and all of them are believed.

    `RECORD_KEYS` holds them as `id:key`, with commas. `RECORDS_SIGNED_SINCE` is when an app that has records from
    before it had keys got its first one: an instant in UTC. Where it is not set every entry must be authenticated.

    Raises `KeysWrong`, on Azure also where there are no keys. The keys are asked for when a record is read or written,
    not when the app starts: the vault comes into being with the first deployment, so that its secrets are put there
    afterwards, and an app that runs can tell whoever asks which setting is missing. Without keys no record is read.
    """
    try:
        parts = split_keys("RECORD_KEYS", os.environ.get("RECORD_KEYS", ""))
        if parts:
            return read_keyring(parts, since=_since())
    except Invalid as error:
        raise KeysWrong(f"RECORD_KEYS: {error}") from None
    if on_azure():
        raise KeysWrong(
            "RECORD_KEYS is not set, and without keys no record can be trusted; "
            "put keys into the vault and let the setting refer to them"
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
    """Read the file, or make it where there is none. Of several processes one does, and the others read its.

    What was written before there was a file may be without authentication.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(f"this-machine:{secrets.token_urlsafe(48)}\n")
        # A link appears with its whole content, and only once.
        with suppress(FileExistsError):
            os.link(made, file)
        made.unlink()
    since = datetime.fromtimestamp(file.stat().st_mtime, UTC) - _MOMENT
    return read_keyring(file.read_text("utf-8").split(), since=since)
