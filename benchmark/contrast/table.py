"""A comparison of two records as tables: text, GitHub, LaTeX, CSV, and values for JSON."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..record.missing import Missing
from ..record.number import Number
from ..record.quantity import Rounding
from ..tables.cells import Format, Notes, get_markup, plain
from ..tables.layout import WIDTH, Fields, Row, csv_lines, stacked, tabular, unrounded, wrapped
from ..tables.table import protocol_name
from .comparison import ALPHA, ComparedValue, RecordComparison
from .side import Side

STAR = "*"


def comparison_table(comparison: RecordComparison, format: Format, width: int = WIDTH) -> str:  # noqa: A002
    """What differs: the verdict, the rows of both side by side, and B − A of every value by task.

    Values stand with their 95 % intervals, rounded; a star marks what differs after Holm's adjustment; a
    dash refers to the reason below. CSV has everything unrounded, A's and B's values of tasks too.
    """
    if format == "csv":
        return csv_lines(map(fields_of, comparison.values))
    markup = get_markup(format)
    notes = Notes(markup)
    about = [comparison.verdict, *_sides(comparison), *comparison.notes, _LEGEND]
    head = markup.note_break.join(
        wrapped(plain(line), width) if markup.terminal else markup.text(plain(line)) for line in about
    )
    bodies = [_row_body(comparison, notes, width), _task_body(comparison, notes, width)]
    names = f"\n\n{_NAMES}" if markup.terminal else ""
    return "\n\n".join([head, *bodies]) + notes.below(width) + names


_LEGEND = (
    f"{STAR}: differs, with Holm's adjustment over all tested values at {ALPHA:g}. Brackets: 95 % intervals."
)


_NAMES = "mechshift compare A B --format csv prints the names for --fail-on."


def _sides(comparison: RecordComparison) -> list[str]:
    return [_called(letter, side) for letter, side in (("A", comparison.a), ("B", comparison.b))]


def _called(letter: str, side: Side) -> str:
    record = side.record
    sign = "" if record.pair.second == "MDM" else f" ({record.pair.second})"
    where = str(side.path or side.name)
    of = "" if where == record.pair.name else f", {where}"
    return f"{letter}: {record.pair.name}{sign}, {protocol_name(record)}{of}"


_HEADS = ("A", "B", "B − A", "p", "adjusted p", "pairing")


def _row_body(comparison: RecordComparison, notes: Notes, width: int) -> str:
    markup = notes.markup

    def draw(part: Sequence[int], notes: Notes) -> str:
        rows: list[Row] = []
        for value in comparison.row:
            cells = (
                notes.cell(value.a, value.quantity.rounding),
                notes.cell(value.b, value.quantity.rounding),
                _difference(value, notes),
                markup.number(p_text(value.p)) if value.p is not None else "",
                markup.number(p_text(value.adjusted_p)) if value.adjusted_p is not None else "",
                markup.text(value.pairing or ""),
            )
            rows.append([markup.text(value.label), *(cells[index] for index in part)])
        return tabular(["pair", *(_HEADS[index] for index in part)], rows, markup)

    return stacked(len(_HEADS), draw, notes, width)


def _task_body(comparison: RecordComparison, notes: Notes, width: int) -> str:
    """A line per quantity, a column per task: B − A."""
    markup = notes.markup
    names = [task.name for task in comparison.matched]
    found = {(value.quantity.name, value.task): value for value in comparison.tasks}
    lines = {value.quantity.name: value.quantity.label for value in comparison.tasks}

    def draw(part: Sequence[int], notes: Notes) -> str:
        rows = [
            [markup.text(label), *(_difference(found[name, names[index]], notes) for index in part)]
            for name, label in lines.items()
        ]
        return tabular(["B − A by task", *(plain(names[index]) for index in part)], rows, markup)

    return stacked(len(names), draw, notes, width)


def _difference(value: ComparedValue, notes: Notes) -> str:
    star = notes.markup.text(STAR) if value.differs else ""
    return notes.cell(value.difference, signed(value.quantity.rounding)) + star


def signed(rounding: Rounding) -> Rounding:
    """How a difference of values so rounded is written: with its sign and its interval."""
    return replace(rounding, signed=True, interval=True)


SMALLEST_P = 0.001
"""Below this a p-value says more about the assumed distribution than about the data."""


def p_text(p: float) -> str:
    """A p-value as tables and findings have it, to three places; `<0.001` below that."""
    return f"<{SMALLEST_P:g}" if p < SMALLEST_P else f"{p:.3f}"


def fields_of(value: ComparedValue) -> Fields:
    """A value's fields by name, unrounded; None for those that it has not."""
    found = value.difference
    number = found if isinstance(found, Number) else None
    return {
        "task": value.task,
        "quantity": value.quantity.name,
        **_ends("a", value.a),
        **_ends("b", value.b),
        "difference": number.value if number else None,
        "low": number.low if number else None,
        "high": number.high if number else None,
        "pairing": value.pairing,
        "p": value.p,
        "adjusted_p": value.adjusted_p,
        "reason": found.missing if isinstance(found, Missing) else None,
    }


def _ends(name: str, value: Any) -> Fields:
    return {name + end: field for end, field in unrounded(value).items() if end != "_missing"}


def values_of(comparison: RecordComparison) -> dict[str, Any]:
    """What JSON says of a comparison."""
    return {
        "verdict": comparison.verdict,
        "differing": [value.name for value in comparison.values if value.differs],
        "tested": len(comparison.tested),
        "alpha": ALPHA,
        **{name: _side_values(side) for name, side in (("a", comparison.a), ("b", comparison.b))},
        "notes": list(comparison.notes),
        "values": [fields_of(value) for value in comparison.values],
    }


def _side_values(side: Side) -> dict[str, Any]:
    pair = side.record.pair
    return {
        "name": side.name,
        "pair": pair.name,
        "control": pair.control,
        "protocol": protocol_name(side.record),
        "arm_digest": pair.arm.digest,
        "mdm_digest": pair.mdm.digest,
    }
