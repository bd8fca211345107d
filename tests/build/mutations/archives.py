"""Zip archives with one thing changed: a name, a kind, a size, an offset, or one member too many."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from random import Random

from .damage import damaged

NAMES = (
    "../evil",
    "../../../../evil",
    "/tmp/evil",
    "/etc/passwd",
    "C:/evil",
    "C:\\evil",
    "..\\evil",
    "a/../../evil",
    "a//b",
    "./a",
    "",
    ".",
    "..",
    "/",
    "a/" * 40 + "b",
    "x" * 300,
    "x" * 65_000,
    "nul",
    "con.json",
    "a.",
    "a ",
    "e\u0301",
    "\u00e9",
    "\u202egnp.json",
    "\x1b[2J",
    "a\0b",
    "a\nb",
    "more.zip",
    "\U0001f4a3",
)

MODES = (0o120777, 0o010644, 0o020644, 0o060644, 0o140644, 0o040755, 0o100000, 0o104755, 0o177777)

FIELDS = {
    b"PK\x01\x02": (46, "<4s6H3L5H2L"),
    b"PK\x03\x04": (30, "<4s5H3L2H"),
    b"PK\x05\x06": (22, "<4s4H2LH"),
}
"""Of each kind of header its bytes and its numbers."""


def change_zip(content: bytes, random: Random) -> bytes:
    """The archive with one thing changed. Raises ValueError where it is none."""
    kind = random.choice(
        ("field", "field", "field", "name", "mode", "content", "more", "twice", "bomb", "bytes")
    )
    if kind == "bytes":
        return damaged(content, random)
    if kind == "field":
        return _with_other_field(content, random)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(member, archive.read(member)) for member in archive.infolist()]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError) as error:
        raise ValueError(str(error)) from error
    return _packed(_changed(members, kind, random), random)


Member = tuple[zipfile.ZipInfo, bytes]


def _changed(members: list[Member], kind: str, random: Random) -> list[Member]:
    at = random.randrange(len(members) + 1)
    if kind == "more" or at == len(members):
        return [*members[:at], (zipfile.ZipInfo(random.choice(NAMES)), b"x"), *members[at:]]
    old, content = members[at]
    entry = zipfile.ZipInfo(old.filename)
    entry.compress_type, entry.external_attr = old.compress_type, old.external_attr
    if kind == "twice":
        return [*members, (entry, random.choice((content, b"x")))]
    if kind == "name":
        folder = old.filename.partition("/")[0]
        name = random.choice((*NAMES, old.filename.upper(), old.filename + "/x", folder, f"{folder}/../../x"))
        entry.filename = entry.orig_filename = name
    elif kind == "mode":
        entry.external_attr = random.choice(MODES) << 16
        content = random.choice((content, b"/etc/passwd"))
    elif kind == "bomb":
        entry.compress_type, content = zipfile.ZIP_DEFLATED, bytes(2**24)
    else:
        content = damaged(content, random)
    return [*members[:at], (entry, content), *members[at + 1 :]]


def _packed(members: list[Member], random: Random) -> bytes:
    """By hand: `zipfile` itself changes names and refuses some."""
    parts, directory, offset = [], [], 0
    for entry, content in members:
        name, flags = entry.filename.encode("utf-8"), 0x800
        deflated = entry.compress_type == zipfile.ZIP_DEFLATED
        packed = _deflated(content) if deflated else content
        method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
        sizes = zlib.crc32(content), len(packed), len(content)
        local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, flags, method, 0, 33, *sizes, len(name), 0)
        parts.append(local + name + packed)
        said = (
            20 | 3 << 8,
            20,
            flags,
            method,
            0,
            33,
            *sizes,
            len(name),
            0,
            0,
            0,
            0,
            entry.external_attr,
            offset,
        )
        directory.append(struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *said) + name)
        offset += len(parts[-1])
    size = sum(map(len, directory))
    number = len(members)
    comment = random.choice((b"", b"", b"", b"x"))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, number, number, size, offset, len(comment))
    return b"".join((*parts, *directory, end, comment))


def _deflated(content: bytes) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


def _with_other_field(content: bytes, random: Random) -> bytes:
    headers = list(_headers(content))
    if not headers:
        raise ValueError("there is no header")
    at, size, form = random.choice(headers)
    values = list(struct.unpack(form, content[at : at + size]))
    field = random.randrange(1, len(values))
    # Those of four bytes are larger than those of two.
    most = 2**32 if struct.calcsize(form.replace("<4s", "<")) and _is_long(form, field) else 2**16
    nasty = (
        0,
        1,
        8,
        255,
        most - 1,
        most // 2,
        values[field] + 1,
        values[field] - 1,
        values[field] * 2,
        len(content),
    )
    values[field] = random.choice(nasty) % most
    return content[:at] + struct.pack(form, *values) + content[at + size :]


def _is_long(form: str, field: int) -> bool:
    kinds: list[str] = []
    times = ""
    for character in form.removeprefix("<4s"):
        if character.isdigit():
            times += character
            continue
        kinds += [character] * int(times or 1)
        times = ""
    return kinds[field - 1] == "L"


def _headers(content: bytes) -> Iterator[tuple[int, int, str]]:
    for signature, (size, form) in FIELDS.items():
        at = content.find(signature)
        while at >= 0:
            if at + size <= len(content):
                yield at, size, form
            at = content.find(signature, at + 1)
