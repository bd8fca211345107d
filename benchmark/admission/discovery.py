"""An entry for a pair that is not listed, from two checkpoints: what can be found out is not asked."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from huggingface_hub import metadata_load
from safetensors import safe_open

from ...errors import NotComputable, PairError, UsageError
from ..pairs.attention import Attention
from ..pairs.check_name import of_check
from ..pairs.checkpoint import Checkpoint, find_checkpoint
from ..pairs.device_map import DeviceChoice
from ..pairs.entry import MemberEntry, PairEntry
from ..pairs.loading import open_pair, read_tokens
from ..pairs.matching import check_mask_row
from ..pairs.native import native_type
from ..pairs.pair import Pair
from ..pairs.spec import LoaderSpec, PairSpec, Precision
from ..pairs.words import in_either
from .behaviour import mask_candidates
from .cloze import Cloze, clozes
from .fill import LEAST_SHARE, LEAST_SOURCES, Fill, askable, fills, fills_with

BLOCK_KEYS = ("block_size", "block_length", "bd_size")
"""Where config.json may say the size of the blocks."""
NOT_KNOWN = -1
"""Stands for the id of a mask token that is yet to be found."""


@dataclass(frozen=True)
class Discovery:
    """An entry, and remarks on it: what it rests on, and what could not be found out."""

    entry: PairEntry
    remarks: tuple[str, ...]


def discover_pair(
    spec: PairSpec,
    given: Iterable[str],
    beside: Path,
    device: DeviceChoice = None,
    offline: bool = False,
) -> Discovery:
    """The entry of a pair of checkpoints; `given` names what `spec` declares for certain: shift, attention.

    Native class and parameter names are found from the files, shift, attention and mask token from how the
    MDM fills gaps, revisions from the hub. Paths are written relative to `beside`. Raises PairError where
    the pair does not load, NotComputable where the gaps do not tell.
    """
    checkpoints = find_checkpoint(spec.arm, offline), find_checkpoint(spec.mdm, offline)
    fixed, block = frozenset(given), _block(checkpoints[1])
    named = spec.mdm.mask_token is not None or _names_a_mask(spec, checkpoints)
    first = replace(spec.mdm, loader=_loader(*checkpoints))
    if block is not None and "attention" not in fixed:
        first = replace(first, attention=block)  # it stands for all that texts cannot tell from it
    if not named:
        first = replace(first, mask_token=NOT_KNOWN)
    pair = open_pair(replace(spec, mdm=first), device, offline)
    texts = clozes(pair.tokenizer)
    if not named:
        pair = _with_mask(pair, texts, fixed)
    with of_check("mask token"):
        check_mask_row(pair.mdm)
    way, alike = _way(pair, askable(pair.mdm, texts), fixed)
    mask_token = spec.mdm.mask_token if named else pair.mdm.mask_id
    loader = first.loader
    found = {"shift": way.shift, "attention": str(way.attention), "mask_token": mask_token}
    found |= {"native": loader.native, "key_map": dict(loader.key_map)}
    entry = PairEntry(
        about=f"{spec.name.replace('--', ' and ')}, found by mechshift pair new",
        precision=_precision(pair),
        arm=_member(checkpoints[0], beside),
        mdm=_member(checkpoints[1], beside).model_copy(update=found),
    )
    looked_for = None if "attention" in fixed else block
    return Discovery(entry, (*_remarks(entry, way, alike), *_remarks_on_blocks(looked_for, way)))


def _precision(pair: Pair) -> Precision:
    """The MDM's where the two differ, so that both are run at one."""
    arm, mdm = pair.arm_provenance.dtype, pair.mdm_provenance.dtype
    return "auto" if arm == mdm else cast(Precision, mdm)


def _loader(arm: Checkpoint, mdm: Checkpoint) -> LoaderSpec:
    """How the MDM loads: as the ARM's class where its own is unknown, under the ARM's names."""
    native = None
    try:
        native_type(mdm, LoaderSpec())
    except PairError:
        native = native_type(arm, LoaderSpec())
    return LoaderSpec(native=native, key_map=_key_map(_names(arm), _names(mdm)))


def _names(checkpoint: Checkpoint) -> set[str]:
    found: set[str] = set()
    for path in checkpoint.weights:
        with safe_open(path, framework="pt") as file:
            found.update(file.keys())
    return found


def _key_map(ours: set[str], theirs: set[str]) -> tuple[tuple[str, str], ...]:
    """The exchange of one prefix for another that makes most of the MDM's names the ARM's, if they differ."""
    # Most names agree, so there is no prefix to exchange.
    if len(ours & theirs) > len(ours) // 2:
        return ()
    layer = next((name for name in sorted(ours) if re.search(r"\.0\.", name)), "")
    ends = [layer[at:] for at in (0, *(m.end() for m in re.finditer(r"\.", layer)))]
    # The longest common ending first, so that the exchanged prefix is as short as possible.
    for end in ends:
        for name in sorted(theirs):
            if end and name.endswith(end):
                before, after = name.removesuffix(end), layer.removesuffix(end)
                pattern = f"^{re.escape(before)}"
                if len({re.sub(pattern, after, one) for one in theirs} & ours) > len(ours) // 2:
                    return ((pattern, after),)
    return ()


