"""Keys that settings hold: a list with commas, on Azure a reference to Key Vault."""

_UNRESOLVED = "@Microsoft.KeyVault("


class KeysWrong(Exception):
    """A setting lacks keys, or holds some that must not be used; the text says what to do, and never the key."""


def split_keys(setting: str, text: str) -> tuple[str, ...]:
    """Return the keys of a setting's text, in their order; raises `KeysWrong` where the platform found none."""
    keys = tuple(key for part in text.split(",") if (key := part.strip()))
    if any(key.startswith(_UNRESOLVED) for key in keys):
        # The platform hands the reference over as it stands where it may not read the secret: a key that all can read.
        raise KeysWrong(
            f"{setting}: the reference to Key Vault was not resolved; let the app's identity read the secret"
        )
    return keys
