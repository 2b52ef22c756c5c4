"""Time and memory that the API needs for request bodies that are made to take much of both.

    make bench-bodies

Each body is read by a process of its own, which calls the function as the host would. The limits are a second, and four
times the body above what the process has when it begins. The last body is a valid one: as large as a proposal may be.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 1.0
MOST_TIMES = 4.0
_SIX_MB = 6_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What reading one body took."""

    status: int
    """Of the answer; 0 if the body was read without a route, because the rest needs storage."""
    answer: int
    """Bytes."""
    seconds: float
    """Of processor time, so that a busy machine does not count."""
    grown: int
    """Bytes of memory at most, above what the process had before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One body, and the route that gets it."""

    route: str
    make: Callable[[], bytes]


def _submission(inside: bytes) -> bytes:
    return b'{"title": "a", "author": "Ines", ' + inside + b"}"


def _list_of(item: bytes, size: int = _SIX_MB) -> bytes:
    return b"[" + (item + b",") * (size // (len(item) + 1)) + item + b"]"


def _fields(count: int, name: int, value: int = 1) -> bytes:
    """Return as many fields with names and values that long."""
    return b", ".join(b'"%d%s": "%s"' % (number, b"k" * (name - 5), b"v" * value) for number in range(count))


def _files(title: str) -> bytes:
    content = "QUJD" * (2 * 1024 * 1024 // 3)
    file = f'{{"name": "plan-%d.md", "contentType": "text/markdown", "content": "{content}"}}'
    files = ", ".join(file % number for number in range(10))
    escaped = json.dumps(title)[1:-1]
    return _submission(f'"summary": "{title}{escaped}", "attachments": [{files}]'.encode())


CASES: Mapping[str, Hostile] = {
    "empty attachments": Hostile(route="submit", make=lambda: _submission(b'"attachments": ' + _list_of(b"{}"))),
    "attachments of a workflow": Hostile(
        route="start", make=lambda: b'{"title": "a", "submittedBy": "I", "attachments": ' + _list_of(b"{}") + b"}"
    ),
    "unknown keys": Hostile(
        route="submit", make=lambda: _submission(b", ".join(b'"%d": 0' % number for number in range(1_900_000)))
    ),
    "unknown keys, long ones": Hostile(route="submit", make=lambda: _submission(_fields(4_990, _SIX_MB // 4_990))),
    "unknown keys with long values": Hostile(
        route="submit", make=lambda: _submission(_fields(4_990, 190, _SIX_MB // 4_990 - 190))
    ),
    "unknown keys of an attachment": Hostile(
        route="submit",
        make=lambda: _submission(b'"attachments": [{' + _fields(4_990, 190, _SIX_MB // 4_990 - 190) + b"}]"),
    ),
    "lists in lists": Hostile(route="submit", make=lambda: b"[" * _SIX_MB),
    "lists side by side": Hostile(route="submit", make=lambda: _list_of(b"[[]]")),
    "numbers": Hostile(route="submit", make=lambda: _submission(b'"policy": ' + _list_of(b"0"))),
    "stages": Hostile(route="submit", make=lambda: _submission(b'"policy": {"stages": ' + _list_of(b"{}") + b"}")),
    "one long number": Hostile(route="submit", make=lambda: _submission(b'"cost": ' + b"9" * _SIX_MB)),
    "one long text": Hostile(route="submit", make=lambda: _submission(b'"title": "' + b"a" * _SIX_MB + b'"')),
    "one long text with a wide letter": Hostile(
        route="submit", make=lambda: _submission(b'"title": "' + b"a" * _SIX_MB + "😀".encode() + b'"')
    ),
    "escapes": Hostile(route="submit", make=lambda: _submission(b'"title": "' + b"\\n" * (_SIX_MB // 2) + b'"')),
    "a policy of one long text": Hostile(
        route="submit", make=lambda: _submission(b'"policy": {"stages": "' + b"a" * _SIX_MB + b'"}')
    ),
    "one large file": Hostile(
        route="submit",
        make=lambda: _submission(
            b'"attachments": [{"name": "a.md", "contentType": "text/plain", "content": "' + b"QUJD" * 6_500_000 + b'"}]'
        ),
    ),
    "a budget of 6 MB": Hostile(route="budget", make=lambda: b'{"title": "' + b"a" * _SIX_MB + b'"}'),
    "a comment of 6 MB": Hostile(route="comment", make=lambda: b'{"comment": "' + b"a" * _SIX_MB + b'"}'),
    "honest: ten files of 2 MB": Hostile(route="read", make=lambda: _files("😀 footbridge ")),
}
"""By name."""


def measure(names: Iterable[str]) -> Iterator[tuple[str, Measurement]]:
    """Measure cases by name, each in a process of its own, forked from one that has loaded the app."""
    command = [sys.executable, __file__, "--read"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as reader:
        assert reader.stdin
        assert reader.stdout
        for name in names:
            with tempfile.NamedTemporaryFile() as file:
                file.write(CASES[name].make())
                file.flush()
                print(CASES[name].route, file.name, file=reader.stdin, flush=True)
                yield name, Measurement(**json.loads(reader.stdout.readline()))


def excess(name: str, measured: Measurement, size: int) -> str | None:
    """Say which limit a case has broken; None if it broke none."""
    if measured.seconds > LONGEST_S:
        return f"{name}: {measured.seconds:.2f} s, more than {LONGEST_S:g} s"
    if measured.grown > MOST_TIMES * size:
        return f"{name}: {measured.grown / size:.1f} x the body, more than {MOST_TIMES:g} x"
    return None


def main() -> int:
    """Measure all cases, print them as a table, and return 1 if a limit is broken."""
    print(f"{'body':<34}{'MB':>6}{'status':>8}{'answer':>10}{'ms':>8}{'memory':>9}")
    broken = list[str]()
    for name, found in measure(CASES):
        size = len(CASES[name].make())
        times = f"{found.grown / size:.2f} x"
        line = f"{name:<34}{size / 1e6:>6.1f}{found.status or 'read':>8}{found.answer:>8} B{found.seconds * 1e3:>8.0f}"
        print(f"{line}{times:>9}")
        broken += [each for each in [excess(name, found, size)] if each]
    print("\n".join(broken) or "all within the limits")
    return 1 if broken else 0


def _read_all() -> None:
    """Read the bodies that standard input names, a route and a file in each line; print what each took, as JSON."""
    calls = _calls()
    for call in calls.values():
        call(b"[]")  # what is loaded with a first call is loaded here once
    for line in sys.stdin:
        route, path = line.split()
        child = os.fork()
        if child == 0:
            found = _read_one(calls[route], path)
            print(json.dumps({name: getattr(found, name) for name in Measurement.__slots__}), flush=True)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(f"{route} could not be measured")


def _read_one(call: Callable[[bytes], tuple[int, int]], path: str) -> Measurement:
    """Read the body in this process, after another one, so that one-time set-up is not counted."""
    call(b"[]")
    body = Path(path).read_bytes()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # Linux: this resets the peak
    before, began = _peak(), process_time()
    status, answer = call(body)
    seconds = process_time() - began
    return Measurement(status=status, answer=answer, seconds=seconds, grown=_peak() - before)


def _peak() -> int:
    """Return the most memory so far in bytes; on Linux `getrusage` also counts the parent process."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _calls() -> Mapping[str, Callable[[bytes], tuple[int, int]]]:
    """Return for each route a function that calls it: status and length of the answer."""
    sys.path.insert(0, str(ROOT))
    os.environ |= {"AUTH_MODE": "keys", "DESIGN_BOARD": "Mara Lindqvist", "HEAD_OF_DESIGN": "Jonas Weber"}
    import azure.functions as func

    from approvals.record.entries import Via
    from approvals.validation import Invalid, read_json
    from clients.proposals import submit_proposal
    from clients.starter import http_start
    from clients.verbs import act_on_proposal
    from services.submissions import read_submission

    def ask(function: Any, **route: str) -> Callable[[bytes], tuple[int, int]]:
        target = function._function.get_user_function().client_function

        def call(body: bytes) -> tuple[int, int]:
            req = func.HttpRequest("POST", "http://localhost/api", route_params=route, params={"id": "a"}, body=body)
            told = asyncio.run(target(req=req, client=None))
            return told.status_code, len(told.get_body())

        return call

    def read(body: bytes) -> tuple[int, int]:
        with suppress(Invalid):
            read_submission(read_json(body), "a", Via.SYSTEM)
            return 0, 0
        return 400, 0

    return {
        "submit": ask(submit_proposal),
        "start": ask(http_start, functionName="ApprovalWorkflow"),
        "budget": ask(http_start, functionName="BudgetApproval"),
        "comment": ask(act_on_proposal, proposalId="a", verb="comments"),
        "read": read,
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--read"]:
        _read_all()
    else:
        sys.exit(main())
