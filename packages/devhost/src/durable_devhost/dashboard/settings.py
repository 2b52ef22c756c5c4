"""The app's settings as a page may show them: whatever may be a secret is covered. Pure."""

import re

COVERED = "••••••••"
_NAME = re.compile(
    "key|secret|passw|pwd|token|connection|storage|credential|sas|signature|certificate|private|auth|cookie|dsn",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(key|signature|sig|password|pwd|token|secret|code)\s*[=:]|://[^/\s]*@|-----BEGIN", re.IGNORECASE)
_RANDOM = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/=_\-]{24,}")


def mask_secret(name: str, value: str) -> str:
    """The value, or `COVERED` where its name or its form says that it is a secret.

    Better one too many: also what looks random, letters and digits without a break, may be a key.
    """
    is_secret = _NAME.search(name) or _VALUE.search(value) or _RANDOM.search(value)
    return COVERED if value and is_secret else value
