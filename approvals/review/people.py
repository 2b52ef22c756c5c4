"""When two names mean the same person."""

from approvals.names import key


def same(one: str, other: str) -> bool:
    """Say whether two names mean the same person."""
    return key(one) == key(other)


def among(name: str, names: tuple[str, ...]) -> bool:
    """Say whether a person is one of several."""
    return any(same(name, each) for each in names)


__all__ = ["among", "key", "same"]
