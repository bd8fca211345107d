"""What is trained, and how: every number that the weights of the reference pairs depend on."""

from dataclasses import dataclass, fields, replace
from typing import Literal

from transformers import LlamaConfig

from ...benchmark.pairs.attention import Attention
from ...benchmark.pairs.member import Role
from ...errors import unknown
from ...tasks import Task, get_task


@dataclass(frozen=True)
class Architecture:
    """A Llama-shaped model without grouped queries, its head tied to its embedding."""

    layers: int = 6
    heads: int = 8
    width: int = 128
    mlp_width: int = 256
    positions: int = 64

    def config(self, vocabulary: int) -> LlamaConfig:
        """The native configuration for a vocabulary of that size."""
        return LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=self.width,
            intermediate_size=self.mlp_width,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            max_position_embeddings=self.positions,
            tie_word_embeddings=True,
            use_cache=False,
            bos_token_id=None,
            eos_token_id=None,
        )


@dataclass(frozen=True)
class Optimisation:
    """Muon for the layers' matrices, AdamW for the rest; linear warm-up, then a cosine decay.

    `final`: the rate of the last step as a share of the peak's; 1 is a constant rate.
    """

    steps: int
    peak_rate: float
    batch: int = 128
    warmup: int = 100
    weight_decay: float = 0.05
    clip: float = 1.0
    final: float = 0.1


@dataclass(frozen=True)
class Diffusion:
    """Masked diffusion: how answers are hidden, what is attended to, and where logits are read.

    Every sequence draws t from U(smallest_t, 1) (with block attention, every block of it), every answer token
    is masked with probability t, the loss is weighted by 1/t and divided by the number of maskable tokens.
    `shift`: logits for token i are read at i−1. `anneal` steps go from causal to the `attention`, full or
    block:SIZE; 0 is at once.
    """

    shift: bool
    anneal: int
    attention: str = "full"
    smallest_t: float = 1e-3


@dataclass(frozen=True)
class SecondStage:
    """How a pair's second member is made.

    `start` is what it is trained from; `diffusion` is its objective, None for the ARM's own (next token).
    """

    about: str
    start: Literal["arm", "random"]
    diffusion: Diffusion | None
    optimisation: Optimisation
    seed: int = 1

    @property
    def role(self) -> Role:
        """What the second member is in its pair."""
        return "mdm" if self.diffusion else "control"

    @property
    def attention(self) -> Attention:
        """What the second member attends to when it is run."""
        return Attention.parse(self.diffusion.attention) if self.diffusion else Attention("causal")

    @property
    def shift(self) -> bool:
        """Whether its logits for token i are read at i−1."""
        return self.diffusion.shift if self.diffusion else True


@dataclass(frozen=True)
class Recipe:
    """One reference pair: the ARM's training, and the second member's.

    `mixture` is the share of each task in a batch, by name or, at another level than its default one, by
    NAME/LEVEL; `in_place` that of texts whose gap is the answer, in the
    second stage; `pool` the number of distinct training examples drawn of each task; `prompt_weight` the
    weight of a prompt's tokens beside 1 for an answer's where the next token is the objective.
    """

    name: str
    architecture: Architecture
    mixture: dict[str, float]
    arm: Optimisation
    second: SecondStage
    in_place: float = 0.03
    pool: int = 60_000
    prompt_weight: float = 0.1
    seed: int = 0

    def tasks(self) -> dict[str, Task]:
        """The tasks of the mixture by its names, the default level of each being the one that it names."""
        return {name: _at_level(*name.partition("/")[::2]) for name in self.mixture}

    @property
    def of_arm(self) -> tuple[str, ...]:
        """Names of the fields that the ARM's weights depend on."""
        return tuple(field.name for field in fields(self) if field.name not in ("name", "second", "in_place"))


def _at_level(name: str, level: str) -> Task:
    task = get_task(name)
    return replace(task, card=replace(task.card, default_level=task.level(level or None)[0]))


MIXTURE = {
    "ioi": 0.05,
    "greater-than": 0.04,
    "induction": 0.04,
    "induction/digits": 0.03,
    "agreement": 0.04,
    "arithmetic": 0.16,
    "countdown": 0.14,
    "infilling": 0.13,
    "sudoku": 0.11,
    "star-path": 0.06,
    "star-path/names": 0.06,
    "article": 0.14,
}
"""The share of a task is the larger the later an ARM comes to solve it."""

ARM_TRAINING = Optimisation(steps=3_000, peak_rate=3e-3)
POST_TRAINING = Optimisation(steps=1_200, peak_rate=3e-3)
DIFFULLAMA = Diffusion(shift=True, anneal=500)

_SECOND = {
    "tiny": SecondStage(
        "masked diffusion with shift and attention annealed from causal to full, in DiffuLLaMA's manner",
        "arm",
        DIFFULLAMA,
        POST_TRAINING,
    ),
    "tiny-noshift": SecondStage(
        "masked diffusion without shift and with full attention at once, in A2D's manner",
        "arm",
        Diffusion(shift=False, anneal=0),
        POST_TRAINING,
    ),
    "tiny-continued": SecondStage(
        "control: the ARM's own objective for as many steps on the same data", "arm", None, POST_TRAINING
    ),
    "tiny-scratch": SecondStage(
        "control: masked diffusion like tiny's, from random weights, for the steps of ARM and post-training",
        "random",
        DIFFULLAMA,
        replace(POST_TRAINING, steps=ARM_TRAINING.steps + POST_TRAINING.steps),
    ),
    "tiny-block": SecondStage(
        "block diffusion: block-causal attention with blocks of 4 tokens at once, without shift",
        "arm",
        Diffusion(shift=False, anneal=0, attention="block:4"),
        POST_TRAINING,
    ),
}

_SEEDS = range(2, 6)
"""Of further trainings by the recipes of `tiny` and of its control, whose own seed is 1."""

_SECOND |= {
    f"tiny-seed-{seed}": SecondStage(
        "tiny with another seed of the post-training", "arm", DIFFULLAMA, POST_TRAINING, seed
    )
    for seed in _SEEDS
}
_SECOND |= {
    f"tiny-continued-seed-{seed}": SecondStage(
        "control: tiny-continued with another seed of the further training", "arm", None, POST_TRAINING, seed
    )
    for seed in _SEEDS
}
_SECOND["tiny-continued-low"] = SecondStage(
    "control: like tiny-continued, at the constant low rate with which the ARM's training ended",
    "arm",
    None,
    replace(POST_TRAINING, peak_rate=ARM_TRAINING.peak_rate * ARM_TRAINING.final, final=1.0),
)

_RECIPES = {
    name: Recipe(name, Architecture(), MIXTURE, ARM_TRAINING, second) for name, second in _SECOND.items()
}


def list_recipes() -> tuple[Recipe, ...]:
    """The recipes of all reference pairs; they train one ARM."""
    return tuple(_RECIPES.values())


def get_recipe(name: str) -> Recipe:
    """The recipe of that name. Raises UsageError, with near names, for an unknown one."""
    if name not in _RECIPES:
        raise unknown("recipe", name, _RECIPES)
    return _RECIPES[name]
