"""GPT-2s whose circuit, and the neurons in it, are set by hand; everything else is small noise.

A cue, one of four letters, stands at a known place. In one layer a head moves it to the place that is read,
and four neurons of the same layer, one a cue, write the answer that belongs to it. A part of a model is such
a head with its neurons; it can be put into any layer and does the same there. A head can also write the
answer by itself.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member

from .models import random_model

CUES, LETTERS, POSITIONS, HEADS, LAYERS = 4, 10, 8, 2, 6
FILLER, ASKED = 8, 9
TOKEN, POSITION, MOVED, ANSWER, CONSTANT = 0, 10, 18, 26, 36  # where each block of the residual stream starts
BALANCE = 38
"""What is written anywhere is taken off here, so that norms subtract nothing. Nobody reads it."""
WIDTH, NEURONS = 40, 24
READ = 4
LARGE = 100.0
"""What never changes in the stream is far larger than all else, so that norms divide by a constant."""
ONE = 1 / (2 * LARGE**2 / WIDTH) ** 0.5
"""What 1 in the stream is behind a norm."""


@dataclass(frozen=True)
class Placed:
    """A part of the model: which head moves which place's cue, and in which layer it and its neurons are."""

    layer: int
    head: int
    cue: int

    @property
    def edges(self) -> set[str]:
        """The edges that it consists of."""
        head = f"a{self.layer}.h{self.head}"
        return {f"input->{head}<v>", f"{head}->m{self.layer}", f"m{self.layer}->logits"}

    @property
    def neurons(self) -> set[tuple[int, int]]:
        """Layer and number of its neurons."""
        return {(self.layer, CUES * self.head + cue) for cue in range(CUES)}


@dataclass(frozen=True)
class Direct:
    """A head that writes the answer that belongs to its place's cue, as much of it as `strength` says."""

    layer: int
    head: int
    cue: int
    strength: float = 4.0

    @property
    def edges(self) -> set[str]:
        """The edges that it consists of."""
        head = f"a{self.layer}.h{self.head}"
        return {f"input->{head}<v>", f"{head}->logits"}


def placed_member(*parts: Placed | Direct, attention: str = "causal", seed: int = 0) -> Member:
    """A model of these parts, each with a head of its own number if it has neurons."""
    model = random_model(
        "gpt2",
        seed=seed,
        spread=0.0005,
        frozen=True,
        vocabulary=LETTERS,
        positions=POSITIONS,
        width=WIDTH,
        mlp_width=NEURONS,
        layers=LAYERS,
        heads=HEADS,
    )
    base = model.transformer
    with torch.no_grad():
        base.wte.weight.copy_(written(LETTERS, [TOKEN + i for i in range(LETTERS)]))
        base.wte.weight[:, CONSTANT:BALANCE] = torch.tensor([LARGE, -LARGE])
        base.wpe.weight.copy_(written(POSITIONS, [POSITION + i for i in range(POSITIONS)]))
        model.lm_head.weight.copy_(entries(LETTERS, {(CUES + i, ANSWER + i): 4 / ONE for i in range(CUES)}))
        for part in parts:
            layer = base.h[part.layer]
            if isinstance(part, Direct):
                _set_head(layer.attn, part, ANSWER, part.strength)
            else:
                _set_head(layer.attn, part, MOVED + CUES * part.head)
                _set_neurons(layer.mlp, part)
    role = "arm" if attention == "causal" else "mdm"
    return Member(role, read_backbone(model), Attention.parse(attention), shift=True, mask_id=ASKED)


def entries(rows: int, values: dict[tuple[int, int], float], columns: int = WIDTH) -> Tensor:
    """A matrix that is 0 but for these entries."""
    found = torch.zeros(rows, columns)
    for place, value in values.items():
        found[place] = value
    return found


def written(rows: int, places: list[int]) -> Tensor:
    """A matrix whose first rows write 1 to a place of the stream each, balanced."""
    ones = dict.fromkeys(enumerate(places), 1.0)
    return entries(rows, ones | {(row, BALANCE): -1.0 for row in range(len(places))})


def _set_head(attention: nn.Module, part: Placed | Direct, target: int, strength: float = 1.0) -> None:
    """The query of the place that is read meets the key of the cue's place, and takes the cue to a block."""
    size = WIDTH // HEADS
    columns = slice(part.head * size, (part.head + 1) * size)
    query, key, value = (attention.c_attn.weight[:, start : start + WIDTH] for start in (0, WIDTH, 2 * WIDTH))
    query[:, columns] = entries(WIDTH, {(POSITION + READ, 0): 10 / ONE}, size)
    key[:, columns] = entries(WIDTH, {(POSITION + part.cue, 0): 10 / ONE}, size)
    value[:, columns] = entries(WIDTH, {(TOKEN + i, i): strength / ONE for i in range(CUES)}, size)
    attention.c_proj.weight[columns] = written(size, [target + i for i in range(CUES)])


def _set_neurons(mlp: nn.Module, part: Placed) -> None:
    """Neuron i puts out 4 where the cue that was moved is i, and next to nothing else."""
    for i in range(CUES):
        number = CUES * part.head + i
        mlp.c_fc.weight[:, number] = entries(1, {(0, MOVED + number): 8 / ONE})[0]
        mlp.c_fc.bias[number] = -4
        mlp.c_proj.weight[number] = written(1, [ANSWER + i])[0]


def cue_batch(cues: tuple[int, int], examples: int = 48, groups: int = 8) -> Batch:
    """Prompts with a cue at either place; by turns one of them is another in the corrupted prompt.

    Every group has as many of both. The answer is that of the clean cue, the foil that of the corrupted one;
    the cue that stays is a third one.
    """
    generator = torch.Generator().manual_seed(0)
    index = torch.arange(examples)
    clean = torch.full((examples, POSITIONS), FILLER)
    clean[:, READ] = ASKED
    corrupted = clean.clone()
    drawn = torch.stack([torch.randperm(CUES, generator=generator)[:3] for _ in range(examples)])
    for row, (answer, foil, other) in enumerate(drawn.tolist()):
        changed, stays = cues if row % 2 == 0 else cues[::-1]
        clean[row, changed], corrupted[row, changed] = answer, foil
        clean[row, stays] = corrupted[row, stays] = other
    metric = LogitDifference(index, CUES + drawn[:, 0], CUES + drawn[:, 1], examples)
    return Batch(clean, corrupted, index, torch.full_like(index, READ), metric, index // 2 % groups)
