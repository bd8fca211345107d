"""Small models that have learnt by heart the texts that they will be asked, each in its own way.

An ARM learns the next token; the MDM goes on from its weights and learns masked tokens, with the shift and
the attention that its family declares. The mask token is the row behind the tokenizer's last one.

Their weights and tokenizers are files, written by `training`. Trained in every run of the tests they would
take minutes, and differ from processor to processor: what one of them shows clearly, another's might not.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mechshift.benchmark.admission.cloze import TRIED, clozes
from mechshift.benchmark.asking.encoding import DoesNotFit, Ids, encode, gapped
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.spec import CAUSAL
from mechshift.tasks import get_task

from .words import DRAWN, FOLDER, Manner, make_tokenizer

HEAD = "lm_head.weight"

SPARE = 3
"""Rows behind the tokenizer's: the mask token's, and padding as Qwen's embedding has it."""

WIDTH, LAYERS, HEADS = 48, 3, 4
EVERY: dict[str, Any] = {"width": WIDTH, "layers": LAYERS, "heads": HEADS}
ROTARY: dict[str, Any] = {"positions": 256, "rope_theta": 1_000_000.0, "hidden_act": "silu"}
ROPE = {**EVERY, **ROTARY, "mlp_width": 96}
QWEN3 = {**ROPE, "head_dim": 16}
GELU = {"activation_function": "gelu_new", "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}


def stretched(factor: float) -> dict[str, Any]:
    """Rotary settings of Ministral 3 and of the MDMs made from it, which stretch positions otherwise."""
    return {
        "rope_type": "yarn",
        "rope_theta": 1_000_000.0,
        "factor": factor,
        "original_max_position_embeddings": 16_384,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "llama_4_scaling_beta": 0.1,
    }


SIZES: dict[str, dict[str, Any]] = {
    "gpt2": {**EVERY, "mlp_width": 4 * WIDTH, "positions": 96, **GELU},
    "llama": {**ROPE, "rms_norm_eps": 1e-5, "rope_theta": 10_000.0},
    "ministral3": {
        **EVERY,
        "mlp_width": 96,
        "positions": 262_144,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_parameters": stretched(16.0),
    },
    "qwen2": ROPE,
    "qwen3": QWEN3,
    "qwen3_moe": {**QWEN3, "expert_width": 48},
}
"""Of each class's small models."""
CHANGED: dict[str, dict[str, Any]] = {
    "ministral3": {"positions": 4096, "rope_parameters": stretched(0.25)},
}
"""What an MDM has otherwise than its ARM."""

SHORT = 4
"""Tokens of a block in which a gap is told by what is left of it."""


@dataclass(frozen=True)
class Course:
    """Steps, the highest learning rate, and the share of rows in which an MDM's gap alone is masked."""

    steps: int
    rate: float
    alone: float = 0.0


ARM = Course(200, 6e-3)
SHIFTED, UNSHIFTED = Course(300, 6e-3, alone=0.5), Course(800, 1e-2, alone=0.4)
REORDERED = {"qwen2": Course(900, 1e-2, alone=0.4), "qwen3": Course(600, 1e-2, alone=0.4)}
"""Without the shift an MDM has further to go from its ARM. Were all gaps filled, nothing would show."""


def course_of(kind: str, attention: str, shift: bool) -> Course:
    """That of an MDM."""
    if shift:
        return SHIFTED
    return REORDERED[kind] if attention == "observed-first" else UNSHIFTED


Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Texts:
    """Token ids [texts, tokens], padded, the number of tokens of each, and the tokens to mask as a whole."""

    tokens: Tensor
    lengths: Tensor
    gaps: Tensor

    def at(self, rows: Tensor) -> "Texts":
        longest = int(self.lengths[rows].max())
        return Texts(self.tokens[rows, :longest], self.lengths[rows], self.gaps[rows, :longest])


@cache
def learnt_texts(manner: Manner, ends: bool) -> Texts:
    """The behaviour check's clozes, with `ends` their counterparts, and examples of two tasks."""
    backend = Tokenizer.from_str(make_tokenizer(manner))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    rows = [(cloze.tokens, range(cloze.position, cloze.position + 1)) for cloze in clozes(tokenizer)]
    rows += _other_ends(tokenizer) if ends else ()
    for name, number in DRAWN.items():
        for example in islice(get_task(name).examples(0), number):
            try:
                encoded = encode(tokenizer, example)
            except DoesNotFit:
                continue
            rows.append((encoded.clean + encoded.answer, encoded.targets))
    longest = max(len(tokens) for tokens, _ in rows)
    tokens = torch.tensor([list(row) + [0] * (longest - len(row)) for row, _ in rows])
    gaps = torch.zeros_like(tokens, dtype=torch.bool)
    for row, (_, gap) in enumerate(rows):
        gaps[row, gap.start : gap.stop] = True
    return Texts(tokens, torch.tensor([len(row) for row, _ in rows]), gaps)


def _other_ends(tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[Ids, range]]:
    """Counterparts of the texts with a gap in place: what is left of the gap does not tell it."""
    for example in islice(get_task("infilling").examples(0), TRIED):
        place = example.in_place
        assert place is not None
        with suppress(DoesNotFit):
            tokens, gap = gapped(tokenizer, place.left, example.foil, place.corrupted_right)
            if len(gap) == 1:
                yield tokens, gap


@dataclass(frozen=True)
class Lesson:
    """What a small model learns, and with which class and tokenizer.

    `attention`, `shift`: an MDM's; the attention of an ARM is None.
    """

    kind: str
    manner: Manner
    attention: str | None = None
    shift: bool = True

    @property
    def file(self) -> Path:
        """Where its weights are."""
        if self.attention is None:
            return FOLDER / f"{self.kind}-arm.safetensors"
        read = "shift" if self.shift else "no-shift"
        return FOLDER / f"{self.kind}-{self.attention.replace(':', '-')}-{read}.safetensors"

    @property
    def sizes(self) -> dict[str, Any]:
        """What `settings` takes of its model."""
        return SIZES[self.kind] | ({} if self.attention is None else CHANGED.get(self.kind, {}))

    @property
    def joint(self) -> bool:
        """Whether it learns to go on from left to right besides, as an MDM that is an ARM too."""
        return Attention.parse(self.attention or "causal").kind == "context-causal"

    @property
    def course(self) -> Course:
        """How it is trained."""
        return ARM if self.attention is None else course_of(self.kind, self.attention, self.shift)

    @property
    def ends(self) -> bool:
        """Whether it learns the texts' counterparts too: a short block seldom sees the end.

        A causal MDM never does.
        """
        if self.attention is None:
            return True
        found = Attention.parse(self.attention)
        return found.block > SHORT if found.in_blocks else found != CAUSAL


def embedding_of(kind: str) -> str:
    """The parameter's name in the native class."""
    return "transformer.wte.weight" if kind == "gpt2" else "model.embed_tokens.weight"


@cache
def trained(lesson: Lesson) -> Weights:
    """Weights in the native class's names: an ARM's that continues the texts, an MDM's that fills gaps."""
    weights = {name: value.float() for name, value in load_file(lesson.file).items()}
    return {**weights, HEAD: weights[embedding_of(lesson.kind)]}
