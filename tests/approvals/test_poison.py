"""Messages put aside: nothing lost, no secret shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.poison import PoisonMessage, PoisonRecord, without_secrets


@given(st.binary(), st.text(alphabet=st.characters(codec="utf-8")))
def test_a_poison_message_reads_back_equal(body, reason):
    """With its reason; bytes that are no text are written as escapes."""
    put = PoisonMessage.of(body, reason)
    assert PoisonMessage.read(put.to_json().encode()) == put


@given(st.binary())
def test_a_message_that_the_host_moved_is_read(body):
    """The host moves the bare body after its last attempt."""
    read = PoisonMessage.read(body)
    assert read.reason
    json.loads(PoisonRecord(message_id="m", message=read).to_json())


def test_the_log_record_is_one_line_without_secrets():
    """Long bodies are cut, and a hash tells them apart."""
    message = PoisonMessage(reason="not JSON", body="AccountKey=abc123==;\n" + "x" * 5000)
    line = PoisonRecord(message_id="m-1", message=message).to_json()
    record = json.loads(line)
    assert "\n" not in line
    assert "abc123" not in line
    assert (record["record"], record["messageId"], record["bodyLength"]) == ("poison-message", "m-1", 5021)
    assert len(record["body"]) == 2000


@pytest.mark.parametrize(
    "text",
    [
        "AccountKey=s3cr3t;x",
        "https://h/?a=1&sig=s3cr3t&b=2",
        '{"password": "s3cr3t"}',
        "client_secret: s3cr3t",
        "code=s3cr3t",
    ],
)
def test_secrets_are_masked_by_the_name_before_them(text):
    """In connection strings, signed URLs, JSON and headers."""
    masked = without_secrets(text)
    assert "s3cr3t" not in masked
    assert "***" in masked


def test_ordinary_text_is_not_masked():
    """A reason stays readable."""
    assert without_secrets("p-1 has already finished: Completed") == "p-1 has already finished: Completed"
