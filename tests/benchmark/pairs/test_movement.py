import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from build.models import KINDS
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.movement import weight_movement
from mechshift.benchmark.pairs.registry import get_pair

Make = Callable[..., Member]


def changes(arm: Member, mdm: Member) -> dict[tuple[int | None, str], float | None]:
    return {(movement.layer, movement.module): movement.change for movement in weight_movement(arm, mdm)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_has_not_moved_from_itself(kind: str, make: Make) -> None:
    found = changes(make(kind), make(kind))
    assert set(found.values()) == {0.0}
    assert {layer for layer, _ in found} == {None, 0, 1}


def test_one_scaled_module_moves_alone_by_the_scale(make: Make) -> None:
    mdm = make()
    mdm.backbone.layers[1].query.module.weight.mul_(1.25)
    found = changes(make(), mdm)
    assert found.pop((1, "self_attn.q_proj")) == pytest.approx(0.25)
    assert set(found.values()) == {0.0}


def test_weight_and_bias_of_a_module_count_together(make: Make) -> None:
    arm, mdm = make("gpt2"), make("gpt2")
    module = mdm.backbone.layers[0].output
    module.bias.add_(3)
    size = torch.cat(
        (arm.backbone.layers[0].output.weight.flatten(), arm.backbone.layers[0].output.bias)
    ).norm()
    assert changes(arm, mdm)[0, "attn.c_proj"] == pytest.approx(float((9 * 32) ** 0.5 / size), rel=1e-5)


def test_a_row_that_only_the_mdm_has_is_left_out(make: Make) -> None:
    arm, mdm = make("gpt2"), make("gpt2", vocab_size=41)
    mdm.backbone.embedding.weight[:40] = arm.backbone.embedding.weight
    assert changes(arm, mdm)[None, "wte"] == 0.0


def test_a_module_that_was_all_zero_has_no_relative_change(make: Make) -> None:
    arm = make()
    arm.backbone.final_norm.weight.zero_()
    assert changes(arm, make())[None, "norm"] is None


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_it_is_that_of_the_record_to_the_last_digit_on_any_number_of_threads(threads: int) -> None:
    """Of one thread, as the published record has it."""
    place = Path(get_pair("tiny").arm.checkpoint).parent
    kept = json.loads((place / "record.json").read_text())["pair"]["movement"]["embed_tokens"]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = open_pair(get_pair("tiny"), "cpu").movement
    finally:
        torch.set_num_threads(before)
    assert [one.change for one in found if one.module == "embed_tokens"] == [kept]
