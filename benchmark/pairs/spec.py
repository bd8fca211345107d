"""What is declared about a pair before anything is loaded: frozen values, no subclassing."""

import re
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Literal

from ...errors import PairError, UsageError
from ..record.provenance import LineName
from .attention import Attention
from .words import Words

CAUSAL = Attention("causal")
Precision = Literal["auto", "float32", "bfloat16", "float16"]
CheckpointPlace = Literal["either", "directory", "hub"]


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
                # Python warns of what it will read otherwise one day, on every use.
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    re.compile(pattern).sub(replacement, "")
            except (re.error, IndexError, Warning) as error:
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
    tells that the logits for token i are read at i−1. Raises UsageError for a name that cannot be printed.
    """

    checkpoint: str
    attention: Attention = CAUSAL
    shift: bool = True
    mask_token: str | int | None = None
    revision: str | None = None
    loader: LoaderSpec = field(default_factory=LoaderSpec)
    place: CheckpointPlace = "either"

    def __post_init__(self) -> None:
        _check_printable("the name of a checkpoint", self.checkpoint)
        _check_printable("a revision", self.revision or "")


@dataclass(frozen=True)
class Noise:
    """Normal noise on every matrix of the ARM: its norm is `share` of that by which the matrix was moved.

    `moved_to`: the MDM that post-training moved it to; `seed`: of the noise.
    """

    moved_to: MemberSpec
    share: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class PairSpec:
    """An autoregressive model and the masked diffusion model post-trained from it.

    `control` tells that the second member is no MDM but an ARM too: the first one trained on with its own
    objective. `confounds` are what else is declared to have changed between the two, a line each, for the
    record. With `line` it is no pair of its own but a line beside one: nothing was trained, the second member
    was made from a checkpoint of that pair, by `noise` where that is how. Raises PairError when an ARM is not
    declared causal and shifted.
    """

    name: str
    arm: MemberSpec
    mdm: MemberSpec
    control: bool = False
    confounds: tuple[str, ...] = ()
    line: LineName | None = None
    noise: Noise | None = None

    @property
    def autoregressive(self) -> bool:
        """Whether the second member is asked as an ARM is: that of a control, or the ARM with noise."""
        return self.control or self.noise is not None

    def __post_init__(self) -> None:
        _check_printable("the name of a pair", self.name)
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


def _check_printable(what: str, text: str) -> None:
    # It would be printed into every table and every record, and a terminal obeys what it is sent.
    if not text.isprintable():
        raise UsageError(
            f"{what} holds a character that cannot be printed: {text!r}", "rename it, or choose another one"
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
    arm: str | Path,
    mdm: str | Path,
    *,
    shift: bool = True,
    attention: str | None = None,
    mask_token: str | int | None = None,
    control: bool = False,
    revision: str | None = None,
    arm_revision: str | None = None,
    name: str | None = None,
    words: Words = Words.PYTHON,
) -> PairSpec:
    """The pair of two checkpoints, with what is said about the second.

    A checkpoint is a directory or a hub id; a `Path` is always a directory. `attention` is the MDM's: causal,
    full (if left out), block:SIZE, context-causal:SIZE or observed-first. A `mask_token` of digits alone is
    an id, any other text the token's. `control`: the second checkpoint is the ARM trained on. `revision` is
    the second member's hub commit, tag or branch, `arm_revision` the ARM's; either can also stand behind its
    hub id, as ID@REVISION.
    `words` is the interface whose names of options errors use. Raises UsageError for an unknown attention, an
    empty checkpoint, revision or mask token, and a revision that is given twice, PairError for a control that
    is declared otherwise than an ARM.
    """
    # A control is an ARM, and `full` would contradict that.
    usual = "causal" if control else "full"
    declared = Attention.parse(usual if attention is None else attention)
    first = _member(arm, arm_revision, "arm", words)
    second = replace(
        _member(mdm, revision, "mdm", words),
        attention=declared,
        shift=shift,
        mask_token=_token(mask_token, words),
    )
    called = f"{PurePath(first.checkpoint).name}--{PurePath(second.checkpoint).name}"
    return PairSpec(name or called, first, second, control)


def _token(mask_token: str | int | None, words: Words) -> str | int | None:
    if not isinstance(mask_token, str):
        return mask_token
    if not mask_token.strip():
        raise UsageError(
            f"{words.option('mask_token')} is empty", "give the token's text or id, or leave it out"
        )
    return int(mask_token) if ID.fullmatch(mask_token) else mask_token


def _member(checkpoint: str | Path, revision: str | None, role: str, words: Words) -> MemberSpec:
    """A member as an ARM is declared, its revision taken from behind the hub id where it stands there."""
    option, pin = words.option(role), words.option("revision" if role == "mdm" else "arm_revision")
    if isinstance(checkpoint, Path):
        # Whoever wrote Path means a place on this machine: looked up on the hub, a typing error could fetch.
        return MemberSpec(str(checkpoint), revision=_filled(pin, revision), place="directory")
    named = checkpoint
    # A folder's name may contain an @, too.
    if "@" in checkpoint and not is_path(checkpoint):
        named, _, behind = checkpoint.partition("@")
        if revision is not None:
            raise UsageError(f"{option} {checkpoint} and {pin} both name a revision", "give one of them")
        revision, pin = behind, f"the revision of {option}"
    if not named.strip():
        raise UsageError(f"{option} is empty", "name a checkpoint: a directory or a hub id")
    return MemberSpec(named, revision=_filled(pin, revision))


def _filled(pin: str, revision: str | None) -> str | None:
    if revision is not None and not revision.strip():
        raise UsageError(f"{pin} is empty", "name a commit, tag or branch, or leave it out")
    return revision


def at_precision(spec: PairSpec, precision: Precision) -> PairSpec:
    """The pair with both members at a precision, which is part of its name: other numbers come of it."""
    arm, mdm = (
        replace(member, loader=replace(member.loader, precision=precision)) for member in (spec.arm, spec.mdm)
    )
    # Part of the name, so that a board does not take both precisions for one pair.
    return replace(spec, name=f"{spec.name}-{precision}", arm=arm, mdm=mdm)
