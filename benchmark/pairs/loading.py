"""Two checkpoints as one pair, checked before anything is measured."""

import hashlib

import torch
from transformers import PreTrainedTokenizerBase

from ...errors import PairError
from .checkpoint import Checkpoint, find_description, with_weights
from .matching import check_same_backbone
from .member import Member, Role
from .movement import weight_movement
from .named import checking
from .native import load_backbone, native_type
from .pair import Pair, Provenance
from .spec import MemberSpec, PairSpec
from .tokens import check_same_tokens, find_mask_id, is_ordinary, load_tokenizer, named_mask_ids, own_mask_ids


def open_pair(spec: PairSpec, device: str | torch.device | None = None, offline: bool = False) -> Pair:
    """Both members as they are declared, of checkpoints that are whole, and nothing else checked yet.

    Raises PairError where a member cannot be loaded, with the name of the check that it fails; what can be
    told without the weights is told before any are fetched.
    """
    place = choose_device(device)
    with checking("files"):
        described = find_description(spec.arm, offline), find_description(spec.mdm, offline)
    with checking("class"):
        for member, checkpoint in zip((spec.arm, spec.mdm), described, strict=True):
            native_type(checkpoint, member.loader)
    tokenizer, second, mask_id = read_tokens(spec, described)
    with checking("files"):
        checkpoints = with_weights(described[0], offline), with_weights(described[1], offline)
    arm = load_member(spec.arm, checkpoints[0], "arm", mask_id, place)
    mdm = load_member(spec.mdm, checkpoints[1], "control" if spec.control else "mdm", mask_id, place)
    with checking("backbone"):
        check_same_backbone(arm, mdm)
    return Pair(
        spec,
        arm,
        mdm,
        tokenizer,
        tokenizer_digest(tokenizer),
        is_ordinary(mask_id, second or tokenizer),
        _provenance(checkpoints[0], arm),
        _provenance(checkpoints[1], mdm),
        weight_movement(arm, mdm),
        named_mask_ids(second or tokenizer, checkpoints[1].config),
    )


def read_tokens(
    spec: PairSpec, checkpoints: tuple[Checkpoint, Checkpoint]
) -> tuple[PreTrainedTokenizerBase, PreTrainedTokenizerBase | None, int]:
    """The ARM's tokenizer, which serves both, the MDM's where it has one, and the pair's mask token.

    Raises PairError where the ARM has none, the two do not mean the same by an id, or nothing names a mask.
    """
    with checking("tokens"):
        tokenizer, second = _tokenizers(checkpoints)
    with checking("mask token"):
        mask_id = _mask_id(spec, second or tokenizer, checkpoints[1])
    if second is not None:
        with checking("tokens"):
            check_same_tokens(tokenizer, second, mask_id)
    return tokenizer, second, mask_id


def _tokenizers(
    checkpoints: tuple[Checkpoint, Checkpoint],
) -> tuple[PreTrainedTokenizerBase, PreTrainedTokenizerBase | None]:
    first, second = (load_tokenizer(checkpoint) for checkpoint in checkpoints)
    if first is None:
        raise PairError(
            f"{checkpoints[0].name} has no tokenizer",
            "put tokenizer.json and tokenizer_config.json into the ARM's directory",
        )
    return first, second


def _mask_id(spec: PairSpec, tokenizer: PreTrainedTokenizerBase, second: Checkpoint) -> int:
    """That of the pair; for a control that names none, the first id beyond all tokens."""
    if spec.control and spec.mdm.mask_token is None and not own_mask_ids(tokenizer, second.config):
        rows = second.config.get("vocab_size")
        return max(len(tokenizer), rows if isinstance(rows, int) else 0)
    return find_mask_id(spec.mdm.mask_token, tokenizer, second.config)


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
        if chosen.type == "meta":
            raise RuntimeError("it holds no numbers")
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise PairError(
            f"device {device} cannot be used: {str(error).splitlines()[0]}",
            "use cpu, or cuda where there is a GPU that torch can use",
        ) from None
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


def tokenizer_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    """Hexadecimal SHA-256 of all that a tokenizer does."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    content = repr(sorted(tokenizer.get_vocab().items())) if backend is None else backend.to_str()
    return hashlib.sha256(content.encode()).hexdigest()
