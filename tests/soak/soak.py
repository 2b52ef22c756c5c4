"""The course of a soak: an hour of virtual time in turns, in which proposals come in, people act and hosts die.

In the first turn, before the clock is moved, two hosts share the work; the guest is killed in its middle
(`tests/soak/hosts.py` says why it cannot stay). Then the hour passes. Later kills meet the first host: once while it is
asked from all sides, once in the middle of a jump of its clock. Sweeps come by all the time.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from azure.data.tables import TableEntity, TableServiceClient
from azure.storage.queue import QueueServiceClient

from durable_devhost.testing.plugin import AppFailed
from tests.gateways.mail_server import MailServer, mail_server
from tests.soak.books import INSTANCES, Books, Promises
from tests.soak.callers import Callers
from tests.soak.hosts import Hosts
from tests.soak.leftovers import DUE, LATER, left_on_queues
from tests.soak.load import Load
from tests.soak.memory import Sample, is_flat, quarters, sampling
from tests.soak.report import Line
from tests.workflows.conftest import ROOT
from tests.workflows.reviews import sweeping

HOUR = timedelta(hours=1)
LOAD, GUEST, JUMP = KILLS = ("of the host in a load", "of the guest in a load", "of the host in a jump of its clock")
_CALLERS = 8
_TAIL = timedelta(minutes=15)
_MOST_TAILS = 24
"""After six more hours every window is over, also of a review that was handed in again and again."""
_ENDS_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a soak is. With two kills or more there are two hosts in the beginning."""

    classics: int
    reviews: int
    kills: int
    turns: int
    sweep_s: float
    """Seconds between two sweeps; the app's own comes by once a minute besides."""
    seed: int


