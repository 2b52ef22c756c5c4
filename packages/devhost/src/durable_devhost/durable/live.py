"""The sessions in memory: a cache of what storage holds, and what the console hears of each step forward."""

from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass

from durable_devhost.durable.entities.session import EntitySession
from durable_devhost.durable.episode import Episode
from durable_devhost.durable.orchestrations.session import OrchestrationSession
from durable_devhost.durable.ports import Observer
from durable_devhost.durable.replays import Replays
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.taskhub.history import Appended

MAX_SESSIONS = 10_000
"""Live sessions kept in memory, about 12 KiB each; the least recently used one goes first."""

Session = OrchestrationSession | EntitySession


@dataclass(slots=True)
class _Live:
    """A session and the record as of its last commit, which is what callers may see."""

    session: Session
    record: InstanceRecord | None = None


class LiveSessions:
    """The sessions by instance id. One that is in `busy`, where work is going on, is never dropped to make room."""

    def __init__(self, *, observer: Observer, replays: Replays, busy: Container[str]) -> None:
        self._observer = observer
        self._busy = busy
        self._live: OrderedDict[str, _Live] = OrderedDict()
        self._replays = replays

    def session(self, instance_id: str) -> Session | None:
        """The live session of an instance."""
        live = self._live.get(instance_id)
        return live.session if live is not None else None

    def record(self, instance_id: str) -> InstanceRecord | None:
        """The record of a live session as of its last commit; None where storage has to be asked."""
        live = self._live.get(instance_id)
        return live.record if live is not None else None

    def keep(self, instance_id: str, session: Session) -> None:
        """Remember a session that was just built."""
        self._live[instance_id] = _Live(session)
        self._live.move_to_end(instance_id)
        while len(self._live) > MAX_SESSIONS:
            oldest = next(iter(self._live))
            if oldest in self._busy:
                self._live.move_to_end(oldest)
                break
            self.discard(oldest)

    def discard(self, instance_id: str) -> None:
        """Forget a session; the next message builds it again from what is stored."""
        live = self._live.pop(instance_id, None)
        if live is not None and isinstance(live.session, OrchestrationSession):
            live.session.close()

    def discard_where(self, is_meant: Callable[[str], bool]) -> None:
        """Forget all sessions of the instances that are meant."""
        for instance_id in [each for each in self._live if is_meant(each)]:
            self.discard(instance_id)

    def note_commit(self, episode: Episode, appended: Appended) -> None:
        """Bring a session up to date with what is stored now, tell of it, and forget it when it is over."""
        instance_id = episode.instance_id
        live = self._live.get(instance_id)
        if live is None:
            return
        session = live.session
        session.etag, session.tail = appended.etag, appended.tail
        before, live.record = live.record, session.record
        if not isinstance(session, OrchestrationSession):
            return
        for warning in session.take_warnings():
            self._observer.trouble(warning, instance_id)
        if episode.record is not None:
            self._tell(session, before.status if before else session.status_at_first)
        if session.is_over:
            self.discard(instance_id)
            self._replays.add(session)

    def _tell(self, session: OrchestrationSession, before: RuntimeStatus | None) -> None:
        status = session.record.status
        if status is None or status is before:
            return
        failed = status is RuntimeStatus.FAILED
        self._observer.orchestration(
            session.started.name,
            session.instance.instance_id,
            status,
            session.record.output if failed else None,
            session.failure_stack if failed else "",
        )
