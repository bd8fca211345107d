"""Circuits and attributions on disk: safetensors, with the names of their axes."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ...errors import MechshiftError, NotComputable
from ...files import replacing
from ...metrics import Ranking
from .attribution import Attribution, Integration
from .graph import Edges, Graph, Scores

FORMAT = "1"
"""Version of the layout written here."""


@dataclass(frozen=True)
class Circuit:
    """A set of edges and the scores it was chosen by.

    `scores`: [sources, destinations]; `edges`: boolean of that shape; `budget`: how many edges were asked
    for, of which `size` are left after pruning; `about`: where it came from, as texts.
    """

    graph: Graph
    scores: Scores
    edges: Edges
    budget: int
    about: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls,
        graph: Graph,
        scores: Scores,
        budget: int,
        by: Ranking = "absolute",
        about: Mapping[str, str] = MappingProxyType({}),
    ) -> "Circuit":
        """The `budget` highest-ranked edges, pruned. Raises what Graph.select raises."""
        return cls(graph, scores, graph.prune(graph.select(scores, budget, by)), budget, about)

    @property
    def size(self) -> int:
        """Number of edges after pruning."""
        return int(self.edges.sum())

    def __repr__(self) -> str:
        about = "".join(f", {name}={text!r}" for name, text in self.about.items())
        return f"Circuit({self.size:,} of {self.graph.edges:,} edges{about})"

    def save(self, path: Path) -> None:
        """Write the circuit to a file, whole or not at all. Raises OutputError where that fails."""
        tensors = {"scores": self.scores, "edges": self.edges}
        _write(path, "circuit", self.graph, tensors, {"budget": self.budget, "about": dict(self.about)})

    @classmethod
    def load(cls, path: Path) -> "Circuit":
        """Read a circuit back. Raises MechshiftError for a file that is broken or holds something else."""
        graph, tensors, header = _read(path, "circuit", ("scores", "edges"))
        scores, edges = tensors["scores"], tensors["edges"]
        with _understood(path):
            circuit = cls(graph, scores, graph.checked(edges), int(header["budget"]), dict(header["about"]))
        if scores.shape != graph.mask.shape:
            raise _broken(path, f"scores have shape {scores.shape}, its graph {graph.mask.shape}")
        return circuit


_ATTRIBUTION = ("score_sums", "counts", "clean", "corrupted", "groups")


def save_attribution(attribution: Attribution, path: Path) -> None:
    """Write an attribution to a file, whole or not at all. Raises OutputError where that fails."""
    tensors = {name: getattr(attribution, name) for name in _ATTRIBUTION}
    integration = dataclasses.asdict(attribution.integration)
    _write(path, "attribution", attribution.graph, tensors, {"integration": integration})


def load_attribution(path: Path) -> Attribution:
    """Read an attribution back. Raises MechshiftError for a file that is broken or holds something else."""
    graph, tensors, header = _read(path, "attribution", _ATTRIBUTION)
    with _understood(path):
        attribution = Attribution(graph, Integration(**header["integration"]), **tensors)
    if attribution.score_sums.shape != (len(attribution.counts), *graph.mask.shape):
        raise _broken(path, f"score sums have shape {attribution.score_sums.shape}")
    counted = [len(attribution.clean), len(attribution.corrupted), int(attribution.counts.sum())]
    if counted != [len(attribution.groups)] * 3:
        raise _broken(path, "its numbers of examples differ")
    return attribution


def _write(
    path: Path, kind: str, graph: Graph, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]
) -> None:
    header = {
        "format": f"{kind} {FORMAT}",
        "graph": dataclasses.asdict(graph),
        "sources": graph.source_names,
        "destinations": graph.destination_names,
        **about,
    }
    # One key: safetensors writes several in an order that differs from run to run.
    metadata = {"mechshift": json.dumps(header, sort_keys=True)}
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with replacing(path) as partial:
        save_file(contiguous, partial, metadata)


def _read(
    path: Path, kind: str, names: tuple[str, ...]
) -> tuple[Graph, dict[str, NDArray[Any]], Mapping[str, Any]]:
    """Graph, tensors and header of a file of the given kind, its axes' names verified."""
    with _understood(path), safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["mechshift"])
        graph = Graph(**header["graph"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found, axes = header["format"], (tuple(header["sources"]), tuple(header["destinations"]))
    if found != f"{kind} {FORMAT}":
        raise _broken(path, f"it is a {found!r}, not a '{kind} {FORMAT}'")
    if set(tensors) != set(names):
        raise _broken(path, f"it holds {', '.join(sorted(tensors))}, not {', '.join(sorted(names))}")
    if axes != (graph.source_names, graph.destination_names):
        raise _broken(path, "the names of its axes are not those of its graph")
    return graph, tensors, header


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Turns what a strange file can cause into an error about the file."""
    try:
        yield
    except (MechshiftError, SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise _broken(path, f"{error}" or type(error).__name__) from error


def _broken(path: Path, reason: str) -> NotComputable:
    return NotComputable(
        f"{path} cannot be read: {reason}", "name a circuit or scores that mechshift wrote (*.safetensors)"
    )
