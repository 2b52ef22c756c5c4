"""The texts of a failed activity, as published workarounds parse them."""

import json

import pytest

from durable_devhost.durable.failures import failure_details, failure_reason, stored_result


def test_the_reason_names_the_activity() -> None:
    """With the real host's two blanks."""
    assert failure_reason("Pay", "ValueError: boom") == "Activity function 'Pay' failed:  ValueError: boom"


def test_the_details_are_the_json_of_a_dotnet_exception() -> None:
    """`$type` is first, the message begins with a blank, and Python's frames are inside."""
    text = failure_details("ValueError: bööm", "  File x")
    details = json.loads(text)
    assert next(iter(details)) == "$type"
    assert details["Message"] == " ValueError: bööm"
    inner = details["InnerException"]
    assert (inner["RemoteMessage"], inner["RemoteStackTrace"]) == ("ValueError: bööm", "  File x")
    assert inner["Message"] == "Result: Failure\nException: ValueError: bööm\nStack:   File x"
    assert "bööm" in text


@pytest.mark.parametrize(
    ("text", "stored"),
    [(None, None), ("null", None), ('{"a": [1, 2]}', '{"a":[1,2]}'), ('"ö"', '"ö"'), ("false", "false"), ("0", "0")],
)
def test_a_result_is_stored_compactly_and_null_as_nothing(text: str | None, stored: str | None) -> None:
    """What is falsy is a result all the same."""
    assert stored_result(text) == stored
