"""Targeted ablation: a member on the clean prompts with the outputs of sets of its nodes at zero."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..asking.states import Question, batches, in_batch_order
from ..circuits.graph import Graph
from ..circuits.intervention import Intervention
from ..circuits.zeroing import Zeroed, run_without
from ..pairs.member import Member
from ..record.causality import NODE_KINDS, NodeKind
from .ablations import Ablations, nodes_of
from .node_sets import Places
from .running import run_on


def run_ablations(
    member: Member,
    questions: Sequence[Question],
    sets: Mapping[str, Places],
    intervention: Intervention,
    rows: int,
    advance: Callable[[int], None],
) -> Ablations:
    """Run the member without each set of nodes on all questions.

    `intervention`: what stands for all edges in the empty circuit, from which faithfulness is counted. `rows`
    bounds a batch; `advance` is told how many questions are done, each of them twice: with the empty circuit,
    and without the sets. Raises NotComputable where a metric is not finite.
    """
    graph, zeroed = Graph.of(member.backbone.shape), _zeroed(member, sets)
    no_circuit = np.zeros((0, *graph.mask.shape), dtype=np.bool_)
    empty = run_on(member, questions, no_circuit, intervention, rows, advance).empty
    without: list[NDArray[np.float64]] = []
    right: list[NDArray[np.bool_]] = []
    for batch in batches(member, questions, rows):
        values, found = run_without(member, batch, zeroed)
        without.append(values)
        right.append(found)
        advance(batch.examples)
    metric, solved = np.concatenate(without, axis=1), np.concatenate(right, axis=1)
    ordered = in_batch_order(questions)
    return Ablations(
        graph,
        tuple(sets),
        nodes_of(sets),
        metric[0],
        empty,
        metric[1:],
        solved[0],
        solved[1:],
        tuple(one.encoded.example.template for one in ordered),
        np.array([one.index for one in ordered], dtype=np.int64),
    )


def _zeroed(member: Member, sets: Mapping[str, Places]) -> Zeroed:
    """The untouched member as the first variant, and behind it one for each set."""
    shape, neurons = member.backbone.shape, member.backbone.neurons
    variants = 1 + len(sets)
    masks: dict[NodeKind, NDArray[np.bool_]] = {
        "heads": np.zeros((variants, shape.layers, shape.heads), dtype=np.bool_),
        "mlps": np.zeros((variants, shape.layers, 1), dtype=np.bool_),
    }
    if neurons is not None:
        masks["neurons"] = np.zeros((variants, shape.layers, neurons), dtype=np.bool_)
    for variant, (name, places) in enumerate(sets.items(), 1):
        kind = next(one for one in NODE_KINDS if name.startswith(one))
        masks[kind][variant, places[:, 0], places[:, 1]] = True
    return Zeroed(masks["heads"], masks["mlps"][..., 0], masks.get("neurons"))
