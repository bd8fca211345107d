"""Whether a pair's MDM behaves as it is declared to: the check that sees a wrong shift, attention or mask."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import torch

from ...errors import PairError
from ..pairs.member import Member
from ..pairs.pair import Pair
from ..pairs.spec import CAUSAL
from ..pairs.tokens import MOST_NAMED
from ..pairs.words import SWAP, given_in_either, in_either
from .cloze import Cloze, clozes
from .fill import Fill, askable, fills, fills_under, fills_with

MOST_MOVED = 12
"""A mask token that is an ordinary word is among the embedding's rows that post-training moved most."""
MOST_ADDED = 12
"""And one that the ARM does not have among the first rows behind the ARM's."""


@dataclass(frozen=True)
class Behaviour:
    """How the second member fills clozes, as declared and in other ways.

    `ways`: every shift and attention that makes a difference, the declared ones first; `masks`: every mask
    token that comes into question, the declared one first, with many tokens of a text masked; none where one
    of the ways is clearly better. `control`: it is an ARM, trained on. `arm`: how the first member fills the
    same clozes, causally and read as an ARM is first, then as the second is declared; asked only where the
    second is not told from an ARM.
    """

    ways: tuple[Fill, ...]
    masks: tuple[Fill, ...]
    control: bool = False
    arm: tuple[Fill, ...] = ()

    @property
    def declared(self) -> Fill:
        """The declared shift and attention."""
        return self.ways[0]

    @cached_property
    def best(self) -> tuple[Fill, ...]:
        """The best of the ways clearly better than the declared one, else of the mask tokens that are.

        Several where they are not told apart, in their order; none where none is better.
        """
        return _best(self.ways) or _best(self.masks)

    @property
    def better(self) -> Fill | None:
        """The first of the best, None where none is better than the declared one."""
        return self.best[0] if self.best else None

    @cached_property
    def exchanged(self) -> Fill | None:
        """The way in which the ARM fills clozes clearly better than as an ARM, and so as an MDM does.

        The second member does not: the two were exchanged. None where nothing speaks for that.
        """
        better = [way for way in self.arm[1:] if way.clearly_better(self.arm[0])]
        return max(better, key=lambda way: way.mean, default=None)

    @cached_property
    def alike(self) -> tuple[Fill, ...]:
        """The other shifts and attentions that the declared way is not clearly better than."""
        return tuple(way for way in self.ways[1:] if not self.declared.clearly_better(way))

    @property
    def verdict(self) -> Literal["passed", "failed", "undecided"]:
        """Failed where another way is clearly better, or the members were exchanged.

        Passed where the declared one is clearly better than the other shift and, for an MDM, than causal
        attention with either; undecided else. Without the latter nothing shows that it is no ARM.
        """
        if self.better is not None or self.exchanged is not None:
            return "failed"
        if not self.control and self.declared.attention == CAUSAL and self.declared.shift:
            return "undecided"
        told = all(self.declared.clearly_better(way) for way in self.ways[1:] if self._decides(way))
        return "passed" if told else "undecided"

    def _decides(self, way: Fill) -> bool:
        return way.attention == self.declared.attention or (way.attention == CAUSAL and not self.control)

    @property
    def detail(self) -> str:
        """What was found, in a line."""
        declared, way = self.declared, self.better
        if self.exchanged is not None:
            found = f"fills {_filled(declared)} as declared, no better than an ARM would"
            as_mdm = f"{_filled(self.exchanged)} with {self.exchanged} and {_filled(self.arm[0])} causally"
            return f"{found}, and the ARM fills {as_mdm}, as an MDM would"
        if not len(declared.right):
            return "no gap can be asked: the tokenizer writes no text, or the mask token has no row"
        if way is not None and way.mask_id != declared.mask_id:
            masked = f"fills {_filled(self.masks[0])} where many tokens are masked"
            return f"{masked}, and {_filled(way)} masked by {way.mask_id}"
        found = f"fills {_filled(declared)} as declared"
        if way is not None:
            return f"{found}, and {_filled(way)} with {_named(self.best)}"
        return found + (f"; not told apart: {'; '.join(map(str, self.alike))}" if self.alike else "")


def _best(ways: tuple[Fill, ...]) -> tuple[Fill, ...]:
    """Of those clearly better than the first the best, and all that it is not clearly better than."""
    # Better than the declared way, not merely the best: among many alternatives the best one wins by
    # chance.
    better = [way for way in ways[1:] if way.clearly_better(ways[0])]
    best = max(better, key=lambda way: way.mean, default=None)
    return tuple(way for way in better if best and (way is best or not best.clearly_better(way)))


def _named(ways: tuple[Fill, ...]) -> str:
    first, *others = map(str, ways)
    return f"{first} (not told apart: {'; '.join(others)})" if others else first


def _filled(way: Fill) -> str:
    return f"{int(way.right.sum())} of {len(way.right)} gaps"


