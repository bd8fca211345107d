"""Quantities of the row over the seeds of a recipe, beside those of its control."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...metrics import seeds_difference
from ..record.means import Summary
from ..record.missing import Missing
from ..record.number import Measured, Number, measured
from ..record.quantity import FINE, Quantity, Rounding
from ..record.seeds import mean_of_seeds
from ..tables.cells import Notes
from .markdown import MARKUP, table, text

SIGNED = Rounding(decimals=3, signed=True)


@dataclass(frozen=True)
class OverSeeds:
    """A quantity of the row for each seed of either recipe, the recipes' means, and MDMs less controls.

    Intervals are over seeds: Student's of a mean, Welch's of the difference.
    """

    quantity: Quantity[Summary]
    of_mdm: tuple[Measured, ...]
    of_control: tuple[Measured, ...]
    mdm: Measured
    control: Measured
    difference: Measured


def over_seeds(
    quantity: Quantity[Summary], pairs: Sequence[Summary], controls: Sequence[Summary]
) -> OverSeeds:
    """A quantity over the rows of two recipes' seeds; a mean is missing where one of its seeds' values is."""
    mdm, control = (tuple(quantity.of(each) for each in recipe) for recipe in (pairs, controls))
    return OverSeeds(quantity, mdm, control, _mean(mdm), _mean(control), _difference(mdm, control))


def _mean(values: Sequence[Measured]) -> Measured:
    numbers = _numbers(values)
    return mean_of_seeds(numbers) if isinstance(numbers, list) else numbers


def _difference(of: Sequence[Measured], less: Sequence[Measured]) -> Measured:
    minuend, subtrahend = _numbers(of), _numbers(less)
    if isinstance(minuend, Missing):
        return minuend
    if isinstance(subtrahend, Missing):
        return subtrahend
    return measured(seeds_difference(minuend, subtrahend))


def _numbers(values: Sequence[Measured]) -> list[float] | Missing:
    missing = [each for each in values if isinstance(each, Missing)]
    if missing or not values:
        return missing[0] if missing else Missing(missing="there is no control")
    return [each.value for each in values if isinstance(each, Number)]


def seeds_table(found: Iterable[OverSeeds]) -> str:
    """A line per quantity: each seed, both means, and their difference."""
    notes = Notes(MARKUP)
    rows = [
        [
            text(each.quantity.label),
            *(_seeds(values, notes) for values in (each.of_mdm, each.of_control)),
            *(notes.cell(value, FINE) for value in (each.mdm, each.control)),
            notes.cell(each.difference, SIGNED),
        ]
        for each in found
    ]
    heads = ["", "MDMs, by seed", "controls, by seed", "MDMs", "controls", "MDMs less controls"]
    return table(heads, rows, notes)


def _seeds(values: Sequence[Measured], notes: Notes) -> str:
    return ", ".join(notes.cell(value, Rounding(decimals=3, interval=False)) for value in values)
