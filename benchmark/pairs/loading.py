"""Two checkpoints as one pair, checked before anything is measured."""

import hashlib
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from ...errors import PairError
from .checkpoint import Checkpoint, find_checkpoint
from .checks import check_member, check_same_backbone
from .member import Member, Role
from .movement import Movement, weight_movement
from .native import load_backbone
from .spec import MemberSpec, PairSpec
from .tokens import check_mask_id, check_same_tokens, find_mask_id, is_ordinary, load_tokenizer


@dataclass(frozen=True)
class Provenance:
    """Which weights a member has: the hub commit (None for a directory), a digest, and their dtype.

    `digest` is the SHA-256 of config.json and the safetensors files.
    """

    checkpoint: str
    revision: str | None
    digest: str
    native: str
    dtype: str


@dataclass(frozen=True)
class Pair:
    """An ARM and an MDM that passed every load-time check, and the ARM's tokenizer, which serves both.

    `ordinary_mask` tells that ordinary text can contain the mask token, so that prompts have to be checked
    for it; `movement` how far the MDM's weights are from the ARM's. `tokenizer_digest` is the SHA-256 of
    the tokenizer.
    """

    spec: PairSpec
    arm: Member
    mdm: Member
    tokenizer: PreTrainedTokenizerBase
    tokenizer_digest: str
    ordinary_mask: bool
    arm_provenance: Provenance
    mdm_provenance: Provenance
    movement: tuple[Movement, ...]

    @property
    def members(self) -> tuple[Member, Member]:
        """The ARM and the MDM."""
        return self.arm, self.mdm


def load_pair(spec: PairSpec, device: str | torch.device | None = None) -> Pair:
    """Loads both members of a pair and checks what is declared about them.

    `device` None takes an accelerator where there is one. Only safetensors are opened and no code of a
    checkpoint runs. Raises PairError when a checkpoint cannot be loaded or a declaration is wrong.
    """
    place = choose_device(device)
    checkpoints = find_checkpoint(spec.arm), find_checkpoint(spec.mdm)
    tokenizer, second = (load_tokenizer(checkpoint) for checkpoint in checkpoints)
    if tokenizer is None:
        raise PairError(
            f"{spec.arm.checkpoint} has no tokenizer",
            "put tokenizer.json and tokenizer_config.json into the ARM's directory",
        )
    mask_id = pair_mask_id(spec, second or tokenizer, checkpoints[1])
    if second is not None:
        check_same_tokens(tokenizer, second, mask_id)
    arm = load_member(spec.arm, checkpoints[0], "arm", mask_id, place)
    mdm = load_member(spec.mdm, checkpoints[1], "control" if spec.control else "mdm", mask_id, place)
    check_same_backbone(arm, mdm)
    if mask_id < 0 or not spec.control:  # a control is never given the token and needs no row of it
        check_mask_id(mask_id, mdm.backbone.shape.vocabulary)
    check_member(arm)
    check_member(mdm)
    return Pair(
        spec,
        arm,
        mdm,
        tokenizer,
        _tokenizer_digest(tokenizer),
        is_ordinary(mask_id, second or tokenizer),
        _provenance(checkpoints[0], arm),
        _provenance(checkpoints[1], mdm),
        weight_movement(arm, mdm),
    )


def pair_mask_id(spec: PairSpec, tokenizer: PreTrainedTokenizerBase, second: Checkpoint) -> int:
    """The pair's mask token; for a control that names none, the first id beyond all tokens.

    `tokenizer`: the MDM's, or the ARM's where it has none. Raises PairError where nothing names one.
    """
    try:
        return find_mask_id(spec.mdm.mask_token, tokenizer, second.config)
    except PairError:
        if not spec.control or spec.mdm.mask_token is not None:
            raise
        rows = second.config.get("vocab_size")
        return max(len(tokenizer), rows if isinstance(rows, int) else 0)


def load_member(
    spec: MemberSpec, checkpoint: Checkpoint, role: Role, mask_id: int, device: torch.device
) -> Member:
    """One member, unchecked: its backbone with the declared attention and shift. Raises PairError."""
    backbone = load_backbone(checkpoint, spec.loader, device)
    return Member(role, backbone, spec.attention, spec.shift, mask_id)


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The device that was asked for, else an accelerator, else the CPU. Raises PairError if unusable."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise PairError(f"device {device} cannot be used: {str(error).splitlines()[0]}", "use cpu") from None
    return chosen


def _provenance(checkpoint: Checkpoint, member: Member) -> Provenance:
    backbone = member.backbone
    return Provenance(
        checkpoint.name,
        checkpoint.revision,
        checkpoint.digest(),
        type(backbone.model).__name__,
        str(backbone.dtype).removeprefix("torch."),
    )


def _tokenizer_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    content = repr(sorted(tokenizer.get_vocab().items())) if backend is None else backend.to_str()
    return hashlib.sha256(content.encode()).hexdigest()
