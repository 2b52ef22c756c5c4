"""Who may call what: the host's keys and the levels that they open.

Off by default, as with `func start`: every local caller is then an administrator. With `--enable-auth` the keys are in
one file of the data folder that only its owner can read. Levels and rules are those of the host's
`AuthenticationLevelHandler`: the master key opens everything, a system key only its own extension's webhooks, a host
key every function, a function's key that function.
"""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from pathlib import Path
from typing import Any, Self

from durable_devhost.errors import SettingsError

KEY_HEADER = "x-functions-key"
KEY_PARAMETER = "code"
_DEFAULT = "default"


class AuthLevel(StrEnum):
    """What an endpoint requires of its caller."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    SYSTEM = "system"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The secrets: the master key, the host's function key, function keys and system keys by name in lower case."""

    master: str = field(repr=False)
    host: str = field(repr=False)
    functions: Mapping[str, str] = field(default_factory=dict, repr=False)
    systems: Mapping[str, str] = field(default_factory=dict, repr=False)


class KeyRing:
    """Decides whether a caller is admitted; without keys everybody is."""

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys = keys

    @classmethod
    def open(cls, path: Path, *, functions: Iterable[str], systems: Iterable[str] = ()) -> Self:
        """Read the keys from `path`, with a new key for each name without one; creates the file at the first start.

        The file is replaced in one step and always has mode 600. Raises SettingsError if it is unreadable.
        """
        stored = _read(path)
        keys = Keys(
            master=stored.master if stored else _new_key(),
            host=stored.host if stored else _new_key(),
            functions=_completed(stored.functions if stored else {}, functions),
            systems=_completed(stored.systems if stored else {}, systems),
        )
        if keys != stored or path.stat().st_mode & 0o077:
            _write(path, keys)
        return cls(keys)

    @property
    def is_on(self) -> bool:
        """Whether keys are required at all."""
        return self._keys is not None

    def system_key(self, name: str) -> str | None:
        """The key of an extension's webhooks, for the URLs that the host gives out; None while keys are off."""
        return self._keys.systems.get(name.lower()) if self._keys else None

    def admits(self, level: AuthLevel, presented: str | None, *, owner: str = "") -> bool:
        """Whether a caller with the key `presented` may use an endpoint of `level`.

        `owner` is the function, or for SYSTEM the extension's key name. Every comparison takes the same time for any
        key, and all of them are made.
        """
        if self._keys is None or level is AuthLevel.ANONYMOUS:
            return True
        accepted = [self._keys.master]
        if level is AuthLevel.FUNCTION:
            accepted += [self._keys.host, self._keys.functions.get(owner.lower(), "")]
        elif level is AuthLevel.SYSTEM:
            accepted.append(self._keys.systems.get(owner.lower(), ""))
        given = (presented or "").encode(errors="replace")
        matches = [compare_digest(key.encode(), given) for key in accepted if key]
        return any(matches)


def _new_key() -> str:
    return secrets.token_urlsafe(40)


def _completed(stored: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {**stored, **{name.lower(): _new_key() for name in names if name.lower() not in stored}}


def _read(path: Path) -> Keys | None:
    """Read the file that `_write` wrote; None if there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Keys(
            master=_key(content["masterKey"]),
            host=_key(content["functionKeys"][_DEFAULT]),
            functions={name.lower(): _key(keys[_DEFAULT]) for name, keys in content["functions"].items()},
            systems={name.lower(): _key(key) for name, key in content["systemKeys"].items()},
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise SettingsError(
            f"The key file {path} cannot be read. Correct it, or delete it so that new keys are made."
        ) from None


def _key(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a key is a text that is not empty")
    return value


def _write(path: Path, keys: Keys) -> None:
    content = {
        "masterKey": keys.master,
        "functionKeys": {_DEFAULT: keys.host},
        "systemKeys": dict(keys.systems),
        "functions": {name: {_DEFAULT: key} for name, key in keys.functions.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.replace(path)
