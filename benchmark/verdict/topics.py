"""What statements are about, beside verdicts: depth, specialisation, right context, and the two suites.

Of each topic there are two estimators, which have to agree: by mass and by squared mass, or for these tasks
and for other tasks of the same kinds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..record.missing import Missing
from ..record.number import Measured
from ..record.quantity import FINE, SHIFT, Rounding, entry
from ..record.summary import SUITES, Among, ValuesOf, mean, similarity_of, square, transfer_of
from ..record.task_record import TaskRecord
from .bounds import LITTLE_RIGHT_CONTEXT, MARGIN

Says = Literal["more", "less", "no change", "undecided"]


@dataclass(frozen=True)
class Topic:
    """What a statement is about.

    `words`: what is said where there is more of it, less, and no change; `measure`: its estimators, by what
    they are called, from the values of tasks; `suite`: the suite it is about, None for one on both; `margin`:
    within it there is no change.
    """

    name: str
    words: Mapping[Says, str]
    measure: Callable[[ValuesOf], Mapping[str, Measured]]
    suite: str | None = None
    rounding: Rounding = field(default=SHIFT)
    margin: float = MARGIN


def list_topics() -> Iterator[Topic]:
    """All topics, those of one suite first."""
    for suite in SUITES:
        yield Topic(
            "early shift",
            {
                "more": f"on {suite} tasks early layers do more",
                "less": f"on {suite} tasks early layers do less",
                "no change": f"on {suite} tasks early layers do as much",
            },
            _by_weightings(
                suite,
                "early shift",
                lambda task: entry(task.comparison.depth_shift, "early_share"),
                lambda task: entry(task.comparison.depth_shift_squared, "early_share"),
            ),
            suite,
        )
        yield Topic(
            "specialisation shift",
            {
                "more": f"on {suite} tasks fewer components do the work",
                "less": f"on {suite} tasks more components share the work",
                "no change": f"on {suite} tasks as many components do the work",
            },
            _by_weightings(
                suite,
                "specialisation shift",
                lambda task: entry(task.comparison.specialisation_shift, "specialisation"),
                lambda task: entry(task.comparison.specialisation_shift_squared, "specialisation"),
            ),
            suite,
        )
        yield Topic(
            "right context",
            {
                "more": f"on {suite} tasks information flows from right to left",
                "less": f"on {suite} tasks the share of right context is below 0, which is noise",
                "no change": f"on {suite} tasks next to nothing flows from right to left",
            },
            _by_weightings(
                suite,
                "right-context share",
                lambda task: entry(task.comparison.mdm.direction, "right_context"),
                lambda task: entry(task.comparison.mdm.direction, "right_context_squared"),
            ),
            suite,
            FINE,
            LITTLE_RIGHT_CONTEXT,
        )
    yield _dependence(
        "structure by suite",
        ("planning circuits changed more than local ones", "local circuits changed more than planning ones"),
        "ρ, local − planning",
        similarity_of,
    )
    yield _dependence(
        "transfer by suite",
        (
            "the ARM's circuits carry over less on planning tasks",
            "the ARM's circuits carry over less on local tasks",
        ),
        "τ* in the MDM, local − planning",
        lambda task: transfer_of(task, "mdm"),
    )


def _by_weightings(
    suite: str,
    label: str,
    by_mass: Callable[[TaskRecord], Measured],
    by_squares: Callable[[TaskRecord], Measured],
) -> Callable[[ValuesOf], Mapping[str, Measured]]:
    def measure(values_of: ValuesOf) -> dict[str, Measured]:
        among = Among(suite)
        found = {}
        for name, reading in ((f"{label} by mass", by_mass), (f"{label} by squared mass", by_squares)):
            values = values_of(among, reading)
            found[name] = values if isinstance(values, Missing) else mean(values, among)
        return found

    return measure


def _dependence(
    name: str, sides: tuple[str, str], label: str, reading: Callable[[TaskRecord], Measured]
) -> Topic:
    """Local − planning within each surface, with both of its intervals."""

    def measure(values_of: ValuesOf) -> dict[str, Measured]:
        found = square(values_of, reading)
        return {f"{label}, these tasks": found.shift, f"{label}, other tasks": found.across}

    more, less = sides
    words: dict[Says, str] = {
        "more": more,
        "less": less,
        "no change": "circuits of both suites changed as much",
    }
    return Topic(name, words, measure)
