"""The verdict on a pair: on every task, on both suites, and on where and how its mechanism moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ...errors import listed
from ...metrics import holm
from ..record.controls import check_control
from ..record.missing import Missing
from ..record.number import Measured
from ..record.record import Record
from ..record.summary import SUITES, Among
from .attribution import Attributed, adjusted, attribute_change, less
from .claim import ALPHA
from .evidence import TransferEvidence, of_task, of_tasks
from .rules import MechanismVerdict, Ruling, find
from .statements import Stated, make_statements


@dataclass(frozen=True)
class Judged:
    """A verdict on a task, or on the tasks of a suite.

    `name`: the task's or the suite's. `adjusted_p`: of the finding, by Holm over all tasks, or over both
    suites; None of an undecided one. `without`: the tasks without which a suite's verdict is another one.
    """

    name: str
    finding: Ruling
    adjusted_p: float | None
    attribution: Attributed
    without: tuple[str, ...] = ()

    @property
    def verdict(self) -> MechanismVerdict:
        """The verdict itself."""
        return self.finding.verdict


@dataclass(frozen=True)
class PairVerdict:
    """All that is stated of a pair; `controls`: the names of those it was held against."""

    pair: str
    controls: tuple[str, ...]
    tasks: tuple[Judged, ...]
    suites: tuple[Judged, ...]
    statements: tuple[Stated, ...]

    def __repr__(self) -> str:
        said = ", ".join(f"{one.name}: {one.verdict}" for one in self.suites)
        return f"PairVerdict({self.pair}: {said})"


def judge(record: Record, controls: Sequence[Record] = ()) -> PairVerdict:
    """The verdict on a record's pair, held against its controls.

    With the draws of their numbers at hand (`contrast.side`) differences from the controls are paired. Raises
    UsageError for a record that is no control of the pair.
    """
    for control in controls:
        check_control(record, control)
    named = {control.pair.name: control for control in controls}
    tasks = {task.task: task for task in record.results}
    evidence = {name: of_task(record, task) for name, task in tasks.items()}
    apart = {
        name: {other: less(record, control, task) for other, control in named.items()}
        for name, task in tasks.items()
    }

    def over(among: Among, names: Sequence[str]) -> TransferEvidence:
        return of_tasks([evidence[name] for name in names], among)

    def less_over(among: Among, names: Sequence[str]) -> dict[str, TransferEvidence | Missing]:
        return {other: mean_difference([apart[name][other] for name in names], among) for other in named}

    return PairVerdict(
        record.pair.name,
        tuple(named),
        judge_tasks(evidence, apart),
        judge_suites({name: task.suite for name, task in tasks.items()}, over, less_over),
        make_statements(record, controls),
    )


LessControls = Mapping[str, TransferEvidence | Missing]
"""Pair − control, by the control's name."""


def judge_tasks(
    evidence: Mapping[str, TransferEvidence], apart: Mapping[str, LessControls]
) -> tuple[Judged, ...]:
    """The verdict on every task from its evidence and from the pair less each control."""
    return _judged({name: find(one) for name, one in evidence.items()}, apart, dict.fromkeys(evidence, ()))


def judge_suites(
    suite_of: Mapping[str, str],
    over: Callable[[Among, Sequence[str]], TransferEvidence],
    less_over: Callable[[Among, Sequence[str]], LessControls],
) -> tuple[Judged, ...]:
    """The verdict on every suite that has tasks.

    `suite_of`: of each task; `over`: the evidence over some of a suite's tasks; `less_over`: that of the pair
    less each control.
    """
    findings: dict[str, Ruling] = {}
    differences: dict[str, LessControls] = {}
    carriers: dict[str, tuple[str, ...]] = {}
    for suite in SUITES:
        inside = [name for name, of in suite_of.items() if of == suite]
        if not inside:
            continue
        findings[suite], carriers[suite] = _find_over(inside, partial(over, Among(suite)))
        differences[suite] = less_over(Among(suite), inside)
    return _judged(findings, differences, carriers)


def _judged(
    findings: Mapping[str, Ruling],
    apart: Mapping[str, LessControls],
    without: Mapping[str, tuple[str, ...]],
) -> tuple[Judged, ...]:
    """Verdicts after Holm's adjustment over all of them, then their attributions after one of their own."""
    decided = [name for name, one in findings.items() if one.verdict != "undecided"]
    p = dict(zip(decided, holm([findings[name].p for name in decided]), strict=True)) if decided else {}
    found = {
        name: _chance(one, float(p[name])) if p.get(name, 0) > ALPHA else one
        for name, one in findings.items()
    }
    attributions = adjusted(
        [attribute_change(one.changed, _named(apart[name])) for name, one in found.items()]
    )
    return tuple(
        Judged(name, one, float(p[name]) if name in p else None, attribution, without[name])
        for (name, one), attribution in zip(found.items(), attributions, strict=True)
    )


def _named(apart: LessControls) -> dict[str, dict[str, Measured] | Missing]:
    return {name: one if isinstance(one, Missing) else one.named() for name, one in apart.items()}


def _chance(finding: Ruling, p: float) -> Ruling:
    """What one verdict says by itself, and not among so many."""
    why = f"{finding.verdict} by itself, but p = {p:.3f} by Holm over all"
    return replace(finding, verdict="undecided", why=why)


def _find_over(
    inside: Sequence[str], over: Callable[[Sequence[str]], TransferEvidence]
) -> tuple[Ruling, tuple[str, ...]]:
    """The verdict on the means over tasks; undecided where leaving one of them out makes it another one."""
    found = find(over(inside))
    if found.verdict == "undecided" or len(inside) < 2:
        return found, ()
    without = tuple(
        left_out
        for left_out in inside
        if find(over([name for name in inside if name != left_out])).verdict != found.verdict
    )
    if not without:
        return found, ()
    why = f"{found.verdict} over all tasks, but not without {listed(without)}"
    return replace(found, verdict="undecided", why=why), without


def mean_difference(each: Sequence[TransferEvidence | Missing], among: Among) -> TransferEvidence | Missing:
    """The mean over tasks of differences from a control; missing where one of them is."""
    lacking = [one for one in each if isinstance(one, Missing)]
    if lacking:
        return lacking[0]
    return of_tasks([one for one in each if isinstance(one, TransferEvidence)], among)
