"""What single components of a member do, summed over groups of evaluation examples, as it is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..circuits.files import Header, broken, read_arrays, write_arrays
from ..circuits.graph import Graph
from .checked_arrays import check_shapes, check_values

Singles = NDArray[np.float32]


class _EffectsHeader(Header):
    templates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class EffectSums:
    """Direct and single-component effects of a member on the evaluation examples, as sums over groups.

    `direct_clean`, `direct_changed`: direct logit attribution of every source in the clean run, and that less
    what it is in the corrupted run [groups, sources]. `drops`: by how much the metric falls where one
    component alone is patched out [groups, components], over `removed` examples of each group [groups], on
    which the whole model's metric is `clean` and `corrupted` [groups]. `templates`: that of each group;
    `groups`, `examples`: of every example its group and its place in the task's stream [examples].
    """

    graph: Graph
    direct_clean: Singles
    direct_changed: Singles
    drops: Singles
    clean: NDArray[np.float64]
    corrupted: NDArray[np.float64]
    removed: NDArray[np.int64]
    templates: tuple[str, ...]
    groups: NDArray[np.int64]
    examples: NDArray[np.int64]

    @property
    def direct(self) -> NDArray[np.float64]:
        """Direct effects of the components, changed from the corrupted to the clean run [groups, components].

        What a component writes whatever the prompt says has no part in them, as it has none in scores and
        drops.
        """
        # The source axis begins with the input, which is no component.
        return self.direct_changed[:, 1:].astype(np.float64)

    def save(self, path: Path) -> None:
        """Write the sums, whole or not at all. Raises OutputError where that fails."""
        tensors = {name: getattr(self, name) for name in _DTYPES}
        write_arrays(path, "effects", self.graph, tensors, {"templates": self.templates})

    @classmethod
    def load(cls, path: Path) -> "EffectSums":
        """Read sums back. Raises NotComputable for a file that is broken or holds something else."""
        graph, tensors, header = read_arrays(path, "effects", _EffectsHeader, _DTYPES)
        _check(path, graph, tensors, len(header.templates))
        return cls(graph, templates=header.templates, **tensors)


_DTYPES = {
    **dict.fromkeys(("direct_clean", "direct_changed", "drops"), "F32"),
    **dict.fromkeys(("clean", "corrupted"), "F64"),
    **dict.fromkeys(("removed", "groups", "examples"), "I64"),
}


def _check(path: Path, graph: Graph, tensors: dict[str, NDArray[Any]], groups: int) -> None:
    """Shapes fit the graph and each other, numbers are finite, and every group has examples."""
    number = tensors["examples"].size
    if not number or not groups:
        raise broken(path, "it has no example")
    per_source, per_group = (groups, graph.sources), (groups,)
    expected: dict[str, tuple[int, ...]] = {
        "direct_clean": per_source,
        "direct_changed": per_source,
        "drops": (groups, graph.sources - 1),
        **dict.fromkeys(("clean", "corrupted", "removed"), per_group),
        **dict.fromkeys(("groups", "examples"), (number,)),
    }
    for name, tensor in tensors.items():
        check_shapes(path, {name: tensor}, expected[name])
        check_values(path, {name: tensor})
    # Range first: how much is counted up to is read from the file.
    if tensors["groups"].max() >= groups:
        raise broken(path, "an example is of a group that there is not")
    counts = np.bincount(tensors["groups"], minlength=groups)
    if not counts.all():
        raise broken(path, "a group has no example")
    if (tensors["removed"] > counts).any() or not tensors["removed"].all():
        raise broken(path, "of a group more examples than it has are measured without components, or none")
