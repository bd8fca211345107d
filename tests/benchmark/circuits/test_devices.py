"""Members whose layers are on several devices: none is left on the wrong one, and all numbers are the same.

The devices are pretended ones, on which an operation across two of them is an error as on real ones.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from build.acts import ACTS, Act
from build.batches import batch_of_one_beginning
from build.devices import FOUR, by_turns, device_of, pretended, put_on, spread
from build.models import KINDS
from mechshift.benchmark.admission.structure import check_attention, check_gradient, check_residual
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.capture import run
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import mean_outputs, run_circuits, whole_model
from mechshift.benchmark.circuits.rules import GIM, RELP, Rules
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.circuits.zeroing import Zeroed, run_without
from mechshift.benchmark.measure.activity import (
    mean_activity,
    metrics_without,
    output_columns,
)
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.ungrouping import ungroup

MakeMember, MakeBatch = Callable[..., Member], Callable[..., Batch]


def by_rules(rules: Rules) -> Act:
    return lambda member, batch: attribute(member, [batch], Integration("eap", 1), 2, rules=rules).score_sums


def by_place(member: Member, batch: Batch) -> Any:
    found = attribute(member, [batch], Integration("left", 2), 2, places=True)
    assert found.outside.sums is not None
    return np.concatenate([found.score_sums[None], found.outside.sums])


def with_means(member: Member, batch: Batch) -> Any:
    mask = Graph.of(member.backbone.shape).mask
    edges = (mask & (np.random.default_rng(0).random(mask.shape) < 0.4))[None]
    return run_circuits(member, batch, edges, "mean", mean_outputs(member, [batch]))


def with_zero(member: Member, batch: Batch) -> Any:
    mask = Graph.of(member.backbone.shape).mask
    edges = (mask & (np.random.default_rng(0).random(mask.shape) < 0.4))[None]
    return run_circuits(member, batch, edges, "zero")


def of_neurons(member: Member, batch: Batch) -> Any:
    return attribute(member, [batch], Integration("midpoint", 2), 2, neurons=True).neuron_sums


def without_neurons(member: Member, batch: Batch) -> Any:
    shape, inner = member.backbone.shape, member.backbone.neurons
    heads, mlps = np.zeros((1, shape.layers, shape.heads), bool), np.zeros((1, shape.layers), bool)
    neurons = np.random.default_rng(1).random((1, shape.layers, inner)) < 0.3
    return run_without(member, batch, Zeroed(heads, mlps, neurons))[0]


def at_their_means(member: Member, batch: Batch) -> Any:
    means, _ = mean_activity(member, [batch], lambda _: None)
    sets = [np.array([[0, 1], [1, 2], [1, 5]]), np.array([[1, 3]])]
    return np.array(metrics_without(member, [batch], sets, means, lambda _: None))


EVERYWHERE: dict[str, Act] = {
    **ACTS,
    "RelP": by_rules(RELP),
    "GIM": by_rules(GIM),
    "places": by_place,
    "means": with_means,
    "zero": with_zero,
    "whole": lambda member, batch: np.stack(whole_model(member, batch)),
}
OF_NEURONS: dict[str, Act] = {
    "neurons": of_neurons,
    "without neurons": without_neurons,
    "at their means": at_their_means,
    "columns": lambda member, batch: (
        output_columns(member, np.array([[0, 1], [1, 2]])).detach().cpu().numpy()
    ),
}


def on_one_and_on_four(act: Act, make: Callable[[], Member], batch: Batch) -> tuple[Any, Any]:
    """What an act gives of a member on the CPU, and of the same one spread over four devices."""
    plain = act(make(), batch)
    with pretended(*FOUR):
        member = make()
        member = spread(member, by_turns(member))
        assert {str(each.device) for each in member.backbone.model.parameters()} == set(FOUR)
        return plain, act(member, put_on(batch, member.device))


def check_same(plain: Any, apart: Any) -> None:
    assert np.abs(plain).max() > 0
    assert plain.dtype == apart.dtype
    assert plain.tobytes() == apart.tobytes()


@pytest.mark.parametrize("act", EVERYWHERE)
@pytest.mark.parametrize("kind", ["gpt2", "qwen3"])
def test_layers_on_several_devices_change_no_byte(
    kind: str, act: str, random_member: MakeMember, random_batch: MakeBatch
) -> None:
    make = partial(random_member, kind, "full", layers=3)
    check_same(*on_one_and_on_four(EVERYWHERE[act], make, random_batch("states")))


@pytest.mark.parametrize("act", ["scores", "circuits", "zeroed"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("gpt2", "qwen3")])
def test_nor_do_they_of_any_class(
    kind: str, act: str, random_member: MakeMember, random_batch: MakeBatch
) -> None:
    make = partial(random_member, kind, "full", layers=3)
    check_same(*on_one_and_on_four(EVERYWHERE[act], make, random_batch("states")))


@pytest.mark.parametrize("act", OF_NEURONS)
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_nor_of_neurons(kind: str, act: str, random_member: MakeMember, random_batch: MakeBatch) -> None:
    make = partial(random_member, kind, "full", layers=3)
    check_same(*on_one_and_on_four(OF_NEURONS[act], make, random_batch("states")))


@pytest.mark.parametrize("act", ["scores", "circuits", "drops", "direct", "edges", "whole"])
def test_nor_behind_a_shared_beginning(act: str, random_member: MakeMember) -> None:
    """Whose keys and values are kept where their layer is."""
    make = partial(random_member, "qwen2", "causal", layers=3)
    check_same(*on_one_and_on_four(EVERYWHERE[act], make, batch_of_one_beginning()))


@pytest.mark.parametrize("metric", ["probability", "log odds"])
def test_nor_under_another_metric(metric: str, random_member: MakeMember, random_batch: MakeBatch) -> None:
    make = partial(random_member, "llama", "full", layers=3)
    check_same(*on_one_and_on_four(EVERYWHERE["scores"], make, random_batch(metric)))


@pytest.mark.parametrize("act", ["scores", "circuits", "direct", "whole"])
def test_nor_in_half_precision(act: str, random_member: MakeMember, random_batch: MakeBatch) -> None:
    """Weights in bfloat16, of which logits and sums of scores are taken in float32 or better."""
    make = partial(random_member, "llama", "full", layers=3, dtype=torch.bfloat16)
    check_same(*on_one_and_on_four(EVERYWHERE[act], make, random_batch("states")))


def test_nor_with_key_and_value_heads_repeated(random_member: MakeMember, random_batch: MakeBatch) -> None:
    """In a copy of the modules, which are to be moved to as those they are copies of."""

    def act(member: Member, batch: Batch) -> Any:
        return attribute(ungroup(member), [batch], Integration("midpoint", 2), 2).score_sums

    make = partial(random_member, "qwen3", "full", layers=3)
    check_same(*on_one_and_on_four(act, make, random_batch("states")))


@pytest.mark.parametrize("kind", ["gpt2", "qwen3"])
def test_checks_of_structure_pass_there(kind: str, random_member: MakeMember) -> None:
    with pretended(*FOUR):
        member = random_member(kind, "full", layers=3, spread=0.2, frozen=True)
        member = spread(member, by_turns(member))
        for check in (check_attention, check_residual, check_gradient):
            check(member)


def test_a_member_gives_what_it_is_asked_where_its_inputs_are(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    with pretended(*FOUR):
        member = random_member("llama", "full", layers=3)
        member = spread(member, by_turns(member))
        batch = put_on(random_batch(), member.device)
        hidden = member.hidden(member.embed(batch.clean), batch.clean)
        places = [device_of(each) for each in (hidden, member.logits(hidden))]
        assert places == [torch.device("cuda:0")] * 2 == [member.device] * 2
        outputs, _ = run(member, batch.clean)
        # What is captured stays where its layer is, so that no device holds all of it.
        assert [str(device_of(each)) for each in outputs.heads] == ["cuda:1", "cuda:2", "cuda:1"]


def test_hooks_that_move_nothing_change_no_byte(random_member: MakeMember, random_batch: MakeBatch) -> None:
    """All on the CPU, and dispatched all the same: the hooks of accelerate stand about every module."""
    batch = random_batch("states")
    for kind in ("gpt2", "qwen3"):
        member, other = (random_member(kind, "full", layers=3) for _ in range(2))
        hooked = spread(other, dict.fromkeys(by_turns(other), "cpu"))
        assert hasattr(hooked.backbone.layers[0].block, "_hf_hook")
        for act in ("scores", "circuits", "drops", "edges", "zeroed"):
            check_same(EVERYWHERE[act](member, batch), EVERYWHERE[act](hooked, batch))


def test_an_operation_across_devices_is_an_error() -> None:
    """Of the pretended ones, without which no test of this file could fail."""
    with pretended("cuda:0", "cuda:1"):
        here, there = torch.ones(3, device="cuda:0"), torch.ones(3, device="cuda:1")
        index = torch.tensor([0, 2])
        for wrong in (
            lambda: here + there,
            lambda: here @ torch.ones(3),
            lambda: here[index.to(there.device)],
            lambda: torch.ones(3)[index.to(here.device)],
            lambda: torch.cat([here, there]),
            lambda: here.index_put_((index,), there[:2]),
            lambda: torch.bmm(here.view(1, 1, 3), here.view(1, 3, 1), out=there.new_empty(1, 1, 1)),
            lambda: torch.zeros(3, device="cuda:2"),
            lambda: here.requires_grad_().square().backward(there),
        ):
            with pytest.raises(RuntimeError, match=r"across|on cuda|cpu with|invalid device"):
                wrong()
        with pytest.raises(TypeError, match="numpy"):
            here.detach().numpy()
        # As on real ones: an index or a single number of the host's memory goes with any, and so do copies.
        assert str((here.detach()[index] * torch.tensor(2.0)).device) == "cuda:0"
        moved = here.detach().requires_grad_()
        moved.to("cuda:1").square().sum().backward()
        assert moved.grad is not None
        assert str(moved.grad.device) == "cuda:0"
