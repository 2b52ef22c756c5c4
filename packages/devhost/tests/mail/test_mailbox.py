"""The mailbox keeps letters over a restart, within its bounds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from durable_devhost.mail.mailbox import Envelope, Mailbox

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ENVELOPE = Envelope(at=NOON, sender="a@localhost", recipients=("b@localhost", "ü@localhost"))


def opened(folder: Path, **bounds: int) -> Mailbox:
    """A mailbox over a folder."""
    mailbox = Mailbox(folder / "mail", **bounds)
    mailbox.open()
    return mailbox


def test_letters_are_there_after_a_restart(tmp_path: Path) -> None:
    """Byte for byte, with their envelope; numbers go on."""
    raw = b"Subject: x\r\n\r\n\0\xff\r\n"
    assert opened(tmp_path).put(ENVELOPE, raw) == 1
    again = opened(tmp_path)
    kept = again.get(1)
    assert kept is not None
    assert (ENVELOPE, raw) == (kept.envelope, kept.raw)
    assert again.put(ENVELOPE, b"") == 2
    assert list(again.numbers()) == [2, 1]
    assert again.size(1) > len(raw)


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    """Letters hold links that decide."""
    opened(tmp_path)
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    """They are counted."""
    mailbox = opened(tmp_path, most_letters=3)
    for _ in range(5):
        mailbox.put(ENVELOPE, b"x")
    assert ([5, 4, 3], 2) == (list(mailbox.numbers()), mailbox.dropped_count)
    assert len(list((tmp_path / "mail").iterdir())) == 3


def test_the_oldest_go_when_they_are_too_large_but_never_the_newest(tmp_path: Path) -> None:
    """Also after a restart, from what the files have."""
    opened(tmp_path).put(ENVELOPE, b"x" * 600)
    mailbox = opened(tmp_path, most_bytes=1000)
    mailbox.put(ENVELOPE, b"x" * 100)
    assert list(mailbox.numbers()) == [2, 1]
    mailbox.put(ENVELOPE, b"x" * 2000)
    assert list(mailbox.numbers()) == [3]


def test_files_of_others_are_no_letters_and_changed_ones_are_still_shown(tmp_path: Path) -> None:
    """Somebody may edit or delete a file by hand."""
    mailbox = opened(tmp_path)
    folder = tmp_path / "mail"
    for number in range(3):
        mailbox.put(ENVELOPE, b"Subject: %d\r\n\r\n" % number)
    for name in ("notes.txt", "1.eml", "0000000x.eml", "00000009.new"):
        (folder / name).write_bytes(b"x")
    (folder / "00000001.eml").write_bytes(b"Subject: changed\r\n\r\n")
    (folder / "00000002.eml").write_bytes(b'X-Devhost-Envelope: {"at": 1}\r\nSubject: odd\r\n\r\n')
    (folder / "00000003.eml").unlink()
    assert list(mailbox.numbers()) == [3, 2, 1]
    assert mailbox.get(3) is None
    again = opened(tmp_path)
    assert list(again.numbers()) == [2, 1]
    changed, odd = again.get(1), again.get(2)
    assert changed is not None
    assert changed.raw.startswith(b"Subject: changed")
    assert odd is not None
    assert b"Subject: odd" in odd.raw


def test_letters_are_deleted_one_or_all(tmp_path: Path) -> None:
    """What is not there is nothing to delete; a number is not used again by this host."""
    mailbox = opened(tmp_path)
    for _ in range(3):
        mailbox.put(ENVELOPE, b"x")
    mailbox.delete(2)
    mailbox.delete(2)
    assert list(mailbox.numbers()) == [3, 1]
    assert mailbox.get(2) is None
    mailbox.clear()
    assert (list(mailbox.numbers()), list((tmp_path / "mail").iterdir())) == ([], [])
    assert mailbox.put(ENVELOPE, b"x") == 4


def test_a_letter_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """The app is told, and may send it again."""
    mailbox = opened(tmp_path)
    (tmp_path / "mail" / "00000001.eml").mkdir()
    with pytest.raises(OSError, match="directory"):
        mailbox.put(ENVELOPE, b"x")
    assert [each.name for each in (tmp_path / "mail").iterdir()] == ["00000001.eml"]
    assert list(mailbox.numbers()) == []
