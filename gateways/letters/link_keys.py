"""The keys that sign decision links: from the settings, or in development one that this machine makes for itself."""

import os
import secrets
from functools import cache

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from gateways.connections import open_blob_service
from gateways.containers import open_container
from gateways.keys import KeysWrong, split_keys

SHORTEST = 32
"""Characters of a key. `openssl rand -base64 48` makes one of 64."""

CONTAINER = "development"
_BLOB = "link-key"


def link_keys() -> tuple[str, ...]:
    """Return the keys, the newest last; it signs, and all of them are believed. None at all: there are no links.

    `LINK_KEYS` holds them, separated by commas. So a key is replaced without voiding the links that are out: append the
    new one, and remove the old one when the longest window is over. Raises `KeysWrong`.
    """
    keys = split_keys("LINK_KEYS", os.environ.get("LINK_KEYS", ""))
    if any(len(key) < SHORTEST for key in keys):
        raise KeysWrong(
            f"LINK_KEYS: each key needs at least {SHORTEST} characters, or whoever has a link can guess it; "
            "make one with: openssl rand -base64 48"
        )
    if len(set(keys)) != len(keys):
        raise KeysWrong("LINK_KEYS: a key is given twice; the newest stands last, so give each once")
    if keys or os.environ.get("AUTH_MODE") != "development":
        return keys
    return (_of_this_machine(open_blob_service()),)


@cache
def _of_this_machine(_: BlobServiceClient) -> str:
    """Make a key where there is none. Of several processes one does, and the others read it."""
    blob = open_container(CONTAINER).get_blob_client(_BLOB)
    try:
        key = secrets.token_urlsafe(48)
        blob.upload_blob(key, overwrite=False)
    except ResourceExistsError:
        key = blob.download_blob().readall().decode()
    return key
