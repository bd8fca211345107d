"""Whether two members make a pair: one backbone, and a row for the mask token."""

from dataclasses import replace

from ...errors import PairError
from .member import Member
from .tokens import check_mask_id
from .words import SWAP, in_either


def check_mask_row(member: Member) -> None:
    """Raises PairError for an MDM without a row of its mask token; an ARM is never given it."""
    if member.mask_id < 0 or not member.autoregressive:
        check_mask_id(member.mask_id, member.backbone.shape.vocabulary)


def check_same_backbone(arm: Member, mdm: Member) -> None:
    """Raises PairError when the members' classes or dimensions differ.

    The MDM may have more token rows than the ARM; a control may have more or fewer (see `share_rows`).
    """
    ours, theirs = type(arm.backbone.model).__name__, type(mdm.backbone.model).__name__
    rows, second_rows = (member.backbone.shape.vocabulary for member in (arm, mdm))
    lacks_rows = second_rows < rows and mdm.role != "control"
    # The MDM may have more token rows, so the vocabulary is compared separately.
    first = vars(replace(arm.backbone.shape, vocabulary=0))
    second = vars(replace(mdm.backbone.shape, vocabulary=0))
    differing = [f"{name} {first[name]} and {second[name]}" for name in first if first[name] != second[name]]
    if ours != theirs:
        differing.insert(0, f"class {ours} and {theirs}")
    if lacks_rows:
        differing.append(f"vocabulary {rows} and {second_rows}")
    if not differing:
        return
    # Post-training adds rows, a mask token's, and takes none away.
    only_rows = len(differing) == 1 and lacks_rows
    made = "trained" if mdm.role == "control" else "post-trained"
    raise PairError(
        f"the ARM and the {mdm.called} have different backbones: {'; '.join(differing)}",
        f"declare as {in_either('arm')} the very model that the {mdm.called} was {made} from"
        + (f"; if the two were exchanged, {SWAP}" if only_rows else ""),
    )
