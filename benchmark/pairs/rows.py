"""Token rows that only one of an ARM and its control has: they are never read, chosen or scored.

Checkpoints of one model differ in them: matrices are padded to other multiples, and tuning adds tokens.
"""

from dataclasses import replace

from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from ...errors import PairError
from .families import read_backbone
from .member import Member
from .tokens import text_tokens
from .words import in_either


def share_rows(
    arm: Member, control: Member, tokenizer: PreTrainedTokenizerBase
) -> tuple[Member, Member, tuple[str, ...]]:
    """Both members with the rows that both have, and what to note of it: nothing where they have as many.

    What a member has more is cut off its embedding and its head, in place, so that nothing can read it,
    choose it, or give it a share of a softmax. `tokenizer` is the ARM's, which serves both. Raises PairError
    where a text can have a token without a row in the control.
    """
    ours, theirs = (member.backbone.shape.vocabulary for member in (arm, control))
    if ours == theirs:
        return arm, control, ()
    _check_rows(ours, theirs, tokenizer)
    more, fewer = ("control", "ARM") if theirs > ours else ("ARM", "control")
    alone = "row that it alone has is" if abs(ours - theirs) == 1 else "rows that it alone has are"
    note = (
        f"the {more} has {max(ours, theirs):,} token rows and the {fewer} {min(ours, theirs):,}: the "
        f"{abs(ours - theirs):,} {alone} never read, chosen or scored"
    )
    shared = min(ours, theirs)
    return cut_rows(arm, shared), cut_rows(control, shared), (note,)


def _check_rows(ours: int, theirs: int, tokenizer: PreTrainedTokenizerBase) -> None:
    lost = {index: token for index, token in text_tokens(tokenizer).items() if theirs <= index < ours}
    if lost:
        first = min(lost)
        raise PairError(
            f"the control has {theirs:,} token rows, and none for {len(lost):,} of the ARM's tokens that a "
            f"text can have, such as {lost[first]!r} (id {first})",
            f"declare as {in_either('arm')} the model that the control was trained from",
        )


def cut_rows(member: Member, rows: int) -> Member:
    """The member with its first token rows alone, in place; a head that is tied to the embedding stays so."""
    backbone = member.backbone
    embedding, head = backbone.embedding, backbone.head
    if backbone.shape.vocabulary == rows:
        return member
    tied = head.weight is embedding.weight
    embedding.weight = _first(embedding.weight, rows)
    embedding.num_embeddings = rows
    if embedding.padding_idx is not None and embedding.padding_idx >= rows:
        embedding.padding_idx = None  # torch refuses one that has no row
    head.weight = embedding.weight if tied else _first(head.weight, rows)
    head.out_features = rows
    backbone.model.config.vocab_size = rows
    return replace(member, backbone=read_backbone(backbone.model))


def _first(weight: Tensor, rows: int) -> nn.Parameter:
    # A view, as a copy of the largest matrix of a model would need its memory twice.
    return nn.Parameter(weight.detach()[:rows], requires_grad=weight.requires_grad)
