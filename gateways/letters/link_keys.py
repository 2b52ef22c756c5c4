"""The keys that sign decision links: from the settings, or in development a key that this machine makes."""

import os
import secrets
from functools import cache

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from gateways.connections import open_blob_service
from gateways.containers import open_container
from gateways.hosting import is_development
from gateways.keys import KeysWrong, split_keys

SHORTEST = 32
"""Characters of a key. `openssl rand -base64 48` makes one of 64."""

CONTAINER = "development"
_BLOB = "link-key"


def link_keys() -> tuple[str, ...]:
    """Return the keys, the newest last; the newest one signs, all of them verify. Empty: links are switched off.

    `LINK_KEYS` has them, separated by commas. To replace a key without invalidating existing links, append the new one,
    and remove the old one after the longest window. Raises `KeysWrong`.
    """
    keys = split_keys("LINK_KEYS", os.environ.get("LINK_KEYS", ""))
    if any(len(key) < SHORTEST for key in keys):
        raise KeysWrong(
            f"LINK_KEYS: each key needs at least {SHORTEST} characters, otherwise it can be guessed from a link; "
            "make one with: openssl rand -base64 48"
        )
    if len(set(keys)) != len(keys):
        raise KeysWrong("LINK_KEYS: a key is given twice; give each key once, the newest last")
    if keys or not is_development():
        return keys
    return (_of_this_machine(open_blob_service()),)


@cache
def _of_this_machine(_: BlobServiceClient) -> str:
    """Create a key if there is none. Of several processes one creates it, and the others read it."""
    blob = open_container(CONTAINER).get_blob_client(_BLOB)
    try:
        key = secrets.token_urlsafe(48)
        blob.upload_blob(key, overwrite=False)
    except ResourceExistsError:
        key = blob.download_blob().readall().decode()
    return key
