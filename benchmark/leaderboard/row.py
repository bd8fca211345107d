"""What a pair's row shows: its columns, each with values for either suite or for both together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..record import Measured, Summary
from ..summary import SUITES
from .cells import Rounding
from .quantities import SHARE, SHIFT, Quantity, entry

BOTH = "both suites"
MEMBERS = ("ARM", "MDM")

BySuite = Callable[[Summary], Mapping[str, Measured]]


@dataclass(frozen=True)
class Column:
    """A heading, and by suite (or for both) one quantity, or one of each member in the order of MEMBERS."""

    heading: str
    quantities: Mapping[str, tuple[Quantity[Summary], ...]]

    @property
    def members(self) -> tuple[str, ...]:
        """Whose values the column holds, one above the other; empty for a value of the pair."""
        return MEMBERS if all(len(values) > 1 for values in self.quantities.values()) else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The heading on one line, for every value that a place holds."""
        heading = self.heading.replace("\n", " ")
        return tuple(f"{heading}, {member}" for member in self.members) or (heading,)


def _by_suite(heading: str, rounding: Rounding = SHARE, **values: BySuite) -> Column:
    quantities = {
        suite: tuple(_quantity(f"{name}_{suite}", of, suite, rounding) for name, of in values.items())
        for suite in SUITES
    }
    return Column(heading, quantities)


def _quantity(name: str, of: BySuite, key: str, rounding: Rounding = SHARE) -> Quantity[Summary]:
    return Quantity(name, lambda summary: entry(of(summary), key), rounding)


def _of_both(heading: str, *quantities: Quantity[Summary]) -> Column:
    return Column(heading, {BOTH: quantities})


COLUMNS = (
    _by_suite("accuracy", accuracy_arm=lambda s: s.accuracy_arm, accuracy_mdm=lambda s: s.accuracy_mdm),
    _by_suite("overlap Ĵ", overlap=lambda s: s.overlap),
    _of_both(
        "task-dependent\nshift",
        Quantity("task_dependent_shift", lambda summary: summary.task_dependent_shift, SHIFT),
    ),
    _by_suite("early\nshift", SHIFT, early_shift=lambda s: s.early_shift),
    _by_suite("specialisation\nshift", SHIFT, specialisation_shift=lambda s: s.specialisation_shift),
    _of_both(
        "faithfulness",
        _quantity("faithfulness_arm", lambda s: s.faithfulness, "arm"),
        _quantity("faithfulness_mdm", lambda s: s.faithfulness, "mdm"),
    ),
)
"""The task-dependent shift is Ĵ local − Ĵ planning; the other shifts are MDM − ARM."""
