"""The page of a proposal."""

import itertools
import re

import pytest

from approvals.directory import read_directory
from approvals.rules.permissions import permissions
from approvals.rules.versions import versions
from approvals.visible import one_line
from pages.history import MOST_TOLD, rounds
from pages.proposal import ShownProposal, proposal_page
from pages.shell import Shell
from pages.verb_forms import FORMS, SentForm, verbs_with_form
from tests.approvals.story import AUTHOR, Story, policy
from tests.gateways.hostile import CORPUS, Reader

PLAIN = policy(
    {"name": "design", "approvers": ["Ana", "Ben"], "rule": "all", "windowHours": 10}, {"approvers": ["Cem"]}
)


def page_of(story: Story, person: str, **more: object) -> str:
    """Return the page as somebody sees it."""
    shown = ShownProposal(
        review=story.review,
        entries=story.entries,
        versions=versions(story.entries),
        permissions=permissions(story.review, person, story.now),
        **more,  # type: ignore[arg-type]
    )
    return proposal_page(Shell(person=person, may_change=True), shown, now=story.now).html


def text_of(story: Story, person: str, **more: object) -> str:
    """Return what can be read on it, each run of blanks as one."""
    return " ".join(Reader(page_of(story, person, **more)).text.split())


def forms(html: str) -> set[str]:
    """Return the verbs of the forms on a page."""
    fields = [attributes for tag, attributes in Reader(html).elements if tag == "input"]
    return {str(each["value"]) for each in fields if each.get("name") == "verb"}


def test_an_asked_person_sees_the_details_and_their_forms():
    """Decide, comment, delegate, remind; no form of the author."""
    html = page_of(Story(PLAIN, department="works").check(), "Ana")
    text = " ".join(Reader(html).text.split())
    for shown in (
        "Your answer is asked for in stage “design”, 10 hours left.", "works", "100 EUR", "None are attached.",
        "Ben is waited for", "It cannot be taken back.", "What else you can do",
    ):  # fmt: skip
        assert shown in text, shown
    assert forms(html) == {"decisions", "comments", "delegate", "reassign", "remind"}


@pytest.mark.parametrize(
    ("person", "verbs"), [(AUTHOR, {"comments", "remind", "withdraw"}), ("Cem", {"decisions", "comments", "remind"})]
)
def test_everybody_sees_the_forms_of_their_rights_and_no_others(person, verbs):
    """Cem is asked later, and may answer early."""
    assert forms(page_of(Story(PLAIN).check(), person)) == verbs


def test_the_page_says_that_an_early_answer_is_kept():
    """Otherwise it would seem to count now."""
    text = text_of(Story(PLAIN).check(), "Cem")
    assert "You are not asked yet. Your answer is kept until you are." in text
    assert "Ana and Ben are asked in stage “design”." in text


def test_a_person_who_has_decided_still_sees_the_proposal():
    """With their answer, and without the form."""
    story = Story(PLAIN).check()
    story.decides("Ana", comment="Good.")
    html = page_of(story, "Ana")
    assert "decisions" not in forms(html)
    assert "Good." in html
    assert "Ben is asked in stage “design”." in text_of(story, "Ana")


def test_a_task_can_be_taken_back_by_its_owner():
    """And the delegate sees for whom it is."""
    story = Story(PLAIN).check()
    story.does("delegate", **{"from": "Ana", "to": "Dora"})
    assert "takeBack" in forms(page_of(story, "Ana"))
    assert "asked for on behalf of Ana in" in text_of(story, "Dora")


def test_an_author_who_must_change_the_proposal_finds_the_link():
    """To the resubmission page."""
    story = Story(PLAIN).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    assert "/api/ui/proposals/p1/resubmit" in page_of(story, AUTHOR)
    assert "Ana asked Ines to change it." in text_of(story, AUTHOR)
    assert "/resubmit" not in page_of(story, "Ana")


