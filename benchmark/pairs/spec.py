"""What is declared about a pair before anything is loaded: frozen values, no subclassing."""

from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Literal

from ...errors import PairError, UsageError
from .attention import Attention

CAUSAL = Attention("causal")
Precision = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class LoaderSpec:
    """How a checkpoint becomes a native `transformers` class.

    `native` is the native `model_type` (None: found from the one in config.json); `dropped_keys` are keys
    of config.json to leave out beyond those that every loader drops; `key_map` renames parameters, pairs of
    (regular expression, replacement), before the native class's own map. `precision` "auto" keeps what the
    checkpoint says. Both kernels follow the 4-D mask; "sdpa" is the faster.
    """

    native: str | None = None
    dropped_keys: tuple[str, ...] = ()
    key_map: tuple[tuple[str, str], ...] = ()
    precision: Precision = "auto"
    kernel: Literal["sdpa", "eager"] = "sdpa"


@dataclass(frozen=True)
class MemberSpec:
    """One checkpoint and what is declared about it; the defaults are those of an ARM.

    `checkpoint` is a local directory or a hub id, `revision` a hub commit, tag or branch. `mask_token` is
    the mask token's text or id, None to ask the tokenizer and then config.json. `shift` tells that the
    logits for token i are read at i−1.
    """

    checkpoint: str
    attention: Attention = CAUSAL
    shift: bool = True
    mask_token: str | int | None = None
    revision: str | None = None
    loader: LoaderSpec = field(default_factory=LoaderSpec)


@dataclass(frozen=True)
class PairSpec:
    """An autoregressive model and the masked diffusion model post-trained from it.

    `control` tells that the second member is no MDM but an ARM too: the first one trained on with its own
    objective. Raises PairError when an ARM is not declared causal and shifted.
    """

    name: str
    arm: MemberSpec
    mdm: MemberSpec
    control: bool = False

    def __post_init__(self) -> None:
        if self.control and (self.mdm.attention.kind != "causal" or not self.mdm.shift):
            raise PairError(
                f"the second member of control pair {self.name!r} is declared with attention "
                f"{self.mdm.attention} and shift {self.mdm.shift}",
                "a control is an ARM that was trained on: leave out its attention and its shift",
            )
        if self.arm.attention.kind != "causal" or not self.arm.shift:
            raise PairError(
                f"the ARM of pair {self.name!r} is declared with attention {self.arm.attention} and "
                f"shift {self.arm.shift}",
                "an ARM attends causally and is read one position early; were the two members exchanged?",
            )


def declare_pair(
    arm: str,
    mdm: str,
    *,
    shift: bool = True,
    attention: str | None = None,
    mask_token: str | None = None,
    control: bool = False,
    name: str | None = None,
) -> PairSpec:
    """The pair that a command line describes.

    `attention` is the MDM's: causal, full (if left out) or block:SIZE. A `mask_token` of digits alone is an
    id, anything else the token's text. `control`: the second checkpoint is the ARM trained on. Raises
    UsageError for an unknown attention or an empty checkpoint or mask token, PairError for a control that is
    declared otherwise than an ARM.
    """
    for option, value in (("--arm", arm), ("--mdm", mdm), ("--mask-token", mask_token)):
        if value is not None and not value.strip():
            raise UsageError(f"{option} is empty", "name a checkpoint: a directory or a hub id, or a token")
    token = int(mask_token) if mask_token is not None and mask_token.isdecimal() else mask_token
    usual = "causal" if control else "full"
    declared = Attention.parse(usual if attention is None else attention)
    second = MemberSpec(mdm, attention=declared, shift=shift, mask_token=token)
    return PairSpec(name or f"{PurePath(arm).name}--{PurePath(mdm).name}", MemberSpec(arm), second, control)


def at_precision(spec: PairSpec, precision: Precision) -> PairSpec:
    """The pair with both members loaded at a precision, named after it too: other numbers come of it."""
    arm, mdm = (
        replace(member, loader=replace(member.loader, precision=precision)) for member in (spec.arm, spec.mdm)
    )
    return replace(spec, name=f"{spec.name}-{precision}", arm=arm, mdm=mdm)
