"""What an orchestration waits for in the host's eyes: tasks that complete, alone or in groups.

The decider keeps one tree of these for the action that it executes; the leaves are completed by history events.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Literal

from durable_devhost.durable.actions import CallActivity, CallSubOrchestrator


@dataclass(slots=True)
class Leaf:
    """Something that is done or not: an activity, a timer, an event, an entity's answer."""

    done: bool = False


@dataclass(slots=True)
class Group:
    """A WhenAny or WhenAll; its children decide whether it is done."""

    mode: Literal["any", "all"]
    children: list["Wait"]

    @property
    def done(self) -> bool:
        """Whether enough of the children are done; an empty group is done at once, as in .NET's WhenAll."""
        if self.mode == "any":
            return not self.children or any(child.done for child in self.children)
        return all(child.done for child in self.children)


@dataclass(slots=True)
class Retried:
    """An activity or sub-orchestration with a retry policy, between its attempts.

    DurableTask sets one more timer after the last failed attempt, due at once, and so does the SDK: the call is done
    when that timer has fired (DurableTask.Core `RetryInterceptor.cs`, SDK `RetryAbleTask`).
    """

    call: CallActivity | CallSubOrchestrator
    attempts: int = 1
    done: bool = False


Wait = Leaf | Group | Retried


@dataclass(slots=True)
class EventWaits:
    """The waits for external events, and the events that came before a wait.

    Names ignore case; the most recent wait for a name gets the event (a stack), early events are
    given out in the order of their arrival (extension `DurableOrchestrationContext.RaiseEvent`).
    """

    _waiting: defaultdict[str, list[Leaf]] = field(default_factory=lambda: defaultdict(list))
    _early: defaultdict[str, deque[None]] = field(default_factory=lambda: defaultdict(deque))
    _spelling: dict[str, str] = field(default_factory=dict)
    are_spelled_alike: bool = True
    """Whether each name always had one spelling; only then Python, for which case matters, saw the same events."""

    def wait(self, name: str) -> Leaf:
        """Wait for `name`; an early event ends the wait at once."""
        leaf = Leaf()
        key = self._key(name)
        if self._early[key]:
            self._early[key].popleft()
            leaf.done = True
        else:
            self._waiting[key].append(leaf)
        return leaf

    def arrive(self, name: str) -> None:
        """An event of this name arrived."""
        key = self._key(name)
        if self._waiting[key]:
            self._waiting[key].pop().done = True
        else:
            self._early[key].append(None)

    def rename(self, old: str, new: str) -> None:
        """Turn waits for `old` into waits for `new`: the recorded id of an entity call wins over a computed one."""
        self._waiting[new.casefold()] += self._waiting.pop(old.casefold(), [])

    def _key(self, name: str) -> str:
        key = name.casefold()
        if self._spelling.setdefault(key, name) != name:
            self.are_spelled_alike = False
        return key
