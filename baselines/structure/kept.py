"""Records of reference pairs as the repository has them: that of `tiny` as text, all others compressed."""

import gzip
from pathlib import Path

from ...benchmark.record.files import as_bytes
from ...benchmark.record.record import Record
from ...files import replacing
from .roster import BASE

NAME = "record.json"


def kept_record(folder: Path) -> Path | None:
    """The record in a pair's folder, `record.json` or `record.json.gz`; None where there is none."""
    places = (folder / NAME, folder / f"{NAME}.gz")
    return next((path for path in places if path.is_file()), None)


def write_kept(record: Record, folder: Path) -> Path:
    """Write a pair's record into its folder, the same record in the same bytes. Raises OutputError."""
    compressed = record.pair.name != BASE
    path = folder / (f"{NAME}.gz" if compressed else NAME)
    content = as_bytes(record)
    with replacing(path) as partial:
        # Without a time, which would make other bytes of the same record.
        partial.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    return path
