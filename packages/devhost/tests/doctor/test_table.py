"""What a person reads, and what is asked."""

import io

import pytest

from durable_devhost.doctor.examination import Examination
from durable_devhost.doctor.findings import Finding, Remedy
from durable_devhost.doctor.table import Printer
from durable_devhost.durable.damage import Damage, Fault


def finding(fault: Fault = Fault.UNREADABLE, instance_id: str = "i1") -> Finding:
    """A damaged instance."""
    return Finding(damage=Damage(instance_id=instance_id, fault=fault, text="its history is odd"), name="play")


def make_printer(*answers: str) -> tuple[Printer, io.StringIO]:
    """A printer and what is printed on it; the person gives these answers."""
    printed = io.StringIO()
    return Printer(printed, answers=io.StringIO("".join(f"{answer}\n" for answer in answers))), printed


def test_each_finding_has_a_row_with_its_remedies() -> None:
    """Hub, instance, orchestrator, what is wrong, what can be done."""
    printer, printed = make_printer()
    printer.show(Examination(instances=2, alive=1, findings=(finding(),), notes=("mind this",)), "Hub", "http://here")
    text = printed.getvalue()
    assert text.startswith("The task hub Hub at http://here: 2 instances, 1 alive.\n")
    (row,) = [line.split("  ") for line in text.splitlines() if "i1" in line]
    assert ["i1", "play", "its history is odd", "terminate, purge"] == [cell.strip() for cell in row if cell.strip()]
    assert text.endswith("Note: mind this\n")


def test_a_healthy_hub_prints_no_table() -> None:
    """One sentence instead."""
    printer, printed = make_printer()
    printer.show(Examination(instances=1, alive=1, findings=()), "Hub", "http://here")
    assert printed.getvalue().splitlines()[1:] == ["Every one that is alive can go on."]


def test_control_characters_in_an_id_do_not_reach_the_terminal() -> None:
    """Callers choose the ids."""
    printer, printed = make_printer()
    evil = finding(instance_id="\x1b[31mred")
    printer.show(Examination(instances=1, alive=1, findings=(evil,)), "Hub", "http://here")
    assert "\x1b" not in printed.getvalue()


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [
        (["p"], Remedy.PURGE),
        (["Terminate"], Remedy.TERMINATE),
        ([""], None),
        ([], None),
        (["r", "x", "purgatory", "purge"], Remedy.PURGE),
    ],
)
def test_a_remedy_is_chosen_by_its_letter_or_name(answers: list[str], chosen: Remedy | None) -> None:
    """Only an offered one; Enter and the end of the input skip it."""
    printer, printed = make_printer(*answers)
    assert printer.choose(finding()) is chosen
    assert "i1: [t]erminate, [p]urge, or Enter to leave it: " in printed.getvalue()


@pytest.mark.parametrize(("answer", "agrees"), [("y", True), ("YES", True), ("n", False), ("", False), ("yet", False)])
def test_only_yes_confirms(answer: str, agrees: bool) -> None:
    """Anything else changes nothing."""
    printer, printed = make_printer(answer)
    assert printer.agrees(Remedy.PURGE, finding()) is agrees
    assert printed.getvalue() == "Purge i1? [y/N] "


def test_without_a_terminal_nothing_is_asked() -> None:
    """A script reads the list."""
    assert not make_printer()[0].can_ask
