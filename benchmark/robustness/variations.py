"""What is varied, declared once: of each variation its name, its kind, and what changes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..measure.budgets import budgets
from ..record.missing import Missing
from ..record.protocol import Protocol
from ..record.record import Record
from ..record.robustness import VariedKind
from ..record.task_record import TaskRecord
from .fewer import fewer_prompts, without_templates
from .kept import KeptTask
from .reread import Reweighting, at_read, weighed

FromCells = Callable[[KeptTask], TaskRecord | Missing]
"""A task of a variation from its kept cells, or why there is none."""


@dataclass(frozen=True)
class Variation:
    """One thing done otherwise.

    `settings`: of the protocol that change; models run under them. `from_cells`: how the same, or as much of
    it as can be, is had from the cells of the record alone.
    """

    kind: VariedKind
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    from_cells: FromCells | None = None


SHARES = {"half of the prompts": 0.5, "a quarter of the prompts": 0.25}
DRAWS = 3
"""Random choices of prompts for each share."""
FOLDS = 6
"""Of templates, at most: tasks of six templates are without one of them at a time, others without a sixth."""
RESAMPLING_SEEDS = 2

WEIGHTINGS: tuple[tuple[Reweighting, str], ...] = (
    ("squared mass", "squared mass"),
    ("number of edges", "edges all alike"),
    ("no unit", "ρ in no unit"),
    ("full spread", "ρ in units of spread"),
)

_SETTINGS: tuple[tuple[VariedKind, str, Mapping[str, Any]], ...] = (
    ("points", "m = 5", {"steps": 5}),
    ("points", "m = 10", {"steps": 10}),
    ("points", "m = 30", {"steps": 30}),
    ("rule", "rule left", {"rule": "left"}),
    ("rule", "rule right", {"rule": "right"}),
    ("rule", "rule midpoint", {"rule": "midpoint"}),
    ("rule", "rule staggered", {"rule": "staggered"}),
    # Exact patching takes a pass for every edge and prompt, so that it is no variation to try in passing.
    ("scoring", "EAP", {"method": "eap", "steps": 1}),
    ("scoring", "RelP", {"method": "relp", "steps": 1}),
    ("scoring", "GIM", {"method": "gim", "steps": 1}),
    ("scoring", "positive edges first", {"selection": "positive"}),
    ("scoring", "consistent signs first", {"selection": "consistent"}),
    ("scoring", "frequent edges first", {"selection": "frequent"}),
    ("intervention", "patch", {"intervention": "patch"}),
    ("intervention", "zero", {"intervention": "zero"}),
    ("intervention", "mean", {"intervention": "mean"}),
    ("read", "read plan", {"read": "plan"}),
    ("read", "read trajectory", {"read": "trajectory"}),
    ("denoising", "order by confidence", {"denoising_order": "confidence"}),
    ("denoising", "order left to right", {"denoising_order": "left to right"}),
    ("denoising", "order random", {"denoising_order": "random"}),
    ("denoising", "steps by task", {"denoising_steps": "task"}),
    ("denoising", "one step", {"denoising_steps": 1}),
    ("denoising", "two steps", {"denoising_steps": 2}),
)
"""What models run for; those that the protocol has already are no variations of it."""


def list_variations(record: Record) -> tuple[Variation, ...]:
    """All variations of a record, those that need no model first."""
    return (
        *_of_prompts(),
        *_of_templates(record),
        *(Variation("weighting", name, from_cells=partial(weighed, by=by)) for by, name in WEIGHTINGS),
        *_of_resampling(record.protocol),
        *_of_reads(record.protocol),
        *(
            Variation(kind, name, settings, _at_size(settings["circuit_edges"]) if kind == "budget" else None)
            for kind, name, settings in list_settings(record.protocol, record.pair.edges)
        ),
    )


Settings = Mapping[str, Any]


def list_settings(protocol: Protocol, edges: int) -> Iterator[tuple[VariedKind, str, Settings]]:
    """Kind, name and changed settings of every variation of a protocol, on a graph of so many edges."""
    seed = protocol.sampling.seed + 1
    declared: list[tuple[VariedKind, str, Settings]] = [
        *_sizes(protocol, edges),
        ("prompts", f"other prompts, seed {seed}", {"seed": seed}),
        *_SETTINGS,
    ]
    # Only EAP-IG integrates: of another method points and rule change nothing.
    unused = () if protocol.scoring.method == "eap-ig" else ("points", "rule")
    return (one for one in declared if one[0] not in unused and protocol.changed(**one[2]) != protocol)


def _of_prompts() -> Iterator[Variation]:
    for name, share in SHARES.items():
        for draw in range(DRAWS):
            yield Variation("prompts", f"{name}, draw {draw + 1}", from_cells=_fewer(share=share, seed=draw))


def _of_templates(record: Record) -> Iterator[Variation]:
    folds = min((task.pool.templates for task in record.tasks), default=0)
    for fold in range(min(folds, FOLDS) if folds > 1 else 0):
        name = f"without templates {fold + 1}/{min(folds, FOLDS)}"
        yield Variation("templates", name, from_cells=_without(fold=fold, folds=min(folds, FOLDS)))


def _sizes(protocol: Protocol, edges: int) -> Iterator[tuple[VariedKind, str, Settings]]:
    """Circuits of all tasks at one size, each of the grid."""
    named: dict[int, float] = {}
    for size, share in zip(budgets(protocol.sweeping.grid, edges), protocol.sweeping.grid, strict=True):
        # In a small graph several shares are one size.
        named.setdefault(size, share)
    for size, share in named.items():
        yield "budget", f"{100 * share:g} % of edges", {"circuit_edges": size}


def _of_resampling(protocol: Protocol) -> Iterator[Variation]:
    for number in range(1, RESAMPLING_SEEDS + 1):
        seed = protocol.statistics.resampling_seed + number
        yield Variation("resampling", f"resampling seed {seed}", from_cells=_resampled(seed=seed))


def _of_reads(protocol: Protocol) -> Iterator[Variation]:
    for read in protocol.reading.beside:
        yield Variation("read", f"read {read}", from_cells=_at(read=read))


def _fewer(**how: Any) -> FromCells:
    def vary(kept: KeptTask) -> TaskRecord | Missing:
        # At the size of the record's circuits, as those that were run are of it.
        found = fewer_prompts(kept, **how)
        return found if isinstance(found, Missing) else found.computed(edges=kept.edges)

    return vary


def _without(**how: Any) -> FromCells:
    def vary(kept: KeptTask) -> TaskRecord | Missing:
        found = without_templates(kept, **how)
        return found if isinstance(found, Missing) else found.computed(edges=kept.edges)

    return vary


def _at_size(size: int) -> FromCells:
    def vary(kept: KeptTask) -> TaskRecord | Missing:
        # What the members' circuits of another size do in each other, no kept cell tells.
        return kept.computed(edges=size).model_copy(update={"function": None})

    return vary


def _resampled(seed: int) -> FromCells:
    return lambda kept: kept.computed(kept.protocol.changed(resampling_seed=seed), kept.edges)


def _at(read: Any) -> FromCells:
    return lambda kept: at_read(kept.task, read)
