"""A pair's row: means over the tasks of each suite, with intervals, and what it is put together with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...metrics import Estimate, difference, mean_estimate
from ...metrics.welch import welch_interval, welch_value
from .comparison import HEADLINE
from .means import SameSize, Square, Summary
from .missing import Missing
from .number import Accuracy, Measured, Number, measured
from .quantities.function import why_none
from .quantity import entry
from .task_record import FailedTask, TaskRecord, TaskResult

SUITES = ("local", "planning")
SURFACES = ("words", "symbols")
LEVEL = 0.95


@dataclass(frozen=True)
class Among:
    """Some of the tasks: those of a suite, of a surface, of both, or all."""

    suite: str | None = None
    surface: str | None = None

    def has(self, task: TaskResult) -> bool:
        """Whether a task is one of them."""
        return self.suite in (None, task.suite) and self.surface in (None, task.surface)

    @property
    def nothing(self) -> Missing:
        """What their mean is where there is none of them."""
        if self.suite is None:
            return Missing(missing="no task")
        of = "" if self.surface is None else f" asks in {self.surface}"
        return Missing(missing=f"no task of this suite{of}")


Reading = Callable[[TaskRecord], Measured]
"""How a value is read from a task's record."""

Values = Sequence[Measured] | Missing
"""Of some of the tasks, or why they have none together."""

ValuesOf = Callable[[Among, Reading], Values]
"""What is read from each of some tasks."""


def summarise(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask], intervals: bool = True) -> Summary:
    """Means over the tasks of each suite, and local − planning of the headline, the task-dependent shift.

    The shift is positive where planning circuits are less alike. A mean is missing where one of its tasks
    gave no comparison or lacks the value; accuracies are known, and count, for failed tasks too. Without
    `intervals` only accuracies and overlaps at one size have one, and the rest takes a third of the time.
    """

    def accuracy(value: Callable[[TaskResult], Accuracy]) -> dict[str, Measured]:
        asked: list[TaskResult] = [*tasks, *failed]
        return {
            suite: mean([value(task).share for task in asked if task.suite == suite], Among(suite))
            for suite in SUITES
        }

    def values_of(among: Among, reading: Reading) -> Values:
        return values_over(
            among, tasks, failed, reading if intervals else lambda task: _without_interval(reading(task))
        )

    return row_of(
        values_of,
        {"arm": accuracy(lambda task: task.pool.arm), "mdm": accuracy(lambda task: task.pool.mdm)},
        at_one_size(tasks, failed, largest_size(tasks)),
        intervals,
    )


def _without_interval(value: Measured) -> Measured:
    return Number(value=value.value) if isinstance(value, Number) else value


def largest_size(tasks: Sequence[TaskRecord]) -> int | None:
    """The largest of the tasks' compared sizes, in edges, None without a task.

    No task's circuit is then smaller than what makes it faithful.
    """
    return max((task.comparison.compared.edges for task in tasks), default=None)


def row_of(
    values_of: ValuesOf,
    accuracy: Mapping[str, dict[str, Measured]],
    one_size: SameSize,
    intervals: bool = True,
) -> Summary:
    """A row of means of the tasks' values, or of their differences.

    `accuracy`: of either member by suite. `intervals`: whether one for other tasks is asked for.
    """

    def mean_of(among: Among, reading: Reading) -> Measured:
        return _mean(values_of(among, reading), among)

    def by_suite(reading: Reading) -> dict[str, Measured]:
        return {suite: mean_of(Among(suite), reading) for suite in SUITES}

    overlap = by_suite(lambda task: task.comparison.compared.edge.normalised)
    return Summary(
        accuracy_arm=accuracy["arm"],
        accuracy_mdm=accuracy["mdm"],
        similarity=square(values_of, similarity_of, intervals),
        transfer={
            "arm": square(values_of, lambda task: transfer_of(task, "arm"), intervals),
            "mdm": square(values_of, lambda task: transfer_of(task, "mdm"), intervals),
        },
        neurons=by_suite(lambda task: entry(task.comparison.structure, "neurons")),
        overlap=overlap,
        overlap_shift=subtract(overlap["local"], overlap["planning"]),
        one_size=one_size,
        early_shift=by_suite(lambda task: entry(task.comparison.depth_shift, "early_share")),
        early_shift_squared=by_suite(lambda task: entry(task.comparison.depth_shift_squared, "early_share")),
        specialisation_shift=by_suite(
            lambda task: entry(task.comparison.specialisation_shift, "specialisation")
        ),
        specialisation_shift_squared=by_suite(
            lambda task: entry(task.comparison.specialisation_shift_squared, "specialisation")
        ),
        right_context=by_suite(lambda task: entry(task.comparison.mdm.direction, "right_context")),
        right_context_squared=by_suite(
            lambda task: entry(task.comparison.mdm.direction, "right_context_squared")
        ),
        faithfulness={
            "arm": mean_of(Among(), lambda task: task.comparison.arm.absolute.log_area),
            "mdm": mean_of(Among(), lambda task: task.comparison.mdm.absolute.log_area),
        },
    )


def similarity_of(task: TaskRecord) -> Measured:
    """The headline of a task: how alike the mean scores of both members are."""
    return entry(task.comparison.structure, HEADLINE)


def transfer_of(task: TaskRecord, host: Literal["arm", "mdm"]) -> Measured:
    """τ* of the other member's circuit in the host, at the compared size; with heads matched that moved."""
    found = task.function
    if found is None:
        return why_none(task)
    return (found.arm if host == "arm" else found.mdm).counted.transfer


