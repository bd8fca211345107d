"""A verdict from files: records, runs' folders and submissions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..contrast.comparable import match_tasks
from ..contrast.side import Side, computable, judgeable, read_side, with_draws_of_cells
from ..record.controls import check_controls
from ..record.record import Record
from ..run.progress import Announce, announce_nothing
from .marks import marks_beside
from .verdict import PairVerdict, judge


def judge_files(
    record: Path | Record,
    controls: Sequence[Path | Record] = (),
    cells: bool = True,
    announce: Announce = announce_nothing,
    lines: Sequence[Path | Record] = (),
) -> PairVerdict:
    """The verdict on a record, held against those of its controls and shown beside its lines.

    `cells`: whether resampled values that were not kept beside a record are computed from its cells, some
    seconds a task, so that differences from controls can be paired; `announce` is given a line for each.
    Raises UsageError for a record that is no control or no line of the pair, and UsageError and NotComputable
    for what cannot be read.

    The variations that `mechshift robustness` left beside a record are read with it.
    """
    pair, *others = map(read_side, (record, *controls))
    check_controls(pair.record, [other.record for other in others])
    if cells and others:
        pairable = {
            task.name
            for other in others
            for task in match_tasks(pair.record, other.record)
            if not task.unpaired
        }
        pair, *others = (with_draws_of_cells(side, sorted(pairable), announce) for side in (pair, *others))
    verdict = _computed(pair, others, [read_side(line).record for line in lines])
    if isinstance(record, Record):
        return verdict
    return replace(verdict, robustness=marks_beside(pair.path or record, pair.record, verdict))


def _computed(pair: Side, others: Sequence[Side], lines: Sequence[Record]) -> PairVerdict:
    with computable(pair, others[0]) if others else judgeable(pair.name):
        return judge(pair.record, [other.record for other in others], lines)
