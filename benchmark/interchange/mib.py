"""MIB's nine circuits of a task and a model (arXiv 2504.13151): written, read, and the areas of their curve.

One folder `TASK_MODEL` of nine files in the EAP-IG library's form without scores, of at most .1 .2 .5 1 2
5 10 20 50 % of the edges of the graph with one key/value head per head.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import NotComputable, UsageError
from ...metrics import MIB_SHARES, Ranking, cmd, cpr
from ..circuits.circuit import Circuit
from ..circuits.graph import Edges, Graph, Scores
from .config import refusing
from .eap_ig import load_graph, save_graph
from .ungrouped import copies, ungrouped, ungrouped_edges
from .whole_folder import whole_folder

SHARES = MIB_SHARES[:-1]
"""The largest shares of edges that the nine circuits may have."""


@dataclass(frozen=True)
class Areas:
    """MIB's integrated circuit performance ratio (larger: better) and circuit–model distance (smaller)."""

    cpr: float
    cmd: float


def limits(graph: Graph) -> tuple[int, ...]:
    """The most edges that each of the nine circuits may have in this graph without shared inputs."""
    # In whole numbers, as a product of floats can fall just short of the integer that MIB means.
    return tuple(graph.edges * round(1000 * share) // 1000 for share in SHARES)


def nine_circuits(graph: Graph, scores: Scores, by: Ranking = "absolute") -> tuple[Graph, tuple[Edges, ...]]:
    """The ungrouped graph, and in it the nine circuits of highest score, pruned, the smallest first.

    An edge into a shared key/value input counts once for each head that shares it. MIB ranks by signed
    score for CPR and by |score| for CMD. Raises NotComputable for scores that are not finite or all 0.
    """
    if not scores[graph.mask].any():
        raise NotComputable("all edge scores are 0", "circuits can be made of scores only")
    alone = ungrouped(graph)
    chosen = (graph.select(scores, _budget(graph, scores, limit, by), by) for limit in limits(alone))
    return alone, tuple(alone.prune(ungrouped_edges(graph, edges)) for edges in chosen)


def save_circuits(
    folder: Path, graph: Graph, scores: Scores, d_model: int, by: Ranking = "absolute"
) -> tuple[int, ...]:
    """Write the nine circuits of scores to a new folder named `TASK_MODEL`; gives their sizes.

    Raises what nine_circuits raises, UsageError for another name, and OutputError where the folder is there
    already or cannot be written.
    """
    reason = _misnamed(folder)
    if reason is not None:
        raise UsageError(reason, "name it after the task and the model, such as ioi_gpt2")
    alone, circuits = nine_circuits(graph, scores, by)
    with whole_folder(folder) as partial:
        for share, edges in zip(SHARES, circuits, strict=True):
            save_graph(partial / f"{share:g}.json", alone, edges, d_model)
    return tuple(int(edges.sum()) for edges in circuits)


def load_circuits(folder: Path) -> tuple[Circuit, ...]:
    """The nine circuits of a folder named `TASK_MODEL`, the smallest first.

    Their budgets are the most edges that they may have. Raises NotComputable where the folder has not
    exactly nine `.json` and `.pt` files, their graphs differ, one cannot be imported, or is too large.
    """
    with refusing(folder):
        reason = _misnamed(folder)
        if reason is not None:
            raise ValueError(reason)
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".pt"))
        if len(paths) != len(SHARES):
            raise ValueError(f"it has {len(paths)} .json and .pt files, not nine")
    circuits = sorted((load_graph(path) for path in paths), key=lambda circuit: circuit.size)
    with refusing(folder):
        _check_graphs(circuits)
        most = limits(circuits[0].graph)
        for circuit, share, limit in zip(circuits, SHARES, most, strict=True):
            if circuit.size > limit:
                raise ValueError(
                    f"{circuit.about['file']} has {circuit.size} edges, and in its place by size at most"
                    f" {limit} are allowed, {100 * share:g} % of {circuit.graph.edges}"
                )
    return tuple(replace(circuit, budget=limit) for circuit, limit in zip(circuits, most, strict=True))


def keep_circuits(circuits: Sequence[Circuit], folder: Path) -> None:
    """Write the nine circuits as safetensors to a new folder. Raises OutputError where that fails."""
    with whole_folder(folder) as partial:
        for share, circuit in zip(SHARES, circuits, strict=True):
            circuit.save(partial / f"{share:g}.safetensors")


def areas(sizes: Sequence[int], faithfulness: Sequence[float]) -> Areas:
    """CPR and CMD of the nine circuits, as MIB computes them from their sizes and faithfulness.

    In the order of their sizes they stand at MIB's nine shares, however small they are; at the share of 1
    stands the whole model with a faithfulness of 1. Raises UsageError for other than nine finite values.
    """
    if not len(sizes) == len(faithfulness) == len(SHARES) or not np.isfinite(faithfulness).all():
        raise UsageError(
            f"{len(sizes)} sizes and {len(faithfulness)} values of faithfulness",
            "give the nine circuits' sizes, and for each a finite number",
        )
    levels = [level for _, level in sorted(zip(sizes, faithfulness, strict=True))]
    return Areas(cpr(MIB_SHARES, [*levels, 1.0]), cmd(MIB_SHARES, [*levels, 1.0]))


def _budget(graph: Graph, scores: Scores, limit: int, by: Ranking) -> int:
    """The most edges of highest score of which the ungrouped copies are no more than the limit."""
    weights = copies(graph)

    def size(budget: int) -> int:
        return int(graph.select(scores, budget, by).sum(axis=0) @ weights)

    # An edge has at most `weights.max()` copies, so this many always fit; the rest is searched.
    least = limit // int(weights.max())
    return least - 1 + bisect_right(range(least, min(limit, graph.edges) + 1), limit, key=size)


def _misnamed(folder: Path) -> str | None:
    parts = folder.resolve().name.split("_")
    return None if len(parts) == 2 and all(parts) else f"the folder {folder.name} is not called TASK_MODEL"


def _check_graphs(circuits: Sequence[Circuit]) -> None:
    models = {(circuit.graph, circuit.about["d_model"]): circuit.about["file"] for circuit in circuits}
    if len(models) > 1:
        raise ValueError(f"{' and '.join(models.values())} are of different models")
