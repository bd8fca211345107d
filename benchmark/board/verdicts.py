"""The verdicts that a row of a board begins with: of its pair on both suites, held against its controls.

No model runs and no cell is read: a verdict is computed from the record and the draws of its submission, as
`mechshift verdict` does. Only what is shown of it is kept, as claims with the draws behind them would take a
board of thousands more memory than all else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..contrast.comparable import why_unpaired
from ..contrast.differences import Pairing
from ..record.controls import by_name
from ..record.quantities.function import why_none
from ..record.record import Record
from ..verdict.attribution import NO_CONTROL
from ..verdict.evidence import evidence_places, with_evidence_draws
from ..verdict.rules import MechanismVerdict
from ..verdict.source import RecordEvidence
from ..verdict.text import deciding, judged_values, p_text
from ..verdict.verdict import Judged, judge_suites
from .entries import Entry


@dataclass(frozen=True)
class SuiteVerdict:
    """What is said of a pair on the tasks of a suite, and what decided it.

    `attribution`: whether a change is more than the controls show; None where nothing changed. `details`: a
    line for each number that decided; `values`: all of it, unrounded, for JSON.
    """

    verdict: MechanismVerdict
    attribution: str | None
    details: tuple[str, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class RowVerdicts:
    """The verdicts of a row, by suite; `missing`: why there are none.

    `pairing`: by control, how differences from it were computed, task by task.
    """

    suites: Mapping[str, SuiteVerdict] = field(default_factory=dict)
    missing: str | None = None
    pairing: Mapping[str, Pairing] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "suites": {name: dict(one.values) for name, one in self.suites.items()},
            "missing": self.missing,
            "differences": dict(self.pairing),
        }


def judge_entry(entry: Entry, controls: Sequence[Entry]) -> RowVerdicts:
    """The verdicts on an entry's pair, held against the controls of its ARM on the same board.

    None of a control, and none where no circuit was run in the other member.
    """
    record = entry.record
    if record.pair.control:
        return RowVerdicts(missing="it is a control")
    if all(task.function is None for task in record.tasks):
        first = next(iter(record.results), None)
        reason = "the record has no task" if first is None else why_none(first).missing
        return RowVerdicts(missing=f"no verdict: {reason}")
    drawn, beside = _with_draws(entry), [_with_draws(control) for control in controls]
    try:
        # Of a stranger's plain record: numbers such as 1e308 have no mean.
        with np.errstate(all="ignore"):
            judged = judge_suites(RecordEvidence(drawn.record, [each.record for each in beside]))
    except (ValueError, ArithmeticError) as error:
        return RowVerdicts(missing=f"no verdict: {error}")
    names = by_name([each.record for each in beside])
    pairing = {name: _pairing(drawn, other) for name, other in zip(names, beside, strict=True)}
    return RowVerdicts({one.name: _of_suite(one, pairing) for one in judged}, pairing=pairing)


@dataclass(frozen=True)
class _Drawn:
    """A record, and whether it has the draws that verdicts are read from."""

    record: Record
    drawn: bool


def _with_draws(entry: Entry) -> _Drawn:
    """With what its submission has of them, unless those are not the resamples of its protocol."""
    draws, wanted = entry.draws or {}, entry.record.protocol.statistics.resamples
    fit = {place: draws[place] for place in evidence_places(entry.record) if place in draws}
    if not fit or any(len(values) != wanted for values in fit.values()):
        return _Drawn(entry.record, drawn=False)
    return _Drawn(with_evidence_draws(entry.record, fit), drawn=True)


def _pairing(pair: _Drawn, control: _Drawn) -> Pairing:
    """Whether differences are of resamples of the same prompts: on all tasks, on some, or on none."""
    if not (pair.drawn and control.drawn):
        return "independent"
    others = {task.task: task for task in control.record.tasks}
    paired = [
        task.task in others and not why_unpaired((pair.record, task), (control.record, others[task.task]))
        for task in pair.record.tasks
    ]
    return "paired" if all(paired) else "partly paired" if any(paired) else "independent"


def _of_suite(one: Judged, pairing: Mapping[str, Pairing]) -> SuiteVerdict:
    lines = deciding(one)
    if one.adjusted_p is not None:
        lines.append(f"{p_text(one.adjusted_p)} by Holm over both suites")
    if one.attribution.claims:
        lines += _unpaired(pairing)
    says = one.attribution.says
    shown = says if one.finding.changed or says == NO_CONTROL.says else None
    return SuiteVerdict(one.verdict, shown, tuple(lines), judged_values(one))


def _unpaired(pairing: Mapping[str, Pairing]) -> Iterator[str]:
    """What is to be known of differences that are not paired throughout: their intervals are wider."""
    for name, how in pairing.items():
        if how != "paired":
            some = "on some tasks " if how == "partly paired" else ""
            why = "as there are no resampled values of the same prompts in both"
            yield f"less {name}: {some}taken for independent, {why}"
