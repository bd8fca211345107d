"""The verdict on a pair: on every task, on both suites, and on where and how its mechanism moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import listed
from ...metrics import holm
from ..record.controls import by_name, check_control
from ..record.lines import check_line
from ..record.missing import Missing
from ..record.number import Measured
from ..record.record import Record
from ..record.robustness import Robustness
from ..record.summary import SUITES, Among
from .attribution import Attributed, adjusted, attribute_change, less
from .claim import ALPHA
from .evidence import TransferEvidence, of_task, of_tasks
from .rows import EvidenceRow, make_row
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
    """All that is stated of a pair; `controls`: the names of those it was held against.

    `beside`: where there are lines, the row of the pair, of each control and of each line; they decide
    nothing. `robustness`: the variations that lie beside its record; missing, with the reason, where what
    lies there is not of it, None where nothing does.
    """

    pair: str
    controls: tuple[str, ...]
    tasks: tuple[Judged, ...]
    suites: tuple[Judged, ...]
    statements: tuple[Stated, ...]
    beside: tuple[EvidenceRow, ...] = ()
    robustness: Robustness | Missing | None = None

    def __repr__(self) -> str:
        said = ", ".join(f"{one.name}: {one.verdict}" for one in self.suites)
        return f"PairVerdict({self.pair}: {said})"


def judge(record: Record, controls: Sequence[Record] = (), lines: Sequence[Record] = ()) -> PairVerdict:
    """The verdict on a record's pair, held against its controls, and beside its lines.

    With the draws of their numbers at hand (`contrast.side`) differences from the controls are paired. Raises
    UsageError for a record that is no control or no line of the pair.
    """
    for control in controls:
        check_control(record, control)
    for line in lines:
        check_line(record, line)
    return judge_against(record, controls, lines)


def judge_against(
    record: Record, others: Sequence[Record], lines: Sequence[Record] = ()
) -> PairVerdict:
    """As `judge`, held against any records: whether they are controls of the pair is not asked.

    What is attributed then is a difference between trainings, and of diffusion only where the others are
    controls. That is how controls are held against each other.
    """
    known = _Known(record, others)
    findings = {name: find(one) for name, one in known.evidence.items()}
    return PairVerdict(
        record.pair.name,
        known.controls,
        _judged(findings, known, known.apart, dict.fromkeys(findings, ())),
        _of_suites(known),
        make_statements(record, others),
        tuple(map(make_row, (record, *others, *lines))) if lines else (),
    )


def judge_suites(record: Record, controls: Sequence[Record] = ()) -> tuple[Judged, ...]:
    """The verdicts on both suites alone, as `judge` gives them; raises as it does."""
    for control in controls:
        check_control(record, control)
    return _of_suites(_Known(record, controls))


Apart = Mapping[str, TransferEvidence | Missing]
"""By control the evidence in the pair less that in the control."""


class _Known:
    """The evidence on every task, and what it is beyond each control's, found where it is asked for.

    Most pairs have tasks on which nothing changed, and nothing is asked about these.
    """

    def __init__(self, record: Record, controls: Sequence[Record]) -> None:
        self._record = record
        self._named = by_name(controls)
        self._apart: dict[str, Apart] = {}
        self.tasks = {task.task: task for task in record.results}
        self.evidence = {name: of_task(record, task) for name, task in self.tasks.items()}

    @property
    def controls(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._named)

    def apart(self, task: str) -> Apart:
        """Of a task."""
        if task not in self._apart:
            found = self.tasks[task]
            self._apart[task] = {
                name: less(self._record, control, found) for name, control in self._named.items()
            }
        return self._apart[task]

    def apart_over(self, tasks: Sequence[str], among: Among) -> Apart:
        """Of the means over tasks."""
        return {
            name: _mean_difference({task: self.apart(task)[name] for task in tasks}, among)
            for name in self._named
        }


def _judged(
    findings: Mapping[str, Ruling],
    known: _Known,
    apart: Callable[[str], Apart],
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
        [
            attribute_change(one.changed, _named(apart(name)) if one.changed else _unasked(known.controls))
            for name, one in found.items()
        ]
    )
    return tuple(
        Judged(name, one, float(p[name]) if name in p else None, attribution, without[name])
        for (name, one), attribution in zip(found.items(), attributions, strict=True)
    )


def _unasked(controls: Sequence[str]) -> dict[str, Missing]:
    return dict.fromkeys(controls, Missing(missing="nothing changed"))


def _named(apart: Apart) -> dict[str, dict[str, Measured] | Missing]:
    return {name: one if isinstance(one, Missing) else one.named() for name, one in apart.items()}


def _chance(finding: Ruling, p: float) -> Ruling:
    """What one verdict says by itself, and not among so many."""
    why = f"{finding.verdict} by itself, but p = {p:.3f} by Holm over all"
    return replace(finding, verdict="undecided", why=why)


def _of_suites(known: _Known) -> tuple[Judged, ...]:
    inside = {suite: [name for name, task in known.tasks.items() if task.suite == suite] for suite in SUITES}
    found = {
        suite: _find_over({name: known.evidence[name] for name in names}, Among(suite))
        for suite, names in inside.items()
        if names
    }
    return _judged(
        {suite: finding for suite, (finding, _) in found.items()},
        known,
        lambda suite: known.apart_over(inside[suite], Among(suite)),
        {suite: carriers for suite, (_, carriers) in found.items()},
    )


def _find_over(inside: Mapping[str, TransferEvidence], among: Among) -> tuple[Ruling, tuple[str, ...]]:
    """The verdict on the means over tasks; undecided where leaving one of them out makes it another one."""
    found = find(of_tasks(inside, among))
    if found.verdict == "undecided" or len(inside) < 2:
        return found, ()
    without = tuple(
        left_out
        for left_out in inside
        if find(of_tasks({name: one for name, one in inside.items() if name != left_out}, among)).verdict
        != found.verdict
    )
    if not without:
        return found, ()
    why = f"{found.verdict} over all tasks, but not without {listed(without)}"
    return replace(found, verdict="undecided", why=why), without


def _mean_difference(
    each: Mapping[str, TransferEvidence | Missing], among: Among
) -> TransferEvidence | Missing:
    lacking = [one for one in each.values() if isinstance(one, Missing)]
    if lacking:
        return lacking[0]
    return of_tasks({name: one for name, one in each.items() if isinstance(one, TransferEvidence)}, among)
