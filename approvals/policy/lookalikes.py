"""How a word looks to a reader: two words that look the same must not mean different things."""

import unicodedata

from approvals.names import key

_LIKE = str.maketrans(
    "авеѕіјкмнорстухһгѵԁԛԝпԍցαβεικνορτυχωηγϲϳօոհսզքıłøđħŧ01|",  # noqa: RUF001
    "abesijkmhopctyxhrvdqwnggabeikvoptuxwnycjonhuqpilodhtoll",
)
"""Letters of other scripts, and symbols, with the Latin letter that they look like."""


def looks(word: str) -> str:
    """Return a form that is the same for words that look alike: no case, accents or symbols, only Latin letters.

    Words of symbols alone stay as they are.
    """
    plain = (
        char for char in unicodedata.normalize("NFKD", key(word).translate(_LIKE)) if not unicodedata.combining(char)
    )
    letters = "".join(plain).translate(_LIKE)
    skimmed = (
        "".join(char for char in letters if char.isalnum()).replace("i", "l").replace("rn", "m").replace("vv", "w")
    )
    return skimmed or key(word)
