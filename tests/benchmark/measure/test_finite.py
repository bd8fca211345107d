"""Numbers that are not finite are seen wherever they begin, and the place is named."""

import gc
import weakref
from typing import TypeVar

import pytest
import torch
from torch import Tensor

from build.models import random_member
from mechshift.benchmark.measure.finite import NotFinite, Search, Watch, Watching
from mechshift.benchmark.pairs.member import Member

TOKENS = torch.tensor([[3, 1, 4, 1, 5], [2, 7, 1, 8, 2]])
BEGINNINGS = {
    "the token embeddings": (torch.inf, lambda member: member.backbone.embedding.weight[4]),
    "the attention of layer 1 of 2": (torch.nan, lambda member: member.backbone.layers[0].output.weight),
    "the MLP of layer 1 of 2": (torch.inf, lambda member: member.backbone.layers[0].mlp_output.weight),
    "the attention of layer 2 of 2": (1e30, lambda member: member.backbone.layers[1].output.weight),
    "the MLP of layer 2 of 2": (1e30, lambda member: member.backbone.layers[1].mlp_output.weight),
}
"""Where it begins: what its weights are multiplied by."""


@pytest.fixture(params=["llama", "gpt2"])
def member(request: pytest.FixtureRequest) -> Member:
    return random_member(request.param, "full", layers=2, frozen=True)


Kind = TypeVar("Kind", bound=Watching)


def of(watching: Kind, *members: Member) -> Kind:
    for member in members:
        watching.add(member)
    return watching


def run(member: Member) -> Tensor:
    return member.hidden(member.embed(TOKENS), TOKENS)


@pytest.mark.parametrize("where", BEGINNINGS)
def test_it_is_seen_and_the_first_layer_is_named(where: str, member: Member) -> None:
    factor, weight = BEGINNINGS[where]
    weight(member).mul_(factor)
    with of(Watch(), member) as watch:
        run(member)
    assert watch.not_finite == (member.called,)
    says = rf"^ioi/scores-mdm: the MDM .*: first in {where}\n"
    with pytest.raises(NotFinite, match=says), of(Search("ioi/scores-mdm"), member):
        run(member)


def test_numbers_that_a_norm_makes_zeros_of_are_seen() -> None:
    """Their squares are infinite, so that what is divided by the root of their mean is 0."""
    member = random_member("llama", "full", layers=2, frozen=True)
    member.backbone.layers[1].mlp_output.weight.mul_(1e30)
    with of(Watch(), member) as watch:
        assert run(member).isfinite().all()
    assert watch.not_finite == (member.called,)


def test_of_several_members_and_passes_one_is_named(member: Member) -> None:
    sound = random_member("llama", layers=2, frozen=True)
    with of(Watch(), sound, member) as watch:
        run(sound)
        run(member)
        assert watch.not_finite == ()
        member.backbone.embedding.weight[4].mul_(torch.nan)
        run(member)
        run(sound)
    assert watch.not_finite == (member.called,)


def test_numbers_stay_what_they_are_and_nothing_is_left_in_the_model(member: Member) -> None:
    before = run(member)
    with of(Watch(), member) as watch, of(Search("ioi/pool"), member):
        assert torch.equal(run(member), before)
    assert watch.not_finite == ()
    hooked = [m for m in member.backbone.model.modules() if m._forward_hooks or m._forward_pre_hooks]
    assert hooked == []


def test_a_pass_with_gradients_is_watched_without_changing_them(member: Member) -> None:
    def gradient() -> Tensor:
        embedded = member.embed(TOKENS).requires_grad_()
        member.hidden(embedded, TOKENS).square().sum().backward()
        assert embedded.grad is not None
        return embedded.grad

    before = gradient()
    with of(Watch(), member) as watch, of(Search("ioi/scores-arm"), member):
        assert torch.equal(gradient(), before)
    assert watch.not_finite == ()


def test_a_member_that_is_watched_can_go() -> None:
    """So that another one's weights can come in the place of its own."""
    member = random_member("llama", "full", layers=2, frozen=True)
    weight = weakref.ref(member.backbone.layers[0].output.weight)
    with of(Watch(), member) as watch, of(Search("ioi/pool"), member):
        run(member)
        del member
        gc.collect()
        assert weight() is None
    assert watch.not_finite == ()
