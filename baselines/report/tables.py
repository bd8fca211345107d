"""The tables of the report."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from ...benchmark.record.means import SameSize
from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number
from ...benchmark.record.quantity import POINT, SHARE, SHIFT, Quantity, Rounding
from ...benchmark.record.record import Record
from ...benchmark.record.row import COLUMNS, in_board_order
from ...benchmark.record.statements import RowDoubts
from ...benchmark.record.summary import SUITES
from ...benchmark.record.task_record import TaskResult
from ...benchmark.report.markdown import MARKUP, table, text
from ...benchmark.tables.cells import Notes
from ..structure.roster import BASE, CONTROL, SCRATCH, about
from .by_task import LEVEL, TaskContrast
from .claims import PREDICTIONS, Claim
from .contrast import VERDICTS, between, contrast
from .quantities import one_size
from .records import Pairs, tasks_of
from .spread import Spread

WHOLE_PERCENT = Rounding(decimals=0, percent=True, interval=False)


def setting_table(pairs: Pairs) -> str:
    """A line per pair: how it was made, what its second member is, and how far its weights have moved."""
    notes, made = Notes(MARKUP), about()
    rows = [
        [
            f"`{pair}`",
            text(made[pair]),
            text(record.pair.mdm.attention),
            "yes" if record.pair.mdm.shift else "no",
            notes.cell(movement(record), POINT),
        ]
        for pair, record in pairs.records.items()
    ]
    return table(["pair", "how it was made", "attention", "shift", "weights moved"], rows, notes)


def movement(record: Record) -> Measured:
    """Mean over kinds of module of how far the weights moved, relative to their norm."""
    moved = record.pair.movement.values()
    if not moved:
        return Missing(missing="the record holds no movement of the weights")
    return Number(value=sum(moved) / len(moved))


def task_table(pairs: Pairs, quantity: Quantity[TaskResult]) -> str:
    """A quantity's value, pairs by tasks."""
    notes = Notes(MARKUP)
    rows = []
    for pair, record in pairs.records.items():
        tasks = tasks_of(record)
        values = [notes.cell(quantity.of(tasks[name]), quantity.rounding) for name in pairs.tasks]
        rows.append([f"`{pair}`", *values])
    heads = [f"{text(name)}<br>{suite}" for name, suite in pairs.tasks.items()]
    return table(["pair", *heads], rows, notes)


def row_table(pairs: Pairs) -> str:
    """A line per pair with every quantity of its row, in the order of a board's columns."""
    quantities = [
        quantity
        for column in in_board_order(COLUMNS)
        for held in column.quantities.values()
        for quantity in held
    ]
    notes = Notes(MARKUP)
    rows = []
    for pair, record in pairs.records.items():
        doubts = RowDoubts(record)
        cells = [
            notes.cell(each.of(record.summary), each.rounding) + notes.marks(doubts.of(each))
            for each in quantities
        ]
        rows.append([_named(pair, record), *cells])
    return table(["pair", *(text(each.label) for each in quantities)], rows, notes)


def _named(pair: str, record: Record) -> str:
    return f"`{pair}` (control)" if record.pair.control else f"`{pair}`"


def own_sizes_table(pairs: Pairs) -> str:
    """Overlap by suite and the overlap shift, every task at its own compared size."""
    return _shift_table(
        pairs,
        lambda record: (
            *(record.summary.overlap[suite] for suite in SUITES),
            record.summary.overlap_shift,
        ),
    )


def one_size_table(pairs: Pairs) -> str:
    """The same, all tasks at the one size."""

    def values(record: Record) -> tuple[Measured, ...]:
        found: SameSize = one_size(record, pairs.edges)
        return (*(found.overlap[suite] for suite in SUITES), found.shift)

    return _shift_table(pairs, values)


def _shift_table(pairs: Pairs, of: Callable[[Record], tuple[Measured, ...]]) -> str:
    notes = Notes(MARKUP)
    rows = [
        [f"`{pair}`", *(notes.cell(*each) for each in zip(of(record), (SHARE, SHARE, SHIFT), strict=True))]
        for pair, record in pairs.records.items()
    ]
    return table(["pair", *(f"Ĵ {suite}" for suite in SUITES), "overlap shift"], rows, notes)


