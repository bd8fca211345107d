"""How long the cells of a run take: from the speed of a machine, or from what earlier cells took."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..run.plan import MEMBERS, Stage, kind_name, kinds_of
from ..run.timing import Slot, stem
from .forecast import Forecast
from .probe import Speeds

Source = Literal["probe", "stated", "earlier"]
"""Of times: a probe of this machine, a speed that was stated, or earlier runs."""

STAGES: dict[Stage, str] = {
    "pool": "decoding",
    "scores": "attribution",
    "sweep": "circuits",
    "entropies": "entropies",
    "effects": "effects",
    "cards": "cards",
    "stages": "other reads",
    "ablation": "ablation",
    "transfer": "transfer",
}
"""The stage of the forecast that a kind of cell is, where a model runs for it."""


_QUICK: tuple[Stage, ...] = ("prompts", "causality", "function")
"""What takes no time that counts."""


@dataclass(frozen=True)
class Work:
    """Floating-point operations of a cell: without a way back, and of passes with one."""

    forward: int
    graded: int

    @property
    def flop(self) -> int:
        """All of them."""
        return self.forward + self.graded


def works_of(found: Forecast) -> dict[Slot, Work]:
    """The work of every cell that a model runs for, the extractor's own products included."""
    works: dict[Slot, Work] = {}
    asked = {kind.stage for kind in kinds_of(found.protocol)}
    for task in found.tasks:
        for kind, stage in STAGES.items():
            if kind not in asked:
                continue
            each = [
                Work(
                    passes.forward_flop(sizes) + passes.extraction_flop(sizes),
                    passes.graded_flop(sizes),
                )
                for passes, sizes in zip(
                    (member.passes[stage] for member in task.members), found.asked_sizes, strict=True
                )
            ]
            if kind in ("pool", "stages"):
                works[task.task, kind] = Work(
                    sum(one.forward for one in each), sum(one.graded for one in each)
                )
            else:
                works |= {
                    (task.task, kind_name(kind, member)): one
                    for member, one in zip(MEMBERS, each, strict=True)
                }
    return works


def seconds_of(work: Work, speeds: Speeds) -> float:
    """Seconds of a cell that a model runs for: operations by their speed."""
    return work.forward / speeds.forward + work.graded / speeds.graded


def seconds_at(found: Forecast, speeds: Speeds) -> dict[Slot, float]:
    """Seconds of every cell at these speeds.

    Operations by their speed, and a comparison by what it takes once with so many edges, and resamples + 1
    times what a resample takes at the protocol's splits and budgets.
    Circuits of edges are chosen, prompts written, and what was run compared in no time that counts.
    """
    seconds = {slot: seconds_of(work, speeds) for slot, work in works_of(found).items()}
    asked, edges = kinds_of(found.protocol), found.asked_sizes[0].graph.edges
    # One more than the resamples: the sample itself is ranked too.
    compared = speeds.fixed.at(edges) + (found.protocol.statistics.resamples + 1) * speeds.ranked.at(edges)
    for task in found.tasks:
        seconds |= {(task.task, kind_name("circuit", member)): 0.0 for member in MEMBERS}
        seconds |= {(task.task, kind.name): 0.0 for kind in asked if kind.stage in _QUICK}
        seconds[task.task, kind_name("comparison")] = compared
    return seconds


def earlier_forecast(found: Forecast, earlier: Mapping[Slot, float]) -> dict[Slot, float]:
    """Seconds of every cell by those of earlier ones, of which some tasks may have none.

    A cell without a figure takes as long an operation as those of its kind that have one, one that no model
    runs for as long as their mean. Cells of a kind without any figure are left out.
    """
    works = works_of(found)
    known: dict[str, list[Slot]] = defaultdict(list)
    for slot in earlier:
        known[slot[1]].append(slot)
    seconds = dict(earlier)
    for task in found.tasks:
        for kind, slots in known.items():
            slot = task.task, kind
            total = sum(earlier[one] for one in slots)
            if slot in seconds:
                continue
            if stem(kind) in STAGES:
                flop = sum(works[one].flop for one in slots if one in works)
                if flop:
                    seconds[slot] = total * works[slot].flop / flop
            else:
                seconds[slot] = total / len(slots)
    return seconds
