"""What is trained, and how: every number that the weights of a reference pair depend on."""

from dataclasses import dataclass

from transformers import LlamaConfig


@dataclass(frozen=True)
class Architecture:
    """A Llama-shaped model without grouped queries."""

    layers: int = 6
    heads: int = 8
    width: int = 128
    mlp_width: int = 384
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
            tie_word_embeddings=False,
            use_cache=False,
            bos_token_id=None,
            eos_token_id=None,
        )


@dataclass(frozen=True)
class Optimisation:
    """AdamW with linear warm-up and cosine decay to a tenth."""

    steps: int
    peak_rate: float
    batch: int = 128
    warmup: int = 100
    weight_decay: float = 0.05
    clip: float = 1.0


@dataclass(frozen=True)
class Diffusion:
    """Masked diffusion post-training in DiffuLLaMA's manner.

    Every sequence draws t from U(smallest_t, 1), every answer token is masked with probability t, the loss is
    weighted by 1/t and divided by the number of maskable tokens. `anneal` steps go from causal to full
    attention. `in_place` is the share of sequences in which the gap itself is filled in the text.
    """

    shift: bool = True
    anneal: int = 500
    smallest_t: float = 1e-3
    in_place: float = 0.05


@dataclass(frozen=True)
class Recipe:
    """One reference pair: the ARM's training and the MDM's post-training from it.

    `mixture` is the share of each task in a batch, `pool` the number of distinct training examples drawn of
    each, `prompt_weight` the weight of the prompt's tokens in the ARM's loss beside 1 for the answer's.
    """

    name: str
    architecture: Architecture
    arm: Optimisation
    mdm: Optimisation
    diffusion: Diffusion
    mixture: dict[str, float]
    pool: int = 60_000
    prompt_weight: float = 0.1
    seed: int = 0


TINY = Recipe(
    name="tiny",
    architecture=Architecture(),
    arm=Optimisation(steps=1_500, peak_rate=1.5e-3),
    mdm=Optimisation(steps=2_500, peak_rate=1.5e-3),
    diffusion=Diffusion(),
    mixture={"ioi": 0.2, "greater-than": 0.15, "countdown": 0.45, "infilling": 0.2},
)
