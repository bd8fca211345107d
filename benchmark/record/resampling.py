"""What the intervals of a task were estimated from: which examples, in how many units, by which resamples."""

import math
from collections.abc import Hashable

from ...metrics import TEMPLATES_DRAWN
from .number import Measured, Number, Resampling
from .protocol import Protocol, Statistics
from .record import Record
from .task_record import PoolRecord, TaskResult


def examples_of(record: Record, task: TaskResult) -> Hashable:
    """A key of what was resampled: where two results have the same, their r-th resamples are paired.

    The tokenizer is in it, as examples are ordered by their length in tokens: with another one the same
    resample is of other prompts.
    """
    pool = task.pool
    return (
        pool.fingerprint,
        pool.discovery,
        pool.evaluation,
        pool.templates,
        record.pair.tokenizer,
        record.protocol.sweeping.swept,
        record.protocol.statistics.resamples,
    )


def resampling_of(record: Record, task: TaskResult) -> Resampling:
    """What the resampled numbers of a task were estimated from."""
    return resampled_by(record.protocol.statistics, _units(task.pool, record.protocol))


def resampled_by(statistics: Statistics, freedom: int) -> Resampling:
    """What numbers were estimated from that were resampled with so many degrees of freedom."""
    of_quantile = freedom if statistics.interval == "student" else math.inf
    return Resampling(freedom, statistics.resamples, of_quantile)


def _units(pool: PoolRecord, protocol: Protocol) -> int:
    """Degrees of freedom between the units that are resampled: units less strata, at least 1.

    A record has no list of its groups, so that they are counted as `group_examples` deals them, at the most
    one an example. That is the discovery half; faithfulness resamples the swept examples. All numbers are
    judged as strictly as those that have the fewer units: the quantile of Student's t that a claim has to
    reach is further out by at least as much as that of the interval is taken to be.
    """
    fewest = min(pool.discovery, protocol.sweeping.swept or pool.discovery)
    templates = max(1, min(pool.templates, fewest))
    groups = min(max(2, protocol.halving.groups // templates) * templates, fewest)
    return freedom_of(groups, templates)


def freedom_of(groups: int, templates: int) -> int:
    """Degrees of freedom between so many groups of so many templates, at least 1.

    Between templates where these are drawn, or have one group each; else between the groups within them.
    """
    if templates >= TEMPLATES_DRAWN or groups <= templates:
        return max(1, templates - 1)
    return max(1, groups - templates)


def with_resampling(value: Measured, resampling: Resampling) -> Measured:
    """The value with what it was estimated from, unless it knows that itself, as an accuracy does."""
    if isinstance(value, Number) and value.resampling is None:
        return value.estimated(resampling)
    return value
