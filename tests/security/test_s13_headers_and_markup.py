"""S13: every answer of ours tells browsers to do nothing with it, and what people write is text wherever it is shown.

The templates alone, with the same corpus: tests/pages/, tests/gateways/letters/test_letters.py. Here the way is the
whole one: in through the API, out on the page behind the link that came with the letter.
"""

import re
from pathlib import Path

import pytest
from jinja2 import Environment

from clients.description.operations import OPERATIONS
from clients.web.headers import json_headers
from clients.web.visitors import remember
from gateways.templating import environment
from tests.gateways.hostile import CORPUS, Reader
from tests.security.fortress import walk

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
PAGE = {"Accept": "text/html"}


def faults(headers):
    """Say which headers are missing or weak."""
    found = [name for name, value in ALWAYS.items() if headers.get(name) != value]
    if (
        headers.get("Cache-Control") == "private, no-cache"
        and "ETag" in headers
        and "Cookie" in headers.get("Vary", "")
    ):
        found.remove("Cache-Control")
    policy = headers.get("Content-Security-Policy", "")
    directives = {each.partition(" ")[0]: each.partition(" ")[2] for each in policy.split("; ")}
    found += [f"CSP {name}" for name in ("default-src", "frame-ancestors") if directives.get(name) != "'none'"]
    found += ["CSP script-src"] if directives.get("script-src", "'self'") != "'self'" else []
    found += [word for word in ("unsafe", "*", "http:", "https:", "data:") if word in policy]
    return found


def test_every_route_sends_the_security_headers(fortress):
    """With successes and with refusals. The host's own answers, 401 and unknown routes, have no body."""
    proposal, seen = fortress.begin(), set()
    for name, answer in walk(fortress, proposal):
        if answer.status_code == 401 and not answer.content:
            continue
        assert faults(answer.headers) == [], (name, answer.status_code, answer.url)
        seen.add(name)
    assert seen == {each.id for each in OPERATIONS}


def test_files_and_blobs_send_the_security_headers(fortress):
    """Uploads come back as downloads, never as pages."""
    proposal = fortress.begin()
    html = b"<script>alert(1)</script>"
    path = f"/api/proposals/{proposal}/attachments/page.html"
    assert fortress.call("PUT", path, html, user="Ines").status_code == 201
    told = fortress.call("GET", path, user="Ines")
    assert (told.content, faults(told.headers)) == (html, [])
    assert told.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert told.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in told.headers["Content-Security-Policy"]


def test_every_page_sends_the_security_headers(fortress):
    """The form, its faults, the answer, and all refusals."""
    proposal = fortress.begin()
    link = fortress.link(proposal, "Mara")
    pages = [
        fortress.call("GET", link, headers=PAGE),
        fortress.call("GET", "/api/decide?token=forged", headers=PAGE),
        fortress.call(
            "POST", link, b"decision=x", headers=PAGE | {"Content-Type": "application/x-www-form-urlencoded"}
        ),
        fortress.call("POST", link, b"x", headers=PAGE | {"Content-Type": "text/plain"}),
        fortress.call("POST", link, {}, headers=PAGE | {"Origin": "https://evil.example"}),
        fortress.call("POST", link, {"decision": "approve"}, headers=PAGE),
        fortress.call("GET", link, headers=PAGE),
    ]
    assert [each.status_code for each in pages] == [200, 403, 400, 415, 403, 200, 409]
    for page in pages:
        assert page.headers["Content-Type"].startswith("text/html")
        assert faults(page.headers) == []
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]


