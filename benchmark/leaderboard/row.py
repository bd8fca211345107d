"""What a pair's row shows: its columns, each with a value for either suite or one for both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..record import Measured, Summary
from ..summary import SUITES
from .cells import Rounding
from .quantities import SHARE, SHIFT, Line, Quantity, entry

BOTH = "both suites"

BySuite = Callable[[Summary], Mapping[str, Measured]]


@dataclass(frozen=True)
class Column:
    """A heading, and by suite (or for both) the line that fills the cell."""

    heading: str
    lines: Mapping[str, Line[Summary]]


def _by_suite(heading: str, rounding: Rounding = SHARE, **values: BySuite) -> Column:
    lines = {
        suite: Line(
            heading,
            tuple(_quantity(f"{name}_{suite}", of, suite, rounding) for name, of in values.items()),
            " → ",
        )
        for suite in SUITES
    }
    return Column(heading, lines)


def _quantity(name: str, of: BySuite, key: str, rounding: Rounding) -> Quantity[Summary]:
    return Quantity(name, lambda summary: entry(of(summary), key), rounding)


def _of_both(heading: str, *quantities: Quantity[Summary]) -> Column:
    return Column(heading, {BOTH: Line(heading, quantities, " → ")})


COLUMNS = (
    _by_suite(
        "accuracy\nARM → MDM", accuracy_arm=lambda s: s.accuracy_arm, accuracy_mdm=lambda s: s.accuracy_mdm
    ),
    _by_suite("overlap Ĵ", overlap=lambda s: s.overlap),
    _of_both(
        "task-dependent\nshift",
        Quantity("task_dependent_shift", lambda summary: summary.task_dependent_shift, SHIFT),
    ),
    _by_suite("early\nshift", SHIFT, early_shift=lambda s: s.early_shift),
    _by_suite("specialisation\nshift", SHIFT, specialisation_shift=lambda s: s.specialisation_shift),
    _of_both(
        "faithfulness\nARM → MDM",
        _quantity("faithfulness_arm", lambda s: s.faithfulness, "arm", SHARE),
        _quantity("faithfulness_mdm", lambda s: s.faithfulness, "mdm", SHARE),
    ),
)
"""The task-dependent shift is Ĵ local − Ĵ planning; the other shifts are MDM − ARM."""
