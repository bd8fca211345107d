"""What circuits cost beside the model's own forward passes, on a random model of GPT-2 small's shape.

    cd tests && python -m speed.circuits

One circuit for each budget of a sweep, chosen by scores of the model itself and pruned as in a run, against
as many bare forward passes over the clean prompts. Both alternate within one process; times are those of the
processor, so that other processes disturb little.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.capture import measure
from mechshift.benchmark.circuits.effects import component_drops
from mechshift.benchmark.circuits.graph import Edges, Graph
from mechshift.benchmark.circuits.intervention import run_circuits
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import V2
from speed.attribution import random_batch, random_member


def seconds(work: Callable[[], object]) -> float:
    """Processor time of the work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def circuits_of(member: Member, batch: Batch) -> dict[int, Edges]:
    """The pruned circuit of every budget of protocol v2, by its size."""
    graph = Graph.of(member.backbone.shape)
    scores = attribute(member, [batch], Integration("eap", 1), groups=5).scores()
    pruned = (graph.prune(graph.select(scores, budget)) for budget in budgets(V2.sweeping.grid, graph.edges))
    return {int(edges.sum()): edges for edges in pruned}


@torch.no_grad()
def bare_pass(member: Member, batch: Batch) -> None:
    """The clean prompts once, and the metric."""
    measure(member, batch, member.hidden(member.embed(batch.clean), batch.clean))


def compare(prompts: int, tokens: int, repeats: int, each: bool) -> None:
    """Print the ratio for all circuits together, and if asked for that of each circuit by itself."""
    member, batch = random_member(), random_batch(prompts, tokens)
    circuits = circuits_of(member, batch)
    stacked = np.stack([*circuits.values()])
    bare_pass(member, batch)
    times = [
        (
            seconds(lambda: [bare_pass(member, batch) for _ in stacked]),
            seconds(lambda: run_circuits(member, batch, stacked)),
        )
        for _ in range(repeats)
    ]
    bare, whole = (min(column) for column in zip(*times, strict=True))
    print(f"GPT-2 small's shape, {prompts} prompts of {tokens} tokens, {torch.get_num_threads()} threads")
    print(
        f"{len(stacked)} bare passes {bare:.2f} s, as many circuits {whole:.2f} s, ratio {whole / bare:.2f}"
    )
    if not each:
        return
    for size, edges in circuits.items():
        alone = min(
            seconds(lambda edges=edges: run_circuits(member, batch, edges[None])) for _ in range(repeats)
        )
        # Both runs come with it.
        print(f"{size:6} edges: {alone * len(stacked) / bare - 2:.2f} passes")


def compare_effects(prompts: int, tokens: int) -> None:
    """Print what single components cost, in bare passes for each."""
    member, batch = random_member(), random_batch(prompts, tokens)
    components = Graph.of(member.backbone.shape).sources - 1
    bare = min(seconds(lambda: bare_pass(member, batch)) for _ in range(3))
    drops = seconds(lambda: component_drops(member, [batch]))
    print(f"{components} components: {drops / (components * bare):.2f} passes each")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--each", action="store_true", help="each circuit by itself too")
    parser.add_argument("--effects", action="store_true", help="single components too")
    asked = parser.parse_args()
    compare(asked.prompts, asked.tokens, asked.repeats, asked.each)
    if asked.effects:
        compare_effects(asked.prompts, asked.tokens)


if __name__ == "__main__":
    main()
