"""Tiny random members of every backbone, the oracles' members, and a slow runner that shares no code."""

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from mechshift.benchmark.circuits.batch import Batch, LogitDifference, LogOdds, Metric, ProbabilityDifference
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.backbones import read_backbone
from mechshift.benchmark.pairs.member import Member

VOCABULARY = 23
MASK = 22
ORACLES = Path(__file__).parents[1] / "oracles"


def random_model(kind: str) -> PreTrainedModel:
    special = {"bos_token_id": 0, "eos_token_id": 0, "tie_word_embeddings": False, "vocab_size": VOCABULARY}
    if kind == "gpt2":
        return GPT2LMHeadModel(GPT2Config(n_positions=32, n_embd=16, n_layer=2, n_head=4, **special))
    sizes = {"hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 4}
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(**sizes, **special))
    if kind == "qwen2":
        return Qwen2ForCausalLM(Qwen2Config(num_key_value_heads=2, **sizes, **special))
    sizes |= {"num_key_value_heads": 2, "head_dim": 6}
    if kind == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**sizes, **special))
    experts = {"num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 12}
    config = Qwen3MoeConfig(**experts, **sizes, **special)
    config._experts_implementation = "eager"
    return Qwen3MoeForCausalLM(config)


def random_member(kind: str, attention: str = "causal", seed: int = 0) -> Member:
    """Weights, gains and biases all far from their usual starting values, so that a forgotten one shows."""
    torch.manual_seed(seed)
    model = random_model(kind).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = 0.4 * torch.randn_like(parameter)
            is_gain = parameter.ndim == 1 and name.endswith("weight")
            parameter.copy_(1 + noise if is_gain else noise)
    role = "arm" if attention == "causal" else "mdm"
    return Member(role, read_backbone(model), Attention.parse(attention), shift=True, mask_id=MASK)


def random_batch(metric: str = "one read", examples: int = 3, tokens: int = 6, seed: int = 1) -> Batch:
    """`one read` of one row per example, `states` of several reads each, `probability` or `log odds`."""
    generator = torch.Generator().manual_seed(seed)

    def draw(high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=generator)

    index = torch.arange(examples)
    rows, row_example, read_row = examples, None, index
    read_position = torch.full((examples,), tokens - 1)
    if metric == "states":
        rows, row_example = 2 * examples, index.repeat_interleave(2)
        read_row = torch.arange(rows).repeat_interleave(2)
        read_position = torch.tensor([tokens - 2, tokens - 1]).repeat(rows)
    elif metric == "probability":
        read_row, read_position = index.repeat(2), torch.cat([read_position - 1, read_position])
    reads = len(read_row)
    chosen: Metric
    if metric == "probability":
        signs = [draw(3, examples, VOCABULARY).float() - 1 for _ in range(2)]
        chosen = ProbabilityDifference(
            index, signs[0], index + examples, signs[1], draw(VOCABULARY - 1, examples)
        )
    elif metric == "log odds":
        sign = draw(3, examples, VOCABULARY)
        sign[:, :2] = torch.tensor([0, 2])
        chosen = LogOdds(index, sign == 2, sign == 0)
    else:
        example = read_row if row_example is None else row_example[read_row]
        chosen = LogitDifference(example, draw(MASK, reads), draw(MASK, reads), examples)
    clean, corrupted = draw(MASK, 2, rows, tokens)
    return Batch(clean, corrupted, read_row, read_position, chosen, index % 2, row_example)


def oracle_member(name: str) -> Member:
    model = {"gpt2": GPT2LMHeadModel, "llama": LlamaForCausalLM}[name].from_pretrained(ORACLES / name)
    return Member("arm", read_backbone(model.eval()), Attention("causal"), shift=True, mask_id=97)


def oracle_batch(reference: dict[str, np.ndarray]) -> Batch:
    index = torch.arange(12)
    answer, foil = torch.from_numpy(reference["answer_foil"]).T
    clean, corrupted = torch.from_numpy(reference["clean"]), torch.from_numpy(reference["corrupted"])
    return Batch(
        clean, corrupted, index, torch.full((12,), 13), LogitDifference(index, answer, foil, 12), index % 3
    )


Read = Callable[[int, Tensor, list[Tensor]], Tensor]


def slow_run(member: Member, batch: Batch, embeddings: Tensor, read: Read) -> tuple[Tensor, list[Tensor]]:
    """Run in float64, asking for each destination in turn what it reads; values and what each source wrote.

    `read(destination, residual stream, written so far)` gives the stream that this destination sees.
    """
    model = copy.deepcopy(member.backbone.model).double()
    backbone = read_backbone(model)
    member = dataclasses.replace(member, backbone=backbone)
    shape = backbone.shape
    outputs: list[Tensor] = [embeddings]
    streams: dict[nn.Module, Tensor] = {}
    counter = iter(range(10**6))

    def remember(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        streams[module] = inputs[0]

    def seen_whole(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> Tensor:
        return module.forward(read(next(counter), inputs[0], outputs))

    def seen_by_heads(norm: nn.Module) -> Callable[..., Tensor]:
        def replace(module: nn.Module, _: object, output: Tensor) -> Tensor:
            heads = [
                module.forward(norm.forward(read(next(counter), streams[norm], outputs)))[
                    ..., at : at + shape.head_dim
                ]
                for at in range(0, output.shape[-1], shape.head_dim)
            ]
            return torch.cat(heads, dim=-1)

        return replace

    def heads_wrote(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        for head in range(shape.heads):
            alone = torch.zeros_like(inputs[0])
            columns = slice(head * shape.head_dim, (head + 1) * shape.head_dim)
            alone[..., columns] = inputs[0][..., columns]
            outputs.append(module.forward(alone) - module.forward(torch.zeros_like(alone)))

    for layer in backbone.layers:
        layer.attention_norm.module.register_forward_hook(remember)
        for module in dict.fromkeys((layer.query.module, layer.key.module, layer.value.module)):
            module.register_forward_hook(seen_by_heads(layer.attention_norm.module))
        layer.output.register_forward_pre_hook(heads_wrote)
        layer.mlp_norm.module.register_forward_hook(seen_whole)
        layer.mlp.register_forward_hook(lambda _, __, output: outputs.append(output))
    backbone.final_norm.module.register_forward_hook(seen_whole)
    hidden = member.hidden(embeddings)
    values = batch.metric(member.logits(hidden[batch.read_row, batch.read_position]))
    return values, outputs


@pytest.fixture(name="random_member", scope="session")
def _random_member() -> Callable[..., Member]:
    return random_member


@pytest.fixture(name="random_batch", scope="session")
def _random_batch() -> Callable[..., Batch]:
    return random_batch


@pytest.fixture(name="slow_run", scope="session")
def _slow_run() -> Callable[..., tuple[Tensor, list[Tensor]]]:
    return slow_run


@pytest.fixture(params=["gpt2", "llama"], scope="session")
def oracle(request: pytest.FixtureRequest) -> tuple[Member, Batch, dict[str, np.ndarray]]:
    """Member, batch and reference arrays of one oracle."""
    reference = dict(np.load(ORACLES / request.param / "reference.npz"))
    return oracle_member(request.param), oracle_batch(reference), reference
