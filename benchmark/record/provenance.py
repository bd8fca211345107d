"""Which checkpoints a record is of, what was declared about them, and what it was made with."""

from .protocol import Part


class MemberProvenance(Part):
    """Which weights a member has, and what was declared about it."""

    checkpoint: str
    revision: str | None
    digest: str
    native: str
    dtype: str
    attention: str
    shift: bool


class PairProvenance(Part):
    """The two members, the mask token, the tokenizer, and how far the weights moved by kind of module.

    `control`: the second member is the ARM trained on, and no MDM. `confounds`: what else than the objective
    changed between the two, as far as it was declared, and what loading the pair left in doubt.
    """

    name: str
    control: bool
    confounds: tuple[str, ...] = ()
    arm: MemberProvenance
    mdm: MemberProvenance
    mask_id: int
    ordinary_mask: bool
    tokenizer: str
    layers: int
    heads: int
    kv_heads: int
    edges: int
    movement: dict[str, float]


class Environment(Part):
    """Where and with what a record was made."""

    mechshift: str
    python: str
    torch: str
    transformers: str
    numpy: str
    platform: str
    processor: str
    device: str
    threads: int
