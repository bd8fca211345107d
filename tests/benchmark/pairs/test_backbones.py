from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from build.models import KINDS
from mechshift.benchmark.pairs.backbones import Shape
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import PairError

Make = Callable[..., Member]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["query", "key", "value"])
def test_a_projection_is_its_slice_of_the_modules_output(kind: str, part: str, make: Make) -> None:
    projection = getattr(make(kind).backbone.layers[1], part)
    seen: list[Tensor] = []
    x = torch.randn(5, 32)
    whole = projection.module(x)
    bias = 0 if projection.bias is None else projection.bias
    seen.append(x @ projection.weight.T + bias)
    torch.testing.assert_close(seen[0], whole[:, projection.start : projection.stop])


@pytest.mark.parametrize("kind", KINDS)
def test_the_output_weight_writes_the_modules_output(kind: str, make: Make) -> None:
    layer = make(kind).backbone.layers[0]
    z = torch.randn(5, layer.output_weight.shape[1])
    bias = getattr(layer.output, "bias", None)
    torch.testing.assert_close(z @ layer.output_weight.T + (0 if bias is None else bias), layer.output(z))


@pytest.mark.parametrize(
    ("kind", "kv_heads", "head_dim"), [("gpt2", 4, 8), ("llama", 2, 8), ("qwen2", 2, 8), ("qwen3", 2, 16)]
)
def test_the_shape_is_the_configs(kind: str, kv_heads: int, head_dim: int, make: Make) -> None:
    assert make(kind).backbone.shape == Shape(2, 4, kv_heads, head_dim, 32, 40)


@pytest.mark.parametrize("kind", KINDS)
def test_a_norm_is_what_its_fields_say(kind: str, make: Make) -> None:
    norm = make(kind).backbone.layers[0].mlp_norm
    x = torch.randn(3, 32) * 4
    centred = x - x.mean(-1, keepdim=True) if norm.centred else x
    scaled = centred / (centred.square().mean(-1, keepdim=True) + norm.epsilon).sqrt()
    expected = scaled * norm.weight + (0 if norm.bias is None else norm.bias)
    torch.testing.assert_close(norm.module(x), expected)


def test_a_class_without_a_reader_is_named() -> None:
    config = GPTNeoXConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=8, intermediate_size=16
    )
    with pytest.raises(PairError, match="GPTNeoXForCausalLM"):
        read_backbone(GPTNeoXForCausalLM(config))


@pytest.mark.parametrize("kind", KINDS)
def test_position_embeddings_are_gpt2s_alone(kind: str, make: Make) -> None:
    assert isinstance(make(kind).backbone.position_embedding, nn.Embedding) == (kind == "gpt2")
