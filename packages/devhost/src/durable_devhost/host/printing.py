"""The console as a person reads it: a banner with every URL, then one line for each thing that happens."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from io import UnsupportedOperation
from textwrap import fill, indent
from typing import TextIO

from rich.console import Console as Terminal
from rich.text import Text

from durable_devhost.dotnet.texts import without_exception_json
from durable_devhost.host.facts import (
    Fact,
    HostNotice,
    InvocationEnded,
    ListedFunction,
    LogRecord,
    Mailed,
    Orchestrated,
    Ready,
    Requested,
)
from durable_devhost.host.printable import printable_fact

_TITLES = {
    "http": "HTTP",
    "queue": "Queues",
    "blob": "Blobs",
    "eventGrid": "Event Grid",
    "timer": "Timers",
    "orchestration": "Orchestrators",
    "activity": "Activities",
    "entity": "Entities",
}
_STATUS_STYLE = {"Completed": "green", "Failed": "bold red", "Terminated": "red", "Suspended": "yellow"}
_LEVEL_STYLE = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}
_NAME_WIDTH = 26
_BANNER_WIDTH = 100
_ID_WIDTH = 12


class TextSink:
    """Prints facts with rich: in colour on a terminal, plain into a file or a pipe. Lines are never wrapped or cut."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = Terminal(file=stream, highlight=False, soft_wrap=True)

    def write(self, fact: Fact, at: datetime) -> None:
        """Print one fact."""
        if isinstance(fact, InvocationEnded) and fact.kind == "http" and not fact.error:
            return  # the request's own line says it
        fact = printable_fact(fact)
        text = _banner(fact) if isinstance(fact, Ready) else _line(fact, at)
        self._put(text)

    def _put(self, text: Text) -> None:
        """Print a line; without a terminal not through rich, which takes as long for it as an episode does."""
        with suppress(BrokenPipeError, UnsupportedOperation, ValueError):  # nobody reads any more; the host goes on
            if self._terminal.is_terminal:
                self._terminal.print(text, end="\n")
            else:
                self._stream.write(f"{text.plain.expandtabs()}\n")
                self._stream.flush()


class FuncSink(TextSink):
    """Prints what the app logs, and how it fails, in the form of Core Tools; all else as it is.

    Test harnesses cut `[2026-11-26T16:55:35.123Z] ` off a line and look for the text behind it.
    """

    def write(self, fact: Fact, at: datetime) -> None:
        """Print one fact."""
        match printable_fact(fact):
            case LogRecord(text=text, stack=stack):
                self._print(at, text, stack)
            case InvocationEnded(function=name, error=error, stack=stack, invocation=id_, ms=ms) if error:
                self._print(at, f"Executed 'Functions.{name}' (Failed, Id={id_}, Duration={ms:.0f}ms)")
                self._print(at, f"System.Private.CoreLib: Exception while executing function: Functions.{name}.")
                self._print(at, f"Exception: {error}", f"Stack: {stack}")
            case _:
                super().write(fact, at)

    def _print(self, at: datetime, *texts: str) -> None:
        stamp = f"[{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z]"
        for line in "\n".join(text for text in texts if text.strip()).splitlines():
            self._put(Text(f"{stamp} {line}"))


def short_id(instance_id: str) -> str:
    """An instance id short enough for a column; long ones keep their beginning."""
    return instance_id if len(instance_id) <= _ID_WIDTH else f"{instance_id[: _ID_WIDTH - 2]}.."


def _banner(ready: Ready) -> Text:
    text = Text()
    text.append("\ndevhost", "bold cyan").append(f" runs {ready.app}\n\n")
    facts = {"hub": ready.hub, "storage": ready.storage, "clock": ready.clock, "data": ready.data, "keys": ready.keys}
    facts = {"python": ready.python, **facts, "debugger": ready.debugger}
    for name, value in facts.items():
        if value:
            text.append(f"  {name:<10}", "dim").append(f"{value}\n")
    for kind, title in _TITLES.items():
        listed = [function for function in ready.functions if function.kind == kind and function.listened]
        if listed:
            text.append(f"\n  {title}\n", "bold")
            text.append_text(_listing(listed))
    unheard = [function for function in ready.functions if not function.listened]
    if unheard:
        text.append("\n  Not listened to\n", "bold yellow")
        text.append("    devhost has no listener for these triggers. Call them by hand, with ", "dim")
        text.append('{"input": …}\n', "dim")
        for function in unheard:
            text.append(f"    {function.name}", "cyan").append(f"  {function.kind}  {function.detail}\n")
    if ready.disabled:
        text.append("\n  Disabled\n", "bold").append(f"    {', '.join(ready.disabled)}\n")
    text.append("\nReady on ", "bold").append(ready.url, "bold underline").append("  Ctrl-C stops.\n", "dim")
    pages = (*ready.pages, *((name, url) for name, url in _own_pages(ready) if url))
    width = max((len(name) for name, _ in pages), default=0)
    for name, url in pages:
        text.append(f"{name:<{width}} ", "bold").append(f"{url}\n", "underline")
    return text


