"""Which part of a model is on which device, and what no map can ask for."""

import gc
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from build.checkpoints import write_checkpoint
from build.devices import pretended
from build.models import CLASSES, settings
from mechshift.benchmark.pairs import spread
from mechshift.benchmark.pairs.backbones import Backbone
from mechshift.benchmark.pairs.device_map import DeviceMap
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.limits import Limits
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import PairSpec, declare_pair
from mechshift.benchmark.pairs.spread import devices_of, shares, spread_over
from mechshift.errors import PairError, UsageError

ZERO, ONE, TWO = CARDS = tuple(torch.device("cuda", index) for index in range(3))


def sketched(kind: str = "llama", layers: int = 6, **sizes: Any) -> Backbone:
    native, config = CLASSES[kind]
    with torch.device("meta"):
        return read_backbone(native(config(**settings(kind, layers=layers, **sizes))))


def bytes_of(backbone: Backbone) -> int:
    return sum(parameter.nbytes for parameter in backbone.model.parameters())


def by_way(way: str, backbone: Backbone, share: float, members: int = 1) -> dict[str, torch.device]:
    """Spread over three cards, each with room for that share of the model, beside what is kept free."""
    room = int(bytes_of(backbone) * share / spread.ROOM) + 8
    found = spread_over(backbone, DeviceMap(way), dict.fromkeys(CARDS, room), members, torch.float32)
    return dict(found)


@pytest.mark.parametrize("kind", list(CLASSES))
@pytest.mark.parametrize("tied", [False, True])
def test_layers_are_spread_whole_and_in_order(kind: str, tied: bool) -> None:
    backbone = sketched(kind, tied=tied)
    found = by_way("balanced", backbone, 0.6)
    names = {module: name for name, module in backbone.model.named_modules()}
    layers = [found[names[layer.block]] for layer in backbone.layers]
    assert layers == sorted(layers, key=CARDS.index)
    assert set(layers) == set(CARDS)
    # Every parameter is in a part, and no part in another one.
    inside = [
        [part for part in found if f"{name}.".startswith(f"{part}.")]
        for name, _ in backbone.model.named_parameters()
    ]
    assert all(len(parts) == 1 for parts in inside)
    assert found[names[backbone.embedding]] == ZERO
    if backbone.position_embedding is not None:
        assert found[names[backbone.position_embedding]] == ZERO
    if tied:
        assert found["lm_head"] == ZERO


def test_a_balanced_model_leaves_as_much_on_every_card() -> None:
    backbone = sketched(layers=24)
    held = shares(backbone, by_way("balanced", backbone, 1))
    assert sum(held.values()) == pytest.approx(1)
    assert max(held.values()) < 0.45
    assert by_way("auto", backbone, 1) == by_way("balanced", backbone, 1)


def test_a_sequence_fills_one_card_after_the_other() -> None:
    backbone = sketched(layers=24)
    assert set(by_way("sequential", backbone, 1.5).values()) == {ZERO}
    held = shares(backbone, by_way("sequential", backbone, 0.45))
    assert held["cuda:0"] > held["cuda:2"] > 0
    # Two members beside each other may each take half.
    assert by_way("sequential", backbone, 0.9, members=2) == by_way("sequential", backbone, 0.45)


def test_shares_count_a_tied_head_once() -> None:
    backbone = sketched("qwen2", layers=1, tied=True)
    parts = {"model.embed_tokens": ZERO, "lm_head": ZERO, "model.layers": ONE, "model.norm": ONE}
    embedding = backbone.embedding.weight.numel()
    total = sum(parameter.numel() for parameter in backbone.model.parameters())
    assert shares(backbone, parts) == {"cuda:0": embedding / total, "cuda:1": 1 - embedding / total}


def test_without_several_accelerators_all_is_in_one_place() -> None:
    backbone = sketched()
    for free, place in (({}, torch.device("cpu")), ({ONE: 1}, ONE)):
        assert devices_of(spread_over(backbone, DeviceMap("auto"), free)) == (place,)


def test_what_is_left_over_is_told() -> None:
    with pytest.raises(UsageError, match=r"layers\.\d.* would be left over") as raised:
        by_way("sequential", sketched(), 0.2)
    assert "--device-map" in raised.value.problem
    assert "one member at a time" in raised.value.remedy


def spread_by(backbone: Backbone, parts: Mapping[str, int | str]) -> dict[str, torch.device]:
    return dict(spread_over(backbone, DeviceMap.parse(parts), {}))


def test_a_module_stands_for_all_within_it() -> None:
    backbone = sketched(layers=2)
    found = spread_by(backbone, {"": "cuda:1", "model.layers": "cuda:2", "model.layers.0": "cuda"})
    wanted = {"model.embed_tokens": ONE, "model.layers.0": ZERO, "model.layers.1": TWO}
    assert found == {**wanted, "model.norm": ONE, "lm_head": ONE, "model.rotary_emb": ONE}


