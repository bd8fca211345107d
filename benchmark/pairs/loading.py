"""Two checkpoints as one pair, checked before anything is measured."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import torch
from transformers import PreTrainedTokenizerBase

from ...errors import PairError
from .check_name import of_check
from .checkpoint import Checkpoint, find_checkpoint, find_description, with_weights
from .device_map import DeviceChoice, DeviceMap
from .devices import choose_device, free_on_accelerators
from .families import VARIANTS, read_backbone
from .limits import USUAL, Limits
from .matching import check_same_backbone
from .member import Member, Role
from .movement import weight_movement
from .native import load_backbone, native_config, native_model, native_type
from .noise import Norms, add_noise, digest_of_weights, distances
from .pair import Pair, Provenance
from .rows import cut_rows, share_rows
from .spec import MemberSpec, Noise, PairSpec
from .spread import DeviceByPart, spread_over
from .tokens import (
    check_control_tokens,
    check_same_tokens,
    find_mask_id,
    is_ordinary,
    load_tokenizer,
    named_mask_ids,
    own_mask_ids,
    tokens_of_one,
)
from .turns import Turns, put_away
from .words import SWAP

Tokens = tuple[PreTrainedTokenizerBase, PreTrainedTokenizerBase | None, int]
"""What `read_tokens` gives."""


def open_pair(
    spec: PairSpec,
    device: DeviceChoice = None,
    offline: bool = False,
    limits: Limits = USUAL,
) -> Pair:
    """Both members as they are declared, of checkpoints that are whole, and nothing else checked yet.

    `device`: where they go, see `choose_device`, or a map over several, by which both are spread. `limits`:
    how they are held in memory; the ARM with noise is always held beside the ARM. Raises PairError where a
    member cannot be loaded, with the name of the check that it fails, and UsageError for a map that does not
    fit them; what can be told without the weights is told before any are fetched.
    """
    choose_device(device)
    described, (tokenizer, second, mask_id) = _describe(spec, offline)
    in_turn = limits.in_turn and spec.noise is None
    places = _places(spec, described, device, 1 if in_turn else 2)
    with of_check("files"):
        checkpoints = with_weights(described[0], offline), with_weights(described[1], offline)
    arm = load_member(spec.arm, checkpoints[0], "arm", mask_id, places[0])
    if in_turn:
        put_away(arm)
    norms, moved_to = (None, None) if spec.noise is None else _how_far(spec.noise, arm, places[0], offline)
    mdm = load_member(spec.mdm, checkpoints[1], role_of_second(spec), mask_id, places[1])
    with of_check("backbone"):
        check_same_backbone(arm, mdm)
    provenance = _provenance(checkpoints[1], mdm)
    if spec.noise is not None and norms is not None:
        add_noise(mdm, norms, spec.noise.seed)
        provenance = replace(provenance, digest=digest_of_weights(mdm, provenance.digest))
    noted: tuple[str, ...] = ()
    if spec.control:
        with of_check("tokens"):
            arm, mdm, noted = share_rows(arm, mdm, tokenizer)
        noted += () if second is None else tokens_of_one(tokenizer, second, mask_id)
    arm, mdm = (replace(member, share=limits.share) for member in (arm, mdm))
    turns = _take_turns(spec, checkpoints, (arm, mdm), places) if in_turn else None
    return Pair(
        spec,
        arm,
        mdm,
        tokenizer,
        tokenizer_digest(tokenizer),
        is_ordinary(mask_id, second or tokenizer),
        _provenance(checkpoints[0], arm),
        provenance,
        weight_movement(arm, mdm, turns),
        named_mask_ids(second or tokenizer, checkpoints[1].config),
        noted,
        moved_to,
        limits,
        turns,
        device if isinstance(device, DeviceMap) else None,
    )


def _describe(spec: PairSpec, offline: bool) -> tuple[tuple[Checkpoint, Checkpoint], Tokens]:
    """The checkpoints without their weights, and what their small files say of tokens."""
    with of_check("files"):
        described = find_description(spec.arm, offline), find_description(spec.mdm, offline)
    with of_check("class"):
        for member, checkpoint in zip((spec.arm, spec.mdm), described, strict=True):
            native_type(checkpoint, member.loader)
        if not spec.control and spec.line is None:
            _check_order(described)
    # Needs small files only, so a wrong mask token shows before gigabytes are fetched.
    return described, read_tokens(spec, described)


def _places(
    spec: PairSpec, described: tuple[Checkpoint, Checkpoint], device: DeviceChoice, members: int
) -> tuple[torch.device | DeviceByPart, torch.device | DeviceByPart]:
    """Where the parts of both members go, of whom so many are in memory at a time."""
    if not isinstance(device, DeviceMap):
        chosen = choose_device(device)
        return chosen, chosen
    # Known of both before either is there, as what is free is less then.
    free = {} if device.way is None else free_on_accelerators()
    arm, mdm = (
        _spread(of, checkpoint, device, free, members)
        for of, checkpoint in zip((spec.arm, spec.mdm), described, strict=True)
    )
    return arm, mdm


def _spread(
    of: MemberSpec, checkpoint: Checkpoint, asked: DeviceMap, free: Mapping[torch.device, int], members: int
) -> DeviceByPart:
    with of_check("configuration"), torch.device("meta"):
        backbone = read_backbone(native_model(checkpoint, of.loader))
    named = of.loader.precision
    stored = native_config(checkpoint, of.loader).dtype if named == "auto" else getattr(torch, named)
    return spread_over(backbone, asked, free, members, stored)


def _take_turns(
    spec: PairSpec,
    checkpoints: tuple[Checkpoint, Checkpoint],
    members: tuple[Member, Member],
    places: tuple[torch.device | DeviceByPart, torch.device | DeviceByPart],
) -> Turns:
    """Members of which the second is in memory, each to be loaded again just as it was."""

    def load(
        of: MemberSpec, checkpoint: Checkpoint, member: Member, place: torch.device | DeviceByPart
    ) -> Member:
        found = load_member(of, checkpoint, member.role, member.mask_id, place)
        return cut_rows(found, member.backbone.shape.vocabulary)

    asked = list(zip((spec.arm, spec.mdm), checkpoints, members, places, strict=True))
    return Turns(
        members,
        {
            member.role: partial(load, of, checkpoint, member, place)
            for of, checkpoint, member, place in asked
        },
        {member.role: checkpoint.weights for _, checkpoint, member, _ in asked},
    )


def role_of_second(spec: PairSpec) -> Role:
    """What the second member of a pair is."""
    if spec.noise is not None:
        return "noisy"
    return "control" if spec.control else "mdm"


def _how_far(
    noise: Noise, arm: Member, place: torch.device | DeviceByPart, offline: bool
) -> tuple[Norms, Provenance]:
    """The norms that noise on each matrix has, and the MDM that tells them, which is not kept in memory."""
    with of_check("files"):
        checkpoint = find_checkpoint(noise.moved_to, offline)
    mdm = load_member(noise.moved_to, checkpoint, "mdm", arm.mask_id, place)
    with of_check("backbone"):
        check_same_backbone(arm, mdm)
    norms = {name: tuple(noise.share * norm for norm in each) for name, each in distances(arm, mdm).items()}
    return norms, _provenance(checkpoint, mdm)


def _check_order(described: tuple[Checkpoint, Checkpoint]) -> None:
    """Raises PairError where the ARM alone is of a model type that only MDMs are published under."""
    arm, mdm = (str(each.config.get("model_type")) for each in described)
    of_mdms = {kind for kind, variant in VARIANTS.items() if variant.mdm}
    if arm in of_mdms and mdm not in of_mdms:
        raise PairError(
            f"the ARM {described[0].name} is a {arm!r} model, which is an MDM, and the MDM "
            f"{described[1].name} a {mdm!r} model",
            SWAP,
        )


def read_tokens(spec: PairSpec, checkpoints: tuple[Checkpoint, Checkpoint]) -> Tokens:
    """The ARM's tokenizer, which serves both, the MDM's where it has one, and the pair's mask token.

    Raises PairError where the ARM has none, the two do not mean the same by an id, or nothing names a mask.
    """
    with of_check("tokens"):
        tokenizer, second = _tokenizers(checkpoints)
    # Before the tokens are compared, because the mask token's id is the one that may differ.
    with of_check("mask token"):
        mask_id = _mask_id(spec, tokenizer, second or tokenizer, checkpoints)
    if second is not None:
        check = check_control_tokens if spec.control else check_same_tokens
        with of_check("tokens"):
            check(tokenizer, second, mask_id)
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


def _mask_id(
    spec: PairSpec,
    first: PreTrainedTokenizerBase,
    tokenizer: PreTrainedTokenizerBase,
    checkpoints: tuple[Checkpoint, Checkpoint],
) -> int:
    """That of the pair; for a control that names none, the first id beyond all tokens."""
    second = checkpoints[1]
    if spec.line is not None and isinstance(spec.mdm.mask_token, int):
        # It is that of the pair, which need not be what the ARM's own files name.
        return spec.mdm.mask_token
    if spec.control and spec.mdm.mask_token is None and not own_mask_ids(tokenizer, second.config):
        rows = (each.config.get("vocab_size") for each in checkpoints)
        return max(len(first), len(tokenizer), *(each for each in rows if isinstance(each, int)))
    try:
        return find_mask_id(spec.mdm.mask_token, tokenizer, second.config)
    except PairError as error:
        # Post-training adds a mask token and takes none away: files that name one are the MDM's.
        of_arm = own_mask_ids(first, checkpoints[0].config)
        if spec.mdm.mask_token is not None or not of_arm:
            raise
        raise PairError(
            f"{error.problem}, while the ARM's files name id {of_arm[0]}",
            f"{SWAP} if the two were exchanged, or {error.remedy}",
        ) from None


def load_member(
    spec: MemberSpec, checkpoint: Checkpoint, role: Role, mask_id: int, place: torch.device | DeviceByPart
) -> Member:
    """One member, unchecked: its backbone with the declared attention and shift. Raises PairError."""
    backbone = load_backbone(checkpoint, spec.loader, place)
    return Member(role, backbone, spec.attention, spec.shift, mask_id)


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
