"""The columns of a leaderboard: the quantities declared of every pair, and what is known of a row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from ...errors import unknown
from ..record.means import Summary
from ..record.missing import Missing
from ..record.number import Number
from ..record.quantity import Quantity
from ..record.record import Record
from ..record.row import BOTH, COLUMNS, in_board_order
from ..record.summary import SUITES
from ..tables.layout import Fields, unrounded
from ..verdict.rules import MechanismVerdict
from .entries import Entry, Retired
from .ranks import Unranked
from .verdicts import RowVerdicts, SuiteVerdict, judge_entry

Known = str | int | None

BY_CHANGE: tuple[MechanismVerdict, ...] = (
    "undecided",
    "preserved",
    "same function, other edges",
    "extended",
    "rebuilt",
)
"""Verdicts by how much changed; first what says nothing."""


@dataclass(frozen=True)
class BoardRow:
    """An entry with its rank, or why it has none, and the controls of its ARM.

    `pairs`: of a control, of how many pairs of the board it is one.
    """

    entry: Entry
    rank: int | Unranked
    controls: tuple[Entry, ...] = ()
    pairs: int = 0

    @property
    def record(self) -> Record:
        """The record of its entry."""
        return self.entry.record

    @cached_property
    def verdicts(self) -> RowVerdicts:
        """Those on its pair, held against these controls."""
        return judge_entry(self.entry, self.controls)

    @property
    def control_of(self) -> str:
        """Of a control, what stands where a pair has its verdict."""
        return f"control of {self.pairs or 'no'} pair{'s' * (self.pairs != 1)}"


@dataclass(frozen=True)
class BoardColumn:
    """A column by its name in CSV, with its heading in tables.

    It has a `quantity`, or else what is `known` of a row and of a retired submission. `suite`: that of which
    it has the verdict.
    """

    name: str
    heading: str
    quantity: Quantity[Summary] | None = None
    known: Callable[[BoardRow], Known] = lambda row: None
    of_retired: Callable[[Retired], Known] = lambda retired: None
    suite: str | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the fields of a quantity that are numbers."""
        return tuple(self.name + end for end in ("", "_low", "_high"))

    def fields(self, row: BoardRow | Retired) -> Fields:
        """What a row has in it: of a quantity value, `_low`, `_high` and `_missing`, else one field."""
        if self.quantity is None:
            return {self.name: self.of_retired(row) if isinstance(row, Retired) else self.known(row)}
        value = (
            # The numbers of another version are not comparable with those above them.
            Missing(missing=f"retired: {row.reason}")
            if isinstance(row, Retired)
            else self.quantity.of(row.record.summary)
        )
        return {self.name + end: field for end, field in unrounded(value).items()}


def _quantities() -> Iterator[BoardColumn]:
    for column in in_board_order(COLUMNS):
        for place, quantities in column.quantities.items():
            for quantity in quantities:
                # A line for the suite; what has none is broken as in other tables, which keeps it narrow.
                whole = column.heading if len(quantities) == 1 else quantity.label
                heading = whole if place == BOTH else f"{quantity.label.removesuffix(f', {place}')}\n{place}"
                yield BoardColumn(quantity.name, heading, quantity)


def _of_verdicts(
    suite: str, name: str, heading: str, read: Callable[[SuiteVerdict], Known], judges: bool = False
) -> BoardColumn:
    def known(row: BoardRow) -> Known:
        found = row.verdicts.suites.get(suite)
        return None if found is None else read(found)

    return BoardColumn(f"{name}_{suite}", f"{heading}\n{suite}", known=known, suite=suite if judges else None)


_VERDICTS = (
    *(_of_verdicts(suite, "verdict", "verdict", lambda one: one.verdict, judges=True) for suite in SUITES),
    *(_of_verdicts(suite, "attribution", "attributable", lambda one: one.attribution) for suite in SUITES),
)


def _protocol(retired: Retired) -> Known:
    return None if retired.protocol is None else retired.protocol.partition("@")[0]


def _version(retired: Retired) -> Known:
    return None if retired.protocol is None else int(retired.protocol.rpartition("@")[2])