WRONG: list[tuple[str, dict[str, int | str], str]] = [
    ("llama", {"model": "cuda:0", "head": "cuda:1"}, "unknown module of LlamaForCausalLM 'head'"),
    ("llama", {"model": "cuda:0"}, "says nothing of lm_head"),
    (
        "llama",
        {"model.layers": "cuda:0", "lm_head": "cuda:1"},
        r"nothing of model\.embed_tokens and model\.norm",
    ),
    ("llama", {"": "cuda:0", "lm_head": "cuda:x"}, "names device cuda:x, and there is none"),
    ("llama", {"": "cuda:0", "lm_head": "disk"}, "weights on disk"),
    ("llama", {"": "cuda:0", "lm_head": "cpu"}, "weights on cpu"),
    (
        "llama",
        {"": "cuda:0", "model.layers.1.mlp": "cuda:1"},
        r"parts of model\.layers\.1 on cuda:0 and cuda:1",
    ),
    ("gpt2", {"": "cuda:0", "transformer.wpe": "cuda:1"}, r"wpe, which is added to it, on cuda:1"),
    ("qwen2", {"": "cuda:0", "lm_head": "cuda:1"}, "lm_head, which has the same weights, on cuda:1"),
]


@pytest.mark.parametrize(("kind", "parts", "problem"), WRONG)
def test_a_map_that_does_not_fit_is_an_error(kind: str, parts: dict[str, int | str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as raised:
        spread_by(sketched(kind, tied=kind == "qwen2"), parts)
    assert raised.value.remedy


def test_without_accelerate_several_devices_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="need accelerate, which is not installed") as raised:
        by_way("balanced", sketched(), 0.6)
    assert ".[large]" in raised.value.remedy
    # One device needs nothing.
    assert set(spread_over(sketched(), DeviceMap("auto"), {ZERO: 10**9}).values()) == {ZERO}


def written(folder: Path, kind: str, **changes: Any) -> PairSpec:
    arm, mdm = (
        write_checkpoint(folder / name, kind, seed=seed, layers=3, **changes)
        for seed, name in enumerate(("arm", "mdm"))
    )
    return declare_pair(str(arm), str(mdm), name="mine")


def places(pair: Pair) -> list[set[str]]:
    return [{str(each.device) for each in member.backbone.model.parameters()} for member in pair.members]


def test_weights_are_read_onto_their_devices(tmp_path: Path) -> None:
    spec = written(tmp_path, "llama")
    plain = open_pair(spec, "cpu")
    with pretended("cuda:0", "cuda:1"):
        pair = open_pair(spec, DeviceMap("balanced"))
        assert places(pair) == [{"cuda:0", "cuda:1"}] * 2
        assert pair.place == DeviceMap("balanced")
        assert "balanced" in repr(pair)
        for member, other in zip(pair.members, plain.members, strict=True):
            here = dict(member.backbone.model.named_parameters())
            assert all(
                torch.equal(here[name].cpu(), parameter)
                for name, parameter in other.backbone.model.named_parameters()
            )
        assert pair.movement == plain.movement
        with pytest.raises(PairError, match="device cuda:2 cannot be used"):
            open_pair(spec, DeviceMap.parse({"": "cuda:0", "lm_head": "cuda:2"}))


@pytest.mark.parametrize("tied", [False, True])
def test_members_take_turns_on_the_same_devices(tied: bool, tmp_path: Path) -> None:
    """What is put away is freed on all of them, tied weights too, and comes back where it was."""
    spec = written(tmp_path, "qwen2", tied=tied)
    plain = open_pair(spec, "cpu")
    with pretended("cuda:0", "cuda:1"):
        pair = open_pair(spec, DeviceMap("balanced"), limits=Limits(in_turn=True))
        assert places(pair) == [{"meta"}, {"cuda:0", "cuda:1"}]
        for index in (0, 1, 0):
            other = pair.members[1 - index]
            living = [weakref.ref(parameter) for parameter in other.backbone.model.parameters()]
            pair.bring(pair.members[index])
            gc.collect()
            assert not any(reference() is not None for reference in living)
            assert places(pair)[index] == {"cuda:0", "cuda:1"}
            assert places(pair)[1 - index] == {"meta"}
            text = torch.tensor([[3, 4, 5, 6, 7]])
            logits, wanted = (
                member.logits(member.hidden(member.embed(text.to(member.device))))
                for member in (pair.members[index], plain.members[index])
            )
            assert torch.equal(logits.cpu(), wanted)
