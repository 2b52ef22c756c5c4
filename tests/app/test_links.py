"""A decision link's whole way: from the letter in the outbox to the record, on a host of its own."""

import email
import email.policy
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from durable_devhost.testing.plugin import AppUnderTest, Storage

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30

POLICY = {
    "stages": [{"name": "design", "approvers": ["Ana", "Ben"], "windowHours": 10, "escalateTo": ["Eva"]}],
}


class Town(AppUnderTest):
    """The app, and what people find in their mail."""

    def submit(self, **fields: Any) -> str:
        """Hand in a proposal and return its id."""
        form = {"title": "Bench", "author": "Ines", "summary": "<b>Oak</b>", "policy": POLICY, **fields}
        answer = self.request("POST", "/api/proposals", form)
        assert answer.status == 202, answer
        return str(answer.body["proposalId"])

    def letters(self, proposal_id: str) -> dict[str, list[str]]:
        """Return the texts of the letters in the outbox, by whom they are for."""
        connection = self.connection_string
        found: dict[str, list[str]] = {}
        with BlobServiceClient.from_connection_string(connection) as service:
            outbox = service.get_container_client("outbox")
            try:
                names = [blob.name for blob in outbox.list_blobs(name_starts_with=f"{proposal_id}/")]
            except ResourceNotFoundError:
                return {}
            for name in sorted(names):
                message = email.message_from_bytes(outbox.download_blob(name).readall(), policy=email.policy.default)
                body = message.get_body(("plain",))
                assert body
                found.setdefault(message["To"].addresses[0].display_name, []).append(body.get_content())
        return found

    def link(self, proposal_id: str, person: str, number: int = 0) -> str:
        """Wait for a letter with a link to this person, and return where it leads on this host."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            found = re.findall(r"/api/decide\?token=\S+", "\n".join(self.letters(proposal_id).get(person, [])))
            if len(found) > number:
                return f"{self.url}{found[number]}"
            time.sleep(0.05)
        raise AssertionError(f"{person} has no letter {number} with a link: {self.letters(proposal_id)}\n{self.output}")

    def look(self, proposal_id: str) -> dict[str, Any]:
        """Return the proposal, without the time of the look."""
        shown: dict[str, Any] = self.request("GET", f"/api/proposals/{proposal_id}").body
        return {name: value for name, value in shown.items() if name != "now"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[Town]:
    """The app on a virtual clock, with links signed by the development key."""
    settings = {"AUTH_MODE": "development", "ALLOWED_HOSTS": "127.0.0.1"}
    with Town(ROOT, tmp_path_factory.mktemp("links"), ("--clock", "virtual"), settings, app_storage) as running:
        yield running


def test_a_link_in_a_letter_leads_to_a_page_that_decides(town: Town):
    """Opening it changes nothing, the form decides, and a second answer gets the recorded one."""
    proposal_id = town.submit()
    link = town.link(proposal_id, "Ana")
    before = town.look(proposal_id)
    page = requests.get(link, timeout=30)
    assert page.status_code == 200
    assert "&lt;b&gt;Oak&lt;/b&gt;" in page.text
    assert town.look(proposal_id) == before

    done = requests.post(link, data={"decision": "approve", "comment": "Good."}, timeout=30)
    assert done.status_code == 200, done.text
    assert "Your answer: Approve" in done.text
    assert town.look(proposal_id)["status"] == "approved"
    (answer,) = town.look(proposal_id)["stages"][0]["answers"]
    assert (answer["person"], answer["via"]) == ("Ana", "link")

    again = requests.post(link, data={"decision": "reject"}, timeout=30)
    assert again.status_code == 409
    other = requests.post(town.link(proposal_id, "Ben"), data={"decision": "reject"}, timeout=30)
    assert other.status_code == 409
    assert "by Ana" in other.text


def test_an_escalation_ends_the_first_links_and_sends_a_new_one(town: Town):
    """In virtual time; the person on the next rung decides by their own link."""
    proposal_id = town.submit()
    first = town.link(proposal_id, "Ana")
    town.advance(hours=10)
    second = town.link(proposal_id, "Eva")
    assert requests.post(first, data={"decision": "approve"}, timeout=30).status_code == 410
    assert requests.post(second, data={"decision": "reject"}, timeout=30).status_code == 200
    assert town.look(proposal_id)["status"] == "rejected"


def test_a_request_for_changes_leads_to_a_new_link(town: Town):
    """The first link ends with its round."""
    proposal_id = town.submit()
    first = town.link(proposal_id, "Ana")
    asked = requests.post(first, data={"decision": "changes", "comment": "Use oak."}, timeout=30)
    assert asked.status_code == 200, asked.text
    body = {"by": "Ines", "title": "Oak bench", "comment": "It is oak."}
    answer = town.request("POST", f"/api/proposals/{proposal_id}/resubmit", body)
    assert answer.status == 200, answer
    second = town.link(proposal_id, "Ana", number=1)
    assert requests.post(first, data={"decision": "approve"}, timeout=30).status_code == 409
    assert requests.post(second, json={"decision": "approve"}, timeout=30).json()["status"] == "approved"


def test_a_link_does_not_decide_another_proposal(town: Town):
    """The answer says so to whoever sends it with another id."""
    one, other = town.submit(), town.submit()
    link = town.link(one, "Ana")
    town.until(lambda: town.look(other)["status"] == "inReview")
    response = requests.post(link, json={"decision": "approve", "proposalId": other}, timeout=30)
    assert response.status_code == 403
    assert [town.look(each)["status"] for each in (one, other)] == ["inReview", "inReview"]


def test_one_of_many_simultaneous_uses_of_a_link_decides(town: Town):
    """The others learn that it was used."""
    proposal_id = town.submit()
    link = town.link(proposal_id, "Ana")
    answered: list[int] = []

    def use(decision: str) -> None:
        answered.append(requests.post(link, data={"decision": decision}, timeout=60).status_code)

    users = [threading.Thread(target=use, args=(decision,)) for decision in ("approve", "reject") * 8]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert sorted(answered) == [200, *[409] * 15]
    assert len(town.look(proposal_id)["stages"][0]["answers"]) == 1


def test_logs_and_letters_hold_no_secret(town: Town):
    """Tokens are not logged, and letters hold no key of the management API."""
    proposal_id = town.submit()
    link = town.link(proposal_id, "Ana")
    requests.get(link, timeout=30)
    requests.post(link, data={"decision": "nonsense"}, timeout=30)
    requests.get(f"{town.url}/api/decide?token=forged-token-of-somebody", timeout=30)
    requests.post(link, data={"decision": "approve"}, timeout=30)
    token = link.rpartition("=")[2]
    assert token not in town.output
    assert "forged-token-of-somebody" not in town.output
    letters = "".join(text for texts in town.letters(proposal_id).values() for text in texts)
    assert "code=" not in letters
    assert "/runtime/webhooks" not in letters
