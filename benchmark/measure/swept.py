"""What a sweep over circuits found, as it is kept: metrics of every example."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...metrics import Ranking
from ..circuits.files import (
    REDUCED,
    Header,
    broken,
    is_reduced,
    read_arrays,
    understood,
    write_arrays,
)
from ..circuits.graph import Graph
from .checked_arrays import check_shapes, check_values, without
from .reduced import (
    pack,
    unpack,
)

RANKINGS: tuple[Ranking, ...] = ("absolute", "signed")
"""By what a sweep chooses circuits: by |score|, or the protocol's other selection, and by signed score."""


class _SweepHeader(Header):
    templates: tuple[str, ...]


class _ReducedSweepHeader(_SweepHeader):
    metric_bytes: Literal[4, 8]


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

    def save_reduced(self, path: Path) -> None:
        """Write a sweep in fewer bytes, losing nothing. Raises OutputError where that fails."""
        # Models of up to single precision give metrics that float32 holds.
        single = all(np.array_equal(each, each.astype(np.float32)) for each in map(self._metric, _METRICS))
        dtype = np.float32 if single else np.float64
        tensors = {name: getattr(self, name) for name in _SWEEP}
        tensors |= {name: pack(self._metric(name).astype(dtype)) for name in _METRICS}
        about = {"templates": self.templates, "metric_bytes": np.dtype(dtype).itemsize}
        write_arrays(path, f"{REDUCED}sweep", self.graph, tensors, about)

    def _metric(self, name: str) -> NDArray[np.float64]:
        found: NDArray[np.float64] = getattr(self, name)
        return found

    @classmethod
    def load(cls, path: Path) -> "Sweep":
        """Read a sweep of either form back.

        Raises NotComputable for a file that is broken or holds something else.
        """
        graph, tensors, header = (_read_reduced_sweep if is_reduced(path) else _read_sweep)(path)
        circuits, kept, number = tensors["circuits"], tensors["kept"], len(header.templates)
        if not circuits.size or not number:
            raise broken(path, "it has no example, or no circuit")
        budgets = circuits.shape[1] if circuits.ndim == 3 else 0
        check_shapes(path, {"circuits": circuits}, (len(RANKINGS), budgets, number))
        check_shapes(path, {"kept": kept}, (len(RANKINGS), budgets))
        check_shapes(path, without(tensors, "circuits", "kept"), (number,))
        check_values(path, tensors)
        if kept.max() > graph.edges:
            raise broken(path, f"a circuit has {kept.max()} edges, its graph {graph.edges}")
        return cls(graph, templates=header.templates, **tensors)


_METRICS = ("whole", "empty", "circuits")
_SWEEP = {"whole": "F64", "empty": "F64", "circuits": "F64", "kept": "I64", "examples": "I64"}
_REDUCED_SWEEP = {**_SWEEP, **dict.fromkeys(_METRICS, "U8")}

_KeptSweep = tuple[Graph, dict[str, NDArray[Any]], _SweepHeader]


def _read_sweep(path: Path) -> _KeptSweep:
    return read_arrays(path, "sweep", _SweepHeader, _SWEEP)


def _read_reduced_sweep(path: Path) -> _KeptSweep:
    graph, tensors, header = read_arrays(path, f"{REDUCED}sweep", _ReducedSweepHeader, _REDUCED_SWEEP)
    shape = (*tensors["kept"].shape, len(header.templates))
    if len(shape) != 3:
        raise broken(path, f"its kept have shape {tensors['kept'].shape}")
    for name in _METRICS:
        size = math.prod(shape) if name == "circuits" else len(header.templates)
        with understood(path):
            values = unpack(tensors[name], f"<f{header.metric_bytes}", size).astype(np.float64)
        tensors[name] = values.reshape(shape) if name == "circuits" else values
    return graph, tensors, header
