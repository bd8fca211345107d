"""What running a shared few-shot header once saves, on a random causal model of GPT-2 small's shape."""

from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from mechshift.benchmark.circuits import prefix
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.scores import Integration
from speed.attribution import GROUPS, random_batch, random_member
from speed.results import Found, reading
from speed.timing import Asked, in_turn, ratio

MOST_APART = 1e-5
"""Of the largest score: rounding."""


def behind_header(prompts: int, header: int, query: int) -> Batch:
    """Prompts of random tokens behind one header, clean and corrupted apart from their first own token on."""
    batch = random_batch(prompts, header + query)
    batch.clean[:, :header] = batch.clean[0, :header]
    batch.corrupted[:, :header] = batch.clean[0, :header]
    return batch


def measured(asked: Asked) -> Found:
    """Attribution without and with it, and how far the scores lie apart."""
    prompts, header, query, steps, rounds = (2, 40, 6, 1, 2) if asked.quick else (2, 200, 30, 5, 3)
    member, batch = random_member(), behind_header(prompts, header, query)

    def once() -> NDArray[np.float64]:
        return attribute(member, [batch], Integration("midpoint", steps), GROUPS).score_sums

    def whole() -> NDArray[np.float64]:
        with patch.object(prefix, "LEAST", header + query):
            return once()

    found, expected = once(), whole()
    times = in_turn({"whole": whole, "once": once}, rounds, asked.seconds)
    apart = float(np.abs(found - expected).max() / np.abs(expected).max())
    return Found(
        readings=(
            ratio("whole prompts / header once", times["whole"], times["once"], least=1),
            reading("largest difference of a score / largest score", [apart], most=MOST_APART),
        ),
        notes=(
            f"GPT-2 small's shape, {prompts} prompts of {query} tokens behind a header of {header}, "
            f"m = {steps}.",
        ),
    )
