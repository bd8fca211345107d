"""Whether a cell has the sizes that its record gives it, by what its file declares: no array is read.

A small file can hold much more than its bytes, and what it declares costs nothing to compare.
"""

from collections.abc import Iterator

from ..asking.grouping import Grouping, swept_examples
from ..circuits.files import Declaration
from ..circuits.graph import Graph
from ..measure.swept import RANKINGS
from ..record.protocol import Sweeping

OTHER_GRAPH = "it is of another graph than the record says"
OTHER_DISCOVERY = "its examples and their groups are not those of the pool's discovery half"
OTHER_GROUPS = "its groups have other templates than the pool's"
OTHER_EVALUATION = "its examples and their templates are not those of the pool's evaluation half"


def other_grid(found: int, circuits: int) -> str:
    """What is wrong with a sweep of another number of circuits than the protocol's grid has."""
    return f"it has {found} circuits, and the protocol's grid {circuits}"


def check_sizes(
    stage: str, declared: Declaration, graph: Graph | None, grouping: Grouping, sweeping: Sweeping
) -> Iterator[str]:
    """What a file of arrays declares other than the graph, the pool's halves and the circuits."""
    found = declared.graph
    if graph is None or (found.layers, found.heads, found.kv_heads) != (
        graph.layers,
        graph.heads,
        graph.kv_heads,
    ):
        yield OTHER_GRAPH
    # Tensors that are missing the reader names, before it reads any.
    examples = declared.shapes.get("examples")
    if stage == "scores":
        if examples not in (None, (len(grouping.discovery),)):
            yield OTHER_DISCOVERY
        if declared.templates != grouping.templates:
            yield OTHER_GROUPS
    elif stage == "effects":
        if examples not in (None, (len(grouping.evaluation),)):
            yield OTHER_EVALUATION
        if declared.templates != grouping.evaluation_templates:
            yield OTHER_GROUPS
    else:
        number, circuits = len(swept_examples(grouping, sweeping.swept)), len(sweeping.grid)
        if examples not in (None, (number,)) or len(declared.templates) != number:
            yield OTHER_EVALUATION
        kept = declared.shapes.get("kept")
        if kept not in (None, (len(RANKINGS), circuits)):
            yield other_grid(kept[-1] if kept else 0, circuits)
