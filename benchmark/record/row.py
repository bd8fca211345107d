"""What a pair's row shows: its columns, each with values for either suite or for both together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .means import Square, Summary
from .missing import Missing
from .number import Measured, Number
from .quantities.behaviour import ACCURACY
from .quantities.depth import EARLY_SHIFT, EARLY_SHIFT_SQUARED
from .quantities.direction import RIGHT_CONTEXT, RIGHT_CONTEXT_SQUARED
from .quantities.faithfulness import LOG_AREA
from .quantities.function import TRANSFER
from .quantities.overlap import OVERLAP
from .quantities.specialisation import SPECIALISATION_SHIFT, SPECIALISATION_SHIFT_SQUARED
from .quantities.structure import NEURONS, SIMILARITY
from .quantity import COUNT, FINE, MEMBERS, SHARE, SHIFT, Definition, Owner, Quantity, Rounding, entry
from .summary import SUITES, SURFACES

BOTH = "both suites"

SHIFT_AT_ONE_SIZE = "overlap_shift_one_size"
"""The quantity of which rows with circuits of other sizes cannot be set side by side."""

SQUARED = "_squared"
"""What the name of a quantity by squared mass has behind that of the same one by mass."""

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
    of_suite = _means(heading.replace("\n", " "), definition)
    members: Sequence[Owner | None] = MEMBERS if len(values) > 1 else (None,)
    quantities = {
        suite: tuple(
            _quantity(f"{name}_{suite}", of, suite, of_suite, rounding, member, suite)
            for (name, of), member in zip(values.items(), members, strict=True)
        )
        for suite in SUITES
    }
    return _column(heading, quantities)


def _means(title: str, definition: Definition) -> Definition:
    """The definition of a mean over the tasks of a suite."""
    text = f"Mean over the tasks of the suite of {definition.title}, which is defined by task."
    return replace(definition, title=title, text=text, trap="", mean_of=definition)


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
    "Similarity of local tasks minus that of planning tasks, within words and within symbols, and the "
    "mean of the two. Positive: what planning tasks use changed more, as arXiv 2601.14758 reports. "
    "0: both changed equally. Negative: local tasks changed more.",
    span="about −1 to 1",
    larger="planning tasks changed more than local ones",
    unit="ρ",
    trap="It is a difference, and says nothing about how large either similarity is. Its interval is of "
    "other prompts on the same tasks. Of other tasks of the same kinds it is wider, and stands beside it.",
    regression="either",
)
_WITHIN = {
    surface: replace(
        _TASK_DEPENDENT,
        title=f"task-dependent shift, {surface}",
        text=f"The task-dependent shift of the tasks whose questions are made of {surface}.",
    )
    for surface in SURFACES
}
_ACROSS = replace(
    _TASK_DEPENDENT,
    title="task-dependent shift for other tasks",
    text="The task-dependent shift with an interval for other tasks of the four kinds, by Welch's "
    "method. Only where it is clear of 0 does the shift say something of local and planning tasks, and not "
    "of these ten alone.",
    trap="",
    regression=None,
)
_OVERLAP_SHIFT = Definition(
    "overlap shift",
    "Ĵ on local tasks minus Ĵ on planning tasks. It is nearest to what published overlaps are compared by, "
    "and depends on the number of prompts, as Ĵ does.",
    span="about −1 to 1",
    larger="planning circuits changed more than local ones",
    unit="Ĵ",
    trap="Every task has its own compared size and its own ceilings, and Ĵ depends on both, so this number "
    "mixes sizes and ceilings.",
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
    "overlap shift at one size",
    "The overlap shift with all tasks' circuits at one size. Where the two disagree, the "
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
            Quantity("task_dependent_shift", lambda s: s.similarity.shift, _TASK_DEPENDENT, SHIFT),
            *(
                _quantity(
                    f"task_dependent_shift_{surface}",
                    lambda s: s.similarity.shifts,
                    surface,
                    _WITHIN[surface],
                    SHIFT,
                )
                for surface in SURFACES
            ),
            Quantity("task_dependent_shift_across", lambda s: s.similarity.across, _ACROSS, SHIFT),
        )
    },
    labels=("task-dependent shift", "within words", "within symbols", "for other tasks"),
    cells=("{}", "words {}", "symbols {}", "other tasks {}"),
)

_SHIFT_OF_OVERLAP = Column(
    "overlap\nshift",
    {
        BOTH: (
            Quantity("overlap_shift", lambda s: s.overlap_shift, _OVERLAP_SHIFT, SHIFT),
            Quantity("one_size_edges", lambda s: _one_size(s), _ONE_SIZE, COUNT),
            Quantity(SHIFT_AT_ONE_SIZE, lambda s: s.one_size.shift, _SHIFT_ONE_SIZE, SHIFT),
        )
    },
    labels=("overlap shift", "one size, edges", "overlap shift at one size"),
    cells=("{}", "at {} edges:", "{}"),
)


def _similarity() -> Column:
    """By suite: over all tasks, over those in words, over those in symbols."""
    means = _means("similarity ρ", SIMILARITY)
    by_surface: dict[str, BySuite] = {
        "words": lambda s: s.similarity.words,
        "symbols": lambda s: s.similarity.symbols,
    }
    quantities = {
        suite: (
            _quantity(f"similarity_{suite}", lambda s: s.similarity.suites, suite, means, SHARE, None, suite),
            *(
                replace(
                    _quantity(f"similarity_{suite}_{surface}", of, suite, means, SHARE, None, suite),
                    label=f"{means.title}, {suite}, {surface}",
                )
                for surface, of in by_surface.items()
            ),
        )
        for suite in SUITES
    }
    labels = ("similarity ρ", "in words", "in symbols")
    return Column("similarity\nρ", quantities, labels, ("{}", "words {}", "symbols {}"))


def _transfer() -> Column:
    """By suite, in either host: over all tasks, over those in words, over those in symbols."""
    means = _means("transfer τ*", TRANSFER)
    hosts: tuple[tuple[Owner, str], ...] = (("ARM", "arm"), ("MDM", "mdm"))
    kinds: dict[str, Callable[[Square], Mapping[str, Measured]]] = {
        "": lambda square: square.suites,
        "words": lambda square: square.words,
        "symbols": lambda square: square.symbols,
    }

    def quantity(suite: str, kind: str, host: Owner, key: str) -> Quantity[Summary]:
        def of(summary: Summary) -> Mapping[str, Measured]:
            square = summary.transfer.get(key)
            # A stranger's record may lack a host.
            return {} if square is None else kinds[kind](square)

        name = "_".join(filter(None, ("transfer_in", key, suite, kind)))
        label = ", ".join(filter(None, (means.title, f"in the {host}", suite, kind)))
        return replace(_quantity(name, of, suite, means, SHARE, host, suite), label=label)

    quantities = {
        suite: tuple(quantity(suite, kind, *host) for kind in kinds for host in hosts) for suite in SUITES
    }
    shown = [(kind, host) for kind in kinds for host, _ in hosts]
    labels = tuple(", ".join(filter(None, (means.title, f"in the {host}", kind))) for kind, host in shown)
    cells = tuple(" ".join(filter(None, (kind, host, "{}"))) for kind, host in shown)
    return Column("transfer\nτ*", quantities, labels, cells)


def _by_weightings(
    heading: str,
    name: str,
    definitions: tuple[Definition, Definition],
    of: tuple[BySuite, BySuite],
    rounding: Rounding = SHIFT,
) -> Column:
    """By suite, by mass and by squared mass; what the two do not agree on is not stated (`statements`)."""
    title = heading.replace("\n", " ")
    labels = (title, f"{title}, squared mass")
    by_mass, by_squares = (_means(label, each) for label, each in zip(labels, definitions, strict=True))
    quantities = {
        suite: (
            _quantity(f"{name}_{suite}", of[0], suite, by_mass, rounding, None, suite),
            _quantity(f"{name}{SQUARED}_{suite}", of[1], suite, by_squares, rounding, None, suite),
        )
        for suite in SUITES
    }
    return Column(heading, quantities, labels, ("{}", "squared {}"))


COLUMNS = (
    _by_suite(
        "accuracy", ACCURACY, accuracy_arm=lambda s: s.accuracy_arm, accuracy_mdm=lambda s: s.accuracy_mdm
    ),
    _similarity(),
    _SHIFT,
    _transfer(),
    _by_suite("neurons\nρ", NEURONS, neurons=lambda s: s.neurons),
    _by_suite("overlap Ĵ", OVERLAP, overlap=lambda s: s.overlap),
    _SHIFT_OF_OVERLAP,
    _by_weightings(
        "early\nshift",
        "early_shift",
        (EARLY_SHIFT, EARLY_SHIFT_SQUARED),
        (lambda s: s.early_shift, lambda s: s.early_shift_squared),
    ),
    _by_weightings(
        "specialisation\nshift",
        "specialisation_shift",
        (SPECIALISATION_SHIFT, SPECIALISATION_SHIFT_SQUARED),
        (lambda s: s.specialisation_shift, lambda s: s.specialisation_shift_squared),
    ),
    _by_weightings(
        "right\ncontext",
        "right_context",
        (RIGHT_CONTEXT, RIGHT_CONTEXT_SQUARED),
        (lambda s: s.right_context, lambda s: s.right_context_squared),
        # By squared mass it can be thousandths.
        FINE,
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
"""The task-dependent shift and that of overlaps are local − planning; the other shifts are MDM − ARM."""


def in_board_order(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns as boards have them: what is ranked by comes first, behaviour last."""
    accuracy, *others = columns
    return (*others, accuracy)


def pair_quantities() -> Iterator[Quantity[Summary]]:
    """Every quantity of a pair's row, in the order of the tables."""
    for column in COLUMNS:
        for quantities in column.quantities.values():
            yield from quantities
