"""What two published pairs of seven billion parameters need on an accelerator, from their configurations.

    cd tests && python -m speed.seven_billion

The tokenizers are not at hand here: every batch is taken to be full, of one length, with sixteen answer
tokens to decode and four reads a row. `mechshift run --dry-run` on the checkpoints counts the real ones.
"""

from typing import Any

import torch
from tabulate import tabulate
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from mechshift.benchmark.forecast.memory import StagePeak, stage_peaks
from mechshift.benchmark.forecast.sizes import Sizes
from mechshift.benchmark.forecast.workload import Load, MemberWork, TaskWork
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.native import quiet
from mechshift.benchmark.record.protocol import Protocol, get_protocol

PAIRS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "Qwen2.5-7B / Dream-7B": (
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


def sizes_of(pair: str) -> Sizes:
    """The dimensions of both members, in bfloat16."""
    native, config, values = PAIRS[pair]
    with torch.device("meta"), quiet():
        return Sizes.of(read_backbone(native(config(tie_word_embeddings=False, **values))), itemsize=2)


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


HEADERS = ("pair", "protocol", "tokens", "--batch", "checks", "attribution", "circuits")


def main() -> None:
    """Print the table, as the documentation has it."""
    print(tabulate(table(), HEADERS, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
