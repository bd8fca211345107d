"""Whether runs without sets of nodes are of the nodes and examples that a record says."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..asking.grouping import group_examples, swept_examples
from ..asking.pool import Pool
from ..measure.ablations import Ablations
from ..measure.node_sets import Importance, Places, layers_of, node_importance, node_sets, top_set
from ..measure.score_sums import ScoreSums
from ..measure.swept import Sweep
from ..record.cards import THIRDS
from ..record.record import Record
from ..run.plan import Cell, kind_name
from .circuit_runs import off_the_sweep
from .sizes import OTHER_EVALUATION

CHOSEN = 0.01
"""By which share the importance of top nodes may fall short of that of the top by submitted scores, which
reduced cells keep rounded: nodes of nearly the same importance may have changed places."""


def of_ablations(runs: Ablations, pool: Pool, record: Record, scores: ScoreSums | None) -> Iterator[str]:
    """What of them is not as the record says; `scores`: the member's, where they are there."""
    ablating = record.protocol.ablating
    assert ablating is not None, "its protocol has the part that the cell is planned by"
    grouping = group_examples(pool.solved, record.protocol.halving)
    asked = {one.index: one.template for one in swept_examples(grouping, ablating.ablated)}
    found = dict(zip(runs.examples.tolist(), runs.templates, strict=True))
    if len(runs.examples) != len(asked) or found != asked:
        yield OTHER_EVALUATION
    if scores is None or scores.graph != runs.graph:
        return
    expected, sets = node_sets(scores, ablating, record.protocol.sampling.seed), runs.sets
    if runs.names != tuple(expected):
        yield "its sets of nodes are not those of the protocol"
        return
    importance = {
        top_set(kind, third): (of_kind, layers_of(third, len(of_kind)))
        for kind, of_kind in node_importance(scores).items()
        for third in THIRDS
    }
    for name, wanted in expected.items():
        if name not in importance:
            if not np.array_equal(sets[name], wanted):
                yield f"its nodes of {name} are not those that the protocol's seed draws"
        elif not _are_top(sets[name], wanted, *importance[name]):
            yield f"its nodes of {name} are not the top ones by the member's scores"


def _are_top(found: Places, wanted: Places, importance: Importance, layers: list[int]) -> bool:
    """Whether nodes are as many of those layers, and as important as the most important, but for rounding."""
    layer, index = found.T
    if len(found) != len(wanted) or not np.isin(layer, layers).all() or index.max() >= importance.shape[1]:
        return False
    of_found, of_wanted = (importance[tuple(each.T)].sum() for each in (found, wanted))
    return bool(of_found >= (1 - CHOSEN) * of_wanted)


def beside_sweep(runs: Ablations, contents: Mapping[str, tuple[Any, str]], cell: Cell) -> Iterator[str]:
    """What of them cannot be: model and empty circuit do what they did in the member's sweep.

    `contents`: of the task's cells, with their digests; without the sweep nothing is said.
    """
    found = contents.get(kind_name("sweep", cell.kind.member))
    if found is not None:
        sweep: Sweep = found[0]
        pairs = {"whole model": (runs.whole, sweep.whole), "empty circuit": (runs.empty, sweep.empty)}
        yield from off_the_sweep(pairs, runs.examples, sweep)
