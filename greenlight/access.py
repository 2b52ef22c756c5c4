"""Where Greenlight is, and who asks: options and environment variables, checked before anything is sent."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from greenlight.errors import GreenlightError

DEFAULT_URL = "http://localhost:7071"
"""Where `make run` starts it."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An address, and the name and key that are sent to it."""

    url: str
    """Scheme, host and port; no path."""
    user: str | None = None
    """The person who runs the command: `--as`, or GREENLIGHT_USER."""
    key: str | None = None
    """A function key, from GREENLIGHT_KEY. Not an option: other users of the machine could read it."""

    @property
    def local(self) -> bool:
        """Whether the address is this machine."""
        return urlsplit(self.url).hostname in _LOOPBACK

    def person(self) -> str:
        """Return the person who acts; raises GreenlightError if nobody is named."""
        if self.user is None:
            raise GreenlightError(
                "Greenlight has to know who you are.",
                'Add --as "Your Name", or set it for the whole session: export GREENLIGHT_USER="Your Name".',
            )
        return self.user


def find_access(url: str, user: str | None, key: str | None) -> Access:
    """Check an address that a person typed; raises GreenlightError if it is not valid, or not safe for a key."""
    parts = urlsplit(url.strip() if "://" in url else f"http://{url.strip()}")
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = parts._replace(netloc="")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise GreenlightError(
            f"{url} is not a valid address.",
            f"Give scheme, host and port, as in {DEFAULT_URL}: --url, or GREENLIGHT_URL.",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    access = Access(
        url=f"{parts.scheme}://{host}" + (f":{port}" if port else ""),
        user=(user or "").strip() or None,
        key=(key or "").strip() or None,
    )
    if access.key and parts.scheme == "http" and not access.local:
        raise GreenlightError(
            f"The key in GREENLIGHT_KEY would be sent to {access.url} unencrypted.",
            "Use the https:// address, or unset GREENLIGHT_KEY.",
        )
    return access
