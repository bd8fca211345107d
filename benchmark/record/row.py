"""What a pair's row shows: its columns, each with values for either suite or for both together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .quantities.behaviour import ACCURACY
from .quantities.depth import EARLY_SHIFT
from .quantities.faithfulness import LOG_AREA
from .quantities.overlap import OVERLAP
from .quantities.specialisation import SPECIALISATION_SHIFT
from .quantity import COUNT, MEMBERS, SHARE, SHIFT, Definition, Owner, Quantity, Rounding, entry
from .summary import SUITES
from .types import Measured, Missing, Number, Summary

BOTH = "both suites"

SHIFT_AT_ONE_SIZE = "task_dependent_shift_one_size"
"""The quantity of which rows with circuits of other sizes cannot be set side by side."""

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


def _by_suite(heading: str, definition: Definition, rounding: Rounding = SHARE, **values: BySuite) -> Column:
    """A column of means over the tasks of a suite: `values` by name, of both members or of one each."""
    # One object for all that it defines, so that docs and pages define it once.
    of_suite = replace(
        definition,
        title=heading.replace("\n", " "),
        text=f"Mean over the tasks of the suite of {definition.title}, which is defined by task.",
        trap="",
        mean_of=definition,
    )
    members: Sequence[Owner | None] = MEMBERS if len(values) > 1 else (None,)
    quantities = {
        suite: tuple(
            _quantity(f"{name}_{suite}", of, suite, of_suite, rounding, member, suite)
            for (name, of), member in zip(values.items(), members, strict=True)
        )
        for suite in SUITES
    }
    return _column(heading, quantities)


def _quantity(
    name: str,
    of: BySuite,
    key: str,
    definition: Definition,
    rounding: Rounding = SHARE,
    member: Owner | None = None,
    suite: str | None = None,
) -> Quantity[Summary]:
    label = ", ".join(filter(None, (definition.title, member, suite)))
    return Quantity(name, lambda summary: entry(of(summary), key), definition, rounding, label, member, suite)


def _one_size(summary: Summary) -> Measured:
    edges = summary.one_size.edges
    return Missing(missing="no task gave a comparison") if edges is None else Number(value=edges)


_TASK_DEPENDENT = Definition(
    "task-dependent shift",
    "Ĵ on local tasks minus Ĵ on planning tasks. Positive: the circuits of planning tasks changed more, "
    "which is what arXiv 2601.14758 reports. 0: both changed equally. Negative: local circuits changed "
    "more.",
    span="about −1 to 1",
    larger="planning circuits changed more than local ones",
    unit="Ĵ",
    trap="It is a difference, and says nothing about how large either overlap is. And every task has its "
    "own compared size and its own ceilings, and Ĵ depends on both, so this number mixes sizes and "
    "ceilings.",
    regression="either",
)
_ONE_SIZE = Definition(
    "one size, edges",
    "The largest of the tasks' compared sizes, so that no task's circuit is too small.",
    low=0,
    larger="larger circuits",
    unit="edges",
)
_SHIFT_ONE_SIZE = Definition(
    "shift at one size",
    "The task-dependent shift with all tasks' circuits at one size. Where the two disagree, the "
    "difference between the suites is one of size: planning needs larger or smaller circuits, not "
    "circuits that changed more or less. Where they agree, size is not the reason, though ceilings may "
    "still differ.",
    span="about −1 to 1",
    larger="planning circuits changed more than local ones",
    unit="Ĵ",
    trap="Most tasks then have circuits larger than they need, and their Ĵ differs from the one in their "
    "column.",
)
_FAITHFULNESS = replace(
    LOG_AREA,
    title="faithfulness",
    text="Mean over all tasks of the area under the faithfulness curve, with the budget on a log axis. 1: "
    "circuits of every size do what the model does; 0: none does. Larger means that small circuits "
    "suffice. It is not bounded on either side, since a circuit can do better than its model or worse "
    "than the empty circuit.",
)

_SHIFT = Column(
    "task-dependent\nshift",
    {
        BOTH: (
            Quantity(
                "task_dependent_shift", lambda summary: summary.task_dependent_shift, _TASK_DEPENDENT, SHIFT
            ),
            Quantity("one_size_edges", lambda summary: _one_size(summary), _ONE_SIZE, COUNT),
            Quantity(
                SHIFT_AT_ONE_SIZE,
                lambda summary: summary.one_size.task_dependent_shift,
                _SHIFT_ONE_SIZE,
                SHIFT,
            ),
        )
    },
    labels=("task-dependent shift", "one size, edges", "shift at one size"),
    cells=("{}", "at {} edges:", "{}"),
)

COLUMNS = (
    _by_suite(
        "accuracy", ACCURACY, accuracy_arm=lambda s: s.accuracy_arm, accuracy_mdm=lambda s: s.accuracy_mdm
    ),
    _by_suite("overlap Ĵ", OVERLAP, overlap=lambda s: s.overlap),
    _SHIFT,
    _by_suite("early\nshift", EARLY_SHIFT, SHIFT, early_shift=lambda s: s.early_shift),
    _by_suite(
        "specialisation\nshift",
        SPECIALISATION_SHIFT,
        SHIFT,
        specialisation_shift=lambda s: s.specialisation_shift,
    ),
    _column(
        "faithfulness",
        {
            BOTH: (
                _quantity("faithfulness_arm", lambda s: s.faithfulness, "arm", _FAITHFULNESS, member="ARM"),
                _quantity("faithfulness_mdm", lambda s: s.faithfulness, "mdm", _FAITHFULNESS, member="MDM"),
            )
        },
    ),
)
"""The task-dependent shift is Ĵ local − Ĵ planning, below it with circuits of all tasks at one size; the
other shifts are MDM − ARM."""


def in_board_order(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns as boards have them: what is ranked by comes first, behaviour last."""
    accuracy, *others = columns
    return (*others, accuracy)


def pair_quantities() -> Iterator[Quantity[Summary]]:
    """Every quantity of a pair's row, in the order of the tables."""
    for column in COLUMNS:
        for quantities in column.quantities.values():
            yield from quantities
