"""Reading and writing of records and other typed JSON."""

import gzip
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ...errors import NotComputable
from ...files import open_regular, read_text, write_text
from .strict import LARGEST, read_object, read_strict_json

M = TypeVar("M", bound=BaseModel)

NAME = 40
"""Characters of a protocol's name that a message repeats, at most."""

_OURS = "name a file that mechshift wrote"


def write_model(content: BaseModel, path: Path) -> None:
    """Write a model as JSON, whole or not at all. Raises OutputError where that fails."""
    write_text(path, as_bytes(content).decode())


def as_bytes(content: BaseModel) -> bytes:
    """What `write_model` writes: the same content, the same bytes."""
    # On one line: most of it is numbers, of which indentation makes twice as many bytes and nothing that a
    # person would read. `mechshift show` is for persons.
    return (content.model_dump_json() + "\n").encode()


def read_model(path: Path, kind: type[M]) -> M:
    """Read a model from JSON, also from JSON that gzip has compressed (`.gz`).

    Raises NotComputable, with the first thing that is wrong, for anything else. Content that is larger than
    any of ours is not read. Of a stranger's file, `read_untrusted` asks more.
    """
    try:
        return kind.model_validate_json(_content(path))
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
    except ValidationError as error:
        if other := other_schema(path, kind):
            raise NotComputable(f"{path} {other.problem}", other.remedy) from error
        # Only the first: one wrong value can make others wrong.
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise NotComputable(
            f"{path} is not a {kind.__name__.lower()} of this version: {place}: {first['msg']}",
            "make it again with this version of mechshift",
        ) from error


def _content(path: Path) -> str:
    """The text of a file, unpacked where its name says that it is compressed."""
    if path.suffix != ".gz":
        if (size := path.stat().st_size) > LARGEST:
            raise NotComputable(f"{path} has {size:,} bytes, and is not read beyond {LARGEST:,}", _OURS)
        return read_text(path)
    try:
        with open_regular(path) as file, gzip.open(file) as unpacked:
            # No more than may be read: a kilobyte can hold a megabyte of zeros.
            content = unpacked.read(LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NotComputable(f"{path} is not compressed by gzip, or not whole: {error}", _OURS) from error
    if len(content) > LARGEST:
        raise NotComputable(f"{path} holds more than {LARGEST:,} bytes", _OURS)
    return content.decode("utf-8")


def read_untrusted(path: Path, kind: type[M]) -> M:
    """Read a model from a stranger's JSON, by the rules of `read_strict_json`.

    Raises NotComputable, with the first thing that is wrong, for anything else.
    """
    content, faults = read_strict_json(path, kind)
    if content is None:
        if other := other_schema(path, kind):
            raise NotComputable(f"{path} {other.problem}", other.remedy)
        first = faults[0]
        raise NotComputable(
            f"{path} is not a {kind.__name__.lower()} of this version: "
            f"{first.place or 'the file'}: {first.problem}",
            "make it again with this version of mechshift",
        )
    return content


def schema_of(path: Path) -> int | None:
    """The number of the schema that a JSON file says it is of; None for a file that says none."""
    content = read_object(path)
    schema = content.get("schema_version")
    return schema if type(schema) is int else None


@dataclass(frozen=True)
class OtherSchema:
    """That a file is of another schema than this version reads: `problem` is said of it, then `remedy`."""

    problem: str
    remedy: str


def other_schema(path: Path, kind: type[BaseModel]) -> OtherSchema | None:
    """What to say of a file that is of another schema than this version reads; else None."""
    field = kind.model_fields.get("schema_version")
    schema = schema_of(path)
    if field is None or schema is None or schema == field.default:
        return None
    what = f"a {kind.__name__.lower()} of schema {schema}{_protocol(path)}"
    return OtherSchema(
        f"is {what}, and this version of mechshift reads schema {field.default}",
        "read it with the version that wrote it, or a later one"
        if schema > field.default
        else "run the pair again: numbers of another schema are not numbers of this one",
    )


def _protocol(path: Path) -> str:
    """` under protocol NAME@VERSION`, where a file says that; else nothing."""
    protocol = read_object(path).get("protocol")
    if not isinstance(protocol, dict):
        return ""
    name, version = protocol.get("name"), protocol.get("version")
    # Of no schema that is known here: anything may stand there.
    known = isinstance(name, str) and 0 < len(name) <= NAME and type(version) is int
    return f" under protocol {name}@{version}" if known else ""


def unreadable(path: Path, error: OSError | UnicodeDecodeError) -> NotComputable:
    """What to raise for a file that cannot be read, with near names where there is none of this name."""
    if isinstance(error, UnicodeDecodeError):
        return NotComputable(f"{path} is not text", "name a file that mechshift wrote")
    if not isinstance(error, FileNotFoundError):
        reason = error.strerror or type(error).__name__
        return NotComputable(f"{path} cannot be read: {reason}", "name a file that mechshift wrote")
    there = [file.name for file in path.parent.glob("*.json")]
    near = get_close_matches(path.name, there, n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(near)}?" if near else "name a file that mechshift wrote"
    return NotComputable(f"there is no file {path}", remedy)
