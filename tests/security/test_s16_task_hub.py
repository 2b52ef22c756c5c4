"""S16: what people write, and who they are, is not in the task hub: its tables, queues and blobs.

Whoever operates the host, and every backup of its account, sees the hub. A review's workflow holds ids, words of its
policy, times and numbers. Two things are known to be there, and show that the search finds: the input of a workflow
that is started without a policy, and a decision that an operator raises as a durable event.
"""

import gzip
import json
import re
import uuid

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

HUB = "greenlighthub"


class Canaries:
    """Words that are nowhere else; each is put in one place."""

    def __init__(self):
        self._tag = uuid.uuid4().hex[:10]
        self.words = {}

    def __getitem__(self, place):
        return self.words.setdefault(place, f"canary{len(self.words)}x{self._tag}")

    def in_(self, text):
        """Return the places whose words are in a text."""
        lowered = text.lower()
        return {place for place, word in self.words.items() if word in lowered}


def hub(fortress):
    """Return all that is stored in the hub, as one text."""
    found = []
    with fortress.tables() as tables:
        for table in tables.list_tables():
            if table.name.lower().startswith(HUB):
                found += [f"{table.name} {dict(row)}" for row in tables.get_table_client(table.name).list_entities()]
    with QueueServiceClient.from_connection_string(fortress.connection_string) as queues:
        for queue in queues.list_queues():
            if queue.name.startswith(HUB):
                found += [str(each.content) for each in queues.get_queue_client(queue.name).peek_messages(32)]
    with BlobServiceClient.from_connection_string(fortress.connection_string) as blobs:
        for container in blobs.list_containers():
            if container.name.startswith(HUB):
                client = blobs.get_container_client(container.name)
                found += [
                    f"{each.name} {_unpacked(client.download_blob(each.name).readall())}"
                    for each in client.list_blobs()
                ]
    return "\n".join(found)


def _unpacked(content):
    return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8", "replace")


def live(fortress, canaries):
    """Take a proposal through all that people can do, with a word of its own in every place."""
    c = canaries
    stages = [
        {"name": "design", "approvers": [c["approver"], c["colleague"]], "rule": "all", "windowHours": 10,
         "remindAfterHours": [1], "escalateTo": [c["head"]]},
        {"name": "release", "approvers": [c["releaser"]]},
    ]  # fmt: skip
    content = f"# {c['content of a file']}\n"
    proposal = fortress.begin(
        title=c["title"],
        summary=c["summary"],
        author=c["author"],
        department=c["department"],
        policy={"stages": stages},
    )

    def do(verb, **body):
        told = fortress.call("POST", f"/api/proposals/{proposal}/{verb}", {k.rstrip("_"): v for k, v in body.items()})
        assert told.status_code == 200, told.text

    path = f"/api/proposals/{proposal}/attachments/{c['name of a file']}.md?by={c['author']}"
    assert fortress.call("PUT", path, content.encode()).status_code == 201
    fortress.until(lambda: fortress.look(proposal)["status"] == "inReview")
    do("comments", by=c["author"], comment=c["comment"])
    do("changes", approver=c["approver"], comment=c["changes"], document=fortress.look(proposal)["document"])
    do("resubmit", by=c["author"], title=c["new title"], comment=c["word with it"])
    fortress.until(lambda: fortress.look(proposal)["status"] == "inReview")
    do("delegate", from_=c["colleague"], to=c["deputy"], comment=c["word to the deputy"])
    seen = fortress.look(proposal)["document"]
    do("decisions", approver=c["approver"], decision="approve", comment=c["reason"], document=seen)
    by_queue = {
        "proposalId": proposal,
        "approver": c["deputy"],
        "decision": "approve",
        "comment": c["word by the queue"],
    }
    fortress.send(json.dumps(by_queue))
    fortress.until(lambda: fortress.look(proposal)["waitingFor"] == [c["releaser"]])
    link = fortress.link(proposal, c["releaser"])
    assert fortress.call("POST", link, {"decision": "reject", "comment": c["word by the link"]}).status_code == 200
    fortress.until(lambda: _ended(fortress, proposal))
    return proposal


def _ended(fortress, instance):
    path = f"/runtime/webhooks/durabletask/instances/{instance}"
    return fortress.call("GET", path, key=fortress.master).json()["runtimeStatus"] == "Completed"


@pytest.fixture(scope="module")
def lived(fortress):
    """A review that has been through everything, its words, and the hub behind it."""
    canaries = Canaries()
    proposal = live(fortress, canaries)
    return proposal, canaries, hub(fortress)


def test_no_text_and_no_name_of_a_review_is_in_the_hub(lived):
    """Although the record has all of it."""
    proposal, canaries, stored = lived
    assert proposal in stored
    assert len(canaries.words) > 15
    assert canaries.in_(stored) == set()


def test_all_of_them_are_in_the_record_or_the_file(fortress, lived):
    """So the texts were really used; the policy has the head of the ladder."""
    proposal, canaries, _ = lived
    record = fortress.call("GET", f"/api/proposals/{proposal}/audit").text
    assert set(canaries.words) - canaries.in_(record) == {"content of a file"}


def test_the_search_finds_known_texts(fortress):
    """The input of a workflow without a policy, and an event of an operator."""
    canaries = Canaries()
    form = {"title": canaries["title"], "submittedBy": canaries["author"]}
    told = fortress.call("POST", "/api/orchestrators/ApprovalWorkflow", form, key=fortress.master)
    instance = told.json()["id"]
    decision = {"approved": False, "approver": canaries["approver"], "comment": canaries["comment"]}
    path = f"/runtime/webhooks/durabletask/instances/{instance}"
    assert fortress.call("POST", f"{path}/raiseEvent/ApprovalEvent", decision, key=fortress.master).status_code == 202
    fortress.until(lambda: _ended(fortress, instance))
    assert canaries.in_(hub(fortress)) == {"title", "author", "approver", "comment"}


def test_the_status_for_operators_has_none_either(fortress, lived):
    """Nor does its history."""
    proposal, canaries, _ = lived
    path = f"/api/orchestrations/{proposal}?showHistory=true&showHistoryOutput=true"
    told = fortress.call("GET", path, key=fortress.master)
    assert told.status_code == 200
    assert canaries.in_(told.text) == set()


def test_the_log_has_none_either(fortress, lived):
    """Only a queue message that cannot be used is logged.

    The host's line for each request has its URL, as in Azure's own logs, and the URL of a file has its name.
    """
    _, canaries, _ = lived
    lines = fortress.output.splitlines()
    requests = [line for line in lines if '"event": "request"' in line]
    assert canaries.in_("\n".join(line for line in lines if line not in requests)) == set()
    assert canaries.in_("\n".join(requests)) <= {"name of a file"}
    assert re.search(r"record\W+verb", fortress.output)
