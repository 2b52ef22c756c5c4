"""Keys of records: read from text, the first signs, and none is ever repeated."""

import pytest

from approvals.record.keys import SHORTEST, read_keyring
from approvals.validation import Invalid

A, B = "a" * SHORTEST, "b" * SHORTEST


def test_the_first_key_signs_and_all_keys_verify():
    """So a key is replaced by putting a new one before it."""
    ring = read_keyring([f"2026-11:{A}", f"old:{B}"])
    assert ring.signing_key.id == "2026-11"
    assert ring.has_signed("2026-11", b"x", ring.signing_key.sign(b"x"))
    assert ring.has_signed("old", b"x", ring.keys[1].sign(b"x"))
    assert not ring.has_signed("old", b"x", ring.signing_key.sign(b"x"))
    assert not ring.has_signed("none", b"x", ring.signing_key.sign(b"x"))
    assert (ring.knows("old"), ring.knows("none"), ring.since) == (True, False, None)


def test_a_key_may_hold_any_character_of_base64():
    """Also next to the colon."""
    assert read_keyring([f"k:{A}+/=:"]).signing_key.secret == f"{A}+/=:".encode()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], "no key"),
        ([A], "id:key"),
        ([f":{A}"], "id:key"),
        ([f"a b:{A}"], "id:key"),
        (["k:short"], "at least 32"),
        ([f"k:{A}", f"k:{B}"], "given twice"),
    ],
)
def test_an_invalid_key_is_refused(parts, told):
    """And not repeated in the error."""
    with pytest.raises(Invalid, match=told) as refused:
        read_keyring(parts)
    assert not any(secret in str(refused.value) for secret in (A, B, "short"))


def test_a_key_is_not_shown():
    """In no traceback and no log."""
    assert A not in repr(read_keyring([f"k:{A}"]))
