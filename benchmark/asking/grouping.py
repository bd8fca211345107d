"""Discovery and evaluation halves of a pool, and the groups that score sums are kept for."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..pairs.member import Member
from ..record.protocol import Protocol
from .encoding import Encoded
from .pool import Order
from .states import Question, question

Pooled = tuple[Encoded, Order]


@dataclass(frozen=True)
class Grouping:
    """Both halves of a pool, the group of each discovery example, and each group's template."""

    discovery: tuple[Pooled, ...]
    evaluation: tuple[Pooled, ...]
    group: tuple[int, ...]
    clusters: tuple[str, ...]


def group_examples(examples: Sequence[Pooled], protocol: Protocol) -> Grouping:
    """Halve a pool template by template, alternately, and deal the discovery half of each to its groups.

    Halves differ by one example at the most, in all and within each template. A protocol that is not
    `disjoint` uses every example for both. About `protocol.groups` groups in all, every one within one
    template, so that the bootstrap can draw templates first; two a template at the least, so that both
    halves of the ceiling hold every template in every task, and overlaps of tasks can be set side by side.
    """
    ordered = sorted(examples, key=_template)
    discovery, evaluation = (ordered[::2], ordered[1::2]) if protocol.disjoint else (ordered, ordered)
    templates = {_template(each) for each in discovery}
    per_template = max(2, protocol.groups // max(1, len(templates)))
    labels = [(_template(each), place % per_template) for place, each in enumerate(discovery)]
    order = {label: number for number, label in enumerate(sorted(set(labels)))}
    return Grouping(
        tuple(discovery),
        tuple(evaluation),
        tuple(order[label] for label in labels),
        tuple(template for template, _ in order),
    )


def questions(
    member: Member, examples: Sequence[Pooled], groups: Sequence[int] | None = None
) -> list[Question]:
    """What a member is asked about examples; scores are summed in their groups (all 0 when left out)."""
    numbers = [0] * len(examples) if groups is None else groups
    return [
        question(member, encoded, order, group)
        for (encoded, order), group in zip(examples, numbers, strict=True)
    ]


def _template(pooled: Pooled) -> str:
    return pooled[0].example.template
