"""What the activities of a review answer, and what one of its turns hands to the next."""

import json

FILE = {"blob": "p/1-ab.md", "name": "note.md", "contentType": "text/markdown", "size": 12}
SUM = {
    "outcome": "warnings", "attachments": 1, "bytes": 12, "counts": {"ok": 2, "warning": 1, "error": 0},
    "findings": [
        {"attachment": "note.md", "check": "type", "severity": "ok", "message": "is text/markdown"},
        {"attachment": "note.md", "check": "text", "severity": "warning", "message": "has many characters"},
    ],
    "failed": [],
}  # fmt: skip
CONTINUE = 4


def step(**changes):
    """What AdvanceReview answers for a review that waits for an approver."""
    return {
        "step": {
            "next": "wait", "status": "inReview", "stage": "design-review", "deadline": "2026-03-05T09:00:00+00:00",
            "wakeAt": "2026-03-05T09:00:00+00:00", "endedAt": None, "entries": 3, "round": 1, "document": "ab",
            "counts": {"submitted": 1}, "attachments": [], **changes,
        }
    }  # fmt: skip


def looked(told=3, counted=None, **changes):
    """What AdvanceReview answers when it has told people and counters as well."""
    return {**step(**changes), "told": told, "counted": counted or {"submitted": 1}}


def ended(**changes):
    """What AdvanceReview answers for a review that is over."""
    end = {"next": "ended", "status": "approved", "stage": None, "deadline": None, "wakeAt": None}
    over = {"endedAt": "2026-03-03T09:00:00+00:00", "entries": 5, "counts": {"submitted": 1, "approved": 1}}
    return step(**(end | over | changes))


def next_turn(run):
    """Return what the next execution is given; fails where there is none."""
    last = run.tasks[-1].action
    assert (run.done, last["actionType"]) == (True, CONTINUE), run.state
    return json.loads(last["input"])["review"]
