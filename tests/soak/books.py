"""Whether the books are right when everything has ended: records, list, counters, letters, budgets and workflows.

Counters and budgets are asked for as anybody may, all else is read from storage; each book is held against another, or
against what those outside were promised.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Self

from approvals.record.chain import read_chain, verify
from approvals.record.entries import Commented, Decided, Ended, Entry, Escalated
from approvals.record.verdict import Anchor
from approvals.words.notices import Notice, NoticeKind, notices_for
from tests.soak.load import APPROVAL, ASKED_RESERVATION, BILLING, BILLS, BUDGET, CHAINING, RESERVATION, Load
from tests.soak.report import Line
from tests.workflows.conftest import Greenlight
from tests.workflows.reviews import COUNTERS, Reviews

INSTANCES = "GreenlightHubInstances"
_BUDGET = "/runtime/webhooks/durabletask/entities/Budget"
_MAY_BE_LEFT_OUT = (NoticeKind.RESUBMITTED, NoticeKind.DOCUMENT_CHANGED)
"""Whoever is asked about a revision in the same go is not told of it besides."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What those outside know."""

    decided: Set[str]
    said: Set[str]
    message_ids: Sequence[str]
    """Of the letters that came, each as often as it came."""
    in_hand: Set[tuple[str, str]]
    """Proposal and key of each letter that somebody who was killed had in hand.

    It may come a second time. Or it stays unmarked, where nobody needs it any more when it would be sent again: its
    addressee has answered meanwhile, or somebody else was asked.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All that is in storage."""

    load: Load
    records: Mapping[str, bytes]
    listed: Mapping[str, Row]
    instances: Mapping[str, Row]
    letters: Mapping[tuple[str, str], Row]
    tables: Mapping[str, Sequence[Row]]
    counters: Mapping[str, int]
    budgets: Mapping[str, Row]

    @classmethod
    def read(cls, app: Greenlight, load: Load) -> Self:
        """Read everything."""
        container = app.container("records")
        return cls(
            load=load,
            records={
                each.name.removesuffix(".jsonl"): container.download_blob(each.name).readall()
                for each in container.list_blobs()
            },
            listed={row["ProposalId"]: row for row in app.rows("Proposals") if "Told" in row},
            instances={row["PartitionKey"]: row for row in app.rows(INSTANCES)},
            letters={(row["ProposalId"], row["Key"]): row for row in app.rows("Letters")},
            tables={name: app.rows(name) for name in ("Outcomes", "Ledger", "Bills", "Register")},
            counters=Reviews(app).counters(),
            budgets={name: app.request("GET", f"{_BUDGET}/{name}").body for name in load.budgets},
        )

    def check(self, promises: Promises) -> list[Line]:
        """Return all lines."""
        entries = {name: read_chain(content).entries for name, content in self.records.items()}
        return [
            *self._check_workflows(),
            *self._check_reviews(entries, promises),
            *self._check_counters(entries),
            *self._check_letters(entries, promises),
            *self._check_money(),
        ]

    def _check_workflows(self) -> list[Line]:
        ids = {*(each.id for each in self.load.classics), *(each.id for each in self.load.reviews)}
        wanted = {each.id: each.outcome for each in self.load.classics if each.outcome is not None}
        asked = Counter(each.id for each in self.load.classics if each.kind in (APPROVAL, BUDGET, ASKED_RESERVATION))
        settled = Counter(row["ProposalId"] for row in self.tables["Outcomes"])
        return [
            Line.of_same(
                "workflows completed",
                dict.fromkeys(ids, "Completed"),
                {name: row["RuntimeStatus"] for name, row in self.instances.items() if name in ids},
            ),
            Line.of_none(
                "parts and other instances not completed",
                [
                    name
                    for name, row in self.instances.items()
                    if name[0] != "@" and name not in ids and row["RuntimeStatus"] != "Completed"
                ],
            ),
            Line.of_same("classics ended as they must", wanted, {name: self._outcome(name) for name in wanted}),
            Line.of_same("outcomes on record, one each", asked, settled),
        ]

    def _output(self, name: str) -> dict[str, Any]:
        output = json.loads(self.instances.get(name, {}).get("Output") or "null")
        return output if isinstance(output, dict) else {}

    def _outcome(self, name: str) -> Any:
        return self._output(name).get("outcome")

    def _check_reviews(self, entries: Mapping[str, Sequence[Entry]], promises: Promises) -> list[Line]:
        ends = {name: _end(record) for name, record in entries.items()}
        damaged = [
            f"{name}: {verdict.finding}"
            for name, content in self.records.items()
            if not (verdict := self._verdict(name, content)).sound
        ]
        decided = Counter(
            each.decision_id for record in entries.values() for each in record if isinstance(each, Decided)
        )
        said = Counter(each.comment for record in entries.values() for each in record if isinstance(each, Commented))
        wanted = {each.id for each in self.load.reviews}
        return [
            Line.of_same("records", dict.fromkeys(wanted, True), dict.fromkeys(entries, True)),
            Line.of_none("records that are not what was written", damaged),
            Line.of_none("records without an end", [name for name, end in ends.items() if end is None]),
            Line.of_same("the list has the same end", ends, {n: row["Status"] for n, row in self.listed.items()}),
            Line.of_same("the workflow has the same end", ends, {n: self._output(n).get("status") for n in ends}),
            Line.of_same(
                "the list knows all to be carried out",
                {name: len(record) for name, record in entries.items()},
                {name: row["Told"] for name, row in self.listed.items()},
            ),
            Line.of_same("decisions on record once, as told", dict.fromkeys(promises.decided, 1), decided),
            Line.of_same("comments on record once, as told", dict.fromkeys(promises.said, 1), said),
        ]

    def _verdict(self, name: str, content: bytes) -> Any:
        row = self.listed.get(name, {})
        return verify(content, proposal_id=name, anchors=[Anchor(head=row.get("Head"), entries=row.get("EntryCount"))])

    def _check_counters(self, entries: Mapping[str, Sequence[Entry]]) -> list[Line]:
        """Each counter against the records, and the outputs of the classics that count."""
        wanted = Counter({"submitted": len(entries)})
        for record in entries.values():
            wanted[str(_end(record))] += 1
            wanted["escalated"] += sum(isinstance(each, Escalated) for each in record)
        for each in self.load.classics:
            if each.kind == APPROVAL:
                wanted["submitted"] += 1
                wanted[str(self._outcome(each.id))] += 1
        return [Line(what=f"counter {name}", wanted=wanted[name], found=self.counters[name]) for name in COUNTERS]

    def _check_letters(self, entries: Mapping[str, Sequence[Entry]], promises: Promises) -> list[Line]:
        """Which letters there must be, and which there may be, follows from the records."""
        must = {
            (name, notice.key)
            for name, record in entries.items()
            for notice in notices_for(record, told=0)
            if notice.kind not in _MAY_BE_LEFT_OUT
        }
        may = {(name, notice.key) for name, record in entries.items() for notice in _step_by_step(record)}
        came = Counter(promises.message_ids)
        unsent = {letter for letter, row in self.letters.items() if row["State"] != "sent"}
        sent = len(self.letters) - len(unsent)
        return [
            Line.of_none("letters that were not sent", [f"{n} {key}" for n, key in must - set(self.letters)]),
            Line.of_none("letters that nothing calls for", [f"{n} {key}" for n, key in set(self.letters) - may]),
            Line.of_none(
                "letters not marked sent, nor in hand at a kill",
                [f"{n} {key}" for n, key in unsent - promises.in_hand],
            ),
            Line(what="letters that came", wanted=sent, found=len(came) - min(len(unsent), max(0, len(came) - sent))),
            Line(
                what=f"doubled, but for {len(promises.in_hand)} in hand at a kill",
                wanted=0,
                found=max(0, came.total() - len(came) - len(promises.in_hand)),
            ),
        ]

    def _check_money(self) -> list[Line]:
        wanted, budgets = self.load.budgets, self.budgets
        booked = Counter[str]()
        for each in self.load.classics:
            if each.kind in (RESERVATION, ASKED_RESERVATION) and self._outcome(each.id) == "booked":
                booked[each.form["budget"]] += round(self._output(each.id)["amount"] * 100)
        ledger = Counter[str]()
        for row in self.tables["Ledger"]:
            ledger[row["Budget"]] += row["Cents"].value if row["State"] == "booked" else 0
        rows = Counter(row["InstanceId"] for row in self.tables["Ledger"])
        bills = Counter((row["InstanceId"], row["Number"]) for row in self.tables["Bills"])
        due = {f"{each.id} {n + 1}": 1 for each in self.load.classics if each.kind == BILLING for n in range(BILLS)}
        numbers = [row["Number"] for row in self.tables["Register"] if row["RowKey"] == row.get("Number")]
        published = sum(each.kind == CHAINING for each in self.load.classics)
        held = [f"{name}: {found.get('holds')}" for name, found in budgets.items() if found.get("holds")]
        return [
            Line.of_same("budgets spent, in cents", wanted, {n: each.get("spent") for n, each in budgets.items()}),
            Line.of_same("what their workflows booked", wanted, {name: booked[name] for name in wanted}),
            Line.of_same("what the ledger has", wanted, {name: ledger[name] for name in wanted}),
            Line.of_none("booked twice", [name for name, count in rows.items() if count > 1]),
            Line.of_none("budgets that still hold something", held),
            Line.of_same("bills, each once", due, {f"{name} {n}": count for (name, n), count in bills.items()}),
            Line(what="numbers of the register", wanted=published, found=len(set(numbers))),
        ]


def _end(record: Sequence[Entry]) -> str | None:
    ends = [each.outcome for each in record if isinstance(each, Ended)]
    return " and ".join(ends) or None


def _step_by_step(record: Sequence[Entry]) -> list[Notice]:
    """Every notice that could be due after some entry, whenever the workflow looks."""
    return [notice for n in range(1, len(record) + 1) for notice in notices_for(record[:n], told=n - 1)]
