"""Keys in settings: separated by commas, on Azure a reference to Key Vault."""

_UNRESOLVED = "@Microsoft.KeyVault("


class KeysWrong(Exception):
    """A setting has no keys, or unusable ones; the text says what to do, but never contains a key."""


def split_keys(setting: str, text: str) -> tuple[str, ...]:
    """Return the keys of a setting's text, in order; raises `KeysWrong` if the reference was not resolved."""
    keys = tuple(key for part in text.split(",") if (key := part.strip()))
    if any(key.startswith(_UNRESOLVED) for key in keys):
        # If the platform cannot read the secret, it passes on the reference itself, which is not secret.
        raise KeysWrong(
            f"{setting}: the reference to Key Vault was not resolved; let the app's identity read the secret"
        )
    return keys
