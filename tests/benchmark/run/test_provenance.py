"""What a record says of its origin, and what makes a cell another cell."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.movement import Movement
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.threads import SMALL_WIDTH
from mechshift.benchmark.record.protocol import PAPER, V2
from mechshift.benchmark.run.provenance import describe_environment, describe_pair, subject_of


@pytest.fixture
def pair(member: Callable[..., Member], pair_of: Callable[..., Pair]) -> Pair:
    return pair_of(member(), member("mdm", "block:4", shift=False))


def test_a_pair_is_described_as_it_was_declared(pair: Pair) -> None:
    found = describe_pair(pair, V2)
    assert (found.name, found.mask_id, found.tokenizer) == ("letters", 19, "digest of letters")
    assert (found.arm.attention, found.arm.shift) == ("causal", True)
    assert (found.mdm.attention, found.mdm.shift) == ("block:4", False)
    assert (found.mdm.digest, found.mdm.revision, found.mdm.dtype) == ("digest of mdm", "main", "float32")
    assert (found.layers, found.heads, found.kv_heads) == (2, 4, 2)


@pytest.mark.parametrize(("protocol", "copies"), [(V2, 2), (PAPER, 4)], ids=["grouped", "ungrouped"])
def test_edges_are_counted_as_the_protocol_has_them(copies: int, protocol: object, pair: Pair) -> None:
    """Per layer l, 1 + 5l sources before it: into 4 queries and both copies; the MLP; then the logits."""
    by_hand = sum((4 + 2 * copies) * (1 + 5 * layer) + 1 + 5 * layer + 4 for layer in range(2)) + 11
    assert describe_pair(pair, protocol).edges == by_hand  # type: ignore[arg-type]


def test_movement_is_the_mean_over_layers(pair: Pair) -> None:
    movement = (
        Movement(0, "mlp", 0.2),
        Movement(1, "mlp", 0.6),
        Movement(None, "head", 0.1),
        Movement(0, "bias", None),
    )
    assert describe_pair(replace(pair, movement=movement), V2).movement == pytest.approx(
        {"mlp": 0.4, "head": 0.1}
    )


def test_where_a_directory_lay_is_nobodys_business(pair: Pair, tmp_path: Path) -> None:
    directory = tmp_path / "models" / "mine"
    directory.mkdir(parents=True)
    here = replace(pair, arm_provenance=replace(pair.arm_provenance, checkpoint=str(directory)))
    assert describe_pair(here, V2).arm.checkpoint == "models/mine"
    assert describe_pair(here, V2).mdm.checkpoint == "org/mdm"
    assert str(tmp_path) not in describe_pair(here, V2).model_dump_json()


def test_the_environment_is_the_one_that_runs(pair: Pair) -> None:
    found = describe_environment(pair)
    assert (found.torch, found.numpy) == (torch.__version__, np.__version__)
    assert found.device == "cpu"


def test_the_threads_of_a_record_are_those_that_its_cells_had(pair: Pair) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert pair.arm.backbone.shape.width < SMALL_WIDTH
        assert describe_environment(pair).threads == 1
    finally:
        torch.set_num_threads(before)


def key(pair: Pair) -> str:
    return json.dumps(dataclasses.asdict(subject_of(pair)), sort_keys=True)


def changed(pair: Pair, name: str) -> Pair:
    arm, mdm = pair.arm_provenance, pair.mdm_provenance
    changes: dict[str, dict[str, object]] = {
        "arm's weights": {"arm_provenance": replace(arm, digest="other")},
        "mdm's weights": {"mdm_provenance": replace(mdm, digest="other")},
        "dtype": {"arm_provenance": replace(arm, dtype="bfloat16")},
        "tokenizer": {"tokenizer_digest": "other"},
        "mask token": {"mdm": replace(pair.mdm, mask_id=3)},
        "attention": {
            "spec": replace(pair.spec, mdm=replace(pair.spec.mdm, attention=Attention.parse("full")))
        },
        "shift": {"spec": replace(pair.spec, mdm=replace(pair.spec.mdm, shift=True))},
    }
    return replace(pair, **changes[name])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["arm's weights", "mdm's weights", "dtype", "tokenizer", "mask token", "attention", "shift"],
)
def test_what_is_measured_is_in_the_key(name: str, pair: Pair) -> None:
    assert key(changed(pair, name)) != key(pair)


def test_names_and_places_are_not_in_the_key(pair: Pair) -> None:
    moved = replace(
        pair,
        spec=replace(pair.spec, name="another name"),
        arm_provenance=replace(pair.arm_provenance, checkpoint="/another/place", revision="v2"),
    )
    assert key(moved) == key(pair)