class Soak:
    """One soak on its way."""

    def __init__(self, sizes: Sizes, say: Callable[[str], None]) -> None:
        self._sizes = sizes
        self._say = say
        self._chance = random.Random(f"kills {sizes.seed}")
        self._load = Load.drawn(
            sizes.seed, classics=sizes.classics, reviews=sizes.reviews, turns=max(1, 3 * sizes.turns // 4)
        )
        turns = {LOAD: max(1, sizes.turns // 4), GUEST: 0, JUMP: max(1, sizes.turns // 3)}
        self._kills = {kill: turns[kill] for kill in KILLS[: sizes.kills]}
        self._began = time.monotonic()

    def run(self) -> list[Line]:
        """Let it happen, and return what is right and wrong."""
        with (
            tempfile.TemporaryDirectory(prefix="soak-") as folder,
            mail_server() as mail,
            ExitStack() as stack,
        ):
            hosts = Hosts(Path(folder), stack, mail)
            callers = Callers(self._load, hosts.all)
            with sampling(lambda: hosts.first.pid) as samples, sweeping(hosts.first, pause_s=self._sizes.sweep_s):
                self._pass_the_hour(hosts, callers, samples)
                lines = self._let_it_end(hosts)
            lines += self._check(hosts, callers, mail)
            lines += _memory(samples)
            now = hosts.now()
            hosts.first.stop()
            return [*lines, *_at_rest(hosts.data, now, is_killed=bool(self._kills)), *_seen(hosts, callers)]

    def _pass_the_hour(self, hosts: Hosts, callers: Callers, samples: Sequence[Sample]) -> None:
        turns = self._sizes.turns
        if GUEST in self._kills:
            hosts.invite()
        self._act(0, callers, hosts.kill_guest if GUEST in self._kills else None)
        self._tell("turn 0", hosts, samples)
        beginning = hosts.now()
        for turn in range(1, turns + 1):
            until = beginning + turn * HOUR / turns
            self._act(turn, callers, hosts.kill_first if self._kills.get(LOAD) == turn else None)
            if self._kills.get(JUMP) == turn:
                hosts.pass_time_and_kill(until, self._chance.uniform(0.2, 0.8))
            else:
                hosts.pass_time(until)
            self._tell(f"turn {turn}", hosts, samples)

    def _act(self, turn: int, callers: Callers, kill: Callable[[], None] | None) -> None:
        """Do all that is done in a turn, and kill somebody at a random moment of it."""
        acts = callers.acts(turn)
        enough = callers.answers + self._chance.uniform(0.2, 0.7) * len(acts)
        pool = ThreadPoolExecutor(_CALLERS)
        try:
            doing = [pool.submit(act) for act in acts]
            if kill:
                callers.hosts[0].until(lambda: callers.answers >= enough or all(d.done() for d in doing), _ENDS_S)
                kill()
            for each in doing:
                each.result()
        finally:
            pool.shutdown(cancel_futures=True)  # whoever ends a soak does not wait for all that was still to be done

    def _let_it_end(self, hosts: Hosts) -> list[Line]:
        """Let time pass until everything has ended and the list knows it; return what has not."""
        first, beginning = hosts.first, hosts.now()
        for number in range(1, _MOST_TAILS + 1):
            if not _open(first.connection_string):
                break
            hosts.pass_time(beginning + number * _TAIL)
        with suppress(AppFailed):  # then the books say so
            first.until(lambda: not _untold(first.connection_string), _ENDS_S)
        self._say(f"{self._took()}  everything has ended at {hosts.now():%H:%M}, virtual")
        return [Line.of_none("still open", _open(first.connection_string))]

    def _check(self, hosts: Hosts, callers: Callers, mail: MailServer) -> list[Line]:
        first = hosts.first
        with suppress(AppFailed):  # then the books, or the queues, say what was not done
            first.until(lambda: not first.info()["inFlight"], _ENDS_S)
        with suppress(AppFailed):  # a cancelled timer comes up when it would have been due, until the host looks
            first.until(lambda: not _visible(first.connection_string), _ENDS_S)
        promises = Promises(
            decided=callers.decided,
            said=callers.said,
            message_ids=[each["Message-ID"] for each in mail.letters],
            in_hand=hosts.in_hand,
        )
        return [
            *Books.read(first, self._load).check(promises),
            Line.of_none("messages that can be seen on a queue", _visible(first.connection_string)),
            Line.of_none("answers that nobody may get", callers.strange),
        ]

    def _tell(self, what: str, hosts: Hosts, samples: Sequence[Sample]) -> None:
        counts = _open(hosts.first.connection_string)
        memory = f"host {samples[-1].host_mb:4.0f} MB, worker {samples[-1].worker_mb:4.0f} MB" if samples else ""
        self._say(f"{self._took()}  {what:8} {hosts.now():%H:%M:%S} virtual, {len(counts):5} open  {memory}")

    def _took(self) -> str:
        return f"{time.monotonic() - self._began:6.0f} s"


def _open(connection_string: str) -> list[str]:
    """The instances that have not ended; an entity never does."""
    rows = _rows(connection_string, INSTANCES, "RuntimeStatus eq 'Running' or RuntimeStatus eq 'Pending'")
    return [row["PartitionKey"] for row in rows if row["PartitionKey"][0] != "@"]


def _untold(connection_string: str) -> list[str]:
    """The reviews of which the list does not know that all was carried out."""
    return [row["RowKey"] for row in _rows(connection_string, "Proposals", "Untold eq true")]


def _rows(connection_string: str, table: str, wanted: str) -> list[TableEntity]:
    """The keys of the rows that fit."""
    with TableServiceClient.from_connection_string(connection_string) as service:
        return list(service.get_table_client(table).query_entities(wanted, select=["PartitionKey", "RowKey"]))


def _visible(connection_string: str) -> list[str]:
    """One line for each queue that has messages to be seen; those of poison count."""
    with QueueServiceClient.from_connection_string(connection_string) as service:
        found = {each.name: service.get_queue_client(each.name).peek_messages(32) for each in service.list_queues()}
    return [f"{name}: {len(messages)}" for name, messages in found.items() if messages]


def _at_rest(data: Path, now: datetime, *, is_killed: bool) -> list[Line]:
    """What is left behind, and what the doctor says of it."""
    left = left_on_queues(data, now)
    doctor = subprocess.run(
        [sys.executable, "-m", "durable_devhost", "doctor", str(ROOT), "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in (doctor.stdout + doctor.stderr).splitlines() if line.strip()]
    return [
        Line(what=f"hidden {LATER}, cancelled", found=left.pop(LATER, 0)),
        Line(what=f"hidden {DUE}", found=left.pop(DUE, 0), wanted=None if is_killed else 0),
        Line.of_none("hidden messages but for timers", [f"{what}: {n}" for what, n in left.items()]),
        Line(
            what="exit status of the doctor",
            wanted=0,
            found=doctor.returncode,
            examples=said if doctor.returncode else (),
        ),
    ]


def _memory(samples: Sequence[Sample]) -> list[Line]:
    """How much each life of the first host took, by quarters; the last and longest one must have stayed flat."""
    lives: dict[int, list[Sample]] = {}
    for each in samples:
        lives.setdefault(each.pid, []).append(each)
    lines = []
    for number, life in enumerate(lives.values(), 1):
        for who, values in (("host", [each.host_mb for each in life]), ("worker", [each.worker_mb for each in life])):
            what = f"{who} {number} in MB, {life[-1].at - life[0].at:.0f} s by quarters"
            lines.append(Line(what=what, found=" ".join(f"{each:.0f}" for each in quarters(values))))
            if number == len(lives):
                lines.append(Line(what=f"{who} {number} stayed flat", wanted=True, found=is_flat(values)))
    return lines


def _seen(hosts: Hosts, callers: Callers) -> list[Line]:
    """What happened on the way, for the reader: nothing of it is right or wrong."""
    told = Counter(record["event"] for record in hosts.first.records if record.get("event") in ("failure", "warning"))
    facts = {
        "answers": callers.answers,
        "no host was there": callers.unanswered,
        "5xx, asked again": len(callers.failures),
        "jumps that left work behind": len(hosts.slow),
        **{f"told by the host: {event}": count for event, count in told.items()},
    }
    return [Line(what=what, found=count) for what, count in facts.items()]
