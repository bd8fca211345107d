"""What two published pairs of seven billion parameters need on an accelerator, from their configurations.

The tokenizers are not at hand here. For memory every batch is taken to be full, of one length, with sixteen
answer tokens to decode and four reads a row; for the share of each stage in the work of a run prompts have
the tokens of the reference pair. `mechshift run --dry-run` on the checkpoints counts the real ones.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import torch
from tabulate import tabulate
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from mechshift.benchmark.forecast.memory import StagePeak, stage_peaks
from mechshift.benchmark.forecast.sizes import Sizes, Sketch, sketch_pair
from mechshift.benchmark.forecast.workload import Load, MemberWork, TaskWork, task_work
from mechshift.benchmark.pairs.backbones import Backbone
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.native import quiet
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import V2, Protocol, get_protocol
from mechshift.benchmark.run.assembly import as_asked
from speed.results import Found
from speed.timing import Asked

DREAM = "Qwen2.5-7B / Dream-7B"
Shape = tuple[Any, Any, dict[str, Any]]
PAIRS: dict[str, Shape] = {
    DREAM: (
        Qwen2ForCausalLM,
        Qwen2Config,
        {
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "vocab_size": 152064,
        },
    ),
    "LLaMA-2-7B / DiffuLLaMA": (
        LlamaForCausalLM,
        LlamaConfig,
        {
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 32,
            "hidden_size": 4096,
            "intermediate_size": 11008,
            "vocab_size": 32000,
        },
    ),
}
"""Native class, configuration class and published dimensions, by pair; heads are not tied."""

LENGTHS = (30, 60)
ROWS = (64, 32, 16)
ANSWER, READS = 16, 4
GROUPS = 96
"""As many as a task of the package has at most: those of infilling."""


def backbone_of(shape: Shape) -> Backbone:
    """Either member's, without numbers."""
    native, config, values = shape
    with torch.device("meta"), quiet():
        return read_backbone(native(config(tie_word_embeddings=False, **values)))


def sizes_of(pair: str) -> Sizes:
    """The dimensions of both members, in bfloat16."""
    return Sizes.of(backbone_of(PAIRS[pair]), itemsize=2)


def sketch_of(shape: Shape) -> Sketch:
    """A pair of that shape in bfloat16, with the tokenizer, attention and read-out of the reference pair."""
    backbone, reference = backbone_of(shape), sketch_pair(get_pair("tiny"))
    sizes = Sizes.of(backbone, itemsize=2)
    members = {role: replace(getattr(reference, role), backbone=backbone) for role in ("arm", "mdm")}
    stored = tuple(replace(each, weights=sizes.weights) for each in reference.checkpoints)
    return replace(reference, sizes=(sizes, sizes), checkpoints=stored, **members)


def peaks(sizes: Sizes, protocol: Protocol, rows: int, tokens: int) -> tuple[StagePeak, ...]:
    """The peak of every stage for a pair of these dimensions, its batches `rows` rows of `tokens` tokens."""
    batch = Load(rows, tokens, READS * rows, rows)
    decoded = Load(rows, tokens, ANSWER * rows, rows)
    member = MemberWork((decoded,), (batch,), (batch,), (batch,), (batch,), (batch,), {})
    work = TaskWork("any", rows, {}, rows, GROUPS, member, member)
    return stage_peaks((sizes, sizes), (sizes.weights, sizes.weights), [work], protocol)


def table() -> list[tuple[str, str, int, int, str, str, str]]:
    """Pair, protocol, tokens, rows, and GB at the checks, attribution and circuits, on the device."""
    lines = []
    for pair in PAIRS:
        sizes = sizes_of(pair)
        for name in ("v2", "paper"):
            for tokens in LENGTHS:
                for rows in ROWS:
                    found = {one.stage: one for one in peaks(sizes, get_protocol(name), rows, tokens)}
                    shown = [
                        f"{found[stage].on_device / 1e9:.1f}"
                        for stage in ("checks", "attribution", "circuits")
                    ]
                    lines.append((pair, name, tokens, rows, shown[0], shown[1], shown[2]))
    return lines


def stage_shares(pair: str) -> dict[str, float]:
    """Share of each stage in the floating-point operations of a whole `v2` run, both members together."""
    sketch = sketch_of(PAIRS[pair])
    flop: Counter[str] = Counter()
    for task in V2.tasks:
        work = task_work(sketch, *as_asked(V2, [task.name], None), V2, min(ROWS))
        for member in (work.arm, work.mdm):
            flop.update({stage: passes.flop(sketch.sizes[0]) for stage, passes in member.passes.items()})
    return {stage: done / flop.total() for stage, done in flop.items()}


def shares_table(pair: str) -> str:
    """The shares of all stages, in per cent."""
    rows = [(stage, f"{100 * share:.1f}") for stage, share in stage_shares(pair).items()]
    return tabulate(rows, ("stage", "% of a run"), tablefmt="github", disable_numparse=True)


HEADERS = ("pair", "protocol", "tokens", "--batch", "checks", "attribution", "circuits")


def measured(asked: Asked) -> Found:
    """Nothing: both tables, as docs/dry-run.md has them."""
    tables = tabulate(table(), HEADERS, tablefmt="github", disable_numparse=True), shares_table(DREAM)
    return Found(notes=tables)
