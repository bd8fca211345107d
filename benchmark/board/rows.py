"""A leaderboard: its rows in order, with their ranks, and the controls beside their pairs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...metrics.inputs import Floats
from ..tables.layout import Fields
from .board import read_board
from .columns import BoardRow, find_columns, find_sort, list_columns, sort_key
from .entries import Entry, Retired
from .ranks import IS_CONTROL, Unranked, rank_entries

if TYPE_CHECKING:
    import pandas


SORT = "task_dependent_shift"
"""The column that rows are ranked by unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Board:
    """The rows of a leaderboard, sorted by a column, and the submissions of older versions.

    `adjusted`: p-values of all pairs of the rows with a rank, in their order, by Holm for the number of
    pairs, [ranked, ranked]; None where the column has no ranks.
    """

    rows: tuple[BoardRow, ...]
    retired: tuple[Retired, ...]
    sort: str
    ascending: bool
    adjusted: Floats | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        retired = f", {len(self.retired)} retired" if self.retired else ""
        return f"Board({len(self.rows)} rows by {self.sort}{retired})"

    def fields(self, columns: Sequence[str] | None = None) -> list[Fields]:
        """A record each: rows in order, controls behind their (first) pair, then what is retired.

        Every value has four fields, unrounded: value, `_low`, `_high`, `_missing`. `columns`: only these,
        after the pair. Raises UsageError, with near names, for a column that there is not.
        """
        chosen = list_columns() if columns is None else find_columns(columns)
        return [
            {name: value for column in chosen for name, value in column.fields(row).items()}
            for row in self._flat()
        ]

    def described(self, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """As `fields`, and behind them, as `verdict`, all that decided the verdicts, unrounded.

        A control and a retired submission have None there. Where `columns` are chosen, none of which is a
        verdict's, it is left out.
        """
        rows = [dict[str, Any](fields) for fields in self.fields(columns)]
        if columns is not None and not any(column.suite for column in find_columns(columns)):
            return rows
        for row, described in zip(self._flat(), rows, strict=True):
            if isinstance(row, BoardRow) and not row.record.pair.control:
                described["verdict"] = row.verdicts.values()
            else:
                described["verdict"] = None
        return rows

    def to_frame(self) -> "pandas.DataFrame":
        """All fields of all rows, retired ones last; docs/board.md explains the columns."""
        import pandas

        frame = pandas.DataFrame(self.fields())
        # A column in which everything is missing would else have no dtype to compute with.
        numbers = [name for column in list_columns() if column.quantity for name in column.numbers]
        whole = dict.fromkeys(
            ("rank", "protocol_version", "attested_cells", "model_cells", "control_of"), "Int64"
        )
        return frame.astype(dict.fromkeys(numbers, float) | whole)

    def _flat(self) -> Iterator[BoardRow | Retired]:
        shown: set[str] = set()
        for row in self.rows:
            yield row
            for control in self.controls_of(row):
                if control.entry.name not in shown:
                    shown.add(control.entry.name)
                    yield control
        yield from self.retired

    def controls_of(self, row: BoardRow) -> Iterator[BoardRow]:
        """The controls beside a row, as rows of their own."""
        for control in row.controls:
            yield BoardRow(control, Unranked(IS_CONTROL), pairs=self._pairs_of[control.name])

    @cached_property
    def _pairs_of(self) -> Counter[str]:
        """By the name of a control, of how many pairs it is one."""
        return Counter(control.name for row in self.rows for control in row.controls)


def make_board(
    directory: Path,
    protocol: str | None = None,
    sort: str = SORT,
    ascending: bool = False,
    unofficial: bool = False,
    retired: bool = True,
) -> Board:
    """The leaderboard of a folder: numbers from the largest down, texts from A, missing values last.

    `sort`: a column under its CSV name; `ascending`: numbers the other way round, and ranks with them.
    `unofficial` takes records that no board takes too, marked and without a rank; `retired` lists submissions
    of older versions. Nothing is scored again. Raises UsageError for an unknown column, and what `read_board`
    raises.
    """
    column = find_sort(sort)
    contents = read_board(directory, protocol, unofficial, column.quantity, judged=True)
    adjusted = None
    ranks: Sequence[int | Unranked] = [Unranked("the board is not sorted by a number")] * len(
        contents.entries
    )
    if column.quantity is not None:
        ranking = rank_entries(contents.entries, column.quantity, ascending)
        ranks, adjusted = ranking.ranks, ranking.adjusted
    rows = [BoardRow(*each) for each in zip(contents.entries, ranks, strict=True)]
    order = sorted(range(len(rows)), key=lambda index: sort_key(column, rows[index], ascending))
    kept = contents.retired if retired else ()
    return Board(
        rows=tuple(_beside(rows[index] for index in order)),
        retired=kept,
        sort=sort,
        ascending=ascending,
        adjusted=None if adjusted is None else _reordered(adjusted, rows, order),
    )


def _reordered(adjusted: Floats, rows: Sequence[BoardRow], order: Sequence[int]) -> Floats:
    """P-values in the order of the rows with a rank as they stand on the board."""
    ranked = [index for index, row in enumerate(rows) if isinstance(row.rank, int)]
    places = [ranked.index(index) for index in order if isinstance(rows[index].rank, int)]
    return adjusted[np.ix_(places, places)]


def _beside(rows: Iterator[BoardRow]) -> Iterator[BoardRow]:
    """The rows with each control at the pairs with its ARM; one without a pair keeps its own row."""
    there = list(rows)
    controls: dict[str, list[Entry]] = {}
    for row in there:
        if row.entry.record.pair.control:
            controls.setdefault(row.entry.record.pair.arm.digest, []).append(row.entry)
    arms = {row.entry.record.pair.arm.digest for row in there if not row.entry.record.pair.control}
    for row in there:
        pair = row.entry.record.pair
        if not pair.control:
            of_arm = controls.get(pair.arm.digest, ())
            yield replace(row, controls=tuple(each for each in of_arm if _comparable(each, row.entry)))
        elif pair.arm.digest not in arms:
            yield row


def _comparable(control: Entry, entry: Entry) -> bool:
    return control.record.protocol == entry.record.protocol