def test_every_form_names_the_shown_document():
    """So that nobody acts on one that they have not seen."""
    story = Story(PLAIN).check()
    html = page_of(story, "Ana")
    sent = list(re.findall(r"<form method=\"post\".*?</form>", html, re.DOTALL))
    assert len(sent) == 4
    assert all(f'name="document" value="{story.review.document}"' in each for each in sent)


def test_a_form_that_comes_back_is_filled_in():
    """With each fault beside its field, and its section open."""
    typed = {"decision": "approve", "comment": "Good <enough>.", "to": ""}
    sent = SentForm(verb="decisions", fields=typed, faults={"comment": "Too long.", "decision": "Choose."})
    html = page_of(Story(PLAIN).check(), "Ana", sent=sent)
    assert "\nGood &lt;enough&gt;.</textarea>" in html
    assert 'value="approve" required checked' in html
    assert html.count("aria-invalid") == 1
    assert "Put right what is marked in the form" in html
    handed = SentForm(verb="reassign", fields={"to": "Ben", "comment": "Yours."}, refusal="Ben is asked already.")
    html = page_of(Story(PLAIN).check(), "Ana", sent=handed)
    assert "Ben is asked already." in html
    assert re.search(r"<details open>\s*<summary>Let somebody else answer", html)
    assert 'name="verb" value="reassign" required checked' in html
    named = SentForm(verb="delegate", fields={"to": ""}, faults={"to": "Give a name."})
    assert 'aria-describedby="to-fault"' in page_of(Story(PLAIN).check(), "Ana", sent=named)


def test_a_refusal_because_of_changes_lists_them():
    """And the answer can be given for the new document."""
    sent = SentForm(verb="decisions", fields={"comment": "Yes."}, refusal="It changed.", changes=("Ines added x.md",))
    html = page_of(Story(PLAIN).check(), "Ana", sent=sent)
    assert "Ines added x.md" in html
    assert "\nYes.</textarea>" in html


def test_typed_text_is_kept_if_its_form_is_gone():
    """Somebody was faster, and the text can still be copied."""
    story = Story(PLAIN).check()
    story.does("withdraw", by=AUTHOR)
    sent = SentForm(verb="decisions", fields={"comment": "All the details."}, refusal="It was withdrawn.")
    assert "What you wrote: All the details." in text_of(story, "Ana", sent=sent)


def test_the_result_of_an_action_is_shown_once_by_a_known_code():
    """The URL cannot put words on the page."""
    story = Story(PLAIN).check()
    assert "Your comment is on record." in text_of(story, "Ana", done_verb="comments")
    assert "The proposal is handed in." in text_of(story, AUTHOR, done_verb="submitted")
    assert "You have won" not in page_of(story, "Ana", done_verb="You have won")
    assert 'class="noted"' not in page_of(story, "Ana", done_verb="You have won")


def test_people_with_a_part_are_mentioned():
    """In comments, as text."""
    story = Story(PLAIN).check()
    story.does("comments", by="Ben", comment="@ana, who pays? @Zoe does not.")
    html = page_of(story, "Ana")
    assert '<b class="mention">@ana</b>, who pays? @Zoe does not.' in html


def test_the_history_has_every_entry_by_round():
    """The latest round is open; a long one is cut, and can be shown completely."""
    story = Story(PLAIN).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, title="Oak bench")
    text = text_of(story.check(), "Ana")
    for told in ("Round 1", "hands it in", "asks for changes", "“Use oak.”", "Round 2", "changed: title"):
        assert told in text, told
    for number in range(MOST_TOLD):
        story.does("comments", by="Ben", comment=f"Remark {number}.")
    left = len(story.entries) - MOST_TOLD
    assert f"{left} earlier entries are left out." in text_of(story, "Ana")
    assert "are left out" not in text_of(story, "Ana", whole_history=True)
    assert sum(len(each.events) for each in rounds(story.entries, most=None)) == len(story.entries)
    assert sum(len(each.events) for each in rounds(story.entries)) == MOST_TOLD


