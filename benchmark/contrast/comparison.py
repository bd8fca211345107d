"""Two records side by side: every declared quantity of both, and which differences are more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...metrics import holm
from ..record.number import Measured, Number
from ..record.protocol import Protocol
from ..record.quantities import task_quantities
from ..record.quantity import Owner, Quantity
from ..record.record import Record
from ..record.resampling import with_resampling
from ..record.row import pair_quantities
from ..run.progress import Announce, announce_nothing
from .comparable import (
    Matched,
    check_protocols,
    describe_circumstances,
    find_unmatched,
    match_tasks,
    shared_members,
)
from .differences import Apart, Pairing, RowDifferences, p_value, subtract_values
from .side import Side, computable, read_side, with_draws_of_cells

if TYPE_CHECKING:
    import pandas

ALPHA = 0.05
"""How likely it may be that any difference at all of a comparison is taken for real without being so."""


@dataclass(frozen=True)
class ComparedValue:
    """A quantity in both records: `task` names the task, None for one of the pair's row.

    `difference`: B − A with its 95 % interval; `pairing`: whether it is of pairs (see `Apart`; "partly" where
    only some of a row's tasks are); `p`: two-sided, by Student's t, None where there is no interval;
    `adjusted_p`: Holm's, over the values of the whole comparison that are tested, None for all others.
    """

    quantity: Quantity[Any]
    task: str | None
    a: Measured
    b: Measured
    difference: Measured
    pairing: Pairing | None
    p: float | None
    adjusted_p: float | None = None

    @property
    def name(self) -> str:
        """`QUANTITY` for one of the row, `QUANTITY.TASK` for one of a task, as rules name it."""
        return self.quantity.name if self.task is None else f"{self.quantity.name}.{self.task}"

    @property
    def label(self) -> str:
        """What it is called in tables and sentences: the quantity's label, and of which task it is."""
        return self.quantity.label if self.task is None else f"{self.quantity.label} on {self.task}"

    @property
    def differs(self) -> bool:
        """Whether the difference is more than chance among all that are tested."""
        return self.adjusted_p is not None and self.adjusted_p <= ALPHA


@dataclass(frozen=True, repr=False)
class RecordComparison:
    """Two records of one protocol, A and B, and what differs between them.

    `row`: the values of the pairs' rows; `tasks`: those of every task that both have; `notes`: what a reader
    has to know besides, a line each.
    """

    a: Side
    b: Side
    row: tuple[ComparedValue, ...]
    tasks: tuple[ComparedValue, ...]
    matched: tuple[Matched, ...]
    notes: tuple[str, ...]

    @property
    def values(self) -> tuple[ComparedValue, ...]:
        """Every compared value, those of the row first."""
        return (*self.row, *self.tasks)

    @property
    def unpaired(self) -> tuple[str, ...]:
        """The tasks that both compared, and that are taken for independent; `matched` says why."""
        return tuple(task.name for task in self.matched if task.unpaired and task.both is not None)

    @property
    def tested(self) -> tuple[ComparedValue, ...]:
        """Those that Holm's adjustment counts."""
        return tuple(value for value in self.values if value.adjusted_p is not None)

    @property
    def verdict(self) -> str:
        """What differs, in one line."""
        differing = [value.label for value in self.values if value.differs]
        tests = f"{len(self.tested)} tested values differ{'s' * (len(differing) == 1)} (Holm, α = {ALPHA:g})"
        if not differing:
            return f"None of {tests}."
        more = f"; and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
        return f"{len(differing)} of {tests}: {'; '.join(differing[:_NAMED])}{more}."

    def __repr__(self) -> str:
        return f"RecordComparison({self.a.name}, {self.b.name}: {self.verdict})"

    def to_frame(self) -> "pandas.DataFrame":
        """A row per compared value: what `mechshift compare --format csv` has, NaN where it has nothing.

        Columns: task (missing for the pair's row), quantity, of A and B value, low and high, difference, low,
        high (its 95 % interval), pairing, p, adjusted_p, reason (why there is no difference).
        """
        import pandas

        from .table import fields_of

        frame = pandas.DataFrame([fields_of(value) for value in self.values])
        texts = ("task", "quantity", "pairing", "reason")
        # A column in which everything is missing would else have no dtype to compute with.
        return frame.astype({name: float for name in frame.columns if name not in texts})


_NAMED = 5
"""Values that a verdict names."""


def compare_records(
    a: Path | Record, b: Path | Record, cells: bool = True, announce: Announce = announce_nothing
) -> RecordComparison:
    """Compare two records of one protocol, whose seed may differ. The order matters: differences are B − A.

    `cells`: whether resampled values that were not kept beside a record are computed from its cells, some
    seconds a task, so that differences can be paired; `announce` is given a line for each. Raises UsageError
    and NotComputable for what cannot be read, NotComputable for other protocols and where no task is in both.
    """
    return compare_sides(read_side(a), read_side(b), cells, announce)


def compare_sides(
    a: Side, b: Side, cells: bool = True, announce: Announce = announce_nothing
) -> RecordComparison:
    """Compare two records that have been read; see `compare_records`."""
    check_protocols(a.record, b.record)
    pairable = [task.name for task in match_tasks(a.record, b.record) if not task.unpaired]
    if cells and pairable:
        a, b = (with_draws_of_cells(side, pairable, announce) for side in (a, b))
    # Once more: tasks have their draws now.
    matched = match_tasks(a.record, b.record)
    with computable(a, b):
        row, tasks = _adjusted(
            _compare_rows(a.record, b.record, matched),
            _compare_tasks(matched, a.record.protocol, b.record.protocol),
            shared_members(a.record, b.record),
        )
    return RecordComparison(a, b, row, tasks, matched, tuple(_notes(a, b, matched)))


ComparedValues = tuple[ComparedValue, ...]


def _compare_tasks(matched: Sequence[Matched], *protocols: Protocol) -> ComparedValues:
    return tuple(
        _compared(
            quantity,
            task.name,
            (a := with_resampling(quantity.of(task.a), task.resampling[0])),
            (b := with_resampling(quantity.of(task.b), task.resampling[1])),
            subtract_values(a, b, not task.unpaired),
        )
        for task in matched
        for quantity in task_quantities(*protocols)
    )


def _compare_rows(a: Record, b: Record, matched: Sequence[Matched]) -> ComparedValues:
    differences = RowDifferences(
        matched, find_unmatched(a, b), (a.summary.one_size.edges, b.summary.one_size.edges)
    )
    found, unpaired = differences.summary(), replace(differences, paired=False).summary()
    paired_tasks = [not task.unpaired for task in matched if task.both is not None]
    how: Pairing = "paired" if all(paired_tasks) else "partly paired"
    values = []
    for quantity in pair_quantities():
        apart = quantity.of(found)
        # What pairing left as it was had no pairs: accuracies, and tasks without resampled values.
        pairing: Pairing = "independent" if apart == quantity.of(unpaired) else how
        values.append(
            _compared(quantity, None, quantity.of(a.summary), quantity.of(b.summary), Apart(apart, pairing))
        )
    return tuple(values)


def _compared(
    quantity: Quantity[Any], task: str | None, a: Measured, b: Measured, apart: Apart
) -> ComparedValue:
    p = p_value(a, b, apart.difference)
    return ComparedValue(quantity, task, a, b, apart.difference, None if p is None else apart.pairing, p)


def _adjusted(
    row: ComparedValues, tasks: ComparedValues, shared: Sequence[Owner]
) -> tuple[ComparedValues, ComparedValues]:
    """Both with Holm's p-values over all of their values that a regression is looked for in."""
    values = [*row, *tasks]
    # One family of what is declared to be watched. Counts, floors, ceilings and the parts that other values
    # are made of are shown, but would only make every test weaker.
    family = [
        (index, value.p)
        for index, value in enumerate(values)
        if value.p is not None
        and (definition := value.quantity.definition).regression is not None
        # Logits of two models have no common scale.
        and (not definition.own_scale or value.quantity.member in shared)
    ]
    if family:
        for (index, _), adjusted in zip(family, holm([p for _, p in family]), strict=True):
            values[index] = replace(values[index], adjusted_p=float(adjusted))
    return tuple(values[: len(row)]), tuple(values[len(row) :])


def _notes(a: Side, b: Side, matched: Sequence[Matched]) -> list[str]:
    notes = list(describe_circumstances(a.record, b.record))
    notes += [f"Not compared: {one.reason}." for one in find_unmatched(a.record, b.record)]
    if other := [task.name for task in matched if task.unpaired]:
        reasons = sorted({task.unpaired for task in matched if task.unpaired})
        notes.append(f"Taken for independent, as {', '.join(reasons)}: {', '.join(other)}.")
    if len(other) < len(matched):
        notes += [
            f"Taken for independent, as {letter} has no resampled values: {side.undrawn}."
            for letter, side in (("A", a), ("B", b))
            if side.undrawn
        ]
        if lacking := [task.name for task in matched if not task.unpaired and _lacks_draws(task, (a, b))]:
            notes.append(
                f"Taken for independent in part, as resampled values are missing: {', '.join(lacking)}."
            )
    return notes


def _lacks_draws(task: Matched, sides: Sequence[Side]) -> bool:
    """Whether a side that has resampled values lacks some of a task's numbers."""
    return any(
        isinstance(value, Number)
        and value.low is not None
        # 0 by construction, as a causal model's right context, has an interval that nothing was drawn for.
        and value.low != value.high
        and value.resampling is None
        and value.draws is None
        for side, one in zip(sides, (task.a, task.b), strict=True)
        if not side.undrawn
        for quantity in task_quantities()
        for value in [quantity.of(one)]
    )
