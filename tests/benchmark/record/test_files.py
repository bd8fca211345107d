"""Files of another schema, and what is no record at all, are refused with the reason."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.records import a_record
from mechshift.benchmark.record.files import other_schema, read_model, read_untrusted, schema_of, write_model
from mechshift.benchmark.record.record import SCHEMA, Record
from mechshift.errors import NotComputable

readers = pytest.mark.parametrize("read", [read_model, read_untrusted], ids=["own", "untrusted"])
Read = Callable[[Path, type[Record]], Record]


def written(path: Path, **changes: Any) -> Path:
    """A record of this version with some of its fields written over."""
    write_model(a_record(), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


@readers
def test_a_record_is_read_back(read: Read, tmp_path: Path) -> None:
    write_model(a_record(), tmp_path / "record.json")
    assert read(tmp_path / "record.json", Record) == a_record()
    assert schema_of(tmp_path / "record.json") == SCHEMA
    assert other_schema(tmp_path / "record.json", Record) is None


@readers
def test_a_record_of_v1_is_refused_with_the_reason(read: Read, tmp_path: Path) -> None:
    path = written(tmp_path / "old.json", schema_version=5, protocol={"name": "v1", "version": 3})
    with pytest.raises(NotComputable) as raised:
        read(path, Record)
    assert str(raised.value).startswith(
        f"{path} is a record of schema 5 under protocol v1@3, "
        f"and this version of mechshift reads schema {SCHEMA}"
    )
    assert "run the pair again" in str(raised.value)


@readers
def test_a_record_of_a_later_version_is_not_to_be_run_again(read: Read, tmp_path: Path) -> None:
    path = written(tmp_path / "new.json", schema_version=SCHEMA + 1)
    with pytest.raises(NotComputable, match="read it with the version that wrote it, or a later one"):
        read(path, Record)


@pytest.mark.parametrize(
    "protocol",
    [None, "v1", ["v1"], {}, {"name": "v1"}, {"name": 1, "version": 1}, {"name": "x" * 41, "version": 1}],
)
def test_what_names_no_protocol_is_refused_without_one(protocol: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "old.json", schema_version=5, protocol=protocol)
    with pytest.raises(NotComputable, match="is a record of schema 5, and this version"):
        read_model(path, Record)


@readers
@pytest.mark.parametrize(
    "content", ["", "{}", "[5]", '{"schema_version": "5"}', '{"schema_version": true}', "\x00"]
)
def test_what_says_no_schema_is_refused_for_what_it_lacks(read: Read, content: str, tmp_path: Path) -> None:
    path = tmp_path / "any.json"
    path.write_text(content)
    assert schema_of(path) is None
    with pytest.raises(NotComputable, match="is not a record of this version"):
        read(path, Record)


def test_a_record_that_gzip_compressed_is_read_back(tmp_path: Path) -> None:
    write_model(a_record(), tmp_path / "record.json")
    path = tmp_path / "record.json.gz"
    path.write_bytes(gzip.compress((tmp_path / "record.json").read_bytes()))
    assert read_model(path, Record) == a_record()


# Without the time, which would be another in every process that runs tests.
WHOLE = gzip.compress(b'{"pair": 3}', mtime=0)
DAMAGED = WHOLE[:12] + bytes(4) + WHOLE[16:]


@pytest.mark.parametrize(
    "content",
    [b"no gzip", WHOLE[:8], WHOLE[:-4], DAMAGED],
    ids=["no gzip", "cut in its head", "cut at its end", "damaged"],
)
def test_what_gzip_did_not_write_or_not_to_its_end_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "record.json.gz"
    path.write_bytes(content)
    with pytest.raises(NotComputable, match="is not compressed by gzip, or not whole"):
        read_model(path, Record)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a record of this version: the file: Invalid JSON"),
        (b'{"pair": 3}', "is not a record of this version: "),
        (b"\xff", "is not text"),
        (bytes(9 * 2**20), "holds more than 8,388,608 bytes"),
    ],
)
def test_what_is_no_record_is_refused_compressed_too(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(NotComputable, match=reason):
        read_model(path, Record)