_BEFORE = (
    BoardColumn("rank", "rank", known=lambda row: row.rank if isinstance(row.rank, int) else None),
    BoardColumn(
        "pair", "pair", known=lambda row: row.record.pair.name, of_retired=lambda retired: retired.pair
    ),
)
_BEHIND = (
    BoardColumn("protocol", "protocol", known=lambda row: row.record.protocol.name, of_retired=_protocol),
    BoardColumn(
        "protocol_version",
        "protocol\nversion",
        known=lambda row: row.record.protocol.version,
        of_retired=_version,
    ),
    BoardColumn("status", "status", known=lambda row: row.entry.status),
    BoardColumn("attested_cells", "attested\ncells", known=lambda row: row.entry.attested),
    BoardColumn("model_cells", "model\ncells", known=lambda row: row.entry.cells),
    BoardColumn("unofficial", "unofficial", known=lambda row: row.entry.unofficial),
    BoardColumn("control", "control", known=lambda row: "yes" if row.record.pair.control else "no"),
    BoardColumn(
        "controls", "controls", known=lambda row: " ".join(each.name for each in row.controls) or None
    ),
    BoardColumn("control_of", "control of", known=lambda row: row.pairs if row.record.pair.control else None),
    BoardColumn(
        "verdict_missing",
        "verdict\nmissing",
        known=lambda row: row.verdicts.missing,
        of_retired=lambda retired: f"retired: {retired.reason}",
    ),
    BoardColumn("confounds", "confounds", known=lambda row: "; ".join(row.record.pair.confounds) or None),
    BoardColumn(
        "declared_confounds",
        "declared\nconfounds",
        known=lambda row: "; ".join(row.entry.card.confounds) or None if row.entry.card else None,
    ),
    BoardColumn(
        "authors",
        "authors",
        known=lambda row: "; ".join(row.entry.card.authors) or None if row.entry.card else None,
    ),
    BoardColumn("contact", "contact", known=lambda row: row.entry.card.contact if row.entry.card else None),
    BoardColumn(
        "card_problem",
        "card's\nproblem",
        known=lambda row: row.entry.card.problem if row.entry.card else None,
    ),
    BoardColumn(
        "unranked",
        "unranked",
        known=lambda row: row.rank.reason if isinstance(row.rank, Unranked) else None,
        of_retired=lambda retired: "it is retired",
    ),
    BoardColumn("attestation_refused", "attestation\nrefused", known=lambda row: row.entry.refused),
    BoardColumn(
        "submission",
        "submission",
        known=lambda row: row.entry.name if row.entry.status else None,
        of_retired=lambda retired: retired.name,
    ),
    BoardColumn(
        "date",
        "date",
        known=lambda row: row.entry.made.isoformat() if row.entry.made else None,
        of_retired=lambda retired: retired.made.isoformat() if retired.made else None,
    ),
    BoardColumn("retired", "retired", of_retired=lambda retired: retired.reason),
    BoardColumn("arm_digest", "ARM's digest", known=lambda row: row.record.pair.arm.digest),
    BoardColumn("mdm_digest", "MDM's digest", known=lambda row: row.record.pair.mdm.digest),
    BoardColumn("mechshift", "mechshift", known=lambda row: row.record.environment.mechshift),
)


@cache
def list_columns() -> tuple[BoardColumn, ...]:
    """All columns, in the order that CSV has them in."""
    return (*_BEFORE, *_VERDICTS, *_quantities(), *_BEHIND)


def find_columns(names: Sequence[str]) -> tuple[BoardColumn, ...]:
    """The columns of those names, behind the pair. Raises UsageError, with near names, for an unknown one."""
    known = {column.name: column for column in list_columns()}
    for name in names:
        if name not in known:
            raise unknown("column", name, known)
    return tuple(known[name] for name in dict.fromkeys(("pair", *names)))


def find_sort(name: str) -> BoardColumn:
    """The column to sort by. Raises UsageError, with near names, for one that there is not."""
    # A rank is found from how rows are sorted.
    known = {column.name: column for column in list_columns() if column.name not in ("rank", "unranked")}
    if name not in known:
        raise unknown("column", name, known)
    return known[name]


def sort_key(column: BoardColumn, row: BoardRow, ascending: bool) -> tuple[bool, float, str, str]:
    """The place of a row: numbers from the largest down or the smallest up, texts from A, missing last.

    Verdicts stand by how much changed, and undecided ones below the others.
    """
    value: object = column.known(row)
    if column.suite is not None and isinstance(value, str):
        value = BY_CHANGE.index(value)
    if column.quantity is not None:
        measured = column.quantity.of(row.record.summary)
        value = measured.value if isinstance(measured, Number) else None
    if isinstance(value, float | int):
        # Equal values are ordered by the pair's name, so that a board looks the same wherever it is printed.
        return False, value if ascending else -value, "", row.record.pair.name
    return value is None, 0.0, str(value or ""), row.record.pair.name
