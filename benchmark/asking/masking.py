"""What a mask token must not meet: itself in a prompt, and a place that cannot be read."""

from collections.abc import Iterable

from ...errors import PairError
from ..pairs.member import Member
from ..pairs.words import given_in_either


def check_prompts(member: Member, prompts: Iterable[Iterable[int]]) -> None:
    """Raises PairError when a prompt (a row of token ids) already holds the mask token."""
    for index, prompt in enumerate(prompts):
        if member.mask_id in prompt:
            raise PairError(
                f"prompt {index} holds the mask token (id {member.mask_id}), which is a word of its own here",
                "declare a mask token that no prompt uses, or leave this task out",
            )


def check_targets(member: Member, positions: Iterable[int]) -> None:
    """Raises PairError when a masked position cannot be read: position 0 of a shifted member."""
    if member.shift and any(position <= 0 for position in positions):
        raise PairError(
            f"position 0 is masked, and the {member.called} is declared shifted: nothing before it can "
            "be read",
            f"declare {given_in_either(shift=False)} if the model is read at the masked position itself, "
            "else begin with a token",
        )
