"""The one size of circuits at which all tasks of all pairs are compared."""

from collections.abc import Mapping

from ...benchmark.record.record import Record
from ...benchmark.record.task_record import TaskRecord
from ...errors import NotComputable


def common_size(records: Mapping[str, Record]) -> int:
    """The largest compared size of any task in any pair at which every task of every pair was compared.

    The whole graph is left out, of which no overlap is defined: it is the compared size of a task whose
    circuits are nowhere faithful. Raises NotComputable where no size is left.
    """
    graphs = {record.pair.edges for record in records.values()}
    tasks = [task for record in records.values() for task in record.tasks]
    chosen = {task.comparison.compared.edges for task in tasks} - graphs
    shared = [size for size in chosen if all(size in _sizes(task) for task in tasks)]
    if not shared:
        raise NotComputable(
            "no size of circuits smaller than the whole graph was compared in every task of every pair",
            "make the records with a protocol whose grid has such a size, or of pairs that have circuits",
        )
    return max(shared)


def larger_than(edges: int, records: Mapping[str, Record]) -> list[tuple[str, str]]:
    """Pair and task of every comparison whose circuits are not both faithful at that size."""
    return [
        (pair, task.task)
        for pair, record in records.items()
        for task in record.tasks
        if task.comparison.compared.edges > edges
    ]


def _sizes(task: TaskRecord) -> set[int]:
    return {point.edges for point in (task.comparison.compared, *task.comparison.curve)}