def test_a_long_comment_is_cut_in_the_history():
    """The list of comments has all of it."""
    story = Story(PLAIN).check()
    story.does("comments", by="Ben", comment="word " * 200)
    (last,) = rounds(story.entries)[-1].events[-1].details
    assert len(last) < 310
    assert last.endswith(" …")


def test_the_page_has_one_heading_and_labels_each_field():
    """For screen readers, and for people who use only the keyboard."""
    story = Story(policy({"approvers": ["Ana"]}, outcomes={"later": "changes"}, allowSelfApproval=True), author="Ana")
    story.check()
    elements = Reader(page_of(story, "Ana")).elements
    tags = [tag for tag, _ in elements]
    assert (tags.count("h1"), tags.count("main")) == (1, 1)
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes["for"] for tag, attributes in elements if tag == "label" and "for" in attributes}
    assert {attributes["id"] for tag, attributes in elements if tag == "textarea"} <= labelled
    used = {
        word
        for _, attributes in elements
        for name in ("aria-labelledby", "aria-describedby", "list")
        for word in (attributes.get(name) or "").split()
    }
    assert used <= set(ids)
    headings = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))


def test_times_can_be_read_by_programs():
    """A browser may show them in its own time zone."""
    times = [attributes for tag, attributes in Reader(page_of(Story(PLAIN).check(), "Ana")).elements if tag == "time"]
    assert len(times) > 3
    assert all(str(each["datetime"]).endswith("+00:00") for each in times)


def hostile(text: str) -> Story:
    """Return a story with a text wherever people may write."""
    stage = {"name": f"s {text}", "approvers": [f"Ana {text}"], "windowHours": 10}
    story = Story(policy(stage, outcomes={f"yes {text}": "approve"}), department=text)
    story.attaches("plan.md", "p1")
    story.check()
    story.does("comments", by=f"Ana {text}", comment=f"@Ines {text}")
    story.does("changes", approver=f"Ana {text}", comment=text)
    story.does("resubmit", by=AUTHOR, title=f"t {text}"[:200], summary=text, comment=text)
    return story.check()


@pytest.mark.parametrize("text", CORPUS)
def test_texts_of_people_stay_text(text):
    """In each field: the page has the same elements as one with plain words."""
    for person in ("Ana", AUTHOR):
        who = f"{person} {text}" if person == "Ana" else person
        plain_who = f"{person} plain" if person == "Ana" else person
        evil, plain = Reader(page_of(hostile(text), who)), Reader(page_of(hostile("plain"), plain_who))
        assert evil.shape == plain.shape
        assert one_line(text) in " ".join(evil.text.split())


def test_right_to_left_names_are_isolated():
    """Otherwise the sentence around them would be reversed too."""
    html = page_of(Story(policy({"approvers": ["ليلى حداد"]})).check(), "ليلى حداد")
    assert "<bdi>ليلى حداد</bdi>" in html
    assert '<bdi dir="ltr">A: asks ليلى حداد</bdi>' in html


def test_possible_delegates_are_suggested():
    """By name, from the directory."""
    story = Story(policy({"approvers": ["Ana"]}, delegateTo="directory")).check()
    known = read_directory({"Ana": {}, "Dora": {}})
    allowed = permissions(story.review, "Ana", story.now, directory=known)
    shown = ShownProposal(
        review=story.review, entries=story.entries, versions=versions(story.entries), permissions=allowed
    )
    html = proposal_page(Shell(person="Ana", may_change=False), shown, now=story.now).html
    assert re.findall(r'<option value="([^"]+)">', html) == ["Dora"]


def test_every_verb_with_a_form_has_a_result_text():
    """And no other verb has one."""
    story = Story(PLAIN).check()
    assert set(verbs_with_form(permissions(story.review, "Ana", story.now))) < set(FORMS)
