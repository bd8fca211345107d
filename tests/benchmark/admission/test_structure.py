from collections.abc import Callable
from dataclasses import replace
from types import MethodType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from build.models import KINDS
from mechshift.benchmark.admission.checks import OF_A_MEMBER
from mechshift.benchmark.admission.structure import (
    check_attention,
    check_finite,
    check_gradient,
    check_projections,
    check_residual,
)
from mechshift.benchmark.asking.masking import check_prompts, check_targets
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.matching import check_same_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import PairError

Make = Callable[..., Member]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "attention", ["causal", "full", "block:4", "block:32", "context-causal:32", "observed-first"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_native_model_passes(kind: str, attention: str, precision: torch.dtype, make: Make) -> None:
    member = make(kind, attention, role="mdm")
    member.backbone.model.to(precision)
    for _, check, _ in OF_A_MEMBER:
        check(member)


def test_the_checks_leave_no_hook_and_no_gradient(make: Make) -> None:
    member = make("qwen3", "full")
    for _, check, _ in OF_A_MEMBER:
        check(member)
    modules = list(member.backbone.model.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    assert all(parameter.grad is None for parameter in member.backbone.model.parameters())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_is_named(value: float, make: Make) -> None:
    member = make()
    member.backbone.layers[1].mlp.down_proj.weight[3, 4] = value
    with pytest.raises(PairError, match=r"ARM's parameter model.layers.1.mlp.down_proj.weight holds NaN"):
        check_finite(member)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 2, "kv_heads": 2}, "query projection of size .32, 32., and 2 heads"),
        ({"kv_heads": 4}, "key projection of size .16, 32."),
        ({"head_dim": 16}, "query projection"),
        ({"kv_heads": 3}, "4 heads and 3 key/value heads"),
    ],
)
def test_a_projection_of_another_size_is_named(change: dict[str, int], message: str, make: Make) -> None:
    member = make()
    shape = replace(member.backbone.shape, **change)
    with pytest.raises(PairError, match=message):
        check_projections(replace(member, backbone=replace(member.backbone, shape=shape)))


def give_mask(member: Member, change: Callable[[Tensor], Tensor | None]) -> None:
    """Makes the base model see another attention mask than it is given."""
    forward = member.backbone.base.forward

    def other(**arguments: Any) -> Any:
        return forward(**{**arguments, "attention_mask": change(arguments["attention_mask"])})

    member.backbone.base.forward = other


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attention", ["full", "block:4", "block:32"])
def test_a_class_that_stays_causal_is_caught(kind: str, attention: str, make: Make) -> None:
    member = make(kind, attention, role="mdm")
    give_mask(member, lambda mask: None)
    with pytest.raises(PairError, match=f"MDM is declared with attention {attention}, .*does not see"):
        check_attention(member)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attention", ["causal", "block:4", "block:32"])
def test_a_class_that_hides_nothing_is_caught(kind: str, attention: str, make: Make) -> None:
    member = make(kind, attention)
    give_mask(member, torch.zeros_like)
    with pytest.raises(PairError, match=f"attention {attention}, and position 0 sees position"):
        check_attention(member)


@pytest.mark.parametrize("block", [3, 4, 32])
@pytest.mark.parametrize(
    ("other", "sees"), [("causal", "does not see"), ("full", "sees"), ("block:{}", "sees")]
)
def test_a_causal_context_is_told_from_what_is_like_it(other: str, sees: str, block: int, make: Make) -> None:
    member = make("ministral3", f"context-causal:{block}", role="mdm")
    instead = Attention.parse(other.format(block))
    give_mask(
        member, lambda mask: instead.mask(torch.zeros(mask[:, 0, 0].shape, dtype=torch.bool), mask.dtype)
    )
    with pytest.raises(PairError, match=rf"context-causal:{block}, and position \d+ {sees} position"):
        check_attention(member)


def test_a_boolean_mask_under_eager_attention_is_caught(make: Make) -> None:
    member = make("llama", "causal", attn_implementation="eager")
    give_mask(member, lambda mask: mask == 0)
    with pytest.raises(PairError, match="does not follow its 4-D mask"):
        check_attention(member)


def post_norm(self: Any, hidden_states: Tensor, **arguments: Any) -> Tensor:
    attended, _ = self.self_attn(hidden_states=hidden_states, **arguments)
    hidden_states = hidden_states + self.input_layernorm(attended)
    fed: Tensor = hidden_states + self.post_attention_layernorm(self.mlp(hidden_states))
    return fed