def square(values_of: ValuesOf, reading: Reading, intervals: bool = True) -> Square:
    """A value by suite and surface, with local − planning within each surface.

    `intervals`: whether `across` has one.
    """
    kinds = {(suite, surface): Among(suite, surface) for surface in SURFACES for suite in SUITES}
    values = {kind: values_of(among, reading) for kind, among in kinds.items()}
    means = {kind: _mean(values[kind], among) for kind, among in kinds.items()}
    words, symbols = ({suite: means[suite, surface] for suite in SUITES} for surface in SURFACES)
    within = [subtract(each["local"], each["planning"]) for each in (words, symbols)]
    return Square(
        suites={suite: _mean(values_of(Among(suite), reading), Among(suite)) for suite in SUITES},
        words=words,
        symbols=symbols,
        shifts=dict(zip(SURFACES, within, strict=True)),
        # Of suites as wholes it would also be the difference between words and symbols, of which one suite
        # may have more than the other.
        shift=mean(within, Among()),
        across=_across(values, means, intervals),
    )


_Kind = tuple[str, str]
"""Suite and surface."""


def _across(values: Mapping[_Kind, Values], means: Mapping[_Kind, Measured], intervals: bool) -> Measured:
    """The mean over surfaces of local − planning, with Welch's interval for other tasks of the kinds."""
    for each in means.values():
        if isinstance(each, Missing):
            return each
    samples = [[each.value for each in own if isinstance(each, Number)] for own in values.values()]
    weights = [(1 if suite == "local" else -1) / len(SURFACES) for suite, _ in values]
    return measured(welch_interval(samples, weights) if intervals else welch_value(samples, weights))


def at_one_size(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask], edges: int | None) -> SameSize:
    """Overlap of each suite, and the overlap shift, with the circuits of all tasks of that size.

    Missing where a task has no overlap at the size, and as in `summarise`. At the largest of the tasks'
    compared sizes all circuits are faithful.
    """
    return same_size(
        edges, lambda suite: mean_over(Among(suite), tasks, failed, lambda task: overlap_at(task, edges))
    )


def same_size(edges: int | None, overlap_of: Callable[[str], Measured]) -> SameSize:
    """The overlaps of the suites at one size, and local − planning of them."""
    overlap = {suite: overlap_of(suite) for suite in SUITES}
    return SameSize(
        edges=edges,
        overlap=overlap,
        shift=subtract(overlap["local"], overlap["planning"]),
    )


def overlap_at(task: TaskRecord, edges: int | None) -> Measured:
    """Ĵ of a task's circuits of that many edges, missing where the record has none of that size."""
    comparison = task.comparison
    if edges is None:
        return Missing(missing="no task gave a comparison")
    for point in (comparison.compared, *comparison.curve):
        if point.edges == edges:
            return point.edge.normalised
    return Missing(missing=f"no circuits of {edges:,} edges were compared")


def mean_over(
    among: Among,
    tasks: Sequence[TaskRecord],
    failed: Sequence[FailedTask],
    value: Reading,
) -> Measured:
    """The mean of a value over some of the tasks, with MOVER's interval.

    Missing where one of them failed or lacks the value; without an interval where one has none.
    """
    return _mean(values_over(among, tasks, failed, value), among)


def values_over(
    among: Among, tasks: Sequence[TaskRecord], failed: Sequence[FailedTask], value: Reading
) -> Values:
    """A value of each of some tasks; missing where one of them failed."""
    absent = [task.task for task in failed if among.has(task)]
    if absent:
        return Missing(missing=f"no comparison on {', '.join(absent)}")
    return [value(task) for task in tasks if among.has(task)]


def _mean(values: Values, among: Among) -> Measured:
    return values if isinstance(values, Missing) else mean(values, among)


def subtract(minuend: Measured, subtrahend: Measured) -> Measured:
    """Minuend − subtrahend, taken for independent, with MOVER's interval.

    Missing where one of them is; without an interval where one has none.
    """
    if isinstance(minuend, Missing):
        return minuend
    if isinstance(subtrahend, Missing):
        return subtrahend
    if not (minuend.bounded and subtrahend.bounded):
        return Number(value=minuend.value - subtrahend.value)
    found = _number(difference(as_estimate(minuend), as_estimate(subtrahend)))
    return found.put_together([(1.0, minuend), (-1.0, subtrahend)])


def as_estimate(number: Number) -> Estimate:
    """A record's number that has an interval, as the metrics take it.

    It has degrees of freedom where it knows what its interval was estimated from (`with_resampling`).
    """
    low, high = number.low, number.high
    assert low is not None, "an estimate has an interval"
    assert high is not None, "an estimate has an interval"
    resamples = 0 if number.draws is None else len(number.draws)
    freedom = None if number.resampling is None else number.resampling.of_quantile
    return Estimate(number.value, low, high, LEVEL, resamples, draws=number.draws, freedom=freedom)


def mean(values: Sequence[Measured], among: Among) -> Measured:
    """The mean of values of independent tasks, those `among` all, with MOVER's interval.

    Missing, with the first reason, where one of them is, or there is none; without an interval where one has
    none.
    """
    if not values:
        return among.nothing
    missing = [value for value in values if isinstance(value, Missing)]
    if missing:
        return missing[0]
    # One value without an interval leaves the mean without one: an interval of only the others would be too
    # narrow.
    numbers = [value for value in values if isinstance(value, Number)]
    if not all(number.bounded for number in numbers):
        # Its parts say where an interval comes from.
        return Number(value=sum(number.value for number in numbers) / len(numbers))
    found = _number(mean_estimate([as_estimate(number) for number in numbers]))
    return found.put_together((1 / len(numbers), number) for number in numbers)


def _number(estimate: Estimate) -> Number:
    return Number(value=estimate.value, low=estimate.low, high=estimate.high)
