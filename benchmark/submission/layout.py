"""Where the parts of a submission lie, and how it is called.

2026-11-29-tiny-v2/         DATE-STEM; STEM is the stem of the record's file in the run
  card.toml                 who, what, licences; a person fills it in
  manifest.json             SHA-256 and size of the other files; how the cells were reduced
  record.json               the record of these cells
  draws.safetensors         the resampled values of every number with an interval
  cells/TASK/NAME.KEY.*     the cells that models ran for, each with its seal
"""

import re
from datetime import date

from ...errors import UsageError
from ..run.store import CELLS

CARD = "card.toml"
MANIFEST = "manifest.json"
RECORD = "record.json"
DRAWS = "draws.safetensors"
PARTS = (CARD, MANIFEST, RECORD, DRAWS, CELLS)
"""All that stands at the top of a submission."""

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([A-Za-z0-9][A-Za-z0-9._+@-]*)")


def submission_name(made: date, stem: str) -> str:
    """The name of a submission's folder, `DATE-STEM`. Raises UsageError for a stem that no name may have."""
    name = f"{made.isoformat()}-{stem}"
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{stem!r} cannot be part of a submission's name",
            "rename the record: letters, digits and . _ + @ -, the first a letter or digit",
        )
    return name


def parse_name(name: str) -> tuple[date, str] | None:
    """Date and stem of a submission's name; None for any other name."""
    found = _NAME.fullmatch(name)
    try:
        return (date.fromisoformat(found[1]), found[2]) if found else None
    except ValueError:  # the thirtieth of February
        return None