def test_every_page_for_signed_in_people_sends_the_security_headers(fortress):
    """And the one that asks for a name."""
    proposal_id = fortress.begin()
    proposal = f"/api/ui/proposals/{proposal_id}"
    mara = {**PAGE, "Cookie": remember("Mara").partition(";")[0]}
    form = {**mara, "Content-Type": "application/x-www-form-urlencoded"}
    pages = [
        fortress.call("GET", "/api/ui", headers=mara),
        fortress.call("GET", "/api/ui/inbox", headers=PAGE),
        fortress.call("GET", "/api/ui/inbox", headers=mara),
        fortress.call("GET", "/api/ui/act-as", headers=PAGE),
        fortress.call("POST", "/api/ui/act-as", b"name=", headers=form),
        fortress.call("GET", proposal, headers=mara),
        fortress.call("GET", f"{proposal}-not", headers=mara),
        fortress.call("GET", proposal, headers={**PAGE, "Cookie": remember("Eve").partition(";")[0]}),
        fortress.call("GET", f"{proposal}/files/none.md", headers=mara),
        fortress.call("POST", proposal, b"verb=comments", headers=form),
        fortress.call("POST", "/api/ui/inbox", b"decision=approve", headers=form),
        fortress.call("POST", "/api/ui/inbox", b"decision=approve", headers=form | {"Origin": "https://evil.example"}),
        fortress.call("GET", "/api/ui/operations", headers=mara),
        fortress.call("GET", f"/api/ui/operations/workflow?id={proposal_id}", headers=mara),
        fortress.call("POST", "/api/ui/operations", b"act=approve", headers=form),
        fortress.call("POST", "/api/ui/operations", b"act=x", headers=form | {"Origin": "https://evil.example"}),
        fortress.call("GET", "/api/ui/operations", headers={**PAGE, "Cookie": remember("Ines").partition(";")[0]}),
    ]
    expected = [303, 303, 200, 200, 400, 200, 404, 403, 404, 400, 400, 403, 200, 200, 400, 403, 403]
    assert [each.status_code for each in pages] == expected
    for page in pages:
        assert page.headers["Content-Type"].startswith("text/html")
        assert faults(page.headers) == []


@pytest.mark.parametrize("name", [*ALWAYS, "Content-Security-Policy"])
def test_a_missing_header_is_found(name):
    """A check that cannot fail proves nothing."""
    good = json_headers()
    assert faults(good) == []
    assert faults({key: value for key, value in good.items() if key != name})
    for weak in ("'unsafe-inline'", "'self' 'unsafe-eval'", "https://elsewhere.example", "*"):
        policy = f"default-src 'none'; frame-ancestors 'none'; script-src {weak}"
        assert faults({**good, "Content-Security-Policy": policy})
    kept = {**good, "Cache-Control": "private, no-cache", "ETag": 'W/"1"', "Vary": "Cookie"}
    assert faults(kept) == []
    assert faults({name: value for name, value in kept.items() if name != "Vary"})
    assert faults({**kept, "Cache-Control": "public, max-age=60"})


def hostile(fortress, *texts):
    """Hand in a proposal with these texts wherever people may write, and return the page on which it is decided."""
    first, second, third = texts
    stage = {"name": f"s {first}", "approvers": [f"Ana {second}"], "windowHours": 10}
    policy = {"stages": [stage], "outcomes": {f"yes {third}": "approve"}}
    every = " ".join(texts)
    proposal = fortress.begin(
        title=f"t {every}"[:200], summary=every, author=f"Ines {third}", department=first, policy=policy
    )
    comment = {"by": f"Ines {third}", "comment": every}
    assert fortress.call("POST", f"/api/proposals/{proposal}/comments", comment).status_code == 200
    page = fortress.call("GET", fortress.link(proposal, ""), headers=PAGE)
    assert page.status_code == 200, page.text
    return page.text


def test_texts_of_people_add_no_element_and_no_attribute_to_the_page(fortress):
    """The page has the same structure as with plain words, and shows the text."""
    plain = Reader(hostile(fortress, "a bench", "of oak", "by the stream"))
    assert len(plain.elements) > 20
    assert len(CORPUS) % 3 == 0
    for texts in zip(*[iter(CORPUS)] * 3, strict=True):
        page = Reader(hostile(fortress, *texts))
        assert page.shape == plain.shape, texts
        assert [text for text in texts if text not in page.text] == []


@pytest.mark.parametrize("text", [each for each in CORPUS if re.search(r"<[a-z/]", each) and "--" not in each])
def test_without_escaping_the_page_would_have_another_structure(text):
    """So the test above would find it."""
    template = "<main><p title='{{ text }}'>{{ text }}</p></main>"
    weak, strong = Environment(autoescape=False), environment(Path("."))
    usual = Reader(strong.from_string(template).render(text="a bench")).shape
    assert Reader(weak.from_string(template).render(text=text)).shape != usual
    assert Reader(strong.from_string(template).render(text=text)).shape == usual
