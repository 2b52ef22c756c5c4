"""The API from outside, on devhost and Azurite: proposals decided over HTTP, every example of the document tried."""

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from approvals.record.chain import verify
from approvals.rules.forms import LARGEST_VERB, SubmissionForm
from clients.description.described import JSON
from clients.description.operations import OPERATIONS
from clients.web.replies import Problem

DOCUMENTED = {operation.id: operation for operation in OPERATIONS}
SECRETS = ("code=", "/runtime/webhooks/durabletask/", "systemKey", "AccountKey", "SharedAccessSignature")
EXAMPLE = SubmissionForm.example


class Api:
    """The API, called by a system, or by the person that a header names. It keeps all that it was answered."""

    def __init__(self, app):
        self.app, self.answers = app, []

    def __call__(self, method, path, body=None, *, user=None, **options):
        headers = {"X-Greenlight-User": user} if user else {}
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        url = f"{self.app.host.url}/api/{path}"
        answer = requests.request(method, url, headers=headers, timeout=60, **content, **options)
        self.answers.append(answer)
        return answer

    def begin(self, form=EXAMPLE, **params):
        """Hand a proposal in and wait until people are asked."""
        answer = self("POST", "proposals", form, params=params)
        assert answer.status_code == 202, answer.text
        return self.until(answer.json()["proposalId"], status="inReview")["proposalId"]

    def until(self, proposal, **shown):
        """Wait until the proposal shows these values, and return it."""

        def look():
            found = self("GET", f"proposals/{proposal}").json()
            return found if all(found.get(key) == value for key, value in shown.items()) else None

        return self.app.eventually(look, f"{proposal} never showed {shown}")


@pytest.fixture
def api(app):
    """The API; whatever a test does with it, no answer holds a key or a management URL."""
    calls = Api(app)
    yield calls
    for answer in calls.answers:
        told = answer.text + json.dumps(dict(answer.headers))
        assert [secret for secret in SECRETS if secret in told] == [], answer.url


def test_a_proposal_is_approved_stage_after_stage(api):
    """Its page, its record, the list and the counters agree."""
    before = api("GET", "counters/approved").json()["value"]
    proposal = api.begin()
    for person in ("Mara Lindqvist", "Jonas Weber", "Amara Okafor"):
        told = api("POST", f"proposals/{proposal}/decisions", {"decision": "approve"}, user=person)
        assert told.status_code == 200, told.text
    assert told.json()["status"] == "approved"
    shown = api("GET", f"proposals/{proposal}").json()
    assert (shown["outcome"]["decidedBy"], shown["waitingFor"]) == ("Amara Okafor", [])
    audit = api("GET", f"proposals/{proposal}/audit", params={"verify": "true"}).json()
    assert audit["verdict"]["ok"]
    assert [each["by"] for each in audit["entries"] if each["kind"] == "decided"] == [
        "Mara Lindqvist", "Jonas Weber", "Amara Okafor",
    ]  # fmt: skip
    api.app.eventually(
        lambda: api("GET", "counters/approved").json()["value"] == before + 1, "the approval was not counted"
    )
    listed = api("GET", "proposals", params={"status": "approved", "author": EXAMPLE["author"]}).json()["proposals"]
    assert proposal in [each["proposalId"] for each in listed]


def test_the_record_can_be_downloaded_and_verified(api):
    """As lines, byte for byte."""
    proposal = api.begin()
    url = f"{api.app.host.url}/api/proposals/{proposal}/audit"
    lines = requests.get(url, headers={"Accept": "application/x-ndjson"}, timeout=60)
    assert lines.headers["Content-Type"].startswith("application/x-ndjson")
    verdict = verify(lines.content)
    assert (verdict.sound, verdict.head) == (True, api("GET", f"proposals/{proposal}/audit").json()["head"])


def test_location_leads_to_the_proposal(api):
    """Relative to the address of the submission."""
    answer = api("POST", "proposals", EXAMPLE)
    assert answer.status_code == 202
    assert api("GET", answer.headers["Location"].removeprefix("/api/")).json()["title"] == EXAMPLE["title"]


