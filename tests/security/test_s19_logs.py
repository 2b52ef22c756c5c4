"""S19: nobody writes a line of the log but the app, and no line holds what somebody could use.

Tokens and keys: tests/app/test_links.py, test_s02_management_keys.py; what masks them in messages:
tests/approvals/test_poison.py; names and words: test_s16_task_hub.py. Here: people who try to write lines of their own.
"""

import io
import json
import logging
import uuid
from urllib.parse import quote

import pytest

from approvals.decision import Rejected
from approvals.poison import PoisonMessage, PoisonRecord
from approvals.queue_message import read_queue_message

LINE = '{{"record": "decision", "instanceId": "{marker}", "approved": true}}'
BREAKS = ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x1b[2K\n"]


def forged(fortress, marker):
    """Return the lines of the log that say what only the app says, about a marker that only the forger has used."""
    return [line for line in fortress.lines("decision") if line.get("instanceId") == marker]


@pytest.mark.parametrize("broken", BREAKS, ids=repr)
def test_nothing_that_is_sent_becomes_a_separate_log_line(fortress, broken):
    """In a name, an id, a verb, a file name, a parameter, a comment, a token, and on the queue."""
    marker = uuid.uuid4().hex
    line = broken + LINE.format(marker=marker) + broken
    proposal, bad = fortress.begin(), quote(line, safe="")
    fortress.call("GET", f"/api/proposals/{bad}")
    fortress.call("GET", f"/api/proposals/{bad}/audit?verify={bad}")
    fortress.call("GET", f"/api/proposals?status={bad}&approver={bad}&{bad}=1")
    fortress.call("GET", "/api/proposals", headers={"X-Greenlight-User": bad})
    fortress.call("POST", f"/api/proposals/{proposal}/{bad}", {"by": "Ines"})
    fortress.call("POST", f"/api/proposals?id={bad}", {"title": "x", "author": "Ines"})
    fortress.call("POST", f"/api/proposals/{proposal}/comments", {"by": f"Ines{line}", "comment": line})
    fortress.call(
        "POST", f"/api/proposals/{proposal}/decisions", {"approver": "Mara", "decision": line, "comment": line}
    )
    fortress.call("PUT", f"/api/proposals/{proposal}/attachments/{bad}", b"x", user="Ines")
    fortress.call("GET", f"/api/decide?token={bad}")
    fortress.call("POST", f"/api/orchestrators/{bad}", {}, key=fortress.master)
    told = fortress.call("POST", f"/api/proposals/{proposal}/comments", {"by": "Ines", "comment": f"{marker} is done"})
    assert told.status_code == 200
    fortress.until(lambda: [each for each in fortress.lines("verb") if each["proposalId"] == proposal])
    assert forged(fortress, marker) == []
    assert [each for each in fortress.output.split("\n") if marker in each and not is_record(each)] == []


def is_record(line):
    """Say whether a line of the host's output is one of its own."""
    try:
        return "time" in json.loads(line)
    except ValueError:
        return False


def test_an_unusable_message_is_one_log_line_too(fortress):
    """Its text is logged with line breaks escaped."""
    marker = uuid.uuid4().hex
    body = "x\n" + LINE.format(marker=marker) + "\n"
    fortress.send(body)
    fortress.until(lambda: [each for each in fortress.lines("poison-message") if marker in each["body"]])
    (told,) = [each for each in fortress.lines("poison-message") if marker in each["body"]]
    assert told["body"] == body
    assert forged(fortress, marker) == []


def test_an_unescaped_text_forges_a_line_in_a_plain_log():
    """This is the attack; the record of poison messages withstands it."""
    body = "x\n" + LINE.format(marker="m")
    record = PoisonRecord(message_id="1", message=PoisonMessage(reason="r", body=body))
    written = {}
    for name, text in (("plain", f"message put aside: {body}"), ("ours", record.to_json())):
        stream = io.StringIO()
        logger = logging.Logger(name)
        logger.addHandler(logging.StreamHandler(stream))
        logger.error("%s", text)
        written[name] = [json.loads(line).get("record") for line in stream.getvalue().splitlines() if line[:1] == "{"]
    assert written == {"plain": ["decision"], "ours": ["poison-message"]}


@pytest.mark.parametrize("separator", BREAKS[:3], ids=repr)
def test_the_reason_for_an_unusable_message_is_one_line(separator):
    """It quotes nothing of the message that could break it."""
    for value in ({"instanceId": f"a{separator}b", "approved": True}, {f"k{separator}k": 1}, {"proposalId": separator}):
        reading = read_queue_message(json.dumps(value).encode())
        assert isinstance(reading, Rejected)
        assert separator not in reading.reason
