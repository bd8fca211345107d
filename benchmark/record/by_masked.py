"""What charts show of the reads beside the headline's: values by the share of the answer that is masked."""

from collections.abc import Callable
from dataclasses import dataclass

from .number import Measured, Number
from .protocol import BesideRead
from .quantity import Owner, entry
from .reads import AtRead
from .task_record import TaskRecord


@dataclass(frozen=True)
class MaskedLine:
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
    lines: tuple[MaskedLine, ...]


PANELS = (
    Panel(
        "ρ of edges, standardised",
        0,
        1,
        (
            MaskedLine("ARM and MDM", None, lambda at: entry(at.structure, "standardised")),
            MaskedLine("MDM and its headline", "MDM", lambda at: entry(at.structure, "headline")),
        ),
    ),
    Panel(
        "Early share, squared",
        0,
        1,
        (
            MaskedLine("ARM", "ARM", lambda at: entry(at.squared.arm, "early_share")),
            MaskedLine("MDM", "MDM", lambda at: entry(at.squared.mdm, "early_share")),
        ),
    ),
    Panel(
        "Specialisation, squared",
        0,
        1,
        (
            MaskedLine("ARM", "ARM", lambda at: entry(at.squared.arm, "specialisation")),
            MaskedLine("MDM", "MDM", lambda at: entry(at.squared.mdm, "specialisation")),
        ),
    ),
    Panel(
        "Right-context share, squared",
        0,
        0.1,
        (MaskedLine("MDM", "MDM", lambda at: entry(at.direction, "right_context_squared")),),
    ),
)


@dataclass(frozen=True)
class PlacedRead:
    """A read and where it stands on the axis: the share of the answer that is masked, in [0, 1]."""

    read: BesideRead
    masked: float
    at: AtRead


def placed_stages(task: TaskRecord) -> tuple[PlacedRead, ...]:
    """The stages of the denoising, from the one that masks most; empty where there are fewer than two."""
    found = sorted(_placed(task, ("start", "half", "last")), key=lambda one: -one.masked)
    return tuple(found) if len(found) > 1 else ()


def placed_copies(task: TaskRecord) -> tuple[PlacedRead, ...]:
    """The copied tokens, which are no stage; empty where there are none."""
    return tuple(_placed(task, ("copy",)))


def _placed(task: TaskRecord, reads: tuple[BesideRead, ...]) -> list[PlacedRead]:
    found = []
    for read in reads:
        at = task.stages.reads.get(read)
        if isinstance(at, AtRead) and isinstance(at.masked, Number):
            found.append(PlacedRead(read, at.masked.value, at))
    return found
