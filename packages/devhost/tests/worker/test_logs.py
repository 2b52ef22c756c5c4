"""Every log record of the process reaches the host, with the invocation it belongs to."""

import logging
from typing import Any

import pytest

from durable_devhost.worker.invocation import Invocation, as_current
from durable_devhost.worker.logs import AsyncLoggingHandler, send_logs


class Wire:
    """Takes messages, or does not."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.is_open = True

    def send(self, message: Any) -> bool:
        """Keep it."""
        if self.is_open:
            self.sent.append(message)
        return self.is_open


@pytest.fixture
def wire() -> Wire:
    """An open one."""
    return Wire()


@pytest.fixture
def logger(wire) -> logging.Logger:
    """A logger of the app, whose records go to the wire and nowhere else."""
    logger = logging.Logger("the.app", logging.INFO)
    logger.addHandler(AsyncLoggingHandler(wire.send))
    return logger


@pytest.mark.parametrize("name", ["azure_functions_worker", "azure_functions_worker.extension", "azure.functions"])
def test_records_for_azures_telemetry_are_not_sent(logger, wire, name):
    """An app may write to these loggers too, and sees nothing of it."""
    logger.name = name
    logger.error("for the system")
    assert wire.sent == []


def test_a_record_is_sent_with_its_invocation(logger, wire):
    """With its text filled in and its level by name."""
    with as_current(Invocation(id="i1", function_name="one")):
        logger.warning("hi %s", "ann")
    logger.info("outside")
    assert wire.sent == [
        {"kind": "log", "level": "warning", "logger": "the.app", "text": "hi ann", "function": "one",
         "invocation": "i1", "stack": ""},
        {"kind": "log", "level": "info", "logger": "the.app", "text": "outside", "function": "", "invocation": "",
         "stack": ""},
    ]  # fmt: skip


def test_an_exception_is_sent_with_its_traceback(logger, wire):
    """As Python prints it."""
    try:
        raise KeyError("x")
    except KeyError:
        logger.exception("oh")
    assert wire.sent[0]["stack"].splitlines()[0] == "Traceback (most recent call last):"
    assert wire.sent[0]["stack"].endswith("KeyError: 'x'\n")


def test_a_record_that_cannot_be_formatted_is_reported_by_logging(logger, wire, capsys):
    """It fails no call."""
    logger.warning("%d", "no number")
    assert wire.sent == []
    assert "--- Logging error ---" in capsys.readouterr().err


def test_without_a_host_warnings_go_to_stderr(logger, wire, capsys):
    """In processes that user code forks."""
    wire.is_open = False
    logger.warning("careful")
    logger.info("nothing special")
    assert capsys.readouterr().err == "careful\n"


def test_the_root_logger_has_the_level_of_the_real_worker_and_sends_what_is_shown(wire):
    """Records below the level of host.json are not sent."""
    root, azure = logging.getLogger(), logging.getLogger("azure")
    before = (list(root.handlers), root.level, azure.level)
    try:
        send_logs(wire.send, logging.INFO, logging.ERROR)
        assert (root.level, azure.level) == (logging.INFO, logging.WARNING)
        root.warning("not shown")
        root.error("shown")
    finally:
        root.handlers[:], _, _ = before
        root.setLevel(before[1])
        azure.setLevel(before[2])
    assert [message["text"] for message in wire.sent] == ["shown"]
