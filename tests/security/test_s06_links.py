"""S6: a decision link is what its signature says, once, until its time; whatever is made of one is forged.

Replay, expiry, escalation, rounds, rotation and scanners are in tests/clients/test_links.py, tests/app/test_links.py;
changed letters and pieces in tests/approvals/rules/test_links.py. Here: a forger with everything but the key.
"""

import base64
import hashlib
import json
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from itsdangerous.encoding import base64_encode

from approvals.rules.links import Expired, InvalidLink, Link, read_link, write_link

KEY, OTHER = "the-real-key-" + "a" * 32, "another-key-" + "b" * 32
SALT = "greenlight/decision-link/v1"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINK = Link(
    proposal="p1", round=1, stage="design", rung=0, person="Mara", expires=int(NOW.timestamp()) + 60, id="3-task"
)
MINE = LINK.model_copy(update={"person": "Nora", "id": "3-task-nora"})
HMAC = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


def payload(link):
    """Return the first part of a token, as its maker packs it."""
    return base64_encode(json.dumps(link.to_dict(), separators=(",", ":")).encode()).decode()


def unsigned(header):
    """Return a web token that says that it needs no signature."""
    return base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=") + "." + payload(LINK) + "."


FORGERIES = {
    "no signature": payload(LINK),
    "an empty signature": payload(LINK) + ".",
    "another key": write_link(LINK, (OTHER,)),
    "another salt": URLSafeSerializer(KEY, salt="greenlight/other", signer_kwargs=HMAC).dumps(LINK.to_dict()),
    "no salt": URLSafeSerializer(KEY, signer_kwargs=HMAC).dumps(LINK.to_dict()),
    "a weaker digest": URLSafeSerializer(KEY, salt=SALT).dumps(LINK.to_dict()),
    "another derivation": URLSafeSerializer(
        KEY, salt=SALT, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "none"}
    ).dumps(LINK.to_dict()),
    "the signature of one's own link": payload(LINK) + "." + write_link(MINE, (KEY,)).rpartition(".")[2],
    "a web token without algorithm": unsigned({"alg": "none", "typ": "JWT"}),
    "the key as the public part": write_link(LINK, (payload(LINK),)),
    "a bomb": "." + base64.urlsafe_b64encode(zlib.compress(b"[" * 10_000_000, 9)).decode() + ".x",
}


@pytest.mark.parametrize("token", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_token_not_signed_as_a_link_is_a_forgery(token):
    """Knowing the salt, the format and own links does not help."""
    assert read_link(token, (KEY,), NOW) == InvalidLink()


def test_a_signed_link_is_read():
    """Otherwise everything above would be refused anyway."""
    assert read_link(write_link(LINK, (KEY,)), (KEY,), NOW) == LINK
    honest = URLSafeSerializer(KEY, salt=SALT, signer_kwargs=HMAC).dumps(LINK.to_dict())
    assert read_link(honest, (KEY,), NOW) == LINK


def test_with_the_signing_key_anybody_can_be_impersonated():
    """So it is only in Key Vault, and no route returns the one of development: see below."""
    forged = URLSafeSerializer(KEY, salt=SALT, signer_kwargs=HMAC).dumps({**LINK.to_dict(), "person": "the mayor"})
    assert read_link(forged, (KEY,), NOW).person == "the mayor"


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_changed_characters_never_make_another_link(place, letters):
    """A token is one link or none: nobody gains another person, stage or hour."""
    token = write_link(MINE, (KEY,))
    at = place % len(token)
    changed = token[:at] + letters.decode("latin-1") + token[at + len(letters) :]
    assert read_link(changed, (KEY,), NOW) in (InvalidLink(), MINE)


def test_the_deadline_is_signed():
    """Extending it needs a forgery."""
    late = datetime.fromtimestamp(LINK.expires, UTC)
    assert read_link(write_link(LINK, (KEY,)), (KEY,), late) == Expired(link=LINK)


def test_the_key_of_development_is_in_no_readable_container(fortress):
    """Nor are records and letters; only the containers of the setting are readable."""
    fortress.link(fortress.begin(), "Mara")  # so that there is a key, and a letter
    key = fortress.key_of("GetBlob")
    told = {
        container: fortress.call("GET", f"/api/blob?container={container}&blob=link-key", key=key).status_code
        for container in (
            "development",
            "records",
            "outbox",
            "greenlighthub-leases",
            "azure-webjobs-secrets",
            "attachments",
        )
    }
    assert told.pop("attachments") == 404
    assert set(told.values()) == {403}
