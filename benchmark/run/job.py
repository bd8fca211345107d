"""What a run and the processes that help it write to each other: a job, numbers of tasks, and news."""

from pathlib import Path

from ..pairs.spec import PairSpec
from ..record.protocol import Part, Protocol, ProtocolTask


class Job(Part):
    """A run as a process that helps it is told of it: everything that decides which cells there are.

    `spec` names the very commits that the run has loaded. `rows`: token rows at once; `threads`: torch's;
    `wanted`: as `plan_run` takes it. `version` of mechshift and `keys` of the plan are what the process has
    to find too: else it would compute other cells.
    """

    spec: PairSpec
    device: str
    protocol: Protocol
    tasks: tuple[ProtocolTask, ...]
    wanted: tuple[str, ...] | None
    out: Path
    rows: int
    threads: int
    version: str
    keys: tuple[str, ...]


class News(Part):
    """What a process that helps says of itself.

    `task`: the number of the task that it is at. With `cell` a cell of it was computed, of so many examples
    or other things to do (`total`) and in so many `seconds`; with `note` there is something that a person has
    to know; with neither the task is done.
    """

    task: int
    cell: str | None = None
    total: int = 1
    seconds: float = 0.0
    note: str | None = None
