"""What is declared about a pair before anything is loaded: frozen values, no subclassing."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Literal

from ...errors import PairError, UsageError
from .attention import Attention

CAUSAL = Attention("causal")
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Place = Literal["either", "directory", "hub"]


@dataclass(frozen=True)
class LoaderSpec:
    """How a checkpoint becomes a native `transformers` class.

    `native` is the native `model_type` (None: found from the one in config.json); `dropped_keys` are keys
    of config.json to leave out although the native class has them; `key_map` renames parameters, pairs of
    (regular expression, replacement), before the native class's own map. `precision` "auto" keeps what the
    checkpoint says. Both kernels follow the 4-D mask; "sdpa" is the faster.

    Raises UsageError for a pattern or a replacement that is none.
    """

    native: str | None = None
    dropped_keys: tuple[str, ...] = ()
    key_map: tuple[tuple[str, str], ...] = ()
    precision: Precision = "auto"
    kernel: Literal["sdpa", "eager"] = "sdpa"

    def __post_init__(self) -> None:
        for pattern, replacement in self.key_map:
            try:
                re.compile(pattern).sub(replacement, "")
            except (re.error, IndexError) as error:
                raise UsageError(
                    f"a key map of {pattern!r} to {replacement!r}: {error}",
                    "give regular expressions and their replacements, as Python's re.sub takes them",
                ) from None


@dataclass(frozen=True)
class MemberSpec:
    """One checkpoint and what is declared about it; the defaults are those of an ARM.

    `checkpoint` is a local directory or a hub id, `revision` a hub commit, tag or branch (None: main).
    `place` tells which of the two it is; "either" takes the directory of that name where there is one.
    `mask_token` is the mask token's text or id, None to ask the tokenizer and then config.json. `shift`
    tells that the logits for token i are read at i−1.
    """

    checkpoint: str
    attention: Attention = CAUSAL
    shift: bool = True
    mask_token: str | int | None = None
    revision: str | None = None
    loader: LoaderSpec = field(default_factory=LoaderSpec)
    place: Place = "either"


@dataclass(frozen=True)
class PairSpec:
    """An autoregressive model and the masked diffusion model post-trained from it.

    `control` tells that the second member is no MDM but an ARM too: the first one trained on with its own
    objective. `confounds` are what else changed between the two, and what is in doubt, a line each, for
    the record. Raises
    PairError when an ARM is not declared causal and shifted.
    """

    name: str
    arm: MemberSpec
    mdm: MemberSpec
    control: bool = False
    confounds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.control and (self.mdm.attention.kind != "causal" or not self.mdm.shift):
            raise PairError(
                f"the second member of control pair {self.name!r} is declared with attention "
                f"{self.mdm.attention} and {'shift' if self.mdm.shift else 'no shift'}",
                "a control is an ARM that was trained on, causal and shifted: leave out what says otherwise",
            )
        if self.arm.attention.kind != "causal" or not self.arm.shift:
            raise PairError(
                f"the ARM of pair {self.name!r} is declared with attention {self.arm.attention} and "
                f"shift {self.arm.shift}",
                "an ARM attends causally and is read one position early; were the two members exchanged?",
            )


ID = re.compile("[0-9]{1,12}")
"""A mask token that is meant as an id."""


def expanded(path: str) -> Path:
    """The path with its `~` replaced, unless it names a user that is not there."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_path(checkpoint: str) -> bool:
    """Whether the name of a checkpoint can only be a local path, and no hub id."""
    path = expanded(checkpoint)
    return path.exists() or path.is_absolute() or checkpoint.startswith((".", "~"))


def declare_pair(
    arm: str,
    mdm: str,
    *,
    shift: bool = True,
    attention: str | None = None,
    mask_token: str | None = None,
    control: bool = False,
    revision: str | None = None,
    arm_revision: str | None = None,
    name: str | None = None,
) -> PairSpec:
    """The pair that a command line describes.

    `attention` is the MDM's: causal, full (if left out) or block:SIZE. A `mask_token` of digits alone is an
    id, anything else the token's text. `control`: the second checkpoint is the ARM trained on. `revision` is
    the second member's hub commit, tag or branch, `arm_revision` the ARM's; either can also stand behind its
    hub id, as ID@REVISION. Raises UsageError for an unknown attention, an empty checkpoint, revision or mask
    token, and a revision that is given twice, PairError for a control that is declared otherwise than an ARM.
    """
    if mask_token is not None and not mask_token.strip():
        raise UsageError("--mask-token is empty", "give the token's text or id, or leave it out")
    token = int(mask_token) if mask_token is not None and ID.fullmatch(mask_token) else mask_token
    usual = "causal" if control else "full"
    declared = Attention.parse(usual if attention is None else attention)
    arm, arm_revision = _pinned("--arm", arm, "--arm-revision", arm_revision)
    mdm, revision = _pinned("--mdm", mdm, "--revision", revision)
    first = MemberSpec(arm, revision=arm_revision)
    second = MemberSpec(mdm, attention=declared, shift=shift, mask_token=token, revision=revision)
    return PairSpec(name or f"{PurePath(arm).name}--{PurePath(mdm).name}", first, second, control)


def _pinned(option: str, checkpoint: str, pin: str, revision: str | None) -> tuple[str, str | None]:
    """A checkpoint and its revision, which may stand behind the hub id."""
    named = checkpoint
    if "@" in checkpoint and not is_path(checkpoint):
        named, _, behind = checkpoint.partition("@")
        if revision is not None:
            raise UsageError(f"{option} {checkpoint} and {pin} both name a revision", "give one of them")
        revision, pin = behind, f"the revision of {option}"
    if not named.strip():
        raise UsageError(f"{option} is empty", "name a checkpoint: a directory or a hub id")
    if revision is not None and not revision.strip():
        raise UsageError(f"{pin} is empty", "name a commit, tag or branch, or leave it out")
    return named, revision


def at_precision(spec: PairSpec, precision: Precision) -> PairSpec:
    """The pair with both members at a precision, which is part of its name: other numbers come of it."""
    arm, mdm = (
        replace(member, loader=replace(member.loader, precision=precision)) for member in (spec.arm, spec.mdm)
    )
    return replace(spec, name=f"{spec.name}-{precision}", arm=arm, mdm=mdm)
