"""A member without sets of its nodes, made up: of every set what is lost of faithfulness and of accuracy."""

from collections.abc import Mapping

import numpy as np

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.measure.ablations import Ablations, nodes_of

HEADS = {
    "heads, early": (0.8, 0.6),
    "heads, middle": (0.3, 0.2),
    "heads, late": (0.5, 0.1),
    "heads, random 0": (0.2, 0.05),
    "heads, random 1": (0.0, 0.15),
}
MLPS = {name.replace("heads", "mlps"): (1.0, 1.0) for name in HEADS}
NEURONS = {name.replace("heads", "neurons"): (0.1, 0.0) for name in HEADS}
LOSSES = {**HEADS, **MLPS, **NEURONS}
"""What is lost of faithfulness, and of accuracy, without every set."""


def made_up_ablations(
    losses: Mapping[str, tuple[float, float]] = LOSSES, solved: int = 20, templates: int = 1
) -> Ablations:
    """On 20 examples, of which the whole member gets the first `solved` right, and loses the very first."""
    generator = np.random.default_rng(0)
    empty, gap = generator.normal(-2, 0.3, 20), generator.normal(5, 0.5, 20)
    kept = 1 - np.array([one for one, _ in losses.values()])
    places = np.arange(20)
    lost = np.array([round(20 * other) for _, other in losses.values()])
    right = (places < solved) & (places >= lost[:, None])
    return Ablations(
        Graph(3, 2, 2),
        tuple(losses),
        nodes_of({name: np.array([[0, 0], [1, 0]]) for name in losses}),
        empty + gap,
        empty,
        empty + kept[:, None] * gap,
        places < solved,
        right,
        tuple(f"t{place % templates}" for place in places),
        10 * places,
    )
