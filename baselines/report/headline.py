"""The headline by seed, from the records alone: how alike the members are, of MDMs and of controls."""

from collections.abc import Sequence
from statistics import median

from ...benchmark.record.means import Summary
from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number
from ...benchmark.record.quantity import FINE, Quantity, Rounding, entry
from ...benchmark.record.row import pair_quantities
from ...benchmark.report.markdown import paragraph, text
from ...benchmark.report.seeds import SIGNED, OverSeeds, over_seeds, seeds_table
from ..structure.roster import CONTROLS, SEEDS
from .records import Pairs


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
        [pairs.records[pair].summary for pair in recipe if pair in pairs.records]
        for recipe in (SEEDS, CONTROLS)
    )
    return over_seeds(quantity, mdm, control)


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
    return (
        "### The headline by seed",
        paragraph(
            """Standardised ρ between both members of a pair, the headline of its record: means over tasks,
            and local − planning. Means over seeds have Student's interval, the difference has Welch's. They
            say what other seeds would give on these prompts."""
        ),
        seeds_table(headline_over_seeds(pairs)),
    )


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
