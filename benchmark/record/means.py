"""What a record says over its tasks: means of the suites, and how far they lie apart."""

from .number import Measured
from .protocol import Part


class SameSize(Part):
    """Overlap by suite with circuits of all tasks at one size, the largest of their compared sizes.

    Ĵ depends on the size of the circuits, and compared sizes differ between tasks: where this shift and that
    at own sizes disagree, the difference between the suites is one of size. `edges` is None where no task
    gave a comparison.
    """

    edges: int | None
    overlap: dict[str, Measured]
    shift: Measured


class Square(Part):
    """A value of the four kinds of task, local and planning × words and symbols, and of both suites.

    `words`, `symbols`: the mean over the tasks of a surface, by suite; `suites`: over all tasks of a suite.
    `shifts`: local − planning within words and within symbols; `shift`: the mean of the two, so that suites
    which differ in their surfaces do not differ by these; `across`: the same, with an interval for other
    tasks of the four kinds instead of other prompts.
    """

    suites: dict[str, Measured]
    words: dict[str, Measured]
    symbols: dict[str, Measured]
    shifts: dict[str, Measured]
    shift: Measured
    across: Measured


class Summary(Part):
    """A pair's row: means over the tasks of each suite.

    `similarity`: of the headline, whose local − planning is the task-dependent shift. `transfer`: τ* by host,
    `arm` for the MDM's circuit in the ARM. `neurons`, `overlap`,
    depth, specialisation and `right_context` (the MDM's) are by suite; `overlap_shift` is Ĵ local − Ĵ
    planning. Shifts of depth and specialisation are MDM − ARM. These and `right_context` are by mass and by
    squared mass.
    """

    accuracy_arm: dict[str, Measured]
    accuracy_mdm: dict[str, Measured]
    similarity: Square
    transfer: dict[str, Square]
    neurons: dict[str, Measured]
    overlap: dict[str, Measured]
    overlap_shift: Measured
    one_size: SameSize
    early_shift: dict[str, Measured]
    early_shift_squared: dict[str, Measured]
    specialisation_shift: dict[str, Measured]
    specialisation_shift_squared: dict[str, Measured]
    right_context: dict[str, Measured]
    right_context_squared: dict[str, Measured]
    faithfulness: dict[str, Measured]
