"""Proposals in which everything happens that can happen."""

from typing import Any

from approvals.record.entries import Via
from tests.greenlight.played import PLAN, Played


def eventful() -> dict[str, Played]:
    """Return four of the examples, played."""
    bridge = Played("footbridge", files=(PLAN,))
    bridge.do("decisions", approver="Jonas Weber", decision="approve").checked("warnings")
    bridge.do("decisions", approver="Piotr Nowak", decision="approve", comment="Ready.")
    bridge.do("comments", by="Ines Carvalho", comment="The price\noffer ends on Friday.")
    bridge.wait(minutes=-5).do("comments", by="Mara Lindqvist", comment="I see.").wait(minutes=5)
    bridge.do("delegate", **{"from": "Mara Lindqvist", "to": "Sami Virtanen"})
    bridge.do("reassign", **{"from": "Jonas Weber", "to": "Ruth Adeyemi", "by": "Jonas Weber"})
    bridge.wait(hours=49).do("decisions", approver="Sami Virtanen", decision="approve")
    bridge.do("decisions", via=Via.LINK, approver="Amara Okafor", decision="approve")
    bridge.do("decisions", approver="Helen Okoro", decision="approve")
    lane = Played("cycle-lane").checked().do("changes", approver="Leila Haddad", comment="Keep two spaces.")
    lane.do("attach", by="Ines Carvalho", **file_fields("plan.md")).do(
        "resubmit", by="Ines Carvalho", cost=53000
    ).checked()
    lane.do("decisions", approver="Leila Haddad", decision="approve with conditions", round=2)
    lights = Played("market-lights").checked().wait(hours=49).wait(hours=25)
    avenue = Played("tree-avenue").checked().do("withdraw", by="Tomasz Zielinski", reason="A water main.")
    return {"bridge": bridge, "lane": lane, "lights": lights, "avenue": avenue}


def file_fields(name: str) -> dict[str, Any]:
    """Return what is put on record of a file."""
    return {"name": name, "blob": "b/2", "contentType": "text/markdown", "size": 820, "sha256": "cd" * 32}
