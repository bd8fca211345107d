"""The verdict on a recipe of which there are several trainings: the same rules, on numbers over seeds."""

import math
from collections.abc import Callable, Mapping, Sequence

from ...errors import UsageError, listed
from ..contrast.differences import statistic_of
from ..record.controls import check_controls
from ..record.missing import Missing
from ..record.number import COUNTED, Measured, Number, Resampling
from ..record.record import Record
from ..record.seeds import difference_of_both, mean_of_both
from ..record.summary import Among
from .attribution import less
from .evidence import TransferEvidence, of_task, of_tasks
from .source import LessControls, mean_difference
from .statements import TopicNumbers, differences_from, statements_from, values_in
from .topics import Topic
from .verdict import PairVerdict, judge_suites, judge_tasks


def judge_seeds(records: Sequence[Record], controls: Sequence[Record] = ()) -> PairVerdict:
    """The verdict on the recipe of which the records are seeds, held against the mean of the controls.

    Every number is the mean over seeds, with an interval for other seeds and other prompts together
    (`record.seeds`). The controls are seeds of one recipe too. Raises UsageError for fewer than two records,
    for records of another ARM, protocol or tasks than the first, and for one that is no control of it.
    """
    check_seeds(records)
    check_controls(records[0], controls)
    if len(controls) > 1:
        check_seeds(controls)
    source = SeedsEvidence(records, controls)
    return PairVerdict(
        f"{records[0].pair.name} and {len(records) - 1} more",
        source.controls,
        judge_tasks(source),
        judge_suites(source),
        statements_from(
            TopicNumbers(source.values, source.values_apart, list(source.suite_of), source.controls)
        ),
    )


def check_seeds(records: Sequence[Record]) -> None:
    """Raises UsageError for records that cannot be seeds of one recipe, with all that speaks against it."""
    if len(records) < 2:
        raise UsageError(
            "seeds of a recipe are at least two records, and there is one",
            "give the records of its other seeds, or leave out --seeds (in Python seeds=)",
        )
    first = records[0]
    for record in records[1:]:
        found = {
            "the ARM": record.pair.arm.digest != first.pair.arm.digest,
            "the protocol": record.protocol != first.protocol,
            "whether it is a control": record.pair.control != first.pair.control,
            "attention": record.pair.mdm.attention != first.pair.mdm.attention,
            "the read-out offset": record.pair.mdm.shift != first.pair.mdm.shift,
            "the tasks": {task.task for task in record.results} != {task.task for task in first.results},
        }
        if differing := [what for what, differs in found.items() if differs]:
            raise UsageError(
                f"{record.pair.name} and {first.pair.name} are no two seeds of one recipe: they differ in "
                f"{listed(differing)}",
                "give records of one ARM that was trained by one recipe, or leave out --seeds "
                "(in Python seeds=)",
            )
        if record.pair.mdm.digest == first.pair.mdm.digest:
            raise UsageError(
                f"{record.pair.name} and {first.pair.name} have the same weights",
                "give each seed once",
            )


