"""Compact JSON from encoders that are made once.

`json.dumps` makes an encoder for each call, and that takes as long as encoding a history row or a message does.
"""

import json
import json.encoder
from collections.abc import Callable
from typing import Any


def _encoder(*, ensure_ascii: bool) -> Callable[[Any], str]:
    plain = json.JSONEncoder(ensure_ascii=ensure_ascii, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)  # what JSONEncoder.encode makes anew in each call
    if make is None:
        return plain.encode
    quote = json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
    encode = make(None, plain.default, quote, None, ":", ",", False, False, True)
    return lambda value: "".join(encode(value, 0))


compact = _encoder(ensure_ascii=False)
"""The value as compact JSON, characters beyond ASCII as they are; raises TypeError for what JSON does not have."""

compact_ascii = _encoder(ensure_ascii=True)
"""The value as compact JSON in ASCII alone; raises TypeError for what JSON does not have."""
