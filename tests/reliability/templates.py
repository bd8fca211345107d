"""Whether groups of one template are added up before ρ is made of products, where templates are drawn.

    python tests/reliability/templates.py

Simulates pairs with known truth and twelve templates. Prints, for products of different groups and for those
of different templates, the bias of ρ of edges and of components and how often its interval holds the limit.
It took a minute on one core that other work shared.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.measured import COMPONENTS, limits
from reliability.simulated import Design, Law, counts, sample, truth

from mechshift.metrics import (
    Estimate,
    Undefined,
    cluster_weights,
    disattenuated_cosine,
    group_products,
    resampled_cosine,
    unit_freedom,
)

Floats = NDArray[np.floating]
LAWS: tuple[Law, ...] = ("log-normal", "Student t")
EDGES, TEMPLATES, PROMPTS = 1_000, 12, (100, 500)


def both_ways(
    a: Floats, b: Floats, examples: Floats, templates: NDArray[np.int64], resamples: int
) -> tuple[Estimate | Undefined, Estimate | Undefined]:
    """ρ from products of different groups, and from those of different templates."""
    products = group_products(a, b)
    weights = np.concatenate([np.ones((1, len(examples))), cluster_weights(templates, resamples)])
    same, freedom = np.eye(len(examples)) > 0, unit_freedom(templates)
    by_group = resampled_cosine(products, examples, examples, weights, weights, freedom, shared=same)
    return by_group, disattenuated_cosine(products, examples, templates, resamples)


def trial(
    design: Design, prompts: int, seed: int, resamples: int
) -> dict[tuple[str, str], tuple[float, bool]]:
    """By what ρ is of and what products are of: estimate less limit, and whether the interval holds it."""
    generator = np.random.default_rng([seed, prompts, 7])
    true = truth(design, generator)
    a, b = sample(design, true, prompts, generator)
    limit = limits(true.mean, true.spread, design.mask)
    # The first source is the input, and no component.
    kinds = {
        "ρ": tuple(each[:, design.mask] for each in (a, b)),
        COMPONENTS: tuple(each[:, 1:].sum(axis=2, dtype=np.float64) for each in (a, b)),
    }
    found = {}
    for kind, (one, other) in kinds.items():
        ways = both_ways(one, other, counts(prompts).astype(float), design.clusters, resamples)
        for way, rho in zip(("groups", "templates"), ways, strict=True):
            if isinstance(rho, Estimate):
                found[kind, way] = rho.value - limit[kind], rho.low <= limit[kind] <= rho.high
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each law, number of prompts, kind of ρ and way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args(arguments)
    for law in LAWS:
        design = Design(EDGES, law, templates=TEMPLATES)
        for prompts in PROMPTS:
            trials = [trial(design, prompts, seed, 200) for seed in range(options.trials)]
            for key in trials[0]:
                errors, held = zip(*(each[key] for each in trials if key in each), strict=True)
                error = np.std(errors) / np.sqrt(len(errors))
                of = f"{law}, {prompts} prompts, {key[0]} by {key[1]}"
                covered = 100 * np.mean(held)
                print(f"{of}: bias {np.mean(errors):+.4f} ± {error:.4f}, coverage {covered:.1f} %")


if __name__ == "__main__":
    main()
