"""Pages: one heading, labels, no script, and no text that does anything."""

import re
from datetime import timedelta

import pytest

from approvals.rules.replay import replay
from approvals.visible import one_line
from pages.decision import FormInput, decision_page, result_page
from pages.rendering import Page, message_page
from tests.approvals.story import AUTHOR, BEGUN, Story, policy
from tests.gateways.hostile import CORPUS, Reader, hostile_record

PLAIN = policy(
    {"name": "design", "approvers": ["Ana", "Ben"], "rule": "all", "windowHours": 10}, {"approvers": ["Cem"]}
)


def page_of(story: Story, person: str, filled: FormInput | None = None) -> Page:
    """Return the page on which somebody answers."""
    return decision_page(story.review, story.entries, person=person, token="t.1", now=story.now, filled=filled)


def test_the_page_shows_who_is_asked_for_what_and_the_comments():
    """All that is needed to decide."""
    story = Story(PLAIN, department="works").check()
    story.does("comments", by="Ben", comment="Who pays?")
    story.decides("Ben", comment="Good.")
    story.does("delegate", **{"from": "Ana", "to": "Dora"})
    text = Reader(page_of(story, "Dora").html).text
    for shown in (
        "Dora, your answer is needed in stage “design”.", "on behalf of Ana", "works", "100 EUR",
        "Monday 2 March 2026, 19:00 UTC, 10 hours left", "Ben commented", "Who pays?", "Ben answered “approve”",
        "Good.", "No documents are attached.",
    ):  # fmt: skip
        assert shown in " ".join(text.split())


def test_a_revised_proposal_says_so():
    """People who have seen it before know to read it again."""
    story = Story(PLAIN).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, title="Oak bench", comment="It is oak.")
    text = Reader(page_of(story.check(), "Ana").html).text
    assert "2, the author has revised it" in text
    assert "asked for changes" in text
    assert "It is oak." in text


def test_the_page_has_one_heading_and_labels_each_field():
    """For screen readers, and for people who use only the keyboard."""
    elements = Reader(page_of(Story(PLAIN).check(), "Ana").html).elements
    tags = [tag for tag, _ in elements]
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert ("html", {"lang": "en"}) in elements
    assert tags.count("legend") == tags.count("fieldset") == 1
    labelled = {attributes["for"] for tag, attributes in elements if tag == "label" and "for" in attributes}
    assert {attributes["id"] for tag, attributes in elements if tag == "textarea"} == labelled
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = {
        word
        for _, attributes in elements
        for name in ("aria-labelledby", "aria-describedby")
        for word in (attributes.get(name) or "").split()
    }
    assert used <= set(ids)


def test_no_choice_is_preselected():
    """Nobody must answer by accident."""
    assert "checked" not in [
        name for _, attributes in Reader(page_of(Story(PLAIN).check(), "Ana").html).elements for name in attributes
    ]


def test_a_form_that_comes_back_is_filled_in():
    """With each fault beside its field."""
    filled = FormInput(
        decision="changes", comment="\nKeep <this>.", faults={"comment": "Say more.", "decision": "Choose."}
    )
    page = page_of(Story(PLAIN).check(), "Ana", filled)
    elements = Reader(page.html).elements
    chosen = [attributes["value"] for tag, attributes in elements if tag == "input" and "checked" in attributes]
    assert chosen == ["changes"]
    assert ">\n\nKeep &lt;this&gt;.</textarea>" in page.html
    assert "Say more." in page.html
    assert "Choose." in page.html
    (textarea,) = [attributes for tag, attributes in elements if tag == "textarea"]
    assert (textarea["aria-invalid"], textarea["aria-describedby"]) == ("true", "comment-hint comment-fault")


def test_a_page_loads_nothing_and_runs_nothing():
    """Its one style element has exactly the text that the headers allow."""
    for page in (page_of(Story(PLAIN).check(), "Ana"), message_page("Over", "It is over.")):
        reader = Reader(page.html)
        assert not {"script", "img", "iframe", "object", "a"} & {tag for tag, _ in reader.elements}
        (icon,) = [attributes for tag, attributes in reader.elements if tag == "link"]
        assert icon["href"] == "/api/decide/icon.svg"
        assert not [name for _, names in reader.shape for name in names if name == "style" or name.startswith("on")]
        assert [page.style] == re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
        assert "url(" not in page.style
        assert "@import" not in page.style


@pytest.mark.parametrize("text", CORPUS)
def test_texts_of_people_stay_text(text: str):
    """In each field: the page has the same elements as one with plain words."""
    for hostile, plain in zip(_pages(text), _pages("plain"), strict=True):
        assert Reader(hostile.html).shape == Reader(plain.html).shape
        assert one_line(text) in Reader(hostile.html).text


def test_characters_that_reverse_or_hide_text_are_removed():
    """A name could look like another one."""
    for page in _pages("Ana\u202eneB\u200b")[:1]:
        assert not {"\u202e", "\u200b"} & set(Reader(page.html).text)


def test_the_result_says_what_happens_next():
    """So that nobody has to ask."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben", "Cem"]})).check()
    story.decides("Ana")
    assert "Next, Ben and Cem must answer." in result_page(story.review, "Approve").html
    story.does("changes", approver="Ben", comment="Use oak.")
    assert "Ines is asked to change it." in result_page(story.review, "Ask for changes").html
    story.does("resubmit", by=AUTHOR, title="Oak bench")
    assert "You can close this page." in result_page(story.review, "Approve").html
    story.check()
    story.decides("Ana", "reject", round=2)
    assert "The proposal is rejected now." in result_page(story.review, "Reject").html


def test_only_the_end_of_a_long_discussion_is_shown():
    """The record has all of it."""
    story = Story(PLAIN).check()
    for number in range(40):
        story.does("comments", by="Ben", comment=f"Remark {number}.")
    text = Reader(page_of(story, "Ana").html).text
    assert "Remark 39." in text
    assert "Remark 9." not in text


def _pages(text: str) -> list[Page]:
    """Return the pages about a record with this text in every field."""
    entries = hostile_record(text)
    review, now = replay(entries), BEGUN + timedelta(hours=1)
    person = next(each.person for each in review.waiting_for if each.person.startswith("Dora"))
    filled = FormInput(decision=text, comment=text, faults={"comment": text, "decision": text, "form": text})
    return [
        decision_page(review, entries, person=person, token="t.1", now=now),
        decision_page(review, entries, person=person, token="t.1", now=now, filled=filled),
        message_page(text, text),
        result_page(review, text),
    ]
