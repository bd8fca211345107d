"""Edge scores dealt out anew among edges of one kind: circuits that have a circuit's shape by chance alone.

Edges drawn evenly are too easy a floor: most of them lead nowhere, and the circuits that they make do
nothing. Here an edge changes places only with edges of its own *cell*: from the same kind of source, to the
same kind of destination, over as many layers. So a shuffled circuit has as many edges of each cell as the
circuit itself.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from .graph import Graph, Scores


def edge_cells(graph: Graph) -> NDArray[np.int64]:
    """The cell of each edge, [edges] in the order of the mask, numbered from 0 without a gap.

    A cell is a kind of source (`input`, `head`, `mlp`), a kind of destination (`q`, `k`, `v`, `mlp`,
    `logits`), and the layers from the one to the other; the input is one layer before the first, the logits
    one behind the last.
    """
    source, destination = np.nonzero(graph.mask)
    kinds = [
        np.unique(of, return_inverse=True)[1].reshape(-1)[at]
        for of, at in ((graph.source_kinds, source), (graph.destination_kinds, destination))
    ]
    distance = graph.destination_layers[destination] - graph.source_layers[source]
    return np.unique(np.stack([*kinds, distance]), axis=1, return_inverse=True)[1].reshape(-1)


def shuffled_scores(graph: Graph, scores: Scores, times: int, seed: int) -> Iterator[Scores]:
    """The scores [sources, destinations] dealt out within cells, so many times.

    One at a time, as they are large.

    Raises UsageError for scores of another shape.
    """
    if scores.shape != graph.mask.shape:
        raise UsageError(
            f"scores have shape {scores.shape}, the graph {graph.mask.shape}", "take the model's own graph"
        )
    cells, values = edge_cells(graph), scores[graph.mask]
    order = np.argsort(cells, kind="stable")
    generator = np.random.default_rng([seed, 2])
    for _ in range(times):
        # Both orders go through the cells one by one; within a cell the second is random.
        drawn = np.lexsort((generator.random(len(cells)), cells))
        dealt = np.zeros_like(values)
        dealt[order] = values[drawn]
        found = np.zeros_like(scores)
        found[graph.mask] = dealt
        yield found