class SeedsEvidence:
    """Numbers over the seeds of a recipe, and less those over the seeds of its control."""

    def __init__(self, records: Sequence[Record], controls: Sequence[Record]) -> None:
        self._records, self._controls = records, controls
        number = len(controls)
        called = f"the mean of {number} controls" if number > 1 else "the control"
        self.controls: tuple[str, ...] = (called,) if controls else ()
        self.suite_of = {task.task: task.suite for task in records[0].results}

    def of(self, task: str) -> TransferEvidence:
        """The evidence on a task, each number a mean over seeds."""
        return self.over([task], Among())

    def apart(self, task: str) -> LessControls:
        """The same less that of the controls."""
        return self.apart_over([task], Among())

    def over(self, names: Sequence[str], among: Among) -> TransferEvidence:
        """The evidence over these tasks, each number a mean over seeds."""
        return _combined([_evidence(record, among, names) for record in self._records], over_seeds)

    def apart_over(self, names: Sequence[str], among: Among) -> LessControls:
        """That of the records less that of the controls."""
        if not self._controls:
            return {}
        (called,) = self.controls
        each = [
            mean_difference([_less(record, control, name) for name in names], among)
            for record, control in self._beside()
        ]
        if lacking := [one for one in each if isinstance(one, Missing)]:
            return {called: lacking[0]}
        apart = [one for one in each if isinstance(one, TransferEvidence)]
        of, less_of = (
            [_evidence(record, among, names) for record in side] for side in (self._records, self._controls)
        )

        def difference(values: Sequence[Measured]) -> Measured:
            return _difference(*_cut(values, len(of), len(less_of)))

        return {called: _combined([*of, *less_of, *apart], difference)}

    def values(self, topic: Topic, without: str) -> dict[str, Measured]:
        """A topic's estimators over all tasks but the named one."""
        return _each([topic.measure(values_in(record, without)) for record in self._records], over_seeds)

    def values_apart(self, topic: Topic) -> dict[str, Mapping[str, Measured]]:
        """Those of the records less those of the controls."""
        if not self._controls:
            return {}
        of, less_of = (
            [topic.measure(values_in(record)) for record in side] for side in (self._records, self._controls)
        )
        apart = [topic.measure(differences_from(*both)) for both in self._beside()]

        def difference(values: Sequence[Measured]) -> Measured:
            return _difference(*_cut(values, len(of), len(less_of)))

        return {self.controls[0]: _each([*of, *less_of, *apart], difference)}

    def _beside(self) -> list[tuple[Record, Record]]:
        """Seeds of either side, one each, as far as both have some."""
        return list(zip(self._records, self._controls, strict=False))


def over_seeds(values: Sequence[Measured]) -> Measured:
    """The mean over seeds with the interval for other seeds and other prompts together."""
    return mean_of_both(values, _resampling(values))


def _difference(
    pairs: Sequence[Measured], controls: Sequence[Measured], apart: Sequence[Measured]
) -> Measured:
    return difference_of_both(pairs, controls, apart, _resampling(apart))


def _resampling(values: Sequence[Measured]) -> Resampling:
    """What the mean of intervals over prompts is taken to be estimated from.

    With the fewest degrees of freedom of any seed, and reaching the shortest quantile of any part: the one
    makes a standard error less certain, the other makes it larger.
    """
    bounded = [value for value in values if isinstance(value, Number) and value.bounded]
    parts = [part for value in bounded for _, part in value.parts or ((1.0, value),)]
    return Resampling(
        min((statistic_of(value)[1] for value in bounded), default=1.0),
        math.inf,
        max(((part.resampling or COUNTED).of_quantile for part in parts), default=math.inf),
    )


def _evidence(record: Record, among: Among, names: Sequence[str]) -> TransferEvidence:
    tasks = {task.task: task for task in record.results}
    return of_tasks([of_task(record, tasks[name]) for name in names], among)


def _less(record: Record, control: Record, name: str) -> TransferEvidence | Missing:
    return less(record, control, next(task for task in record.results if task.task == name))


def _cut(
    values: Sequence[Measured], first: int, second: int
) -> tuple[Sequence[Measured], Sequence[Measured], Sequence[Measured]]:
    return values[:first], values[first : first + second], values[first + second :]


Combine = Callable[[Sequence[Measured]], Measured]


def _combined(every: Sequence[TransferEvidence], combine: Combine) -> TransferEvidence:
    """Number by number from several sets of evidence."""
    return TransferEvidence(
        {host: combine([one.transfer[host] for one in every]) for host in every[0].transfer},
        {host: combine([one.half[host] for one in every]) for host in every[0].half},
        {name: combine([one.structure[name] for one in every]) for name in every[0].structure},
        any(one.moved for one in every),
    )


def _each(every: Sequence[Mapping[str, Measured]], combine: Combine) -> dict[str, Measured]:
    return {name: combine([one[name] for one in every]) for name in every[0]}