def claim_table(claim: Claim, pairs: Pairs) -> str:
    """A line per quantity and post-trained pair: value, control's value, difference, share and verdict."""
    notes = Notes(MARKUP)
    rows = []
    for prediction in claim.predictions:
        quantity = prediction.quantity
        for index, pair in enumerate(pairs.post_trained):
            found = contrast(prediction, pair, pairs)
            about = "" if index else f"{quantity.label}<br>claimed: {prediction.claimed}"
            rows.append(
                [
                    about,
                    f"`{pair}`",
                    notes.cell(found.value, quantity.rounding),
                    notes.cell(found.control, quantity.rounding),
                    notes.cell(found.difference, replace(quantity.rounding, signed=True)),
                    notes.cell(found.share, WHOLE_PERCENT),
                    _words(found.verdict, notes),
                ]
            )
    heads = ["quantity", "pair", "value", f"`{CONTROL}`", "difference", "share in the control", "verdict"]
    return table(heads, rows, notes)


def verdict_table() -> str:
    """Every verdict and when it is given."""
    return table(["verdict", "when"], [[f"*{name}*", when] for name, when in VERDICTS.items()])


def contrast_table(contrasts: Iterable[TaskContrast], quantity: Quantity[TaskResult]) -> str:
    """A line per task: the base pair, the control, their difference, its p-value and the adjusted one."""
    notes = Notes(MARKUP)
    rows = [
        [
            text(each.task),
            notes.cell(each.value, quantity.rounding),
            notes.cell(each.control, quantity.rounding),
            notes.cell(each.difference, replace(quantity.rounding, signed=True)),
            _p(each.p, notes),
            _p(each.adjusted, notes),
        ]
        for each in contrasts
    ]
    return table(["task", f"`{BASE}`", f"`{CONTROL}`", "difference", "p", "p, adjusted"], rows, notes)


def seeds_table(spreads: Iterable[Spread], pairs: Pairs) -> str:
    """A line per quantity: its value for every seed, their range, and the mean width of an interval."""
    notes = Notes(MARKUP)
    rows = []
    for each in spreads:
        rounding = each.quantity.rounding
        bare = Rounding(decimals=3, interval=False)
        rows.append(
            [
                each.quantity.label,
                *(notes.cell(value, rounding) for value in each.values),
                notes.cell(each.range, bare),
                notes.cell(each.width, bare),
                _exceeds(each, notes),
            ]
        )
    seeds = [f"`{seed}`" for seed in pairs.seeds]
    return table(["quantity", *seeds, "range", "width of an interval", "range exceeds width"], rows, notes)


def scratch_table(pairs: Pairs) -> str:
    """A line per quantity: the base pair, the pair from random weights, their difference, the control."""
    notes = Notes(MARKUP)
    rows = []
    for quantity in (prediction.quantity for prediction in PREDICTIONS):
        base, scratch, control = (
            quantity.of(pairs.records[pair], pairs.edges) for pair in (BASE, SCRATCH, CONTROL)
        )
        rows.append(
            [
                quantity.label,
                notes.cell(base, quantity.rounding),
                notes.cell(scratch, quantity.rounding),
                notes.cell(between(quantity, BASE, SCRATCH, pairs), replace(quantity.rounding, signed=True)),
                notes.cell(control, quantity.rounding),
            ]
        )
    return table(["quantity", f"`{BASE}`", f"`{SCRATCH}`", "difference", f"`{CONTROL}`"], rows, notes)


def _exceeds(found: Spread, notes: Notes) -> str:
    for each in (found.range, found.width):
        if isinstance(each, Missing):
            return notes.cell(each, SHARE)
    return "yes" if found.exceeds else "no"


def _words(verdict: str | Missing, notes: Notes) -> str:
    return notes.cell(verdict, SHARE) if isinstance(verdict, Missing) else verdict


def _p(value: Measured, notes: Notes) -> str:
    if isinstance(value, Number) and value.value < 0.001:
        return "< 0.001"
    return notes.cell(value, Rounding(decimals=_decimals(value) if isinstance(value, Number) else 3))


def _decimals(p: Number) -> int:
    """Decimals of a p-value: three, or as many as show on which side of the level it lies."""
    return next(
        (number for number in range(3, 9) if (round(p.value, number) < LEVEL) == (p.value < LEVEL)), 9
    )
