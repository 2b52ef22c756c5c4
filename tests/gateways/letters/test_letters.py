"""Letters: what a person reads, with a link that answers for them alone, and no text that does anything."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.rules.links import Expired, read_link
from approvals.rules.progress import end_as_failed
from approvals.rules.replay import replay
from approvals.visible import one_line
from approvals.words.notices import Letter, Notice, notices_for
from gateways.letters.letters import Letters, open_letters, public_url
from tests.approvals.story import AUTHOR, BEGUN, Story, policy
from tests.gateways.hostile import CORPUS, Reader, hostile_record

KEYS = ("a-key-of-more-than-thirty-two-characters",)
PLAIN = policy({"name": "design", "approvers": ["Ana", "Ben"], "rule": "all", "windowHours": 10, "escalateTo": ["Eva"]})


def writer(**changes) -> Letters:
    """Return what writes letters here."""
    settings = {"public_url": "https://greenlight.example.org", "keys": KEYS, "address_of": lambda _: None}
    return Letters(**{**settings, **changes})


def notice_of(story: Story, person: str) -> Notice:
    """Return the latest notice to a person."""
    return [each for each in notices_for(story.entries, told=0) if each.person == person][-1]


def links_in(letter: Letter) -> set[str]:
    """Return the addresses that the letter leads to, in text and HTML."""
    hrefs = {attributes["href"] or "" for tag, attributes in Reader(letter.html).elements if tag == "a"}
    return hrefs | set(re.findall(r"https?://\S+", letter.text))


def test_a_letter_says_who_must_do_what_until_when():
    """The same in text and in HTML."""
    letter = writer().write(notice_of(Story(PLAIN).check(), "Ana"))
    assert (letter.subject, letter.to_name, letter.proposal_id) == ("Please decide: Bench", "Ana", "p1")
    for body in (letter.text, Reader(letter.html).text):
        for shown in ("Ines has submitted", "stage “design”", "Monday 2 March 2026, 19:00 UTC", "100 EUR"):
            assert shown in body
        assert f"of its own, version {Story(PLAIN).review.policy_hash[:8]}" in body


def test_the_link_is_for_this_person_stage_and_deadline():
    """It ends with the stage, and the record will name the letter that it came from."""
    notice = notice_of(Story(PLAIN).check(), "Ana")
    (address,) = links_in(writer().write(notice))
    base, _, token = address.rpartition("?token=")
    assert base == "https://greenlight.example.org/api/decide"
    link = read_link(token, KEYS, BEGUN + timedelta(hours=9, minutes=59))
    assert not isinstance(link, Expired)
    assert (link.proposal, link.person, link.stage, link.round, link.rung) == ("p1", "Ana", "design", 1, 0)
    assert link.id == notice.key
    assert isinstance(read_link(token, KEYS, BEGUN + timedelta(hours=10)), Expired)


def test_the_same_notice_gives_the_same_letter():
    """Sending may be repeated after a crash."""
    story = Story(PLAIN).check()
    assert writer().write(notice_of(story, "Ana")) == writer().write(notice_of(story, "Ana"))


def test_a_rung_of_the_ladder_has_its_own_link():
    """The earlier one has ended."""
    story = Story(PLAIN).check()
    story.decides("Ben")
    story.passes(10)
    (address,) = links_in(writer().write(notice_of(story, "Eva")))
    link = read_link(address.rpartition("?token=")[2], KEYS, story.now)
    assert (link.person, link.rung) == ("Eva", 1)
    assert links_in(writer().write(notice_of(story, "Ana"))) == set()


def test_without_keys_a_letter_says_how_to_answer_without_a_link():
    """Only the links are off."""
    letter = writer(keys=()).write(notice_of(Story(PLAIN).check(), "Ana"))
    assert links_in(letter) == set()
    assert "greenlight approve p1" in letter.text
    assert "greenlight approve p1" in letter.html


def test_a_person_who_need_not_answer_gets_no_link():
    """The author, and everybody after the end."""
    story = Story(PLAIN).check()
    story.decides("Ana", "reject", comment="Too dear.\nMuch too dear.")
    for person in (AUTHOR, "Ana", "Ben"):
        letter = writer().write(notice_of(story, person))
        assert links_in(letter) == set()
        assert "> Too dear.\n> Much too dear." in letter.text


def test_a_letter_goes_to_the_address_of_the_directory():
    """Without one the mail gateway decides."""
    notice = notice_of(Story(PLAIN).check(), "Ana")
    letter = writer(address_of={"Ana": "ana@example.org"}.get).write(notice)
    assert letter.to_address == "ana@example.org"
    assert writer().write(notice).to_address is None


def test_the_setting_gives_the_address_of_links(monkeypatch):
    """A trailing slash is ignored."""
    monkeypatch.setenv("PUBLIC_URL", "https://greenlight.example.org/")
    monkeypatch.setenv("LINK_KEYS", KEYS[0])
    letter = open_letters().write(notice_of(Story(PLAIN).check(), "Ana"))
    assert "https://greenlight.example.org/api/decide?token=" in letter.text


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "http://localhost:7071"),
        ("localhost:8080", "http://localhost:8080"),
        ("greenlight.azurewebsites.net", "https://greenlight.azurewebsites.net"),
    ],
)
def test_without_the_setting_links_lead_to_the_host(monkeypatch, host, url):
    """WEBSITE_HOSTNAME has its address and port."""
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    monkeypatch.delenv("WEBSITE_HOSTNAME", raising=False)
    if host:
        monkeypatch.setenv("WEBSITE_HOSTNAME", host)
    assert public_url() == url


def test_a_letter_holds_no_more_than_it_needs():
    """No key, no management address, nothing that loads when it is opened."""
    letter = writer().write(notice_of(Story(PLAIN).check(), "Ana"))
    for body in (letter.text, letter.html):
        for secret in (*KEYS, "/runtime/webhooks", "code="):
            assert secret not in body
    assert not {"script", "img", "link", "iframe", "form", "object"} & {tag for tag, _ in Reader(letter.html).elements}


@pytest.mark.parametrize("text", CORPUS)
def test_texts_of_people_stay_text(text: str):
    """In each kind of letter and each field: the letter has the same elements as one with plain words."""
    for hostile, plain in zip(_letters(text), _letters("plain"), strict=True):
        assert Reader(hostile.html).shape == Reader(plain.html).shape
        assert one_line(text) in Reader(hostile.html).text
        assert one_line(text) in hostile.subject
        assert "\n" not in hostile.subject + hostile.to_name


def test_characters_that_reverse_or_hide_text_are_removed():
    """A name could look like another one."""
    for letter in _letters("Ana\u202eneB\u200b"):
        assert not {"\u202e", "\u200b"} & set(letter.subject + letter.text + letter.html)


def test_a_summary_cannot_look_like_the_letter_itself():
    """Each of its lines is indented, and it comes last."""
    story = Story(PLAIN)
    first = story.entries[0]
    summary = "Look at it and answer here:\nhttps://evil.example/api/decide?token=x"
    story.entries = (replace(first, summary=summary),)
    text = writer().write(notice_of(story.check(), "Ana")).text
    assert "\n  Look at it and answer here:\n  https://evil.example/api/decide?token=x\n" in text
    assert text.index("greenlight.example.org") < text.index("evil.example")


def _letters(text: str) -> list[Letter]:
    """Return the letters of a record with this text in every field, up to a failure that names it too."""
    entries = hostile_record(text)
    entries += end_as_failed(replay(entries), text, now=BEGUN)
    notices = [each for number in range(1, len(entries) + 1) for each in notices_for(entries[:number], told=number - 1)]
    return [writer().write(each) for each in notices]
