"""What charts show of the reads beside the headline's: values by the share of the answer that is masked."""

from collections.abc import Callable
from dataclasses import dataclass

from .protocol import Beside
from .quantity import Owner, entry
from .types import AtRead, Measured, Number, TaskRecord


@dataclass(frozen=True)
class Line:
    """What a line of a panel is called, whose it is (None: of both members), and its value at a read."""

    label: str
    member: Owner | None
    of: Callable[[AtRead], Measured]


@dataclass(frozen=True)
class Panel:
    """Lines on one axis, which shows at least the values from `low` to `high`."""

    title: str
    low: float
    high: float
    lines: tuple[Line, ...]


PANELS = (
    Panel(
        "ρ of edges",
        0,
        1,
        (
            Line("ARM and MDM", None, lambda at: entry(at.structure, "edges")),
            Line("MDM and its headline", "MDM", lambda at: entry(at.structure, "headline")),
        ),
    ),
    Panel(
        "Early share, squared",
        0,
        1,
        (
            Line("ARM", "ARM", lambda at: entry(at.squared["arm"], "early_share")),
            Line("MDM", "MDM", lambda at: entry(at.squared["mdm"], "early_share")),
        ),
    ),
    Panel(
        "Specialisation, squared",
        0,
        1,
        (
            Line("ARM", "ARM", lambda at: entry(at.squared["arm"], "specialisation")),
            Line("MDM", "MDM", lambda at: entry(at.squared["mdm"], "specialisation")),
        ),
    ),
    Panel(
        "Right-context share",
        0,
        0.1,
        (Line("MDM", "MDM", lambda at: entry(at.direction, "right_context")),),
    ),
)


@dataclass(frozen=True)
class Placed:
    """A read and where it stands on the axis: the share of the answer that is masked, in [0, 1]."""

    read: Beside
    masked: float
    at: AtRead


def placed_stages(task: TaskRecord) -> tuple[Placed, ...]:
    """The stages of the denoising, from the one that masks most; empty where there are fewer than two."""
    found = sorted(_placed(task, ("start", "half", "last")), key=lambda one: -one.masked)
    return tuple(found) if len(found) > 1 else ()


def placed_copies(task: TaskRecord) -> tuple[Placed, ...]:
    """The copied tokens, which are no stage; empty where there are none."""
    return tuple(_placed(task, ("copy",)))


def _placed(task: TaskRecord, reads: tuple[Beside, ...]) -> list[Placed]:
    found = []
    for read in reads:
        at = task.stages.reads.get(read)
        if isinstance(at, AtRead) and isinstance(at.masked, Number):
            found.append(Placed(read, at.masked.value, at))
    return found
