"""How far the rounding of a submission's cells moves standardised ρ, by the step.

    python tests/reliability/rounding.py

Simulates pairs with known truth and twelve templates, at 3,628 and at 400,000 edges, and compares ρ of their
scores with ρ of what a submission gives back of them. Prints, by step and law, the largest change of any
trial, and how wide the half of ρ's interval is. It took three minutes on one core that other work shared.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.simulated import Design, Law, counts, sample, truth

from mechshift.benchmark.measure.reduced import PRECISIONS, ScorePrecision, reduce_sums, restore_sums
from mechshift.metrics import Estimate, spread_strata, standardised_cosine

LAWS: tuple[Law, ...] = ("log-normal", "Student t")
TRIALS = {3_628: 6, 400_000: 1}
TEMPLATES, PROMPTS = 12, 250


def trial(design: Design, seed: int) -> tuple[float, dict[float, float]]:
    """Half the width of ρ's interval, and by step how far rounding moves ρ."""
    generator = np.random.default_rng([seed, design.edges])
    drawn = sample(design, truth(design, generator), PROMPTS, generator)
    models = [each[:, design.mask].astype(np.float64) for each in drawn]
    examples, templates = counts(PROMPTS), design.clusters
    strata = spread_strata(templates, len(templates))

    def similarity(precision: ScorePrecision | None) -> Estimate:
        back = [
            restore_sums(reduce_sums(each, examples, strata, precision), examples, strata)
            if precision
            else each
            for each in models
        ]
        found = standardised_cosine(*back, examples, templates)
        assert isinstance(found, Estimate), "simulated scores are clear of noise"
        return found

    exact = similarity(None)
    moved = {each.step: abs(similarity(each).value - exact.value) for each in PRECISIONS}
    return (exact.high - exact.low) / 2, moved


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(arguments)
    columns = [(edges, law) for edges in TRIALS for law in LAWS]
    found = {
        (edges, law): [trial(Design(edges, law, templates=TEMPLATES), seed) for seed in range(TRIALS[edges])]
        for edges, law in columns
    }
    print("| step | " + " | ".join(f"{edges:,} edges, {law}" for edges, law in columns) + " |")
    print("|---" * (1 + len(columns)) + "|")
    for precision in PRECISIONS:
        cells = [f"{max(moved[precision.step] for _, moved in found[each]):.4f}" for each in columns]
        print(f"| {precision.step:.3g} | " + " | ".join(cells) + " |")
    halves = [f"{np.mean([half for half, _ in found[each]]):.4f}" for each in columns]
    print("| half of the interval | " + " | ".join(halves) + " |")


if __name__ == "__main__":
    main()