def test_a_retried_submission_is_one_proposal(api):
    """Another proposal under its id is refused."""
    chosen = uuid.uuid4().hex
    assert {api.begin(id=chosen), api.begin(id=chosen)} == {chosen}
    assert api("POST", "proposals", {**EXAMPLE, "title": "Bench"}, params={"id": chosen}).status_code == 409
    kinds = [each["kind"] for each in api("GET", f"proposals/{chosen}/audit").json()["entries"]]
    assert kinds.count("submitted") == 1


def test_one_of_many_simultaneous_answers_decides(api):
    """The others are told who decided; none gets an error."""
    people = [f"Person {number}" for number in range(16)]
    proposal = api.begin({**EXAMPLE, "policy": {"stages": [{"name": "any", "approvers": people}]}})
    ready = threading.Barrier(len(people))

    def decide(person):
        ready.wait()
        return api("POST", f"proposals/{proposal}/decisions", {"decision": "approve"}, user=person)

    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(decide, people))
    winner = api("GET", f"proposals/{proposal}").json()["outcome"]["decidedBy"]
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 15
    assert people[[answer.status_code for answer in answers].index(200)] == winner
    assert all(winner in answer.json()["detail"] for answer in answers if answer.status_code == 409)


def test_reminders_are_throttled_until_the_time_has_passed(api):
    """429 with Retry-After, and 200 after that time."""
    proposal = api.begin()
    assert api("POST", f"proposals/{proposal}/remind", {"by": "Ines Carvalho"}).status_code == 200
    soon = api("POST", f"proposals/{proposal}/remind", {"by": "Ines Carvalho"})
    assert (soon.status_code, 0 < int(soon.headers["Retry-After"]) <= 3601) == (429, True)
    api.app.host.post("/admin/devhost/clock", {"hours": 1.1})
    assert api("POST", f"proposals/{proposal}/remind", {"by": "Ines Carvalho"}).status_code == 200


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.caller == "people"], ids=lambda each: each.id
)
def test_the_examples_of_the_document_work(api, operation):
    """Each body and each parameter; the answer has a documented status and form."""
    proposal = api.begin()
    if operation.id == "Resubmit":
        assert (
            api("POST", f"proposals/{proposal}/changes", DOCUMENTED["RequestChanges"].body.example).status_code == 200
        )
    if operation.id == "TakeBack":
        given = DOCUMENTED["Delegate"].body.example
        assert api("POST", f"proposals/{proposal}/delegate", given).status_code == 200
    content = operation.body.example if operation.body else None
    if operation.id in ("PutAttachment", "GetAttachment"):
        api("PUT", f"proposals/{proposal}/attachments/plan.pdf", b"%PDF-1.7", params={"by": "Ines Carvalho"})
        content = b"%PDF-1.7 revised" if operation.id == "PutAttachment" else None
    values = {each.name: each.example for each in operation.path_parameters if each.example}
    path = operation.path.format(**{"proposalId": proposal, **values})
    query = {each.name: each.example for each in operation.query if each.example}
    answer = api(operation.method, path, content, params=query)
    assert answer.status_code in operation.answers, answer.text
    model = operation.answers[answer.status_code].models.get(JSON)
    if model:
        assert model.model_validate_json(answer.content)


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.caller == "operators" and each.method == "GET" and each.id != "GetBlob"],
    ids=lambda each: each.id,
)
def test_the_examples_for_operators_work(api, operation):
    """GetBlob's depend on what is stored; HttpStart is tested below, the others in test_operations.py."""
    values = {each.name: each.example for each in operation.path_parameters if each.example}
    values |= {"instanceId": api.begin()} if "instanceId" in operation.path else {}
    query = {each.name: each.example for each in operation.query if each.example}
    url = f"{api.app.host.url}/api/{operation.path.format(**values)}"
    answer = requests.request(operation.method, url, params=query, timeout=60)
    assert answer.status_code in operation.answers, answer.text
    model = operation.answers[answer.status_code].models.get(JSON)
    if model:
        assert model.model_validate_json(answer.content)


