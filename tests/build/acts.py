"""What is computed of a member and a batch, each as one array of numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mechshift.benchmark.asking.decoding import answers
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.effects import component_drops, direct_effects
from mechshift.benchmark.circuits.exact import exact_effects
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.circuits.zeroing import Zeroed, run_without
from mechshift.benchmark.measure.entropies import component_entropies
from mechshift.benchmark.pairs.member import Member

Act = Callable[[Member, Batch], NDArray[Any]]


def some_circuits(member: Member, batch: Batch) -> NDArray[Any]:
    mask = Graph.of(member.backbone.shape).mask
    chosen = np.random.default_rng(0).random(mask.shape)
    edges = np.stack([mask & (chosen < share) for share in (0, 0.02, 0.3, 0.7, 1)])
    return run_circuits(member, batch, edges)


def without_layers(member: Member, batch: Batch) -> NDArray[Any]:
    shape = member.backbone.shape
    heads, mlps = np.zeros((3, shape.layers, shape.heads), bool), np.zeros((3, shape.layers), bool)
    heads[1, 0], mlps[2, 1] = True, True
    return run_without(member, batch, Zeroed(heads, mlps))[0]


ACTS: dict[str, Act] = {
    "scores": lambda member, batch: attribute(member, [batch], Integration("midpoint", 6), 2).score_sums,
    "circuits": some_circuits,
    "drops": lambda member, batch: component_drops(member, [batch]).lost,
    "direct": lambda member, batch: direct_effects(member, [batch], 2).changed,
    "zeroed": without_layers,
    "edges": lambda member, batch: exact_effects(member, [batch], 2).sums,
    "entropies": lambda member, batch: component_entropies(member, [batch], np.arange(1, 5), 2),
    "decoding": lambda member, batch: np.array(
        answers(member, batch.clean, torch.tensor([[3, 4, 5]] * len(batch.clean)), 3)
    ),
}
