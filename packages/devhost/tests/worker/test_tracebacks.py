"""Users see their own frames and nothing of ours."""

import pytest

from durable_devhost.wire.frames import BrokenFrame, read_prefix
from durable_devhost.worker.tracebacks import failure_text, user_stack, user_traceback


def _caught() -> BaseException:
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from error
    except ValueError as error:
        return error


def test_the_stack_is_that_of_the_last_error_without_heading_and_message():
    """The form that the worker sends as stack."""
    stack = user_stack(_caught())
    assert stack.startswith(f'  File "{__file__}"')
    assert "Traceback" not in stack
    assert "outer" in stack.splitlines()[1]
    assert len(stack.splitlines()) in (2, 3)


def test_the_report_holds_causes_and_messages():
    """As Python prints it."""
    report = user_traceback(_caught())
    assert report.index("KeyError: 'inner'") < report.index("direct cause") < report.index("ValueError: outer")


def test_frames_of_devhost_are_left_out():
    """Only the test itself remains."""
    with pytest.raises(BrokenFrame) as caught:
        read_prefix(b"")
    assert "durable_devhost/" not in user_traceback(caught.value)
    assert user_stack(caught.value).count("File ") == 1


class Silent(ValueError):
    """An error that cannot be written out."""

    def __str__(self):
        raise RuntimeError("no words")


def test_an_error_that_cannot_be_printed_still_has_a_text():
    """Its class; without a text nobody would get an answer."""
    assert failure_text(ValueError("boom")) == "ValueError: boom"
    assert failure_text(Silent()) == "Silent: (its text cannot be read: its __str__ fails)"
