"""Decision links: one is taken as it was written, until its time is over, and nothing else is ever taken for one."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from approvals.names import is_seen
from approvals.rules.links import LONGEST_TOKEN, Expired, InvalidLink, Link, read_link, write_link

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32
KEYS = (OLD, NEW)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINK = Link(
    proposal="p1",
    round=1,
    stage="board",
    rung=0,
    person="Ana Brandão",
    expires=int(NOW.timestamp()) + 60,
    id="p1-4-0123456789abcdef",
)
TOKEN = write_link(LINK, KEYS)
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200)
LINKS = st.builds(
    Link,
    proposal=NAMES,
    round=st.integers(1, 2**31),
    stage=NAMES,
    rung=st.integers(0, 10),
    person=NAMES.filter(is_seen),
    expires=st.integers(int(NOW.timestamp()) + 1, 2**33),
    id=NAMES,
)


def signed(payload, salt="greenlight/decision-link/v1"):
    """Return anything at all, signed as links are."""
    signing = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(NEW, salt=salt, signer_kwargs=signing).dumps(payload)


@given(LINKS)
def test_a_link_reads_back_equal(link):
    """For any names, and it always fits into a request line."""
    token = write_link(link, KEYS)
    assert len(token) <= LONGEST_TOKEN
    assert read_link(token, KEYS, NOW) == link
    assert write_link(link, KEYS) == token


def test_the_longest_link_of_the_widest_characters_can_be_read():
    """Four bytes each, without repetitions that could be compressed."""
    names = ["".join(chr(0x20000 + 200 * n + i * 7) for i in range(200)) for n in range(4)]
    fields = dict(zip(("proposal", "stage", "person", "id"), names, strict=True))
    link = LINK.model_copy(update={**fields, "expires": 2**40, "round": 2**40})
    assert read_link(write_link(link, KEYS), KEYS, NOW) == link


def test_the_newest_key_signs_and_all_keys_verify():
    """So a key is changed by adding one at the end and removing the first once its links are over."""
    assert read_link(TOKEN, (NEW,), NOW) == LINK
    assert read_link(TOKEN, (OLD,), NOW) == InvalidLink()
    assert read_link(TOKEN, (OLD, NEW, OTHER), NOW) == LINK
    assert read_link(write_link(LINK, (OLD,)), KEYS, NOW) == LINK


def test_a_link_expires_at_its_second():
    """Not before. The result still has its contents, for the page."""
    end = datetime.fromtimestamp(LINK.expires, UTC)
    assert read_link(TOKEN, KEYS, end - timedelta(microseconds=1)) == LINK
    assert read_link(TOKEN, KEYS, end) == Expired(link=LINK)


def test_without_keys_links_are_neither_written_nor_accepted():
    """The setting is empty."""
    with pytest.raises(ValueError, match="set LINK_KEYS"):
        write_link(LINK, ())
    assert read_link(TOKEN, (), NOW) == InvalidLink()


def test_any_changed_character_makes_a_link_a_forgery():
    """At each place; also the last one, whose Base64 has unused bits."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ %é"
    for place, was in enumerate(TOKEN):
        for letter in letters:
            if letter != was:
                assert read_link(TOKEN[:place] + letter + TOKEN[place + 1 :], KEYS, NOW) == InvalidLink()


def test_a_cut_or_extended_link_is_a_forgery():
    """Mail programs cut and wrap."""
    for length in range(len(TOKEN)):
        assert read_link(TOKEN[:length], KEYS, NOW) == InvalidLink()
    for more in ("=", ".", " ", "\n", "A", "." + TOKEN):
        assert read_link(TOKEN + more, KEYS, NOW) == InvalidLink()
        assert read_link(more + TOKEN, KEYS, NOW) == InvalidLink()


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_token_makes_the_reader_raise(text):
    """Any text in its place."""
    assert read_link(text, KEYS, NOW) == InvalidLink()


def test_a_token_that_is_too_long_is_not_read():
    """Even if its signature is valid."""
    token = signed({**LINK.to_dict(), "person": "".join(chr(0x4E00 + n) for n in range(3_000))})
    assert len(token) > LONGEST_TOKEN
    assert read_link(token, KEYS, NOW) == InvalidLink()


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {},
        {**LINK.to_dict(), "round": 0},
        {**LINK.to_dict(), "rung": -1},
        {**LINK.to_dict(), "expires": "9999999999"},
        {**LINK.to_dict(), "expires": 1e12},
        {**LINK.to_dict(), "decision": "approve"},
    ],
)
def test_a_validly_signed_value_that_is_no_link_is_a_forgery(payload):
    """The keys may sign other things, by mistake or in a later version."""
    assert read_link(signed(LINK.to_dict()), KEYS, NOW) == LINK
    assert read_link(signed(payload), KEYS, NOW) == InvalidLink()


@pytest.mark.parametrize("salt", ["itsdangerous", "greenlight/decision-link/v2"])
def test_a_value_signed_for_another_purpose_is_a_forgery(salt):
    """Links have their own salt."""
    assert read_link(signed(LINK.to_dict(), salt=salt), KEYS, NOW) == InvalidLink()


def test_a_link_for_a_name_that_is_now_refused_is_a_forgery() -> None:
    """It was made before names were checked, and nobody could answer under that name."""
    token = write_link(LINK.model_copy(update={"person": "An\u200ba"}), KEYS)
    assert read_link(token, KEYS, NOW) == InvalidLink()
