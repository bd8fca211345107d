"""What families say of themselves, and that nothing else says anything of a family."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from mechshift import benchmark
from mechshift.benchmark.pairs.backbones import MlpShape
from mechshift.benchmark.pairs.families import CLASSES, FAMILIES, VARIANTS, family_of
from mechshift.benchmark.pairs.member import Member

Make = Callable[..., Member]
ROOT = Path(benchmark.__file__).parent
NAMES = re.compile(r"gpt2|llama|qwen|wedlm|rnd1|sdar|self_attn|[qkvo]_proj|[qk]_norm|rms_norm|layer_norm_eps")


def test_no_two_families_claim_the_same_model_type() -> None:
    assert len(CLASSES) == sum(len(family.classes) for family in FAMILIES)
    assert len(VARIANTS) == sum(len(family.variants) for family in FAMILIES)
    assert not CLASSES.keys() & VARIANTS.keys()


def test_a_variant_loads_as_a_class_of_its_family() -> None:
    for family in FAMILIES:
        assert {variant.native for variant in family.variants.values()} <= family.classes.keys()


@pytest.mark.parametrize("kind", CLASSES)
def test_a_family_counts_what_its_configurations_have(kind: str, make: Make) -> None:
    model = make(kind).backbone.model
    family = family_of(model)
    counted = {name: getattr(model.config, name, None) for name in family.counts}
    assert {"num_hidden_layers", "num_attention_heads", "hidden_size", "vocab_size"} <= counted.keys()
    assert counted["num_hidden_layers"] == len(make(kind).backbone.layers)
    for name, value in family.held(model).items():
        written = model.config.to_dict() | (getattr(model.config, "rope_parameters", None) or {})
        assert written[name] == value


@pytest.mark.parametrize("kind", CLASSES)
def test_the_mlps_are_measured_by_their_own_parameters(kind: str, make: Make) -> None:
    backbone = make(kind).backbone
    for layer in backbone.layers:
        shape, elements = layer.mlp_shape, sum(p.numel() for p in layer.mlp.parameters() if p.ndim > 1)
        width = backbone.shape.width
        if kind == "gpt2":
            assert elements == 2 * width * shape.inner
        elif shape.experts:
            assert elements == 3 * shape.experts * width * shape.inner + shape.experts * width
            assert 0 < shape.chosen <= shape.experts
        else:
            assert elements == 3 * width * shape.inner
            assert shape == MlpShape(shape.inner)
        assert layer.normed_heads == any(name.endswith("q_norm") for name, _ in named(backbone.model))


@pytest.mark.parametrize("kind", CLASSES)
def test_activations_gates_and_norms_per_head_are_found(kind: str, make: Make) -> None:
    backbone = make(kind).backbone
    modules = dict(named(backbone.model))
    for number, layer in enumerate(backbone.layers):
        block = f"transformer.h.{number}" if kind == "gpt2" else f"model.layers.{number}"
        mlp = modules[f"{block}.mlp"]
        inner = modules.get(f"{block}.mlp.experts", mlp)
        assert layer.activation is (mlp.act if kind == "gpt2" else inner.act_fn)
        assert layer.gated is (None if kind == "gpt2" else inner)
        norms = [
            modules[name] for name in (f"{block}.self_attn.{each}_norm" for each in "qk") if name in modules
        ]
        assert [norm.module for norm in layer.head_norms] == norms
        assert len(norms) == (2 if kind.startswith("qwen3") else 0)


def named(model: nn.Module) -> list[tuple[str, nn.Module]]:
    return list(model.named_modules())


def said(path: Path) -> list[str]:
    """Names and texts of a module's code, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare
    ]
    return texts + [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]


@pytest.mark.parametrize("room", ["pairs", "circuits", "admission", "forecast", "measure", "asking", "run"])
def test_a_family_is_known_in_its_own_file_alone(room: str) -> None:
    outside = [path for path in (ROOT / room).rglob("*.py") if "families" not in path.parts]
    found = {
        f"{path.relative_to(ROOT)}: {text}"
        for path in outside
        for text in said(path)
        if NAMES.search(text.lower()) and text not in EXAMPLES
    }
    assert found == set()


EXAMPLES = {"name a directory with config.json and model.safetensors, or a hub id such as Qwen/Qwen3-0.6B"}
"""Texts for a person that name a model as an example."""
