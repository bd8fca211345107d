"""The variations of a record with its cells, wherever it lies: no model runs."""

from collections.abc import Collection
from pathlib import Path

from ...errors import NotComputable, UsageError
from ..record.files import read_model, read_untrusted
from ..record.record import Record
from ..record.robustness import Robustness, VariedKind
from ..run.progress import Announce, announce_nothing
from ..run.rescore import find_records
from ..submission.archive import opened
from ..submission.layout import RECORD
from .varying import RecordPlace, vary


def vary_record(
    place: Path, kinds: Collection[VariedKind] | None = None, announce: Announce = announce_nothing
) -> Robustness:
    """The variations of a record that need no model, from the cells beside it.

    `place`: a record, a run's folder that holds one, or a submission (folder or zip archive). Raises
    UsageError for a folder of several records, NotComputable for what cannot be read or has no cells.
    """
    if place.is_file() and place.suffix.lower() == ".zip":
        with opened(place) as (folder, findings):
            if folder is None:
                first = findings[0]
                raise NotComputable(f"{first.place}: {first.problem}", first.remedy)
            return _of_submission(folder, place, kinds, announce)
    if (place / RECORD).is_file():
        return _of_submission(place, place, kinds, announce)
    paths = find_records(place)
    if len(paths) > 1:
        raise UsageError(
            f"{place} holds {len(paths)} records", f"name one of them: {', '.join(map(str, paths))}"
        )
    return vary(read_model(paths[0], Record), RecordPlace(paths[0], paths[0]), kinds, None, announce)


def _of_submission(
    folder: Path, beside: Path, kinds: Collection[VariedKind] | None, announce: Announce
) -> Robustness:
    record = read_untrusted(folder / RECORD, Record)
    return vary(record, RecordPlace(folder / RECORD, beside), kinds, None, announce)
