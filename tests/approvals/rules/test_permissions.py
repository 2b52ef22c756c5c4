"""What somebody is offered is exactly what would be taken down if they did it."""

from hypothesis import given
from hypothesis import strategies as st

from approvals.attachments import MOST_ATTACHMENTS
from approvals.directory import NOBODY_KNOWN, read_directory
from approvals.findings import CLEAN
from approvals.policy.policy import check_for
from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.choices import choices
from approvals.rules.permissions import MOST_SUGGESTED, permissions
from approvals.rules.verbs import VERBS, Attach
from approvals.validation import Invalid
from tests.approvals.policies import PEOPLE, policies
from tests.approvals.story import AUTHOR, Story, policy

KNOWN = read_directory({name: {"mail": f"{name}@example.org"} for name in (*PEOPLE, "Gil")})
ANYBODY = (*PEOPLE, "Gil", "Zoe")
BY = {"decisions": "approver", "changes": "approver", "delegate": "from", "reassign": "from"}
ACTS = (
    st.tuples(st.just("decisions"), st.sampled_from(ANYBODY), st.sampled_from(["approve", "reject", "later"]))
    | st.tuples(st.sampled_from(["changes", "comments", "remind", "withdraw", "resubmit", "takeBack"]),
                st.sampled_from(ANYBODY), st.just(""))
    | st.tuples(st.just("delegate"), st.sampled_from(ANYBODY), st.sampled_from(ANYBODY))
    | st.tuples(st.sampled_from(["hours", "check", "file"]), st.just(""), st.sampled_from(["1", "30", "9000"]))
)  # fmt: skip


def play(story: Story, act: tuple[str, str, str]) -> None:
    """Do one thing, or let time go by; what is refused changes nothing."""
    verb, person, word = act
    match verb:
        case "hours":
            story.waits(float(word)) if word == "30" else story.passes(float(word))
        case "check":
            story.check(*CLEAN, waits=False)
        case "file":
            story.attaches("offer.md", word)
        case _:
            story.does(verb, Via.PERSON, **fields(verb, person, word))


def fields(verb: str, person: str, word: str = "") -> dict[str, str]:
    """Return what is sent with a verb."""
    more = {
        "decisions": {"decision": word},
        "changes": {"comment": "Use oak."},
        "comments": {"comment": "Who pays?"},
        "delegate": {"to": word},
        "reassign": {"to": word},
    }
    return {BY.get(verb, "by"): person, **more.get(verb, {})}


def taken(story: Story, verb: str, person: str, word: str = "", **more: str) -> bool:
    """Say whether an act would be taken down."""
    act = VERBS[verb].from_dict({**fields(verb, person, word), **more})
    actor = Actor(name=person, via=Via.PERSON)
    return isinstance(accept(story.review, act, actor, story.now, directory=story.directory), Accepted)


def attached(story: Story, person: str, name: str) -> bool:
    """Say whether a file of this name, with a content that there was not, would be put on record."""
    file = {"name": name, "blob": "p1/x.md", "content_type": "text/markdown", "size": 3, "sha256": "f" * 64}
    actor = Actor(name=person, via=Via.PERSON)
    return isinstance(accept(story.review, Attach(by=person, **file), actor, story.now), Accepted)


