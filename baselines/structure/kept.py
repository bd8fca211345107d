"""Records of reference pairs as the repository has them: that of `tiny` as text, all others compressed."""

import gzip
from pathlib import Path

from pydantic import ValidationError

from ...benchmark.record.files import as_bytes, read_model
from ...benchmark.record.record import Record
from ...benchmark.record.strict import LARGEST
from ...errors import NotComputable
from ...files import open_regular, replacing
from .roster import BASE

NAME = "record.json"


def kept_record(folder: Path) -> Path | None:
    """The record in a pair's folder, `record.json` or `record.json.gz`; None where there is none."""
    places = (folder / NAME, folder / f"{NAME}.gz")
    return next((path for path in places if path.is_file()), None)


def read_kept(path: Path) -> Record:
    """The record at that path. Raises NotComputable for a file that is no record."""
    if path.suffix != ".gz":
        return read_model(path, Record)
    try:
        with open_regular(path) as file, gzip.open(file) as content:
            # Of a megabyte of zeros a file of a kilobyte is made.
            text = content.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise NotComputable(f"{path} holds more than {LARGEST:,} bytes", "write the record again")
        return Record.model_validate_json(text)
    except (OSError, EOFError, ValidationError) as error:
        raise NotComputable(
            f"{path} is no compressed record of this version: {str(error).splitlines()[0]}",
            "write it again, with python -m mechshift.baselines.family --reference",
        ) from error


def write_kept(record: Record, folder: Path) -> Path:
    """Write a pair's record into its folder, the same record in the same bytes. Raises OutputError."""
    compressed = record.pair.name != BASE
    path = folder / (f"{NAME}.gz" if compressed else NAME)
    content = as_bytes(record)
    with replacing(path) as partial:
        # Without a time, which would make other bytes of the same record.
        partial.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    return path
