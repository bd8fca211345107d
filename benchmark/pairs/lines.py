"""Lines beside a pair: the declarations of second members that are made from the pair's own checkpoints.

None of them is a further training, so that none is a control. They show what comes of the attention, of the
way of asking, and of a change of the weights in no direction, by itself.
"""

import re
from dataclasses import replace

from ...errors import UsageError, unknown
from ..record.lines import LINES
from ..record.provenance import LineName
from .attention import Attention
from .spec import CAUSAL, MemberSpec, Noise, PairSpec
from .words import Words

_NOISE = re.compile(r"noise:(\d{1,9})")


def make_line(pair: PairSpec, asked: str, mask_id: int, words: Words = Words.PYTHON) -> PairSpec:
    """A line beside a pair, by its name: arm-bidirectional, mdm-causal, noise, or noise:SEED.

    `mask_id`: the pair's mask token. Raises UsageError, in the words of an interface, for an unknown line,
    for one beside a control, and for the causal mask of an MDM that has no other.
    """
    seeded = _NOISE.fullmatch(asked)
    name = "noise" if seeded else asked
    if name not in _MAKE:
        raise unknown("line", asked, _MAKE)
    option = words.repeated("line")
    if pair.control or pair.line:
        raise UsageError(
            f"{option} {asked} beside {pair.name}, which is no pair with an MDM",
            "lines stand beside a pair of an ARM and the MDM post-trained from it: leave them out here",
        )
    if name == "mdm-causal" and pair.mdm.attention == CAUSAL:
        raise UsageError(f"{option} {asked}, and the MDM of {pair.name} is causal itself", "leave it out")
    second, noise, more = _MAKE[name](pair, mask_id, int(seeded[1]) if seeded else 0)
    chosen: LineName = name  # type: ignore[assignment]
    about = f"a line beside {pair.name}, no control: {LINES[chosen]}"
    # By the number and not as it was typed, so that one seed is one line.
    seed = f"-{noise.seed}" if noise is not None and noise.seed else ""
    return PairSpec(
        f"{pair.name}-{name}{seed}",
        pair.arm,
        second,
        confounds=(about + _of_noise(noise), *more),
        line=chosen,
        noise=noise,
    )


def _of_noise(noise: Noise | None) -> str:
    if noise is None:
        return ""
    return f"; its norm is {noise.share:g} of what post-training moved the matrix by, its seed {noise.seed}"


_Made = tuple[MemberSpec, Noise | None, tuple[str, ...]]
"""A second member, the noise it gets, and what else changed from the ARM to it."""


def _arm_bidirectional(pair: PairSpec, mask_id: int, seed: int) -> _Made:
    # Read one position early, as the head of the ARM was trained to be.
    return replace(pair.arm, attention=Attention("full"), mask_token=mask_id), None, ()


def _mdm_causal(pair: PairSpec, mask_id: int, seed: int) -> _Made:
    return replace(pair.mdm, attention=CAUSAL, mask_token=mask_id), None, pair.confounds


def _noise(pair: PairSpec, mask_id: int, seed: int) -> _Made:
    return replace(pair.arm, mask_token=mask_id), Noise(pair.mdm, seed=seed), ()


_MAKE = {"arm-bidirectional": _arm_bidirectional, "mdm-causal": _mdm_causal, "noise": _noise}
