"""What patching out single components costs beside bare forward passes, on GPT-2 small's shape."""

from mechshift.benchmark.circuits.effects import component_drops
from mechshift.benchmark.circuits.graph import Graph
from speed.attribution import bare_forwards, random_batch, random_member
from speed.results import Found, reading
from speed.timing import Asked, in_turn

PASSES = 10
"""Bare passes that are timed together, as one of so few prompts is short."""


def measured(asked: Asked) -> Found:
    """What one component costs, in bare forward passes over its prompts."""
    prompts, tokens, rounds = (1, 8, 1) if asked.quick else (2, 20, 2)
    member, batch = random_member(), random_batch(prompts, tokens)
    components = Graph.of(member.backbone.shape).sources - 1
    times = in_turn(
        {
            "passes": lambda: bare_forwards(member, batch, PASSES),
            "components": lambda: component_drops(member, [batch]),
        },
        rounds,
        asked.seconds,
    )
    each = [
        (whole / components) / (bare / PASSES)
        for whole, bare in zip(times["components"], times["passes"], strict=True)
    ]
    return Found(
        readings=(reading("a component patched out / bare forward pass", each, "×"),),
        notes=(f"GPT-2 small's shape, {prompts} prompts of {tokens} tokens, {components} components.",),
    )
