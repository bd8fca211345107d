"""The reference pairs by what their second member is: the seeds of each recipe, and those of one seed."""

import tomllib
from importlib.resources import files
from typing import Literal

BASE = "tiny"
"""The pair whose ARM is every pair's."""
SEEDS = (BASE, *(f"tiny-seed-{seed}" for seed in range(2, 6)))
"""One recipe, post-trained with five seeds."""

CONTROL = "tiny-continued"
"""The ARM trained on with its own objective: what any further training moves."""
CONTROLS = (CONTROL, *(f"tiny-continued-seed-{seed}" for seed in range(2, 6)))
"""The control with five seeds."""

LOW = "tiny-continued-low"
"""The control at the constant low rate with which the ARM's training ended."""
SCRATCH = "tiny-scratch"
"""An MDM that owes the ARM nothing: what is there without any post-training."""

VARIANTS = ("tiny-noshift", "tiny-block")
"""MDMs made from the ARM by other recipes."""

POST_TRAINED = (BASE, *VARIANTS, *SEEDS[1:])
"""MDMs made from the ARM: those that the claims are about."""

PAIRS = (*POST_TRAINED, *CONTROLS, LOW, SCRATCH)

RecipeName = Literal["mdm", "control", "low", "noshift", "block", "scratch"]
RECIPES: dict[RecipeName, tuple[str, ...]] = {
    "mdm": SEEDS,
    "control": CONTROLS,
    "low": (LOW,),
    "noshift": ("tiny-noshift",),
    "block": ("tiny-block",),
    "scratch": (SCRATCH,),
}
"""The pairs of each recipe, a seed each."""


def is_control(pair: str) -> bool:
    """Whether the second member is autoregressive: the ARM trained on."""
    return pair in (*CONTROLS, LOW)


def control_of(pair: str) -> str:
    """The control beside which a pair is read: that of its own seed, else the first.

    >>> control_of("tiny-seed-3"), control_of("tiny-block")
    ('tiny-continued-seed-3', 'tiny-continued')
    """
    return CONTROLS[SEEDS.index(pair)] if pair in SEEDS else CONTROL


def about() -> dict[str, str]:
    """How each pair was made, in a line, from `pairs.toml`."""
    text = files("mechshift.baselines").joinpath("pairs.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)
    return {pair: entries[pair]["about"] for pair in PAIRS}
