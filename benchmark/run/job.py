"""What a run tells the processes that help it."""

from pathlib import Path

from ..pairs.device_map import DeviceMap
from ..pairs.limits import Limits
from ..pairs.spec import PairSpec
from ..record.protocol import Part, Protocol, ProtocolTask


class Job(Part):
    """A run as a process that helps it is told of it: everything that decides which cells there are.

    `spec` names the very commits that the run has loaded. `order`: numbers of tasks, those first that are to
    be begun first; `rows`: token rows at once; `limits`: how the pair is held; `threads`: torch's; `wanted`:
    as `plan_run` takes it. `version` of mechshift and `keys` of the plan are what the process has to find
    too: else it would compute other cells.
    """

    spec: PairSpec
    device: str | DeviceMap
    protocol: Protocol
    tasks: tuple[ProtocolTask, ...]
    order: tuple[int, ...]
    wanted: tuple[str, ...] | None
    out: Path
    rows: int
    limits: Limits
    threads: int
    version: str
    keys: tuple[str, ...]

    @property
    def ordered(self) -> tuple[ProtocolTask, ...]:
        """The tasks in the order in which they are begun."""
        return tuple(self.tasks[number] for number in self.order)
