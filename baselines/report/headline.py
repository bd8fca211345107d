"""The headline by seed, from the records alone: how alike the members are, of MDMs and of controls."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ...benchmark.record.means import Summary
from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number, measured
from ...benchmark.record.quantity import FINE, Quantity, Rounding, entry
from ...benchmark.record.row import pair_quantities
from ...benchmark.tables.cells import Notes
from ...metrics import Undefined, seeds_difference, seeds_mean
from ..structure.roster import CONTROLS, SEEDS
from .markdown import MARKUP, paragraph, table, text
from .records import Pairs

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


def headline_over_seeds(pairs: Pairs) -> tuple[OverSeeds, ...]:
    """The headline by suite and surface, and local − planning of it."""
    return tuple(_over_seeds(quantity, pairs) for quantity in QUANTITIES)


QUANTITIES = tuple(
    quantity
    for quantity in pair_quantities()
    # That for other tasks is the same value with another interval.
    if quantity.name.startswith(("similarity", "task_dependent_shift"))
    and not quantity.name.endswith("_across")
)


def _over_seeds(quantity: Quantity[Summary], pairs: Pairs) -> OverSeeds:
    mdm, control = (
        tuple(quantity.of(pairs.records[pair].summary) for pair in recipe if pair in pairs.records)
        for recipe in (SEEDS, CONTROLS)
    )
    missing = [each for each in (*mdm, *control) if isinstance(each, Missing)]
    if missing:
        return OverSeeds(quantity, mdm, control, missing[0], missing[0], missing[0])
    of, less = ([each.value for each in side if isinstance(each, Number)] for side in (mdm, control))
    apart = measured(seeds_difference(of, less))
    return OverSeeds(quantity, mdm, control, mean_of_seeds(of), mean_of_seeds(less), apart)


def mean_of_seeds(values: list[float]) -> Measured:
    """The mean over seeds with its interval, and of one seed, or of seeds that are all equal, without."""
    found = seeds_mean(values)
    return Number(value=sum(values) / len(values)) if isinstance(found, Undefined) else measured(found)


def headline_sentence(pairs: Pairs) -> str:
    """What further training leaves of the headline, what post-training does, and their difference."""
    parts = []
    for each in headline_over_seeds(pairs):
        if each.quantity.name in ("similarity_local", "similarity_planning"):
            suite = each.quantity.suite
            control, mdm = (_words(value, FINE) for value in (each.control, each.mdm))
            parts.append(
                f"{control} on {suite} tasks, post-training {mdm} ({_words(each.difference, SIGNED)})"
            )
    return (
        f"Further training alone leaves ρ = {'; '.join(parts)}. That is standardised ρ, the headline of the "
        "records, with intervals over seeds; in brackets MDMs less controls."
    )


def _words(value: Measured, rounding: Rounding) -> str:
    return f"no value ({text(value.missing)})" if isinstance(value, Missing) else rounding.number(value)


def headline_table(pairs: Pairs) -> Sequence[str]:
    """What the table says, and a line per quantity: each seed, both means, and their difference."""
    notes = Notes(MARKUP)
    rows = [
        [
            text(each.quantity.label),
            *(_seeds(values, notes) for values in (each.of_mdm, each.of_control)),
            *(notes.cell(value, FINE) for value in (each.mdm, each.control)),
            notes.cell(each.difference, SIGNED),
        ]
        for each in headline_over_seeds(pairs)
    ]
    heads = ["", "MDMs, by seed", "controls, by seed", "MDMs", "controls", "MDMs less controls"]
    return (
        "### The headline by seed",
        paragraph(
            """Standardised ρ between both members of a pair, the headline of its record: means over tasks,
            and local − planning. Means over seeds have Student's interval, the difference has Welch's. They
            say what other seeds would give on these prompts."""
        ),
        table(heads, rows, notes),
    )


def _seeds(values: tuple[Measured, ...], notes: Notes) -> str:
    return ", ".join(notes.cell(value, Rounding(decimals=3, interval=False)) for value in values)


def plain_sentence(pairs: Pairs) -> str:
    """That ρ is plain, and how few edges of the ARM it and the headline rest on."""
    carried = [
        value.value
        for task in pairs.base.tasks
        if isinstance(value := entry(task.comparison.structure, "carried_arm"), Number)
    ]
    found = (
        f"In the ARM it is carried by {min(carried):.0f} to {max(carried):.0f} edges, by task, "
        f"{median(carried):.0f} in the median."
        if carried
        else "How many edges carry it in the ARM is not known."
    )
    return (
        "ρ in this section is plain, of squared scores, and not the standardised ρ of the headline: what is "
        f"compared between all members needs one product of scores for all of them. {found}"
    )
