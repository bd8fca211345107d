"""RelP and GIM against models written out in plain torch with the rules built in."""

import copy
import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from build.batches import batch_of_one_beginning
from build.models import KINDS
from build.written_out import Named, written_scores
from mechshift.benchmark.circuits import prefix
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.backward import under
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.exact import exact_effects
from mechshift.benchmark.circuits.rules import CHAIN, GIM, RELP, Rules, rules_called
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import NotComputable, UsageError

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]
AT_CLEAN = Integration("eap", 1)
NAMES: tuple[Named, ...] = ("chain", "relp", "gim")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("attention", ["causal", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_a_model_with_the_rules_written_out(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str, name: Named
) -> None:
    member, batch = random_member(kind, attention), random_batch("states")
    found = attribute(member, [batch], AT_CLEAN, groups=2, rules=rules_called(name))
    expected = written_scores(member.backbone.model, attention == "causal", name, batch).numpy()
    expected = expected * found.graph.mask
    assert np.abs(expected).max() > 0.01
    tolerance = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found.score_sums.sum(axis=0), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["relp", "gim"])
@pytest.mark.parametrize("kind", ["gpt2", "qwen3"])
def test_rules_go_with_any_integration(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, name: Named
) -> None:
    member, batch, rule = random_member(kind, "full"), random_batch(), Integration("midpoint", 3)
    points = tuple(rule.points()[:, 0].tolist())
    expected = written_scores(member.backbone.model, False, name, batch, points).numpy()
    found = [
        attribute(member, [batch], rule, groups=2, tokens_at_once=at_once, rules=rules_called(name))
        for at_once in (1, 40)
    ]
    expected = expected * found[0].graph.mask
    for each in found:
        tolerance = 1e-5 * np.abs(expected).max()
        np.testing.assert_allclose(each.score_sums.sum(axis=0), expected, rtol=0, atol=tolerance)
        assert each.rules == rules_called(name)
        # They need not add up to the difference of the runs, so that nothing is said of a residual.
        assert each.completeness_residual is None


def test_relps_fixed_pattern_passes_nothing_to_queries_and_keys(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    for kind in KINDS:
        found = attribute(random_member(kind), [random_batch()], AT_CLEAN, groups=2, rules=RELP)
        scores, kinds = found.scores(), found.graph.destination_kinds
        assert not scores[:, (kinds == "q") | (kinds == "k")].any()
        assert scores[:, kinds == "v"].any()


@pytest.mark.parametrize(
    "switched",
    [
        {"fixed_norms": True},
        {"linear_activations": True},
        {"temperature": 2.0},
        {"query": 0.25},
        {"key": 0.0},
        {"value": 0.5},
        {"factor": 0.5},
    ],
    ids=lambda switched: next(iter(switched)),
)
def test_every_switch_changes_scores_by_itself(
    random_member: MakeMember, random_batch: MakeBatch, switched: dict[str, float]
) -> None:
    member, batch = random_member("qwen3_moe", "full"), random_batch()
    plain = attribute(member, [batch], AT_CLEAN, groups=2).scores()
    found = attribute(member, [batch], AT_CLEAN, groups=2, rules=Rules(**switched)).scores()
    assert np.abs(found - plain).max() > 1e-3 * np.abs(plain).max()


@pytest.mark.parametrize("rules", [RELP, GIM, CHAIN], ids=NAMES[1:] + NAMES[:1])
@pytest.mark.parametrize("kind", KINDS)
def test_no_forward_pass_is_changed(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, rules: Rules
) -> None:
    member, tokens = random_member(kind, "full"), random_batch().clean
    with torch.no_grad():
        expected = member.hidden(member.embed(tokens), tokens)
    with under(rules, member.backbone):
        found = member.hidden(member.embed(tokens), tokens)
    # Another order of summation in the softmax is all there is.
    torch.testing.assert_close(found.detach(), expected, rtol=1e-5, atol=1e-5)


def linear_member(make: MakeMember, attention: str) -> Member:
    """A GPT-2 whose norms divide by a constant, whose patterns are uniform and activations the identity."""
    scale = 1e4
    member = make("gpt2", attention, layer_norm_epsilon=scale**2, activation_function="linear")
    with torch.no_grad():
        for layer in member.backbone.layers:
            for norm in (layer.attention_norm, layer.mlp_norm):
                norm.weight.mul_(scale)
            layer.query.weight.zero_()
            layer.query.bias.zero_()  # type: ignore[union-attr]
        member.backbone.final_norm.weight.mul_(scale)
    return member


@pytest.mark.parametrize("attention", ["causal", "full"])
def test_in_a_linear_model_methods_equal_exact_patching(
    random_member: MakeMember, random_batch: MakeBatch, attention: str
) -> None:
    member, batch = linear_member(random_member, attention), random_batch()
    expected = exact_effects(member, [batch], groups=2).scores()
    assert np.abs(expected).max() > 0.1
    tolerance = 2e-4 * np.abs(expected).max()
    for integration, rules in ((AT_CLEAN, CHAIN), (Integration(), CHAIN), (AT_CLEAN, RELP)):
        found = attribute(member, [batch], integration, groups=2, rules=rules).scores()
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_gim_halves_what_passes_values_in_a_linear_model_too(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    """Its rule for products knows no constant factor; where no value is on the way, it is exact."""
    member, batch = linear_member(random_member, "full"), random_batch()
    expected = exact_effects(member, [batch], groups=2).scores()
    found = attribute(member, [batch], AT_CLEAN, groups=2, rules=GIM)
    scores, kinds = found.scores(), found.graph.destination_kinds
    last = found.graph.destination_layers == found.graph.layers - 1
    tolerance = 2e-4 * np.abs(expected).max()
    for way, share in (("logits", 1.0), ("mlp", 1.0), ("v", 0.5)):
        here = (kinds == way) & (last | (way == "logits"))
        assert np.abs(expected[:, here]).max() > 100 * tolerance
        np.testing.assert_allclose(scores[:, here], share * expected[:, here], rtol=0, atol=tolerance)


@pytest.fixture
def shared() -> Batch:
    return batch_of_one_beginning()


@pytest.mark.parametrize("rules", [RELP, GIM], ids=["relp", "gim"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_shared_beginning_changes_nothing(
    random_member: MakeMember, shared: Batch, kind: str, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = random_member(kind)
    behind = attribute(member, [shared], AT_CLEAN, groups=2, rules=rules).score_sums
    monkeypatch.setattr(prefix, "LEAST", 24)
    whole = attribute(member, [shared], AT_CLEAN, groups=2, rules=rules).score_sums
    np.testing.assert_allclose(behind, whole, rtol=0, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("rules", [RELP, GIM], ids=["relp", "gim"])
def test_half_precision_gives_nearly_the_same(
    random_member: MakeMember, random_batch: MakeBatch, rules: Rules
) -> None:
    member, batch = random_member("qwen3", "full"), random_batch()
    exact = attribute(member, [batch], AT_CLEAN, groups=2, rules=rules)
    member.backbone.model.to(torch.bfloat16)
    rounded = attribute(member, [batch], AT_CLEAN, groups=2, rules=rules)
    mask = exact.graph.mask
    assert np.corrcoef(exact.scores()[mask], rounded.scores()[mask])[0, 1] > 0.99


def test_neurons_and_places_come_from_the_same_passes(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    """What the neurons of the last MLP write is its output, but for the bias; so are their effects."""
    member, batch = random_member("qwen2", "full"), random_batch()
    for rules in (RELP, GIM):
        found = attribute(member, [batch], AT_CLEAN, groups=2, places=True, neurons=True, rules=rules)
        last = found.graph.sources - 1
        assert found.neurons()[-1].sum() == pytest.approx(found.scores()[last, -1], rel=1e-4)
        np.testing.assert_allclose(found.scores_by_place().sum(axis=0), found.scores(), atol=1e-6)


class Broken(Exception):
    """What a metric raises in the middle of a pass."""


def as_found(model: nn.Module) -> tuple[object, ...]:
    """Everything that attribution could leave behind in a model."""
    parts = list(model.modules())
    return (
        model.config._attn_implementation,
        [
            len(part._forward_hooks) + len(part._forward_pre_hooks) + len(part._backward_hooks)
            for part in parts
        ],
        [part.training for part in parts],
        [parameter.requires_grad for parameter in model.parameters()],
        [type(part) for part in parts],
    )


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("rules", [RELP, GIM], ids=["relp", "gim"])
@pytest.mark.parametrize("kind", KINDS)
def test_models_are_left_as_they_were(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, rules: Rules, implementation: str
) -> None:
    member, batch = random_member(kind), random_batch()
    model = member.backbone.model
    model.set_attn_implementation(implementation)
    model.train()
    before, weights = as_found(model), copy.deepcopy(model.state_dict())
    attribute(member, [batch], AT_CLEAN, groups=2, rules=rules)
    assert as_found(model) == before

    def broken(logits: Tensor) -> Tensor:
        if logits.requires_grad:
            raise Broken
        return batch.metric(logits)

    with pytest.raises(Broken):
        attribute(member, [dataclasses.replace(batch, metric=broken)], AT_CLEAN, groups=2, rules=rules)
    assert as_found(model) == before
    assert all(torch.equal(weights[name], each) for name, each in model.state_dict().items())


def test_scores_by_the_chain_rule_are_the_same_before_and_after(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    for kind, rules in itertools.product(("gpt2", "qwen3"), (RELP, GIM)):
        member, batch = random_member(kind), random_batch()
        before = attribute(member, [batch], Integration(), groups=2).score_sums
        attribute(member, [batch], AT_CLEAN, groups=2, rules=rules)
        np.testing.assert_array_equal(attribute(member, [batch], Integration(), groups=2).score_sums, before)


def test_what_is_no_rule_is_refused(random_member: MakeMember, random_batch: MakeBatch) -> None:
    with pytest.raises(UsageError, match="relp"):
        rules_called("relpp")
    for wrong in ({"temperature": 0.0}, {"value": float("nan")}, {"factor": float("inf")}):
        with pytest.raises(UsageError, match="temperature above 0"):
            Rules(**wrong)
    member = random_member("gpt2", activation_function="sigmoid")
    before = as_found(member.backbone.model)
    with pytest.raises(NotComputable, match=r"0\.5 at 0"):
        attribute(member, [random_batch()], AT_CLEAN, groups=2, rules=RELP)
    assert as_found(member.backbone.model) == before


def test_an_activation_of_zero_has_the_slope_that_it_has_there(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    """With weights and biases of 0 before the activation every x is 0, and GELU's slope there is 1/2."""
    member, batch = random_member("gpt2"), random_batch()
    with torch.no_grad():
        for layer in member.backbone.layers:
            layer.mlp.c_fc.weight[:, ::2] = 0
            layer.mlp.c_fc.bias[::2] = 0
    found = attribute(member, [batch], AT_CLEAN, groups=2, rules=Rules(linear_activations=True)).scores()
    assert np.isfinite(found).all()