def parallel(self: Any, hidden_states: Tensor, **arguments: Any) -> Tensor:
    attended, _ = self.self_attn(hidden_states=self.input_layernorm(hidden_states), **arguments)
    fed: Tensor = hidden_states + attended + self.mlp(self.post_attention_layernorm(hidden_states))
    return fed


def sandwiched(self: Any, hidden_states: Tensor, **arguments: Any) -> Tensor:
    attended, _ = self.self_attn(hidden_states=self.input_layernorm(hidden_states), **arguments)
    hidden_states = hidden_states + attended / attended.norm()
    fed: Tensor = hidden_states + self.mlp(self.post_attention_layernorm(hidden_states))
    return fed


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("block", "place"),
    [
        (post_norm, "layer 0's attention norm"),
        (parallel, "layer 0's MLP norm"),
        (sandwiched, "layer 0's MLP norm"),
    ],
)
def test_a_block_that_is_not_sequential_pre_norm_is_caught(
    block: Callable[..., Tensor], place: str, precision: torch.dtype, make: Make
) -> None:
    member = make()
    for layer in member.backbone.base.layers:
        layer.forward = MethodType(block, layer)
    member.backbone.model.to(precision)
    with pytest.raises(PairError, match=f"{place} of the ARM(?s:.)*post-norm"):
        check_residual(member)


@pytest.mark.parametrize("kind", KINDS)
def test_scaled_embeddings_are_caught(kind: str, make: Make) -> None:
    member = make(kind)
    forward = member.backbone.base.forward
    member.backbone.base.forward = lambda inputs_embeds, **rest: forward(
        inputs_embeds=inputs_embeds * 32**0.5, **rest
    )
    with pytest.raises(PairError, match="scaled embeddings"):
        check_residual(member)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("part", ["mlp", "self_attn"])
def test_a_part_that_runs_without_a_gradient_is_caught(part: str, precision: torch.dtype, make: Make) -> None:
    member = make("qwen2", "full")
    member.backbone.model.to(precision)
    for layer in member.backbone.base.layers:
        module: nn.Module = getattr(layer, part)
        module.forward = torch.no_grad()(module.forward)
    with pytest.raises(PairError, match="gradient is not that of its output"):
        check_gradient(member)


def test_a_model_without_any_gradient_is_caught(make: Make) -> None:
    member = make()
    member.backbone.base.forward = torch.no_grad()(member.backbone.base.forward)
    with pytest.raises(PairError, match="autograd gives 0 "):
        check_gradient(member)


def test_a_prompt_with_the_mask_token_is_named(make: Make) -> None:
    check_prompts(make(), [[3, 4], [5, 6]])
    with pytest.raises(PairError, match=r"prompt 1 holds the mask token \(id 2\)"):
        check_prompts(make(), [[3, 4], [5, 2]])


def test_a_shifted_member_cannot_read_position_0(make: Make) -> None:
    check_targets(make(shift=True), [1, 5])
    check_targets(make(shift=False), [0, 5])
    with pytest.raises(PairError, match=r"position 0 is masked(?s:.)*--no-shift"):
        check_targets(make(shift=True), [3, 0])


def test_one_backbone_with_an_extra_token_row_is_accepted(make: Make) -> None:
    check_same_backbone(make(), make(seed=1))
    check_same_backbone(make("gpt2"), make("gpt2", vocab_size=41))


@pytest.mark.parametrize(
    ("mdm", "message"),
    [
        ({"num_hidden_layers": 3}, "layers 2 and 3"),
        ({"num_key_value_heads": 4}, "kv_heads 2 and 4"),
        ({"hidden_size": 64}, "head_dim 8 and 16; width 32 and 64"),
        ({"vocab_size": 39}, "vocabulary 40 and 39"),
        ({"kind": "qwen2"}, "class LlamaForCausalLM and Qwen2ForCausalLM"),
    ],
)
def test_members_of_different_shape_are_refused(mdm: dict[str, Any], message: str, make: Make) -> None:
    with pytest.raises(PairError, match=message):
        check_same_backbone(make(), make(**mdm))


def test_a_control_may_have_more_rows_and_fewer(make: Make) -> None:
    for rows in (39, 41):
        check_same_backbone(make(), make(role="control", vocab_size=rows))
    with pytest.raises(PairError, match=r"ARM and the control have .*: layers 2 and 3\n.* was trained from$"):
        check_same_backbone(make(), make(role="control", vocab_size=39, num_hidden_layers=3))


def test_token_rows_that_are_zero_do_not_disturb(make: Make) -> None:
    member = make("llama", "full")
    member.backbone.embedding.weight[::2] = 0
    for _, check, _ in OF_A_MEMBER:
        check(member)
