"""Bytes damaged without a look at what they are: cut off, gone on with, flipped, in another encoding."""

from random import Random

LONGEST = 2**12
"""Bytes that are added at the most."""

_STRANGE = (
    b"\xef\xbb\xbf",  # a byte order mark
    b"\xff\xfe",
    b"\xff",  # in no UTF-8
    b"\xed\xa0\x80",  # a surrogate, which UTF-8 has none of
    b"\xc0\x80",  # a NUL, longer than it may be
    b"\0",
    b"\0" * 64,
    b"\r\n",
    b"\x1b[2J",
    b"PK\x05\x06" + b"\0" * 18,
    b"\x1f\x8b",
    b"[" * LONGEST,
    b"{" * LONGEST,
    b'"',
    b"}",
)


def damaged(content: bytes, random: Random) -> bytes:
    """The content, damaged once."""
    at = random.randrange(len(content) + 1)
    kind = random.choice(("cut", "end", "insert", "flip", "leave out", "repeat", "encode", "empty"))
    if kind == "cut":
        return content[:at]
    if kind == "end":
        return content + random.choice(_STRANGE)
    if kind == "insert":
        return content[:at] + random.choice(_STRANGE) + content[at:]
    if kind == "flip":
        flipped = bytes((content[at] ^ (1 << random.randrange(8)),)) if at < len(content) else b""
        return content[:at] + flipped + content[at + 1 :]
    length = random.choice((1, 2, 8, 64))
    if kind == "leave out":
        return content[:at] + content[at + length :]
    if kind == "repeat":
        return content[: at + length] + content[at:]
    return content.decode("utf-8", "replace").encode("utf-16") if kind == "encode" else b""