def observe(pair: Pair) -> Behaviour:
    """Fill the clozes that the pair's tokenizer can write, in every way; a control with no mask token."""
    texts = clozes(pair.tokenizer)
    member = with_some_row(pair.mdm, texts)
    pair.bring(pair.mdm)
    asked = askable(member, texts)
    ways = tuple(fills(member, asked))
    found = Behaviour(ways, (), member.autoregressive, _of_the_arm(pair, ways, texts))
    # Mask tokens are compared under the declared offset and attention, so those have to be right first.
    if member.autoregressive or found.better or found.exchanged:
        return found
    mask_ids = (member.mask_id, *mask_candidates(pair))
    pair.bring(pair.mdm)
    return replace(found, masks=tuple(fills_with(member, asked, mask_ids)))


def _of_the_arm(pair: Pair, ways: tuple[Fill, ...], texts: list[Cloze]) -> tuple[Fill, ...]:
    """How the ARM fills clozes as itself and as the MDM, where the MDM does not do it better than an ARM."""
    declared = ways[0]
    as_an_arm = next((way for way in ways if way.attention == CAUSAL and way.shift), None)
    if pair.mdm.autoregressive or as_an_arm is None or as_an_arm is declared:
        return ()  # a control is an ARM, and of an MDM that attends causally gaps tell nothing
    # Then it is an MDM, and the ARM need not be asked.
    if declared.clearly_better(as_an_arm):
        return ()
    asked = askable(pair.arm, texts)
    pair.bring(pair.arm)
    return tuple(fills_under(pair.arm, asked, (CAUSAL, declared.attention)))


def with_some_row(member: Member, texts: list[Cloze]) -> Member:
    """A control need not have a row for its mask token: its gaps then hold a token that no text has.

    As it is declared it reads before the gap and sees none; an MDM that is called a control would.
    """
    rows = member.backbone.shape.vocabulary
    if member.role != "control" or member.mask_id < rows:
        return member
    used = {token for cloze in texts for token in cloze.tokens}
    spare = next((row for row in range(rows - 1, -1, -1) if row not in used), None)
    return member if spare is None else replace(member, mask_id=spare)


def check_behaviour(pair: Pair, behaviour: Behaviour) -> None:
    """Raises PairError where the second member fills gaps clearly better than in the declared way."""
    if behaviour.exchanged is not None:
        raise PairError(
            f"the two members look exchanged: the MDM {behaviour.detail}",
            f"{SWAP}; where they are right all the same, run with {in_either('accept_behaviour')}",
        )
    if behaviour.better is None:
        return
    raise PairError(
        f"the {pair.mdm.called} is declared with {behaviour.declared} and mask token "
        f"{pair.mdm.mask_id}: it {behaviour.detail}",
        f"{_remedy(pair, behaviour, behaviour.better)}; where the declaration is right all the same, run "
        f"with {in_either('accept_behaviour')}",
    )


def _remedy(pair: Pair, behaviour: Behaviour, way: Fill) -> str:
    """What to declare instead, in both interfaces and as keys of an entry."""
    if way.mask_id != behaviour.declared.mask_id:
        option = given_in_either(entry=True, mask_token=way.mask_id)
        return f"declare {option}, and correct what the MDM's own files name if they name another"
    option = given_in_either(entry=True, shift=way.shift, attention=str(way.attention))
    instead = f"leave out {in_either('as_control')} and " if pair.spec.control else ""
    card = ", or which of those the model's card says" if len(behaviour.best) > 1 else ""
    return f"{instead}declare {option}{card}"


def mask_candidates(pair: Pair) -> tuple[int, ...]:
    """Ids that may be the mask token instead of the declared one.

    What the MDM's files call a mask, rows that the ARM does not have, and the rows that moved most.
    """
    pair.bring(pair.arm)
    arm = pair.arm.backbone.embedding.weight
    if pair.turns is not None:
        arm = arm.detach().clone()  # which stays when the ARM goes
    pair.bring(pair.mdm)
    mdm = pair.mdm.backbone.embedding.weight
    rows = min(len(arm), len(mdm))
    before = arm[:rows].float()
    # Relative to the row's norm, which differs between frequent and rare tokens; padding rows can be 0.
    moved = (mdm[:rows].to(arm.device).float() - before).norm(dim=1) / before.norm(dim=1).clamp(min=1e-9)
    most = torch.topk(moved, min(MOST_MOVED, rows)).indices.tolist()
    added = range(rows, min(len(mdm), rows + MOST_ADDED))
    named = [mask_id for mask_id in pair.named_masks if 0 <= mask_id < len(mdm)]
    return tuple(dict.fromkeys(one for one in (*named, *added, *most) if one != pair.mdm.mask_id))


ARM_ATTENTIONS = 2
"""Under so many attentions at most the ARM is asked too."""


def most_candidates(added: int) -> int:
    """How many `mask_candidates` has at most, for an MDM with so many rows more than the ARM."""
    return MOST_NAMED + min(added, MOST_ADDED) + MOST_MOVED
