"""When two names mean the same person."""


def key(name: str) -> str:
    """Return what names are compared by: their letters without case, with single spaces."""
    return " ".join(name.split()).casefold()


def same(one: str, other: str) -> bool:
    """Say whether two names mean the same person."""
    return key(one) == key(other)


def among(name: str, names: tuple[str, ...]) -> bool:
    """Say whether a person is one of several."""
    return any(same(name, each) for each in names)
