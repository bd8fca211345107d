"""What attribution costs beside the model's own passes, on a random model of GPT-2 small's shape.

    python tests/speed/attribution.py

The two alternate within one run; the ratio of their shortest times is printed. Run it on a quiet machine.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.capture import measure
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.backbones import read_backbone
from mechshift.benchmark.pairs.member import Member


def random_member() -> Member:
    """A causal GPT-2 small (12 layers, 12 heads, width 768) with random weights."""
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config()).eval().requires_grad_(False)
    return Member("arm", read_backbone(model), Attention("causal"), shift=True, mask_id=50_257)


def random_batch(prompts: int, tokens: int) -> Batch:
    """Prompts of random tokens, clean and corrupted, read at the last position."""
    generator = torch.Generator().manual_seed(1)
    clean, corrupted = torch.randint(50_000, (2, prompts, tokens), generator=generator)
    answer, foil = torch.randint(50_000, (2, prompts), generator=generator)
    index = torch.arange(prompts)
    metric = LogitDifference(index, answer, foil, prompts)
    return Batch(clean, corrupted, index, torch.full((prompts,), tokens - 1), metric, index % 5)


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
    compare(**vars(parser.parse_args()))
    time_graph()


if __name__ == "__main__":
    main()