@given(policies(), st.lists(ACTS, max_size=12), st.sampled_from([NOBODY_KNOWN, KNOWN]))
def test_an_action_is_offered_if_and_only_if_the_rules_accept_it(rules, acts, directory):
    """For everybody, in every state, also after a deadline that nobody has processed yet."""
    try:
        check_for(rules, "Ana", cost=100.0, currency="EUR", department="works")
    except Invalid:
        return  # such a proposal is not handed in
    story = Story(rules.to_dict(), author="Ana", department="works")
    story.directory = directory
    for act in [("check", "", ""), *acts]:
        play(story, act)
    for person in ANYBODY:
        offered = permissions(story.review, person, story.now, directory=directory)
        words = [each.word for each in choices(story.review.policy)]
        about = {"comment": "Use oak.", "document": story.review.document}
        assert [each.word for each in offered.answers] == [
            word
            for word in words
            if (
                taken(story, "changes", person, **about)
                if word == "changes"
                else taken(story, "decisions", person, word, **about)
            )
        ]
        to = {verb: [each for each in ANYBODY if taken(story, verb, person, each)] for verb in ("delegate", "reassign")}
        assert (offered.delegate, offered.reassign) == (bool(to["delegate"]), bool(to["reassign"]))
        assert set(offered.successors) <= set(to["delegate"])
        assert offered.comment == taken(story, "comments", person, comment="Something new.")
        for verb, allowed in (
            ("takeBack", offered.take_back),
            ("remind", offered.remind),
            ("withdraw", offered.withdraw),
            ("resubmit", offered.resubmit),
        ):
            assert allowed == taken(story, verb, person), verb
        files = ("offer.md", "another.md")
        assert offered.attach == any(attached(story, person, name) for name in files)


def test_an_asked_person_may_decide_and_hand_over():
    """With the policy's words, and without the author's actions."""
    story = Story(policy({"approvers": ["Mara"]}, outcomes={"with conditions": "approve"})).check()
    offered = permissions(story.review, "Mara", story.now)
    assert [each.word for each in offered.answers] == ["approve", "with conditions", "changes", "reject"]
    assert (offered.delegate, offered.reassign, offered.comment, offered.remind) == (True, True, True, True)
    assert (offered.take_back, offered.withdraw, offered.resubmit) == (False, False, False)


def test_an_author_may_withdraw_and_not_decide():
    """And resubmit once somebody has asked for changes."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    assert permissions(story.review, AUTHOR, story.now).answers == ()
    assert permissions(story.review, AUTHOR, story.now).withdraw
    story.does("changes", approver="Mara", comment="Use oak.")
    assert permissions(story.review, AUTHOR, story.now).resubmit


def test_an_author_may_always_replace_a_file_and_add_one_while_there_is_room():
    """Until the proposal has ended."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    for number in range(MOST_ATTACHMENTS):
        assert permissions(story.review, AUTHOR, story.now).attach
        story.attaches(f"{number}.md", "content")
    assert not attached(story, AUTHOR, "one more.md")
    assert permissions(story.review, AUTHOR, story.now).attach
    assert not permissions(story.review, "Mara", story.now).attach
    story.does("withdraw", by=AUTHOR)
    assert not permissions(story.review, AUTHOR, story.now).attach


def test_a_repeated_comment_does_not_remove_the_comment_form():
    """Another comment is possible."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    for words in ("-", "--"):
        story.does("comments", by="Mara", comment=words)
        assert permissions(story.review, "Mara", story.now).comment


def test_only_a_few_of_many_possible_delegates_are_listed():
    """A page is no directory."""
    many = read_directory({f"Person {number:03}": {} for number in range(200)})
    story = Story(policy({"approvers": ["Mara"]})).check()
    offered = permissions(story.review, "Mara", story.now, directory=many)
    assert len(offered.successors) == MOST_SUGGESTED
    nobody = Story(policy({"approvers": ["Mara"]}, delegateTo="nobody")).check()
    assert not permissions(nobody.review, "Mara", nobody.now, directory=many).delegate
    named = Story(policy({"approvers": ["Mara"]}, delegateTo=["Eve", "Mara"])).check()
    assert permissions(named.review, "Mara", named.now, directory=many).successors == ("Eve",)
    listed = Story(policy({"approvers": ["Mara"]}, delegateTo="directory")).check()
    assert permissions(listed.review, "Mara", listed.now, directory=KNOWN).successors == tuple(sorted(KNOWN.mails))
    assert not permissions(listed.review, "Mara", listed.now).delegate
