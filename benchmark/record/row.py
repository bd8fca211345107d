"""What a pair's row shows: its columns, each with values for either suite or for both together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .quantities import COUNT, SHARE, SHIFT, Quantity, Rounding, entry
from .summary import SUITES
from .types import Measured, Missing, Number, Summary

BOTH = "both suites"
MEMBERS = ("ARM", "MDM")

BySuite = Callable[[Summary], Mapping[str, Measured]]


@dataclass(frozen=True)
class Column:
    """A heading, and by suite (or for both) its quantities, which stand one above the other.

    Of each quantity, `labels` says what it is called on a line of its own, `cells` how it stands in a column.
    """

    heading: str
    quantities: Mapping[str, tuple[Quantity[Summary], ...]]
    labels: tuple[str, ...]
    cells: tuple[str, ...]


def _column(heading: str, quantities: Mapping[str, tuple[Quantity[Summary], ...]]) -> Column:
    """A column of one quantity, or of one of each member in the order of MEMBERS."""
    label = heading.replace("\n", " ")
    if all(len(values) == 1 for values in quantities.values()):
        return Column(heading, quantities, (label,), ("{}",))
    labels = tuple(f"{label}, {member}" for member in MEMBERS)
    return Column(heading, quantities, labels, tuple(f"{member} {{}}" for member in MEMBERS))


def _by_suite(heading: str, rounding: Rounding = SHARE, **values: BySuite) -> Column:
    quantities = {
        suite: tuple(_quantity(f"{name}_{suite}", of, suite, rounding) for name, of in values.items())
        for suite in SUITES
    }
    return _column(heading, quantities)


def _quantity(name: str, of: BySuite, key: str, rounding: Rounding = SHARE) -> Quantity[Summary]:
    return Quantity(name, lambda summary: entry(of(summary), key), rounding)


def _one_size(summary: Summary) -> Measured:
    edges = summary.one_size.edges
    return Missing(missing="no task gave a comparison") if edges is None else Number(value=edges)


_SHIFT = Column(
    "task-dependent\nshift",
    {
        BOTH: (
            Quantity("task_dependent_shift", lambda summary: summary.task_dependent_shift, SHIFT),
            Quantity("one_size_edges", lambda summary: _one_size(summary), COUNT),
            Quantity(
                "task_dependent_shift_one_size",
                lambda summary: summary.one_size.task_dependent_shift,
                SHIFT,
            ),
        )
    },
    labels=("task-dependent shift", "one size, edges", "shift at one size"),
    cells=("{}", "at {} edges:", "{}"),
)

COLUMNS = (
    _by_suite("accuracy", accuracy_arm=lambda s: s.accuracy_arm, accuracy_mdm=lambda s: s.accuracy_mdm),
    _by_suite("overlap Ĵ", overlap=lambda s: s.overlap),
    _SHIFT,
    _by_suite("early\nshift", SHIFT, early_shift=lambda s: s.early_shift),
    _by_suite("specialisation\nshift", SHIFT, specialisation_shift=lambda s: s.specialisation_shift),
    _column(
        "faithfulness",
        {
            BOTH: (
                _quantity("faithfulness_arm", lambda s: s.faithfulness, "arm"),
                _quantity("faithfulness_mdm", lambda s: s.faithfulness, "mdm"),
            )
        },
    ),
)
"""The task-dependent shift is Ĵ local − Ĵ planning, below it with circuits of all tasks at one size; the
other shifts are MDM − ARM."""
