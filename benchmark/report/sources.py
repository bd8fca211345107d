"""The records that a report is on: read, checked against each other, and each beside its controls."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import MechshiftError, UsageError
from ..contrast.comparable import match_tasks
from ..contrast.side import Side, computable, read_side, with_draws_of_cells
from ..record.controls import check_control
from ..record.record import Record
from ..run.progress import Announce, announce_nothing
from ..verdict.over_seeds import check_seeds, judge_seeds
from ..verdict.verdict import PairVerdict, judge


@dataclass(frozen=True)
class Sources:
    """The sides of a report. `seeds`: whether the pairs are trainings of one recipe, and so the controls."""

    pairs: tuple[Side, ...]
    controls: tuple[Side, ...] = ()
    seeds: bool = False

    @property
    def every(self) -> tuple[Side, ...]:
        """The pairs, then the controls."""
        return (*self.pairs, *self.controls)

    def beside(self, pair: Side) -> tuple[Side, ...]:
        """The controls of a pair: those of its ARM."""
        arm = pair.record.pair.arm.digest
        return tuple(each for each in self.controls if each.record.pair.arm.digest == arm)

    def verdict_of(self, pair: Side) -> PairVerdict:
        """What is stated of a pair, held against its controls."""
        controls = self.beside(pair)
        with computable(pair, (controls or (pair,))[0]):
            return judge(pair.record, [each.record for each in controls])

    def verdict_of_seeds(self) -> PairVerdict:
        """What is stated of the recipe, from all of its seeds."""
        with computable(self.pairs[0], (self.controls or self.pairs)[-1]):
            return judge_seeds(*([each.record for each in side] for side in (self.pairs, self.controls)))


def read_sources(
    records: Sequence[Path | Record],
    controls: Sequence[Path | Record] = (),
    seeds: bool = False,
    cells: bool = True,
    announce: Announce = announce_nothing,
) -> Sources:
    """The sides of a report on some records, each a file, a run's folder or a submission.

    `cells`: whether resampled values that were not kept are computed from cells, some seconds a task, so that
    differences from controls are paired; `announce` is given a line for each. Raises UsageError for records
    of other protocols, of one name, that are no seeds of one recipe where `seeds` says so, and for a control
    of none of the pairs; UsageError and NotComputable for what cannot be read.
    """
    found = Sources(tuple(map(read_side, records)), tuple(map(read_side, controls)), seeds)
    check_sources(found)
    return _with_draws(found, announce) if cells and found.controls else found


def check_sources(found: Sources) -> None:
    """Raises UsageError for sides that no one report can be on, with the reason."""
    if not found.pairs:
        raise UsageError("a report is on at least one record, and none was given", "name a record")
    first, *others = found.every
    for other in others:
        if other.record.protocol != first.record.protocol:
            mine, its = (_protocol(side.record) for side in (first, other))
            how = f"{mine} and {its}" if mine != its else f"two protocols that are both called {mine}"
            raise UsageError(
                f"{first.name} and {other.name} are of {how}, and a report is on one protocol",
                "run all pairs under one protocol, or write a report for each",
            )
    for each in found.every:
        if each.record.pair.line is not None:
            raise UsageError(
                f"{each.name} is a line: neither a pair with an MDM nor a control",
                "leave it out; mechshift verdict --line shows it beside its pair",
            )
    counted = Counter(side.record.pair.name for side in found.every)
    if twice := [name for name, times in counted.items() if times > 1]:
        raise UsageError(
            f"{counted[twice[0]]} records are of a pair that is called {twice[0]}",
            "give each record once, and pairs names of their own (`mechshift run --name`)",
        )
    if found.seeds:
        for side in filter(len, (found.pairs, found.controls if len(found.controls) > 1 else ())):
            check_seeds([each.record for each in side])
    for control in found.controls:
        _check_is_control(control, found.pairs)


def _protocol(record: Record) -> str:
    return f"{record.protocol.name}@{record.protocol.version}"


def _check_is_control(control: Side, pairs: Sequence[Side]) -> None:
    """Of one of the pairs at least; of no other one that has its ARM, as those are held against it too."""
    refusals = []
    for pair in pairs:
        try:
            check_control(pair.record, control.record)
        except MechshiftError as error:
            refusals.append((pair, error))
    same = [
        error
        for pair, error in refusals
        if pair.record.pair.arm.digest == control.record.pair.arm.digest or len(refusals) == len(pairs)
    ]
    if same:
        raise same[0]


def _with_draws(found: Sources, announce: Announce) -> Sources:
    """The sides with the resampled values of all tasks that a pair shares with a control of its own."""
    wanted: dict[str, set[str]] = {}
    for pair in found.pairs:
        for control in found.beside(pair):
            tasks = {task.name for task in match_tasks(pair.record, control.record) if not task.unpaired}
            for side in (pair, control):
                wanted.setdefault(side.record.pair.name, set()).update(tasks)

    def drawn(side: Side) -> Side:
        return with_draws_of_cells(side, sorted(wanted.get(side.record.pair.name, ())), announce)

    return replace(found, pairs=tuple(map(drawn, found.pairs)), controls=tuple(map(drawn, found.controls)))
