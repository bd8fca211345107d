"""The verdict on a pair: on every task, on both suites, and on where and how its mechanism moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import UsageError, listed
from ...metrics import holm
from ..record.controls import check_controls
from ..record.lines import check_line
from ..record.missing import Missing
from ..record.number import Measured
from ..record.record import Record
from ..record.robustness import Robustness
from ..record.summary import SUITES, Among
from .attribution import Attributed, adjusted, attribute_change
from .claim import ALPHA
from .rows import EvidenceRow, make_row
from .rules import MechanismVerdict, Ruling, find
from .source import EvidenceSource, LessControls, RecordEvidence
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
    if record.pair.line is not None:
        raise UsageError(
            f"{record.pair.name} is a line and no pair with an MDM, and has no verdict",
            "name the record of the pair, and give this one with --line (in Python lines=)",
        )
    check_controls(record, controls)
    for line in lines:
        check_line(record, line)
    return judge_against(record, controls, lines)


def judge_against(record: Record, others: Sequence[Record], lines: Sequence[Record] = ()) -> PairVerdict:
    """As `judge`, held against any records: whether they are controls of the pair is not asked.

    What is attributed then is a difference between trainings, and of diffusion only where the others are
    controls. That is how controls are held against each other.
    """
    source = RecordEvidence(record, others)
    return PairVerdict(
        record.pair.name,
        source.controls,
        judge_tasks(source),
        judge_suites(source),
        make_statements(record, others),
        tuple(map(make_row, (record, *others, *lines))) if lines else (),
    )


def judge_tasks(source: EvidenceSource) -> tuple[Judged, ...]:
    """The verdict on every task."""
    findings = {name: find(source.of(name)) for name in source.suite_of}
    return _judged(findings, source.controls, source.apart, dict.fromkeys(findings, ()))


def judge_suites(source: EvidenceSource) -> tuple[Judged, ...]:
    """The verdict on every suite that has tasks."""
    inside = {
        suite: [name for name, of in source.suite_of.items() if of == suite]
        for suite in SUITES
        if suite in source.suite_of.values()
    }
    found = {suite: _find_over(names, source, Among(suite)) for suite, names in inside.items()}
    return _judged(
        {suite: finding for suite, (finding, _) in found.items()},
        source.controls,
        lambda suite: source.apart_over(inside[suite], Among(suite)),
        {suite: carriers for suite, (_, carriers) in found.items()},
    )


def _judged(
    findings: Mapping[str, Ruling],
    controls: Sequence[str],
    apart: Callable[[str], LessControls],
    without: Mapping[str, tuple[str, ...]],
) -> tuple[Judged, ...]:
    """Verdicts after Holm's adjustment over all of them, then their attributions after one of their own."""
    # All that could have been given a verdict are counted: which ones are is told by the same numbers, and
    # an adjustment over those alone would be none where a single one is.
    every = dict(zip(findings, holm([one.p for one in findings.values()]), strict=True)) if findings else {}
    p = {name: float(every[name]) for name, one in findings.items() if one.verdict != "undecided"}
    found = {name: _chance(one, p[name]) if p.get(name, 0) > ALPHA else one for name, one in findings.items()}
    attributions = adjusted(
        [
            attribute_change(one.changed, _named(apart(name)) if one.changed else _unasked(controls))
            for name, one in found.items()
        ]
    )
    return tuple(
        Judged(name, one, p.get(name), attribution, without[name])
        for (name, one), attribution in zip(found.items(), attributions, strict=True)
    )


def _unasked(controls: Sequence[str]) -> dict[str, Missing]:
    return dict.fromkeys(controls, Missing(missing="nothing changed"))


def _named(apart: LessControls) -> dict[str, dict[str, Measured] | Missing]:
    return {name: one if isinstance(one, Missing) else one.named() for name, one in apart.items()}


def _chance(finding: Ruling, p: float) -> Ruling:
    """What one verdict says by itself, and not among so many."""
    why = f"{finding.verdict} by itself, but p = {p:.3f} by Holm over all"
    return replace(finding, verdict="undecided", why=why)


def _alike(one: Ruling, other: Ruling) -> bool:
    """Whether two findings are one verdict; of two that extend, to the same side."""
    return one.verdict == other.verdict and (one.verdict != "extended" or one.why == other.why)


def _find_over(inside: Sequence[str], source: EvidenceSource, among: Among) -> tuple[Ruling, tuple[str, ...]]:
    """The verdict on the means over tasks; undecided where leaving one of them out makes it another one."""
    found = find(source.over(inside, among))
    if found.verdict == "undecided" or len(inside) < 2:
        return found, ()
    without = tuple(
        left_out
        for left_out in inside
        if not _alike(find(source.over([name for name in inside if name != left_out], among)), found)
    )
    if not without:
        return found, ()
    why = f"{found.verdict} over all tasks, but not without {listed(without)}"
    return replace(found, verdict="undecided", why=why), without