def test_the_example_of_http_start_works(app):
    """It is for operators and is the only answer with management URLs."""
    operation = DOCUMENTED["HttpStart"]
    values = {each.name: each.example for each in operation.path_parameters}
    query = {each.name: each.example for each in operation.query}
    url = f"{app.host.url}/api/{operation.path.format(**values)}"
    answer = requests.post(url, json=dict(operation.body.example), params=query, timeout=60)
    assert answer.status_code in operation.answers, answer.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "proposals", b"{", 400),
        ("POST", "proposals", {"titel": "x"}, 400),
        ("GET", "proposals?top=1000", None, 400),
        ("GET", "proposals/nowhere", None, 404),
        ("GET", "proposals/nowhere/audit", None, 404),
        ("GET", "proposals/nowhere/audit?verify=maybe", None, 400),
        ("POST", "proposals/nowhere/decisions", {"approver": "Mara", "decision": "approve"}, 404),
        ("POST", "proposals/nowhere/decisions", {}, 400),
        ("POST", "proposals/nowhere/approve", {"by": "Mara"}, 404),
        ("POST", "proposals/nowhere/comments", b" " * (LARGEST_VERB + 1), 413),
        ("POST", "orchestrators/NoSuchWorkflow", {}, 404),
        ("POST", "orchestrators/ApprovalWorkflow", {}, 400),
        ("GET", "orchestrations/nowhere", None, 404),
        ("GET", "workflows/nothing", None, 404),
        ("GET", "counters/nothing", None, 404),
        ("GET", "blob?container=secrets&blob=x", None, 403),
        ("PUT", "proposals/nowhere/attachments/a.txt?by=Ines", b"x", 404),
        ("GET", "proposals/nowhere/attachments/a.txt", None, 404),
    ],
    ids=lambda each: str(each)[:60],
)  # fmt: skip
def test_every_refusal_is_a_problem_that_says_what_to_do(api, method, path, body, status):
    """In one form on every route."""
    answer = api(method, path, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = Problem.model_validate_json(answer.content)
    assert (problem.status, bool(problem.what_to_do), bool(problem.detail)) == (status, True, True)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("proposals", "private, no-cache"),
        ("proposals/nowhere", "no-store"),
        ("openapi.json", "no-store"),
        ("counters/approved", "no-store"),
    ],
)
def test_no_answer_is_shown_as_a_page_or_kept_without_being_asked_for_again(api, path, kept):
    """Good ones and bad ones."""
    headers = api("GET", path).headers
    assert headers["Cache-Control"] == kept
    assert ("ETag" in headers) == (kept != "no-store")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_who_has_an_answer_is_told_that_nothing_has_changed(api):
    """By the host, too: 304 comes without a body."""
    first = api("GET", "proposals")
    url = f"{api.app.host.url}/api/proposals"
    again = requests.get(url, headers={"If-None-Match": first.headers["ETag"]}, timeout=60)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert requests.get(url, headers={"If-None-Match": '"another"'}, timeout=60).status_code == 200


def test_a_request_with_another_host_name_is_refused(api):
    """A page elsewhere can send one to this machine by a name of its own."""
    url = f"{api.app.host.url}/api/proposals"
    for headers in ({"Host": "greenlight.example"}, {"X-Forwarded-For": "203.0.113.7"}):
        assert requests.get(url, headers=headers, timeout=60).status_code == 403
    crossed = {"Origin": "https://elsewhere.example", "Content-Type": "text/plain"}
    assert requests.post(url, data=json.dumps(EXAMPLE), headers=crossed, timeout=60).status_code == 403


def test_get_changes_nothing(api):
    """However often it is called."""
    proposal = api.begin()
    before = api("GET", f"proposals/{proposal}/audit").text
    for path in ("", "/audit", "/audit?verify=true", "/attachments/note.md", "/decisions", "/withdraw"):
        with suppress(ValueError):
            api("GET", f"proposals/{proposal}{path}")
    assert api("GET", f"proposals/{proposal}/audit").text == before
