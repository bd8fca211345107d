"""A task's evidence as its cells keep it, and its numbers computed again from some or all of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..asking.grouping import Grouping, group_examples
from ..asking.pool import Pool
from ..compare.compare import compare, shared_threads
from ..compare.function import compare_function
from ..measure.circuit_runs import CircuitRuns
from ..measure.evidence import Evidence
from ..record.draws import map_numbers
from ..record.protocol import Compared, Protocol
from ..record.record import Record
from ..record.resampling import resampled_by
from ..record.task_record import TaskRecord
from ..run.plan import MEMBERS, Stage, Subject, kind_name
from ..run.rescore import planned_cells, read_cell

_EVIDENCE: tuple[Stage, ...] = ("scores", "sweep", "entropies", "effects")


@dataclass(frozen=True)
class KeptTask:
    """A task of a record with what models computed for it.

    `runs`: the circuits that were run in the ARM and in the MDM, None where the protocol asks for none;
    `grouping`: the pool's halves and their groups. `freedom`: degrees of freedom of what is resampled, None
    where they are the whole task's.
    """

    task: TaskRecord
    protocol: Protocol
    arm: Evidence
    mdm: Evidence
    runs: tuple[CircuitRuns, CircuitRuns] | None
    grouping: Grouping
    freedom: int | None = None

    def computed(self, protocol: Protocol | None = None, edges: int | None = None) -> TaskRecord:
        """The task with the numbers of this evidence, under the protocol or another one.

        `edges`: the size of the compared circuits; None: as the protocol chooses it. Overlap is computed at
        that size alone. Raises ValueError for evidence that is too little for any number.
        """
        under = protocol or self.protocol
        compared: Compared = under.compared
        if edges is not None:
            compared = compared.model_copy(update={"circuit_edges": edges})
        comparison = compare(
            self.arm,
            self.mdm,
            under.sweeping,
            compared,
            under.statistics,
            at_all_sizes=False,
            threads=shared_threads(),
        )
        function = None if self.runs is None else compare_function(*self.runs, under.statistics)
        found = {"comparison": comparison, "function": function}
        if self.freedom is not None:
            # A record has no list of its groups: of fewer prompts it would be read as of all.
            own = resampled_by(under.statistics, self.freedom)
            found = {
                name: map_numbers(content, name, lambda _, number: number.estimated(own))
                for name, content in found.items()
            }
        return self.task.model_copy(update=found)

    @property
    def edges(self) -> int:
        """The size of the compared circuits in the record."""
        return self.task.comparison.compared.edges


def kept_task(path: Path, record: Record, name: str) -> KeptTask:
    """A task of the record at `path` from the cells beside it.

    Raises NotComputable for a cell that is missing, or is not what the record says.
    """
    task = next(one for one in record.tasks if one.task == name)
    contents: dict[str, Any] = {}
    for cell in planned_cells(record, task, Subject.recorded(record)):
        if cell.kind.stage in ("pool", "transfer", *_EVIDENCE):
            contents[cell.name], _ = read_cell(path, record, cell)
    pool: Pool = contents["pool"]
    arm, mdm = (Evidence(*(contents[kind_name(stage, member)] for stage in _EVIDENCE)) for member in MEMBERS)
    runs = [contents[name] for name in (kind_name("transfer", each) for each in MEMBERS) if name in contents]
    return KeptTask(
        task,
        record.protocol,
        arm,
        mdm,
        (runs[0], runs[1]) if runs else None,
        group_examples(pool.solved, record.protocol.halving),
    )
