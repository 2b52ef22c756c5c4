"""The forms of the proposal page: their fields as a verb, or what is wrong with them."""

import re
from collections.abc import Mapping
from typing import Any

from approvals.about import About
from approvals.rules.choices import ChosenAnswer, to_verb
from approvals.rules.document_match import wrong_document
from approvals.rules.eligibility import ActionRefused
from approvals.rules.state import Review
from approvals.rules.verbs import VERBS, Verb
from approvals.validation import Invalid
from pages.verb_forms import FORMS, SentForm

_SENTENCES = {
    "decision": "Choose one of these answers.",
    "to": "Give the name of one person, in one line.",
}
"""Texts for faults in a field, where the rules' own words are for programs."""

_ACTING = {"delegate": "from", "reassign": "from"}
_WORDS = {"withdraw": "reason"}
"""The verb's name for the field that is the comment in every form."""

_NO_COMMENT = frozenset({"remind"})
_DOCUMENT = re.compile(r"[0-9a-f]{64}", re.ASCII)


def sent_form(fields: Mapping[str, Any]) -> SentForm:
    """Return a form as it was sent, so that it can be shown again; an unknown verb is none."""
    verb = str(fields.get("verb", ""))
    kept = {name: str(fields.get(name, "")) for name in ("decision", "comment", "to")}
    return SentForm(verb=verb if verb in FORMS else "", fields=kept)


def read_verb(fields: Mapping[str, Any], review: Review, person: str) -> Verb | ActionRefused:
    """Return the verb of a form, refused if it is about another document than the present one; raises `Invalid`."""
    form = sent_form(fields)
    document = str(fields.get("document", ""))
    if not form.verb or not _DOCUMENT.fullmatch(document):
        raise Invalid("the form is not one of this page; open the page again")
    about = wrong_document(review, About(document=document), person, None)
    if about:
        return about
    comment = form.fields["comment"].strip()
    if form.verb == "decisions":
        answer = {"decision": form.fields["decision"], "comment": comment, "document": document}
        return to_verb(ChosenAnswer.from_dict(answer), review.policy, person)
    more = {} if form.verb in _NO_COMMENT else {_WORDS.get(form.verb, "comment"): comment}
    to = {"to": form.fields["to"].strip()} if form.verb in ("delegate", "reassign") else {}
    return VERBS[form.verb].from_dict({_ACTING.get(form.verb, "by"): person, **more, **to})


def with_faults(form: SentForm, error: Invalid) -> SentForm:
    """Return a form with the faults beside its fields, in words for the person who filled it in."""
    faults = dict[str, str]()
    for each in error.errors:
        place, _, what = each.partition(": ")
        field = "comment" if place == "reason" else place
        if field in form.fields:
            faults[field] = _SENTENCES.get(field, f"{what[:1].upper()}{what[1:]}.")
        else:
            faults["form"] = f"{each[:1].upper()}{each[1:]}."
    return SentForm(verb=form.verb, fields=form.fields, faults=faults)


def with_refusal(form: SentForm, refused: ActionRefused) -> SentForm:
    """Return a form with the reason why it was not recorded."""
    reason = f"{refused.reason[:1].upper()}{refused.reason[1:]}."
    return SentForm(verb=form.verb, fields=form.fields, refusal=reason, changes=refused.changes)
