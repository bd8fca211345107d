"""What running a shared few-shot header once saves, on a random causal model of GPT-2 small's shape.

    python tests/speed/prefix.py

Attribution with and without it alternate within one run; the ratio of their shortest times is printed, and
the largest difference of a score relative to the largest score. Run it on a quiet machine.
"""

import argparse
from unittest.mock import patch

import numpy as np
import torch
from attribution import random_batch, random_member, seconds

from mechshift.benchmark.circuits import prefix
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.pairs.member import Member


def behind_header(prompts: int, header: int, query: int) -> Batch:
    """Prompts of random tokens behind one header, clean and corrupted apart from their first own token on."""
    batch = random_batch(prompts, header + query)
    batch.clean[:, :header] = batch.clean[0, :header]
    batch.corrupted[:, :header] = batch.clean[0, :header]
    return batch


def whole(member: Member, batch: Batch, integration: Integration) -> Attribution:
    """Scores from passes over whole prompts."""
    with patch.object(prefix, "LEAST", batch.clean.shape[1]):
        return attribute(member, [batch], integration, groups=5)


def compare(prompts: int, header: int, query: int, steps: int, repeats: int) -> None:
    """Print both times, their ratio, and how far the scores lie apart."""
    member, batch, integration = (
        random_member(),
        behind_header(prompts, header, query),
        Integration("midpoint", steps),
    )
    found = attribute(member, [batch], integration, groups=5).score_sums
    expected = whole(member, batch, integration).score_sums
    times = [
        (
            seconds(lambda: whole(member, batch, integration)),
            seconds(lambda: attribute(member, [batch], integration, groups=5)),
        )
        for _ in range(repeats)
    ]
    slow, fast = (min(column) for column in zip(*times, strict=True))
    apart = np.abs(found - expected).max() / np.abs(expected).max()
    print(
        f"GPT-2 small's shape, {prompts} prompts of {query} tokens behind a header of {header}, m = {steps}, "
        f"{torch.get_num_threads()} threads"
    )
    print(f"whole prompts {slow:.2f} s, header once {fast:.2f} s, ratio {slow / fast:.2f}")
    print(f"largest difference of a score {apart:.1e} of the largest score")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=4)
    parser.add_argument("--header", type=int, default=400)
    parser.add_argument("--query", type=int, default=30)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    compare(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
