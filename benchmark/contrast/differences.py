"""B − A of two values, of all values of a task, and of a pair's row."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...metrics import paired_difference, student_tail
from ...metrics.undefined import Undefined
from ...metrics.welch import estimated_variance, welch_statistic, within_rounding
from ..record.means import SameSize, Summary
from ..record.missing import Missing
from ..record.number import COUNTED, Accuracy, Measured, Number, Resampling, measured
from ..record.resampling import with_resampling
from ..record.summary import (
    SUITES,
    Among,
    Reading,
    Values,
    as_estimate,
    mean,
    overlap_at,
    row_of,
    same_size,
    subtract,
)
from ..record.task_record import TaskResult
from .comparable import Matched, Unmatched

Pairing = Literal["paired", "partly paired", "independent"]


@dataclass(frozen=True)
class Apart:
    """B − A of a value, with its 95 % interval where both have one, and how that came about.

    `pairing`: "paired" where the interval is of differences resample by resample, "independent" where it is
    MOVER's of two independent values; None where there is no interval.
    """

    difference: Measured
    pairing: Pairing | None = None


def subtract_values(a: Measured, b: Measured, paired: bool) -> Apart:
    """B − A of two values; `paired`: whether their resamples are of the same prompts.

    Values with draws have to say what these are of (`with_resampling`). Missing where one of the two is, with
    its reason; without an interval where one has none.
    """
    if isinstance(a, Missing) or isinstance(b, Missing):
        return Apart(_reason(a, b))
    if not (a.bounded and b.bounded):
        return Apart(Number(value=b.value - a.value))
    if paired and a.draws is not None and b.draws is not None and a.draws.shape == b.draws.shape:
        found = paired_difference(as_estimate(b), as_estimate(a))
        # Where too many resamples lack one of the two, each by itself can still have its interval.
        if not isinstance(found, Undefined):
            return Apart(with_resampling(measured(found), _fewer(a, b)), "paired")
    return Apart(subtract(b, a), "independent")


def _fewer(a: Number, b: Number) -> Resampling:
    """What the difference of two paired numbers was estimated from: that of the one with fewer units."""
    known = [each.resampling for each in (a, b) if each.resampling is not None]
    return min(known, key=lambda each: (each.of_quantile, each.freedom))


def _reason(a: Measured, b: Measured) -> Missing:
    reasons = {letter: value.missing for letter, value in (("A", a), ("B", b)) if isinstance(value, Missing)}
    if len(set(reasons.values())) == 1:
        return Missing(missing=f"{' and '.join(reasons)}: {next(iter(reasons.values()))}")
    return Missing(missing="; ".join(f"{letter}: {reason}" for letter, reason in reasons.items()))


def p_value(a: Measured, b: Measured, difference: Measured) -> float | None:
    """Two-sided, for "A and B have the same true value", by Student's t; None without an interval.

    1 where the two differ by no more than rounding, which pairs would show as a difference without any doubt.
    """
    if isinstance(difference, Missing) or not difference.bounded:
        return None
    if is_rounding(a, b):
        return 1.0
    statistic, freedom = statistic_of(difference)
    return min(1.0, 2 * student_tail(abs(statistic), freedom))


def statistic_of(difference: Number) -> tuple[float, float]:
    """A difference in standard errors, and Satterthwaite's degrees of freedom; see `metrics.welch`.

    The difference must have an interval. Its parts are tasks where it is a row's, and the two records where
    they are independent.
    """
    parts = difference.parts or ((1.0, difference),)
    terms = [_variance(weight, part, difference.value > 0) for weight, part in parts]
    statistic, freedom = welch_statistic(difference.value, *zip(*terms, strict=True))
    return float(statistic), float(freedom)


def standard_error_of(difference: Number) -> float:
    """The standard error that `statistic_of` divides by, in the units of the difference."""
    parts = difference.parts or ((1.0, difference),)
    return math.sqrt(sum(_variance(weight, part, difference.value > 0)[0] for weight, part in parts))


def _variance(weight: float, part: Number, positive: bool) -> tuple[float, float]:
    """Of a part of a difference: its variance there, and with how many degrees of freedom that is known."""
    assert part.low is not None, "a difference with an interval has parts with intervals"
    assert part.high is not None, "a difference with an interval has parts with intervals"
    resampling = part.resampling or COUNTED
    # The side that faces 0 once the part is weighed, which decides whether the difference is real.
    reach = part.value - part.low if (weight > 0) == positive else part.high - part.value
    draws = np.empty(0) if part.draws is None else part.draws
    variance, freedom = estimated_variance(
        draws, reach, resampling.freedom, resampling.resamples, resampling.of_quantile
    )
    return weight**2 * float(variance), float(freedom)


def is_rounding(a: Measured, b: Measured) -> bool:
    """Whether two values differ by no more than rounding (see `metrics.welch`)."""
    if isinstance(a, Missing) or isinstance(b, Missing):
        return False
    return bool(within_rounding(a.value, b.value))


@dataclass(frozen=True)
class RowDifferences:
    """B − A of two pairs' rows: every value of a row is linear in those of the tasks.

    So the difference of two means is the mean of the tasks' differences, each paired where its task is; over
    tasks, which are independent, intervals combine as those of a row do. `only`: the tasks that
    cannot be compared; `sizes`: of each record, the one size of its tasks, in edges.
    """

    tasks: Sequence[Matched]
    only: Sequence[Unmatched]
    sizes: tuple[int | None, int | None]
    paired: bool = True

    def summary(self) -> Summary:
        """A row in which every value is B − A, the one size in edges included."""
        return row_of(
            self._values,
            {"arm": self._accuracy("arm"), "mdm": self._accuracy("mdm")},
            self._one_size(),
        )

    def _values(self, among: Among, reading: Reading) -> Values:
        if reason := self._incomplete(among):
            return Missing(missing=reason)
        return [self._difference(task, reading) for task in self._of(among)]

    def _difference(self, task: Matched, reading: Reading) -> Measured:
        both = task.both
        assert both is not None, "a suite without a comparison of a task is incomplete"
        a, b = (with_resampling(reading(one), own) for one, own in zip(both, task.resampling, strict=True))
        found = subtract_values(a, b, self.paired and not task.unpaired).difference
        # A row's reason names no task, a difference has to: the records may lack different ones.
        return Missing(missing=f"{task.name}: {found.missing}") if isinstance(found, Missing) else found

    def _of(self, among: Among) -> list[Matched]:
        return [task for task in self.tasks if among.has(task.a)]

    def _incomplete(self, among: Among) -> str:
        if reason := self._unmatched(among):
            return reason
        failed = [task.name for task in self._of(among) if task.both is None]
        return f"no comparison on {', '.join(failed)}" if failed else ""

    def _unmatched(self, among: Among) -> str:
        # The mean of other tasks is another quantity, whatever the two have in common.
        return "; ".join(one.reason for one in self.only if among.has(one.result))

    def _accuracy(self, member: Literal["arm", "mdm"]) -> dict[str, Measured]:
        # Which of the examples were solved is not kept, only how many: nothing can be paired.
        return {suite: self._mean_accuracy(Among(suite), member) for suite in SUITES}

    def _mean_accuracy(self, among: Among, member: Literal["arm", "mdm"]) -> Measured:
        if reason := self._unmatched(among):
            return Missing(missing=reason)
        shares = [
            (accuracy_of(task.a, member).share, accuracy_of(task.b, member).share) for task in self._of(among)
        ]
        return mean([subtract_values(a, b, paired=False).difference for a, b in shares], among)

    def _one_size(self) -> SameSize:
        a, b = self.sizes
        if a is None or b is None:
            return same_size(None, lambda suite: Missing(missing="no task gave a comparison"))
        if a != b:
            reason = Missing(missing=f"their one sizes differ: {a:,} edges in A, {b:,} in B")
            return same_size(b - a, lambda suite: reason)
        return same_size(0, lambda suite: self._overlap(Among(suite), a))

    def _overlap(self, among: Among, size: int) -> Measured:
        values = self._values(among, lambda task: overlap_at(task, size))
        return values if isinstance(values, Missing) else mean(values, among)


def accuracy_of(task: TaskResult, member: Literal["arm", "mdm"]) -> Accuracy:
    """How many examples a member solved."""
    return task.pool.arm if member == "arm" else task.pool.mdm