def _own_pages(ready: Ready) -> tuple[tuple[str, str], ...]:
    return (("Dashboard", ready.dashboard), ("Mail", ready.mail))


def _listing(functions: Iterable[ListedFunction]) -> Text:
    text = Text()
    listed = list(functions)
    if not any(function.detail for function in listed):
        names = ", ".join(function.name for function in listed)
        return text.append(indent(fill(names, _BANNER_WIDTH), "    ") + "\n")
    width = max(len(function.name) for function in listed) + 2
    for function in listed:
        text.append(f"    {function.name:<{width}}", "cyan")
        if function.kind == "http":
            text.append(f"{','.join(function.methods) or 'ANY':<10}", "green")
        text.append(f"{function.detail}\n")
    return text


def _line(fact: InvocationEnded | Requested | Orchestrated | LogRecord | HostNotice | Mailed, at: datetime) -> Text:
    text = Text().append(f"{at:%H:%M:%S}  ", "dim")
    match fact:
        case InvocationEnded():
            return _invoked(text, fact)
        case Requested():
            return _requested(text, fact)
        case Orchestrated():
            return _orchestrated(text, fact)
        case LogRecord():
            return _logged(text, fact)
        case HostNotice():
            return _notice_text(text, fact)
        case Mailed():
            return _mailed(text, fact)


def _invoked(text: Text, fact: InvocationEnded) -> Text:
    text.append(f"{fact.function:<{_NAME_WIDTH}}", "cyan").append(f" {fact.kind:<{_ID_WIDTH}} ", "dim")
    if not fact.error:
        whose = f"  {short_id(fact.instance)}" if fact.instance else ""
        return text.append("ok", "green").append(f"  {fact.ms:,.0f} ms{whose}", "dim")
    text.append("failed", "bold red").append(f"  {fact.ms:,.0f} ms", "dim").append(f"  {fact.error}", "red")
    whose = f"instance {fact.instance}\n" if fact.instance else ""
    return text.append_text(_below(whose + fact.stack))


def _requested(text: Text, fact: Requested) -> Text:
    style = "green" if fact.status < 400 else "yellow" if fact.status < 500 else "bold red"
    text.append(f"{fact.function or '-':<{_NAME_WIDTH}}", "cyan").append(f" {'http':<{_ID_WIDTH}} ", "dim")
    text.append(str(fact.status), style).append(f"  {fact.ms:,.0f} ms", "dim")
    return text.append(f"  {fact.method} {fact.path}")


def _orchestrated(text: Text, fact: Orchestrated) -> Text:
    text.append(f"{fact.name:<{_NAME_WIDTH}}", "magenta").append(f" {short_id(fact.instance):<{_ID_WIDTH}} ", "dim")
    text.append("started" if fact.status == "Running" else fact.status.lower(), _STATUS_STYLE.get(fact.status, ""))
    if not fact.detail:
        return text
    return text.append_text(_below(f"instance {fact.instance}\n{without_exception_json(fact.detail)}\n{fact.stack}"))


def _logged(text: Text, fact: LogRecord) -> Text:
    style = _LEVEL_STYLE.get(fact.level, "")
    text.append(f"{fact.function or fact.logger:<{_NAME_WIDTH}}", "dim")
    text.append(f" {fact.level:<{_ID_WIDTH}} ", style or "dim").append(fact.text, style)
    return text.append_text(_below(fact.stack))


def _notice_text(text: Text, fact: HostNotice) -> Text:
    style = {"notice": "blue", "warning": "yellow", "failure": "bold red"}[fact.severity]
    text.append(f"{fact.severity}: ", style).append(fact.text)
    if fact.instance:
        text.append(f" (instance {fact.instance})", "dim")
    return text.append_text(_below(fact.details))


def _mailed(text: Text, fact: Mailed) -> Text:
    more = len(fact.recipients) - 1
    to = (fact.recipients[0] if fact.recipients else "nobody") + (f" and {more} more" if more > 0 else "")
    text.append(f"{to:<{_NAME_WIDTH}}", "cyan").append(f" {'letter':<{_ID_WIDTH}} ", "dim")
    text.append(fact.subject or "(no subject)", "bold").append("  ").append(fact.page, "underline")
    for link in fact.links:
        text.append("\n          it links to  ", "dim").append(link, "underline")
    return text


def _below(details: str) -> Text:
    """What explains a line, indented under it."""
    if not details.strip():
        return Text()
    return Text("\n" + "\n".join(f"          {line}" for line in details.rstrip().splitlines()), "red")
