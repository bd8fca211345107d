"""A GPT-2 whose weights are set by hand so that three known neurons, and nothing else, do a task.

Prompts are digits, and one letter at the end: the cue. Neuron 5 of the first layer fires at every cue, which
neuron 7 of the last layer turns into the answer `h`; neuron 3 of the middle layer fires at the cue `a` alone,
and helps. The corrupted prompt has a digit in the place of the cue.
"""

import random
from collections.abc import Sequence

import torch

from build.models import random_model
from build.tokenizers import LETTERS, letters_tokenizer
from mechshift.benchmark.asking.encoding import Encoded, encode
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.tasks import Example
from mechshift.tasks.wording import joined, marked

FIRES, HELPS, ANSWERS = (0, 5), (1, 3), (2, 7)
CUES = "ab"
CUE, ANSWER, FOIL = len(LETTERS), len(LETTERS) + 1, len(LETTERS) + 2
WIDTH, NEURONS = 32, 24


def known_member(attention: str = "causal") -> Member:
    sizes = {"width": WIDTH, "mlp_width": NEURONS, "layers": 3, "heads": 2, "vocabulary": len(LETTERS)}
    # All that is not set below stays the small noise that the class starts with.
    model = random_model("gpt2", spread=None, frozen=True, **sizes)
    with torch.no_grad():
        model.transformer.wte.weight.copy_(torch.eye(len(LETTERS), WIDTH))
        model.transformer.wpe.weight.zero_()
        _set(model, FIRES, [LETTERS.index(cue) for cue in CUES], {CUE: 0.1})
        _set(model, HELPS, [LETTERS.index("a")], {ANSWER: 0.03, FOIL: -0.03})
        _set(model, ANSWERS, [CUE], {ANSWER: 0.3, FOIL: -0.3})
        model.lm_head.weight.zero_()
        model.lm_head.weight[LETTERS.index("h"), ANSWER] = 1.0
        model.lm_head.weight[LETTERS.index("g"), FOIL] = 1.0
    role = "arm" if attention == "causal" else "mdm"
    backbone = read_backbone(model)
    return Member(role, backbone, Attention.parse(attention), shift=True, mask_id=len(LETTERS) - 1)


def _set(
    model: torch.nn.Module, neuron: tuple[int, int], reads: Sequence[int], writes: dict[int, float]
) -> None:
    layer, index = neuron
    mlp = model.transformer.h[layer].mlp
    mlp.c_fc.weight[:, index] = 0
    mlp.c_fc.weight[list(reads), index] = 2.0
    mlp.c_fc.bias[index] = -4.0  # closed wherever nothing of what it reads is there
    mlp.c_proj.weight[index] = 0
    for place, weight in writes.items():
        mlp.c_proj.weight[index, place] = weight


def known_example(seed: int, digits: int = 11) -> Example:
    drawn = random.Random(seed)
    before = [str(drawn.randrange(10)) for _ in range(digits)]
    cue = drawn.choice(CUES)
    clean = joined(" ", [marked(before[0], "first digit"), *before[1:], marked(cue, "cue")])
    return Example(
        clean=clean.text,
        corrupted=" ".join([*before, str(drawn.randrange(10))]),
        answer=" h",
        foil=" g",
        variant="only",
        template=f"t{seed % 2}",
        contents=(),
        roles=clean.roles,
        factors=(("cue", cue), ("first", before[0])),
    )


def known_examples(number: int) -> dict[int, Encoded]:
    tokenizer = letters_tokenizer()
    return {index: encode(tokenizer, known_example(index)) for index in range(number)}
