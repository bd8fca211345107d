"""What attribution costs beside the model's own passes, on a random model of GPT-2 small's shape.

    cd tests && python -m speed.attribution

The two alternate within one run; the ratio of their shortest times is printed. So is what it costs on top to
tell the places of sources apart and to add the effects of neurons, for a bidirectional model whose prompts
differ from several positions on; and how the time grows with twice as many examples, tokens and integration
points. Run it on a quiet machine.
"""

import argparse
import dataclasses
import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch

from build.models import random_member as member_of
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.capture import measure
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member
from speed.memory import SHAPES

T = TypeVar("T")


def random_member(attention: str = "causal") -> Member:
    """A GPT-2 small (12 layers, 12 heads, width 768) with random weights."""
    return member_of("gpt2", attention, mask_id=50_257, spread=None, frozen=True, **SHAPES["gpt2"])


def random_batch(prompts: int, tokens: int) -> Batch:
    """Prompts of random tokens, clean and corrupted, read at the last position."""
    generator = torch.Generator().manual_seed(1)
    clean, corrupted = torch.randint(50_000, (2, prompts, tokens), generator=generator)
    answer, foil = torch.randint(50_000, (2, prompts), generator=generator)
    index = torch.arange(prompts)
    metric = LogitDifference(index, answer, foil, prompts)
    return Batch(clean, corrupted, index, torch.full((prompts,), tokens - 1), metric, index % 5)


def parted(batch: Batch, borders: int) -> Batch:
    """The batch with so many pairs of a first token that differs and a last position that is read."""
    rows, tokens = batch.clean.shape
    corrupted, read = batch.corrupted.clone(), batch.read_position.clone()
    for row in range(rows):
        first = tokens // 4 + row % borders
        corrupted[row, :first] = batch.clean[row, :first]
        read[row] = tokens - 1 - row % borders
    return dataclasses.replace(batch, corrupted=corrupted, read_position=read)


def bare_passes(member: Member, batch: Batch, steps: int) -> None:
    """The passes that attribution needs, and nothing else: two forward, and `steps` forward and backward."""
    with torch.no_grad():
        for tokens in (batch.clean, batch.corrupted):
            measure(member, batch, member.hidden(member.embed(tokens), tokens))
    for _ in range(steps):
        hidden = member.hidden(member.embed(batch.clean).requires_grad_(), batch.clean)
        logits = member.logits(hidden[batch.read_row, batch.read_position])
        batch.metric(logits).sum().backward()


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """How long the work takes, and what it gives."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def compare(prompts: int, tokens: int, steps: int, repeats: int) -> None:
    """Print the time of attribution, that of the bare passes, their ratio, and the peak memory."""
    member, batch = random_member(), random_batch(prompts, tokens)
    integration = Integration("midpoint", steps)
    bare_passes(member, batch, 1)
    times = [
        (
            seconds(lambda: bare_passes(member, batch, steps)),
            seconds(lambda: attribute(member, [batch], integration, groups=5)),
        )
        for _ in range(repeats)
    ]
    bare, whole = (min(column) for column in zip(*times, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    threads = torch.get_num_threads()
    print(f"GPT-2 small's shape, {prompts} prompts of {tokens} tokens, m = {steps}, {threads} threads")
    print(f"bare passes {bare:.2f} s, attribution {whole:.2f} s, ratio {whole / bare:.3f}")
    print(f"peak memory {peak / 1e9:.2f} GB")


def compare_parts(prompts: int, tokens: int, steps: int, repeats: int) -> None:
    """Print what places and neurons cost beside attribution without them."""
    member, batch = random_member("full"), parted(random_batch(prompts, tokens), borders=4)
    integration = Integration("midpoint", steps)

    def timed(**asked: bool) -> float:
        return seconds(lambda: attribute(member, [batch], integration, groups=5, **asked))

    timed()
    asked = ({}, {"places": True}, {"neurons": True}, {"places": True, "neurons": True})
    times = [[timed(**each) for each in asked] for _ in range(repeats)]
    plain, *more = (min(column) for column in zip(*times, strict=True))
    places, neurons, both = (f"{100 * (each / plain - 1):+.1f} %" for each in more)
    print(f"bidirectional: attribution {plain:.2f} s; places {places}, neurons {neurons}, both {both}")


def compare_growth(prompts: int, tokens: int, steps: int, repeats: int) -> None:
    """Print how the time of attribution and of bare passes grows with twice the examples, tokens or points.

    Twice the examples or tokens is twice the time, what attention takes between more tokens included; twice
    the points is less, since both runs and the scores' products are made once.
    """
    member = random_member()
    asked = {
        "": (prompts, tokens, steps),
        "examples": (2 * prompts, tokens, steps),
        "tokens": (prompts, 2 * tokens, steps),
        "points": (prompts, tokens, 2 * steps),
    }

    def both(rows: int, length: int, points: int) -> tuple[float, float]:
        batch, integration = random_batch(rows, length), Integration("midpoint", points)
        return (
            seconds(lambda: bare_passes(member, batch, points)),
            seconds(lambda: attribute(member, [batch], integration, groups=5)),
        )

    both(prompts, tokens, 1)
    times = [[both(*sizes) for sizes in asked.values()] for _ in range(repeats)]
    least = np.array(times).min(axis=0)
    print(f"from {prompts} prompts of {tokens} tokens, m = {steps} ({least[0, 1]:.2f} s):")
    for name, (bare, whole) in zip(list(asked)[1:], least[1:] / least[0], strict=True):
        print(f"  twice the {name}: attribution x {whole:.2f}, bare passes x {bare:.2f}")


def time_graph() -> None:
    """Print how long LLaMA-2-7B's graph takes to build, and its top 1000 edges to select and prune."""
    scores = np.random.default_rng(0).standard_normal(Graph(32, 32, 32).mask.shape)
    start = time.perf_counter()
    graph = Graph(32, 32, 32)
    edges = int(graph.mask.sum())
    names = len(graph.source_names) + len(graph.destination_names)
    built = time.perf_counter()
    kept = graph.prune(graph.select(scores, 1000))
    pruned = time.perf_counter()
    print(f"LLaMA-2-7B's graph, {edges:,} edges, {names:,} nodes: built in {1e3 * (built - start):.1f} ms")
    print(f"its top 1000 selected and pruned (to {kept.sum()}) in {1e3 * (pruned - built):.1f} ms")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    asked = vars(parser.parse_args())
    compare(**asked)
    compare_parts(**asked)
    compare_growth(max(1, asked["prompts"] // 4), asked["tokens"], asked["steps"], asked["repeats"])
    time_graph()


if __name__ == "__main__":
    main()