def _names_a_mask(spec: PairSpec, checkpoints: tuple[Checkpoint, Checkpoint]) -> bool:
    try:
        read_tokens(spec, checkpoints)
    except PairError as error:
        if error.check == "mask token":
            return False
        raise
    return True


def _with_mask(pair: Pair, written: list[Cloze], given: frozenset[str]) -> Pair:
    """The pair with the mask token by which its MDM fills many gaps best, under the best way to fill one."""
    candidates = mask_candidates(pair)
    tried = [replace(pair.mdm, mask_id=mask_id) for mask_id in candidates]
    texts = askable(tried[0], written)
    ways = [fill for member in tried for fill in fills(member, texts) if _agrees(fill, pair, given)]
    way = _most_probable(ways)
    member = replace(pair.mdm, shift=way.shift, attention=way.attention)
    masked = fills_with(member, texts, candidates)
    chosen = _most_probable(masked)
    if any(not chosen.clearly_better(other) for other in masked if other is not chosen):
        raise NotComputable(
            "neither the MDM's files nor how it fills gaps tell its mask token",
            f"declare it: {in_either('mask_token')} with the token's text or id",
        )
    return replace(pair, mdm=replace(pair.mdm, mask_id=chosen.mask_id))


def _way(pair: Pair, texts: list[Cloze], given: frozenset[str]) -> tuple[Fill, list[Fill]]:
    """How the MDM fills gaps best among what is not given, and the ways that are not told apart from it.

    Of the latter blocks of the size that config.json names are taken, else full attention, the simplest.
    """
    ways = [way for way in fills(pair.mdm, texts) if _agrees(way, pair, given)]
    best = _most_probable(ways)
    few = len(set(best.sources)) < LEAST_SOURCES
    if few or float(best.right.float().mean()) < LEAST_SHARE:
        raise NotComputable(
            f"the MDM fills {int(best.right.sum())} of {len(texts)} gaps: too few to tell how it reads",
            "take shift and attention from the model's card: "
            f"{in_either('shift')} and {in_either('attention')}",
        )
    alike = [way for way in ways if way is best or not best.clearly_better(way)]
    named, full = pair.spec.mdm.attention, Attention("full")
    preferred = (attention for attention in (named, full) if attention.in_blocks or attention == full)
    chosen = next(
        (
            way
            for attention in preferred
            for way in alike
            if way.attention == attention and way.shift == best.shift
        ),
        best,
    )
    return chosen, [way for way in ways if way is not chosen and not chosen.clearly_better(way)]


def _agrees(way: Fill, pair: Pair, given: frozenset[str]) -> bool:
    declared = pair.spec.mdm
    return ("shift" not in given or way.shift == declared.shift) and (
        "attention" not in given or way.attention == declared.attention
    )


def _most_probable(ways: list[Fill]) -> Fill:
    return max(ways, key=lambda way: way.mean)


def _block(checkpoint: Checkpoint) -> Attention | None:
    """Blocks of the size that config.json names; None for what is no size."""
    for size in map(checkpoint.config.get, BLOCK_KEYS):
        if type(size) is int:
            with suppress(UsageError):
                return Attention.parse(f"block:{size}")
    return None


def _member(checkpoint: Checkpoint, beside: Path) -> MemberEntry:
    if checkpoint.revision is not None:
        return MemberEntry(hub=checkpoint.name, revision=checkpoint.revision)
    path = os.path.relpath(checkpoint.directory.resolve(), beside.resolve())
    return MemberEntry(path=Path(path).as_posix(), licence=_licence(checkpoint.directory))


def _licence(directory: Path) -> str | None:
    """What the model card beside a checkpoint says in its header."""
    try:
        # whether it is a file was seen to by check_regular
        header = metadata_load(directory / "README.md") or {}
    except Exception:  # whatever the YAML of a damaged card raises
        return None
    licence = header.get("license")
    return licence if isinstance(licence, str) and licence.strip() and licence.isprintable() else None


def _remarks(entry: PairEntry, way: Fill, alike: list[Fill]) -> Iterable[str]:
    yield f"{int(way.right.sum())} of {len(way.right)} gaps are filled rightly with {way}."
    if alike:
        others = "; ".join(f"{each} ({int(each.right.sum())})" for each in alike)
        yield f"Not told apart from it: {others}. The model's card decides."
    if entry.precision != "auto":
        yield f"The checkpoints are stored at two precisions: both are loaded as {entry.precision}."
    if entry.arm.licence is None or entry.mdm.licence is None:
        yield "A licence was not found: take it from the model's card."
    yield "Confounds are not to be seen from weights: write down what else than the objective changed."


def _remarks_on_blocks(block: Attention | None, way: Fill) -> Iterable[str]:
    """What config.json says of blocks, which the gaps may bear out or contradict."""
    if block is None:
        return
    if way.attention.in_blocks and way.attention.block == block.block:
        yield f"config.json names blocks of {block.block}, and the gaps do not speak against them."
        yield "On texts that are shorter than a block full attention is the same: the model's card decides."
    else:
        yield f"config.json names blocks of {block.block}, with which gaps are filled clearly worse."
