"""What is measured of one member on one task, as it is kept: all that the comparison needs, and no model.

Every file carries the templates and the places of its examples, so that numbers can be computed from it again
without a tokenizer.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import FiniteFloat, RootModel

from ...metrics import Ranking
from ..circuits.files import Header, Strict, broken, read_arrays, understood, write_arrays
from ..circuits.graph import Graph
from ..circuits.scores import Attribution, Integration, Rule

RANKINGS: tuple[Ranking, ...] = ("absolute", "signed")


class _Integration(Strict):
    rule: Rule
    steps: int


class _ScoresHeader(Header):
    integration: _Integration
    templates: tuple[str, ...]


class _SweepHeader(Header):
    templates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ScoreSums:
    """A member's edge scores on the discovery examples.

    `templates`: that of each group; `examples`: [examples], the place of each in the task's stream, in the
    order of the batches.
    """

    attribution: Attribution
    templates: tuple[str, ...]
    examples: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"ScoreSums({len(set(self.templates))} templates, {self.attribution})"

    @property
    def graph(self) -> Graph:
        """The graph whose edges are scored."""
        return self.attribution.graph

    def save(self, path: Path) -> None:
        """Write the sums of all edges, whole or not at all. Raises OutputError where that fails."""
        found = self.attribution
        tensors = {
            # About half of the pairs of a source and a destination are no edges.
            "score_sums": found.score_sums[:, found.graph.mask],
            **{name: getattr(found, name) for name in ("counts", "clean", "corrupted", "groups")},
            "examples": self.examples,
        }
        about = {"integration": dataclasses.asdict(found.integration), "templates": self.templates}
        write_arrays(path, "scores", found.graph, tensors, about)

    @classmethod
    def load(cls, path: Path) -> "ScoreSums":
        """Read scores back. Raises NotComputable for a file that is broken or holds something else."""
        # The digest of a cell says that a file is unchanged, but a file can also come from somewhere else:
        # every size is checked before it is used as a shape or an index.
        graph, tensors, header = read_arrays(path, "scores", _ScoresHeader, _SCORES)
        with understood(path):
            integration = Integration(header.integration.rule, header.integration.steps)
        sums, examples = tensors.pop("score_sums"), tensors.pop("examples")
        groups, counts = tensors["groups"], tensors["counts"]
        number, of_groups = examples.size, len(header.templates)
        if not number or not of_groups:
            raise broken(path, "it has no example")
        _check_shapes(path, {"score_sums": sums}, (of_groups, graph.edges))
        _check_shapes(path, {"counts": counts}, (of_groups,))
        _check_shapes(path, {"examples": examples, **_without(tensors, "counts")}, (number,))
        _check_values(path, {"score_sums": sums, "examples": examples, **tensors})
        # Range first: how much is counted up to is read from the file.
        if groups.max() >= of_groups or not np.array_equal(np.bincount(groups, minlength=of_groups), counts):
            raise broken(path, "its groups have other numbers of examples than it says")
        if not counts.all():
            raise broken(path, "a group has no example")
        dense = np.zeros((of_groups, *graph.mask.shape))
        dense[:, graph.mask] = sums
        return cls(Attribution(graph, integration, dense, **tensors), header.templates, examples)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Metrics of the whole model, of the empty circuit, and of the circuits of a sweep.

    `whole`, `empty`: [examples]; `circuits`: [rankings, budgets, examples]; `kept`: edges after pruning
    [rankings, budgets]. `templates` and `examples` are those of each example, in the order of the batches.
    """

    graph: Graph
    whole: NDArray[np.float64]
    empty: NDArray[np.float64]
    circuits: NDArray[np.float64]
    kept: NDArray[np.int64]
    templates: tuple[str, ...]
    examples: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write a sweep, whole or not at all. Raises OutputError where that fails."""
        tensors = {name: getattr(self, name) for name in _SWEEP}
        write_arrays(path, "sweep", self.graph, tensors, {"templates": self.templates})

    @classmethod
    def load(cls, path: Path) -> "Sweep":
        """Read a sweep back. Raises NotComputable for a file that is broken or holds something else."""
        graph, tensors, header = read_arrays(path, "sweep", _SweepHeader, _SWEEP)
        circuits, kept, number = tensors["circuits"], tensors["kept"], len(header.templates)
        if not circuits.size or not number:
            raise broken(path, "it has no example, or no circuit")
        budgets = circuits.shape[1] if circuits.ndim == 3 else 0
        _check_shapes(path, {"circuits": circuits}, (len(RANKINGS), budgets, number))
        _check_shapes(path, {"kept": kept}, (len(RANKINGS), budgets))
        _check_shapes(path, _without(tensors, "circuits", "kept"), (number,))
        _check_values(path, tensors)
        if kept.max() > graph.edges:
            raise broken(path, f"a circuit has {kept.max()} edges, its graph {graph.edges}")
        return cls(graph, templates=header.templates, **tensors)


_SCORES = {
    "score_sums": "F64",
    "counts": "I64",
    "clean": "F64",
    "corrupted": "F64",
    "groups": "I64",
    "examples": "I64",
}
_SWEEP = {"whole": "F64", "empty": "F64", "circuits": "F64", "kept": "I64", "examples": "I64"}

_Arrays = Mapping[str, NDArray[Any]]


def _without(tensors: _Arrays, *names: str) -> _Arrays:
    return {name: tensor for name, tensor in tensors.items() if name not in names}


def _check_shapes(path: Path, tensors: _Arrays, shape: tuple[int, ...]) -> None:
    for name, tensor in tensors.items():
        if tensor.shape != shape:
            raise broken(path, f"its {name} have shape {tensor.shape} and not {shape}")


def _check_values(path: Path, tensors: _Arrays) -> None:
    """Numbers measured are finite, and what is counted is not negative."""
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise broken(path, f"one of its {name} is not finite")
        if tensor.dtype == np.int64 and tensor.min() < 0:
            raise broken(path, f"one of its {name} is negative")


class Entropies(RootModel[dict[str, FiniteFloat]]):
    """Normalised entropy of what each of a member's top components writes, by name."""


@dataclass(frozen=True)
class Evidence:
    """What was measured of one member. `entropies`: of what the top components write, by their names."""

    scores: ScoreSums
    sweep: Sweep
    entropies: Mapping[str, float]
