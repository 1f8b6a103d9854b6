"""One text for one value: what digests are taken over."""

import hashlib
import json


def canonical(value: object) -> str:
    """`value` as JSON in the one form that is hashed: keys sorted, no spaces, ASCII only.

    Escaping keeps a file name that is not UTF-8 (a lone surrogate) a text that can be encoded.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: object) -> str:
    """SHA-256 of `canonical(value)`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()
