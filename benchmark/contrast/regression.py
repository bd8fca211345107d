"""Whether a record is worse than an earlier one by more than reruns are apart: `mechshift check`.

docs/checking.md derives the test and says what its rate of false alarms holds for.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import NotComputable
from ...metrics import holm, student_tail
from ..findings.finding import Finding
from ..record.missing import Missing
from ..record.number import Number
from ..record.record import Record
from ..record.task_record import FailedTask
from ..run.progress import Announce, announce_nothing
from .comparable import Matched, check_protocols, digest_of_settings, find_unmatched
from .comparison import ALPHA, ComparedValue, RecordComparison, compare_sides
from .differences import is_rounding, standard_error_of, statistic_of
from .side import Side, computable, read_side
from .table import p_text, signed
from .tolerances import Tolerances, ValueSpread, describe_graph, deviation_of


@dataclass(frozen=True)
class RegressionTest:
    """A watched value in both records, A the old and B the new one.

    `statistic`: the difference in standard errors; `freedom`: Student's degrees of freedom, infinite for the
    normal distribution; `p`: one- or two-sided as the quantity declares; `adjusted_p`: Holm's over all tests.
    """

    value: ComparedValue
    statistic: float
    freedom: float
    p: float
    adjusted_p: float = 1.0


@dataclass(frozen=True)
class RegressionCheck:
    """What a check found: `findings`, one for each alarm, empty where there is none.

    `checks` names all that was looked at, `rate` is the family-wise rate of false alarms of the tests,
    `by_reruns` says whether tolerances gave the standard errors, and `notes` what a reader has to know
    besides, a line each.
    """

    comparison: RecordComparison
    tests: tuple[RegressionTest, ...]
    rate: float
    by_reruns: bool
    findings: tuple[Finding, ...]
    checks: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """How many values were tested, and the rate of false alarms where it is known."""
        tested = f"{len(self.tests)} values tested"
        if not self.by_reruns and self.comparison.unpaired:
            return f"{tested}; on different prompts the rate of false alarms is not known"
        return f"{tested}, false alarms in at most {100 * self.rate:g} % of checks"


def check_record(
    new: Path | Record,
    old: Path | Record,
    tolerances: Tolerances | None = None,
    cells: bool = True,
    announce: Announce = announce_nothing,
) -> RegressionCheck:
    """Check a record against an earlier one of the same graph, tasks and protocol, whose seed may differ.

    With tolerances differences are compared with how far reruns lie apart, without them with the intervals of
    the two records alone. `cells`, `announce`: as in `compare_records`. Raises NotComputable where the
    records, or the tolerances, are of another protocol, graph, or task.
    """
    a, b = read_side(old), read_side(new)
    _check_comparable(a, b, tolerances)
    comparison = compare_sides(a, b, cells, announce)
    watched = [value for value in comparison.values if value.quantity.definition.regression is not None]
    spreads = None if tolerances is None else dict(tolerances.spreads())
    without = frozenset() if tolerances is None else _own_reruns(tolerances, (a, b))
    with computable(a, b):
        tests, unjudged = judge_values(watched, spreads, without)
    rate = ALPHA if tolerances is None else tolerances.rate
    lost = [*_failures(comparison), *_lost_values(watched, spreads, comparison)]
    worse = [_describe(test, b) for test in tests if test.adjusted_p <= rate]
    checks = (*(f"{what}.{task.name}" for task in comparison.matched for what in ("comparison", "pool")),)
    return RegressionCheck(
        comparison,
        tests,
        rate,
        tolerances is not None,
        (*lost, *worse),
        (*checks, *(test.value.name for test in tests)),
        tuple(_notes(comparison, tolerances, without, unjudged)),
    )


def _check_comparable(a: Side, b: Side, tolerances: Tolerances | None) -> None:
    """Raises NotComputable where two records, or tolerances, cannot be of the same question."""
    check_protocols(a.record, b.record)
    mine, other = (_sizes(record) for record in (a.record, b.record))
    if mine != other:
        raise NotComputable(
            f"the graph of {b.name} is not that of {a.name}: {_apart(mine, other)}",
            "check a pair against an earlier record of the same sizes; `mechshift compare` takes any two",
        )
    if unmatched := find_unmatched(a.record, b.record):
        # A row of other tasks is another row, so that more tasks are no better than fewer.
        raise NotComputable(
            f"{a.name} (A) and {b.name} (B) are not of the same tasks: "
            + "; ".join(one.reason for one in unmatched),
            "run the same tasks, at the same levels",
        )
    if tolerances is None:
        return
    if tolerances.settings != digest_of_settings(a.record.protocol):
        raise NotComputable(
            f"the tolerances are of protocol {tolerances.protocol}, whose settings are not those of {a.name}",
            "calibrate under the protocol of the records",
        )
    theirs = tolerances.pair.model_dump(exclude=_OF_WEIGHTS)
    if theirs != mine:
        raise NotComputable(
            f"the tolerances are of another graph: {_apart(mine, theirs)}",
            "calibrate on a pair of these sizes",
        )


_OF_WEIGHTS = {"name", "arm", "mdm"}


def _sizes(record: Record) -> dict[str, int]:
    return describe_graph(record).model_dump(exclude=_OF_WEIGHTS)


def _apart(mine: dict[str, int], other: dict[str, int]) -> str:
    return ", ".join(
        f"{mine[name]:,} and {other[name]:,} {name}" for name in mine if mine[name] != other[name]
    )


def _own_reruns(tolerances: Tolerances, sides: Sequence[Side]) -> frozenset[int]:
    """Which reruns are one of the records themselves.

    Their spread must not depend on the difference that it is to judge: they are left out of it, and with them
    reruns on the prompts of one of the records, unless all are on the same.
    """
    digests = frozenset().union(*(side.digests for side in sides))
    same = len({rerun.seed for rerun in tolerances.reruns}) == 1
    seeds = set() if same else {side.record.protocol.sampling.seed for side in sides}
    return frozenset(
        index
        for index, rerun in enumerate(tolerances.reruns)
        if rerun.digest in digests or rerun.seed in seeds
    )


def judge_values(
    watched: Sequence[ComparedValue], spreads: dict[str, ValueSpread] | None, without: frozenset[int]
) -> tuple[tuple[RegressionTest, ...], tuple[str, ...]]:
    """The tests of all values that both records have, and the names of those that nothing can judge."""
    tests, unjudged = [], []
    for value in watched:
        if isinstance(value.difference, Missing):
            continue
        if spreads is None:
            test = _by_interval(value)
        else:
            test = _by_reruns(value, spreads[value.name].numbers(without) if value.name in spreads else [])
        if test is None:
            unjudged.append(value.name)
        else:
            tests.append(test)
    if not tests:
        return (), tuple(unjudged)
    adjusted = holm([test.p for test in tests])
    adjusted_tests = (
        RegressionTest(test.value, test.statistic, test.freedom, test.p, float(p))
        for test, p in zip(tests, adjusted, strict=True)
    )
    return tuple(adjusted_tests), tuple(unjudged)


def _by_interval(value: ComparedValue) -> RegressionTest | None:
    """The test that `compare` has too, by the two records alone; None for a difference without interval."""
    found = value.difference
    if value.p is None or isinstance(found, Missing):
        return None
    statistic, freedom = (0.0, math.inf) if is_rounding(value.a, value.b) else statistic_of(found)
    return RegressionTest(value, statistic, freedom, _p(value, statistic, freedom))


def _by_reruns(value: ComparedValue, reruns: Sequence[float]) -> RegressionTest | None:
    """The test by how far reruns lie apart; None where fewer than two have a value."""
    if len(reruns) < 2:
        return None
    # Of two values, each as far from its mean as a rerun. Their own intervals are the floor: a rerun that
    # never moved, such as an accuracy of 1, says that it moves little, and not that it never does.
    error = max(math.sqrt(2) * deviation_of(reruns), _own_error(value))
    statistic, freedom = _ratio(value, error), len(reruns) - 1
    return RegressionTest(value, statistic, freedom, _p(value, statistic, freedom))


def _own_error(value: ComparedValue) -> float:
    """The standard error of the difference by the two records, 0 where they have no interval."""
    found = value.difference
    assert isinstance(found, Number), "a difference that is missing is not tested"
    return 0.0 if found.low is None else standard_error_of(found)


def _ratio(value: ComparedValue, error: float) -> float:
    found = value.difference
    assert isinstance(found, Number), "a difference that is missing is not tested"
    if is_rounding(value.a, value.b):
        return 0.0
    return found.value / error if error > 0 else math.copysign(math.inf, found.value)


def _p(value: ComparedValue, statistic: float, freedom: float) -> float:
    """The probability of so large a change in the direction that counts as a regression."""
    direction = value.quantity.definition.regression
    if direction == "either":
        return min(1.0, 2 * student_tail(abs(statistic), freedom))
    return student_tail(-statistic if direction == "lower" else statistic, freedom)


def _failures(comparison: RecordComparison) -> Iterator[Finding]:
    """Tasks that gave a comparison and do not any more, and pools that have become too small."""
    for task in comparison.matched:
        if isinstance(task.b, FailedTask) and not isinstance(task.a, FailedTask):
            yield Finding(
                f"comparison.{task.name}",
                f"{comparison.b.name}: {task.name}",
                f"the task gives no comparison any more: {task.b.missing}",
                "look at what the members answer: fewer of the examples are solved by both",
            )
        elif _short(task, comparison):
            wanted = comparison.a.record.protocol.sampling.pool
            yield Finding(
                f"pool.{task.name}",
                f"{comparison.b.name}: {task.name}",
                f"both members solve {task.b.pool.common} examples, fewer than the {wanted} of the protocol; "
                f"it was {task.a.pool.common}",
                "look at what the members answer: fewer of the examples are solved by both",
            )


def _short(task: Matched, comparison: RecordComparison) -> bool:
    wanted = comparison.a.record.protocol.sampling.pool
    return task.b.pool.common < wanted <= task.a.pool.common


def _lost_values(
    watched: Sequence[ComparedValue], spreads: dict[str, ValueSpread] | None, comparison: RecordComparison
) -> Iterator[Finding]:
    """Values that the old record has and the new one has not, where no rerun lacked them."""
    failed = {task.name for task in comparison.matched if task.both is None}
    lost = [
        value
        for value in watched
        if isinstance(value.a, Number)
        and isinstance(value.b, Missing)
        and (spreads is None or (value.name in spreads and spreads[value.name].always))
        and value.task not in failed
    ]
    # A row lacks what one of its tasks does, and is told of only where no task says more.
    told = [value for value in lost if value.task is not None] or ([] if failed else lost)
    for value in told:
        assert isinstance(value.b, Missing), "it was lost"
        yield Finding(
            value.name,
            _place(value, comparison.b),
            f"{value.quantity.label} has no value any more: {value.b.missing}",
            "look at the reason, which the record gives",
        )


def _place(value: ComparedValue, side: Side) -> str:
    return f"{side.name}: {value.task or 'row'}"


def _describe(test: RegressionTest, side: Side) -> Finding:
    value = test.value
    found = value.difference
    assert isinstance(found, Number), "a difference that was tested is a number"
    assert isinstance(value.a, Number), "and so are both values"
    assert isinstance(value.b, Number), "and so are both values"
    rounding = value.quantity.rounding
    moved = "rose" if found.value > 0 else "fell"
    size = f"{abs(test.statistic):.1f} standard errors"
    if math.isinf(test.statistic):
        size = "which nothing else has moved"
    was, now = rounding(value.a.value), rounding(value.b.value)
    return Finding(
        value.name,
        _place(value, side),
        f"{value.quantity.label} {moved} from {was} to {now} ({signed(rounding).number(found)}), "
        f"{size}, adjusted p {p_text(test.adjusted_p)}",
        "look for what changed since; calibrate anew if the change is meant",
    )


def _notes(
    comparison: RecordComparison,
    tolerances: Tolerances | None,
    without: frozenset[int],
    unjudged: Sequence[str],
) -> Iterator[str]:
    if tolerances is None:
        yield (
            "Without tolerances every change beyond what the two records say of chance is an alarm, one of "
            "the software or the machine too."
        )
        if comparison.unpaired:
            yield (
                f"The records use different prompts on {', '.join(comparison.unpaired)}. Their intervals do "
                "not cover how other prompts would change the circuits, so an unchanged pair can raise "
                "alarms. Give tolerances (--tolerances, in Python tolerances=)."
            )
        return
    old = comparison.a
    pair = old.record.pair
    if (tolerances.pair.arm, tolerances.pair.mdm) != (pair.arm.digest, pair.mdm.digest):
        yield f"The tolerances were measured on other weights than those of {old.name}."
    if without:
        of_all = f"{len(without)} of {len(tolerances.reruns)} reruns"
        yield f"{of_all} are left out, as they are on the prompts of the records."
    if unjudged:
        yield f"Not judged, as fewer than two reruns have a value: {', '.join(unjudged)}."
