"""Text that people could hand in to make a letter or page do something, and a reader that sees what became of it."""

from html.parser import HTMLParser

from approvals.policy.policy import Policy
from approvals.record.documents import Attachment
from approvals.record.entries import Entry, Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.progress import begin, checked
from approvals.rules.replay import replay
from approvals.rules.verbs import VERBS
from tests.approvals.story import BEGUN

CORPUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea><script>alert(1)</script>",
    "</title></style></head><svg/onload=alert(1)>",
    "--><!--<b>",
    "<a href=javascript:alert(1)>Approve</a>",
    "<form action=https://evil.example><input type=submit>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<base href=https://evil.example/>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "&lt;script&gt;&#60;b&#62;",
    "Subject: x Bcc: eva@evil.example",
    "<style>@import url(https://evil.example/x.css)</style>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
)


class Reader(HTMLParser):
    """What a browser would see: the elements, their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Keep it."""
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        """Leave it."""
        self._inside = ""

    def handle_data(self, data):
        """Keep the text, not the style."""
        if self._inside != "style":
            self.text += data

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements with the names of their attributes: what no text may change."""
        return [(tag, tuple(sorted(attributes))) for tag, attributes in self.elements]


def hostile_record(text: str) -> tuple[Entry, ...]:
    """Return a record with this text in every field that a person can fill, or could before names were checked."""
    policy = Policy.from_dict({
        "stages": [
            {"name": text, "approvers": [f"Ana {text}", f"Ben {text}", f"Cem {text}"], "rule": "all"},
        ],
        "outcomes": {f"yes {text}"[:200]: "approve"},
    })  # fmt: skip
    words = {"title": text, "summary": f"{text}\n{text}", "cost": 7.0, "currency": "EUR", "department": text}
    file = Attachment(name=text, blob="p1/x", content_type=text, size=7, sha256="0" * 64)
    entries = begin(
        "p1",
        words,
        author=f"Ines {text}",
        via=Via.PERSON,
        policy=policy,
        policy_name="own",
        attachments=(file,),
        now=BEGUN,
    )
    entries += checked(replay(entries), (text,), document=replay(entries).document, now=BEGUN)
    for verb, fields in (
        ("comments", {"by": "Ben", "comment": text}),
        ("decisions", {"approver": "Ben", "decision": f"yes {text}"[:200], "comment": text}),
        ("delegate", {"from": "Ana", "to": "Dora", "comment": text}),
    ):
        meant = VERBS[verb].from_dict(fields)
        named = {each: getattr(meant, each, None) for each in ("by", "approver", "owner", "to")}
        meant = meant.model_copy(update={each: f"{name} {text}" for each, name in named.items() if name})
        judged = accept(replay(entries), meant, Actor(name=meant.actor_name, via=Via.SYSTEM), BEGUN)
        assert isinstance(judged, Accepted)
        entries += judged.entries
    return entries
