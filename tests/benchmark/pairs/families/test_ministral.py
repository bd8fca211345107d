"""Ministral 3: what its attention does to positions, and the text model beside an encoder of images."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from build.models import STRETCHED, random_model
from build.rotary import frequencies, query_sizes
from mechshift.benchmark.pairs.checkpoint import find_checkpoint, find_description
from mechshift.benchmark.pairs.native import load_backbone, native_config
from mechshift.benchmark.pairs.spec import LoaderSpec, MemberSpec
from mechshift.errors import PairError

Write = Callable[..., Path]
TOKENS = 40
ROTARY = {**STRETCHED, "rope_theta": 100.0, "original_max_position_embeddings": 16}
"""With parts that are stretched, parts that are not, and parts between."""


def turned(vectors: Tensor, angles: Tensor) -> Tensor:
    """Halves of [heads, tokens, size] taken as real and imaginary parts, and turned by [tokens, size / 2]."""
    real, imaginary = vectors.chunk(2, dim=-1)
    return (
        torch.view_as_real(torch.complex(real, imaginary) * torch.polar(torch.ones(()), angles))
        .transpose(-1, -2)
        .flatten(-2)
    )


def heads(model: Any, states: Tensor) -> Tensor:
    """What the first layer's heads give of states [tokens, width], by the formulas, per head."""
    attention, config = model.model.layers[0].self_attn, model.config
    size, rope = config.head_dim, config.rope_parameters
    query, key, value = (
        part(states).unflatten(-1, (-1, size)).transpose(0, 1)
        for part in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    position = torch.arange(len(states))
    angles = (position[:, None] * frequencies(size, rope)).float()
    scale = query_sizes(len(states), rope).float()
    query, key = turned(query, angles) * scale[:, None], turned(key, angles)
    groups = len(query) // len(key)
    key, value = key.repeat_interleave(groups, 0), value.repeat_interleave(groups, 0)
    scores = (query @ key.transpose(-1, -2)) / math.sqrt(size)
    hidden = torch.ones(len(states), len(states)).triu(1).bool()
    return (scores.masked_fill(hidden, -torch.inf).softmax(-1) @ value).transpose(0, 1).flatten(1)


@pytest.mark.parametrize("beta", [0.0, 0.1, 2.0])
def test_queries_grow_with_their_position_and_frequencies_are_stretched(beta: float) -> None:
    rotary = {**ROTARY, "llama_4_scaling_beta": beta}
    model: Any = random_model("ministral3", head_dim=16, rope_parameters=rotary)
    tokens, seen = torch.arange(TOKENS)[None] % 37, []
    layer = model.model.layers[0]
    handles = [
        module.register_forward_pre_hook(
            lambda module, given, named: seen.append((given or (named["hidden_states"],))[0][0]),
            with_kwargs=True,
        )
        for module in (layer.self_attn, layer.self_attn.o_proj)
    ]
    with torch.no_grad():
        model(tokens)
        states, found = seen
        torch.testing.assert_close(found, heads(model, states), rtol=1e-4, atol=1e-5)
    for handle in handles:
        handle.remove()


def load(directory: Path, **loader: Any) -> Any:
    checkpoint = find_checkpoint(MemberSpec(str(directory)))
    return load_backbone(checkpoint, LoaderSpec(**loader), torch.device("cpu")).model


def rewrite(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((directory / "config.json").read_text())
    change(config)
    (directory / "config.json").write_text(json.dumps(config))


def beside_images(directory: Path, **more: tuple[int, ...]) -> Path:
    """A text model's checkpoint in the layout of one of texts and images; `more`: parameters, by shape."""
    state = {f"language_model.{name}": value for name, value in load_weights(directory).items()}
    extra = {"vision_tower.ln_pre.weight": (4,), "multi_modal_projector.norm.weight": (4,), **more}
    state |= {name: torch.ones(shape) for name, shape in extra.items()}
    save_file(state, directory / "model.safetensors", {"format": "pt"})
    text = json.loads((directory / "config.json").read_text())
    whole = {"model_type": "mistral3", "text_config": text, "vision_config": {"model_type": "pixtral"}}
    (directory / "config.json").write_text(json.dumps(whole))
    return directory


def load_weights(directory: Path) -> dict[str, Tensor]:
    return load_file(directory / "model.safetensors")


@pytest.mark.parametrize("tied", [True, False])
def test_the_text_model_beside_an_encoder_of_images_is_read_alone(tied: bool, write: Write) -> None:
    directory = write("arm", "ministral3", tie_word_embeddings=tied)
    tokens = torch.arange(TOKENS)[None] % 20
    with torch.no_grad():
        alone = load(directory)(tokens).logits
        found = load(beside_images(directory))
        assert torch.equal(found(tokens).logits, alone)
    assert type(found).__name__ == "Ministral3ForCausalLM"
    assert not any("vision" in name for name, _ in found.named_parameters())


def test_a_parameter_that_is_neither_the_text_model_s_nor_an_encoder_s_is_named(write: Write) -> None:
    directory = beside_images(write("arm", "ministral3"), **{"audio_tower.weight": (2,)})
    with pytest.raises(PairError, match=r"has besides audio_tower\.weight") as caught:
        load(directory)
    assert caught.value.check == "parameters"


@pytest.mark.parametrize("text", [None, 5, [], "ministral3"])
def test_a_model_of_texts_and_images_without_settings_for_texts_is_an_error(
    text: object, write: Write
) -> None:
    directory = beside_images(write("arm", "ministral3"))
    rewrite(directory, lambda config: config.update(text_config=text))
    with pytest.raises(PairError, match="is that of a model of texts and images, and its text_config is"):
        native_config(find_description(MemberSpec(str(directory))), LoaderSpec())
    with pytest.raises(PairError) as caught:
        load(directory)
    assert caught.value.check == "configuration"


@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("key", ["factor", "llama_4_scaling_beta", "original_max_position_embeddings"])
def test_rotary_settings_lost_on_the_way_are_an_error(key: str, inner: bool, write: Write) -> None:
    """Those of the class itself take their place, and logits stay plausible."""
    changed = {
        **STRETCHED,
        "rope_theta": 1_000_000.0,
        "factor": 16.0,
        "original_max_position_embeddings": 16_384,
    }
    directory = write("arm", "ministral3", rope_parameters={**changed, key: STRETCHED[key] * 3})
    if inner:
        beside_images(directory)
    with pytest.raises(PairError, match=f"says {key} = (?s:.)*do not drop or override {key}") as caught:
        load(directory, dropped_keys=("rope_parameters",))
    assert caught.value.check == "configuration"


@pytest.mark.parametrize("value", [None, "0.1", -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["llama_4_scaling_beta", "original_max_position_embeddings"])
def test_a_number_that_queries_are_scaled_by_has_to_be_one(key: str, value: object, write: Write) -> None:
    directory = write("arm", "ministral3")
    rewrite(directory, lambda config: config["rope_parameters"].update({key: value}))
    with pytest.raises(PairError, match="arm") as caught:
        load(directory)
    assert caught.value.check == "configuration"


def test_a_number_that_queries_are_scaled_by_has_to_be_there(write: Write) -> None:
    directory = write("arm", "ministral3")
    rewrite(directory, lambda config: config["rope_parameters"].pop("llama_4_scaling_beta"))
    with pytest.raises(PairError, match="says llama_4_scaling_beta = None in rope_parameters"):
        load(directory)
