"""What is measured of one member on one task, as it is kept: all that the comparison needs, and no model.

Every file carries the templates and the places of its examples, so that numbers can be computed from it again
without a tokenizer.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import RootModel

from ...metrics import Ranking
from ..circuits.files import broken, read_arrays, understood, write_arrays
from ..circuits.graph import Graph
from ..circuits.scores import Attribution, Integration

RANKINGS: tuple[Ranking, ...] = ("absolute", "signed")


@dataclass(frozen=True)
class ScoreSums:
    """A member's edge scores on the discovery examples.

    `templates`: that of each group; `examples`: [examples], the place of each in the task's stream, in the
    order of the batches.
    """

    attribution: Attribution
    templates: tuple[str, ...]
    examples: NDArray[np.int64]

    @property
    def graph(self) -> Graph:
        """The graph whose edges are scored."""
        return self.attribution.graph

    def save(self, path: Path) -> None:
        """Write the sums of all edges, whole or not at all. Raises OutputError where that fails."""
        found = self.attribution
        tensors = {
            "score_sums": found.score_sums[:, found.graph.mask],
            **{name: getattr(found, name) for name in ("counts", "clean", "corrupted", "groups")},
            "examples": self.examples,
        }
        about = {"integration": dataclasses.asdict(found.integration), "templates": self.templates}
        write_arrays(path, "scores", found.graph, tensors, about)

    @classmethod
    def load(cls, path: Path) -> "ScoreSums":
        """Read scores back. Raises NotComputable for a file that is broken or holds something else."""
        names = ("score_sums", "counts", "clean", "corrupted", "groups", "examples")
        graph, tensors, header = read_arrays(path, "scores", names)
        sums, counts = tensors.pop("score_sums"), tensors["counts"]
        examples = tensors.pop("examples")
        with understood(path):
            integration = Integration(**header["integration"])
            templates = tuple(map(str, header["templates"]))
        if sums.dtype != np.float64 or sums.shape != (len(templates), graph.edges) or counts.ndim != 1:
            raise broken(path, f"its score sums are {sums.dtype} of shape {sums.shape}")
        if not (np.isfinite(sums).all() and (counts > 0).all() and len(counts) == len(templates)):
            raise broken(path, "a score is not finite, or a group has no example")
        groups, number = tensors["groups"], len(examples)
        lengths = {len(tensors[name]) for name in ("clean", "corrupted", "groups")} | {int(counts.sum())}
        if lengths != {number} or not np.array_equal(np.bincount(groups, minlength=len(counts)), counts):
            raise broken(path, "its numbers of examples differ")
        dense = np.zeros((len(counts), *graph.mask.shape))
        dense[:, graph.mask] = sums
        return cls(Attribution(graph, integration, dense, **tensors), templates, examples)


@dataclass(frozen=True)
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
        graph, tensors, header = read_arrays(path, "sweep", _SWEEP)
        with understood(path):
            templates = tuple(map(str, header["templates"]))
        if tensors["kept"].ndim != 2:
            raise broken(path, "its circuits are not [rankings, budgets]")
        number, rankings = len(templates), len(tensors["kept"])
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("whole", "empty", "examples"), (number,))
        shapes["circuits"] = (*tensors["kept"].shape, number)
        for name, shape in shapes.items():
            if tensors[name].shape != shape:
                raise broken(path, f"its {name} has shape {tensors[name].shape} and not {shape}")
        if rankings != len(RANKINGS) or not all(np.isfinite(tensors[name]).all() for name in _SWEEP):
            raise broken(path, "a value is not finite, or a ranking is missing")
        return cls(graph, templates=templates, **tensors)


_SWEEP = ("whole", "empty", "circuits", "kept", "examples")


class Entropies(RootModel[dict[str, float]]):
    """Normalised entropy of what each of a member's top components writes, by name."""


@dataclass(frozen=True)
class Evidence:
    """What was measured of one member. `entropies`: of what the top components write, by their names."""

    scores: ScoreSums
    sweep: Sweep
    entropies: Mapping[str, float]
