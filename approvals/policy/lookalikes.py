"""What a word looks like to somebody who skims it: two words that look the same must not mean different things."""

import unicodedata

from approvals.names import key

_LIKE = str.maketrans(
    "авеѕіјкмнорстухһгѵԁԛԝпԍցαβεικνορτυχωηγϲϳօոհսզքıłøđħŧ01|",  # noqa: RUF001
    "abesijkmhopctyxhrvdqwnggabeikvoptuxwnycjonhuqpilodhtoll",
)
"""Letters of other scripts, and signs, by the Latin letter that a reader takes them for."""


def looks(word: str) -> str:
    """Return what a word is skimmed as: no case, no accents, no signs, lookalikes by their Latin letter.

    It is the same for words that can be mistaken for each other. Words of nothing but signs are what they are.
    """
    plain = (
        char for char in unicodedata.normalize("NFKD", key(word).translate(_LIKE)) if not unicodedata.combining(char)
    )
    letters = "".join(plain).translate(_LIKE)
    skimmed = (
        "".join(char for char in letters if char.isalnum()).replace("i", "l").replace("rn", "m").replace("vv", "w")
    )
    return skimmed or key(word)
