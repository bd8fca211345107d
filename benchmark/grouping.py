"""Discovery and evaluation halves of a pool, and the groups that score sums are kept for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .encoding import Encoded
from .pool import Order
from .protocol import Protocol

Pooled = tuple[Encoded, Order]


@dataclass(frozen=True)
class Grouping:
    """Both halves of a pool, the group of each discovery example, and each group's template."""

    discovery: tuple[Pooled, ...]
    evaluation: tuple[Pooled, ...]
    group: tuple[int, ...]
    clusters: tuple[str, ...]


def group_examples(examples: Sequence[Pooled], protocol: Protocol) -> Grouping:
    """Halve each template's examples alternately, and deal its discovery examples to its groups.

    A protocol that is not `disjoint` uses every example for both. About `protocol.groups` groups in all,
    every one within one template, so that the bootstrap can draw templates first.
    """
    seen: Counter[str] = Counter()
    discovery: list[Pooled] = []
    evaluation: list[Pooled] = []
    for each in examples:
        template = each[0].example.template
        for_discovery = not protocol.disjoint or seen[template] % 2 == 0
        if for_discovery:
            discovery.append(each)
        if not protocol.disjoint or not for_discovery:
            evaluation.append(each)
        seen[template] += 1
    per_template = max(1, protocol.groups // max(1, len(seen)))
    dealt: Counter[str] = Counter()
    labels: list[tuple[str, int]] = []
    for encoded, _ in discovery:
        template = encoded.example.template
        labels.append((template, dealt[template] % per_template))
        dealt[template] += 1
    order = {label: number for number, label in enumerate(sorted(set(labels)))}
    return Grouping(
        tuple(discovery),
        tuple(evaluation),
        tuple(order[label] for label in labels),
        tuple(template for template, _ in order),
    )
