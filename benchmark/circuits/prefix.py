"""What clean and corrupted prompts share at their beginning, run once where attention is causal.

A causal model computes the same for these tokens in either run: their sources differ by nothing, so that no
edge gets a score there, and later positions read of them no more than keys and values.
"""

from dataclasses import replace

from ..pairs.member import Member
from .batch import Batch

LEAST = 4
"""Fewer shared tokens than this are not worth a pass of their own.

Four of fourteen already save a quarter of attribution, circuits and patching, on models of width 128 and 512.
"""


def behind_shared_prefix(member: Member, batch: Batch) -> tuple[Member, Batch]:
    """The member behind the tokens that every row's two prompts share, and the batch without them.

    Both as they are where the member's attention is not causal, or the shared tokens are few. Tokens that are
    read, and the last one, are left in the batch.
    """
    tokens = _shared(batch) if member.attention.kind == "causal" and member.prefix is None else 0
    if tokens < LEAST:
        return member, batch
    rest = replace(
        batch,
        clean=batch.clean[:, tokens:],
        corrupted=batch.corrupted[:, tokens:],
        read_position=batch.read_position - tokens,
    )
    return member.behind(batch.clean[:, :tokens]), rest


def _shared(batch: Batch) -> int:
    equal = (batch.clean == batch.corrupted).all(dim=0).long().cumprod(dim=0)
    # Even if all tokens are shared, the last one stays in the batch, since a pass needs at least one token.
    return min(int(equal.sum()), int(batch.read_position.min()), batch.clean.shape[1] - 1)
