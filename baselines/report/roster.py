"""The reference pairs that the report compares, and what each of them is there for."""

import tomllib
from importlib.resources import files

BASE = "tiny"
SEEDS = (BASE, "tiny-seed-2", "tiny-seed-3")
"""One recipe, post-trained with three seeds."""

POST_TRAINED = (BASE, "tiny-noshift", "tiny-block", *SEEDS[1:])
"""MDMs made from the ARM: those that the claims are about."""

CONTROL = "tiny-continued"
"""The ARM trained on with its own objective: what any further training moves."""

SCRATCH = "tiny-scratch"
"""An MDM that owes the ARM nothing: what is there without any post-training."""

PAIRS = (*POST_TRAINED, CONTROL, SCRATCH)


def about() -> dict[str, str]:
    """How each pair was made, in a line, from `pairs.toml`."""
    text = files("mechshift.baselines").joinpath("pairs.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)
    return {pair: entries[pair]["about"] for pair in PAIRS}
