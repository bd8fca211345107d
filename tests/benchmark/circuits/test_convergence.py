"""The number of integration points, on models where it is known how many are needed."""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, Metric
from mechshift.benchmark.circuits.convergence import converge
from mechshift.benchmark.circuits.intervention import whole_model
from mechshift.benchmark.circuits.points import POINTS, TOLERANCE, Convergence, top_size
from mechshift.benchmark.circuits.scores import Integration, Rule
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import NotComputable, UsageError

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]


def linear(member: Member, scale: float = 1e4) -> Member:
    """Norms that divide by a constant, uniform attention, and MLPs that write nothing."""
    backbone = member.backbone
    with torch.no_grad():
        for layer in backbone.layers:
            layer.query.module.weight.zero_()
            layer.mlp.down_proj.weight.zero_()

        def flat(norm):  # type: ignore[no-untyped-def]
            norm.module.variance_epsilon = scale**2
            norm.module.weight.mul_(scale)
            return dataclasses.replace(norm, epsilon=scale**2)

        layers = tuple(
            dataclasses.replace(
                layer, attention_norm=flat(layer.attention_norm), mlp_norm=flat(layer.mlp_norm)
            )
            for layer in backbone.layers
        )
        backbone = dataclasses.replace(backbone, layers=layers, final_norm=flat(backbone.final_norm))
    return dataclasses.replace(member, backbone=backbone)


def test_a_linear_model_needs_no_more_than_the_fewest(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    found = converge(linear(random_member("llama")), [random_batch()], "midpoint", budget=40, most=40)
    assert (found.steps, found.converged, found.points) == (5, True, (5, 10))
    assert found.changes == (0,)
    assert max(residual or 0 for residual in found.residuals) < 1e-4


def test_a_steep_model_does_not_converge(random_member: MakeMember, random_batch: MakeBatch) -> None:
    """Probabilities that jump from 0 to 1 somewhere on the way, which no point comes near."""
    member = linear(random_member("llama"))
    with torch.no_grad():
        member.backbone.head.weight.mul_(1e5)
    found = converge(member, [random_batch("probability", examples=4)], "midpoint", budget=40, most=40)
    assert (found.steps, found.converged, found.points) == (40, False, (5, 10, 20, 40))
    assert found.residuals[-1] is not None
    assert found.residuals[-1] > TOLERANCE
    assert len(found.changes) == 3


@pytest.mark.parametrize(("most", "points"), [(20, (5, 10, 20)), (10, (5, 10)), (5, (5,))])
def test_a_search_ends_at_the_most_points_that_are_allowed(
    random_member: MakeMember, random_batch: MakeBatch, most: int, points: tuple[int, ...]
) -> None:
    member = linear(random_member("llama"))
    with torch.no_grad():
        member.backbone.head.weight.mul_(1e5)
    found = converge(member, [random_batch("probability", examples=4)], "midpoint", budget=40, most=most)
    assert (found.steps, found.converged, found.points) == (most, False, points)
    assert found.finished(most)
    assert not found.finished(40)


def by_hand(member: Member, batch: Batch, rule: Rule, budget: int) -> tuple[Convergence, int, bool]:
    """What is found until the search ends, the number chosen, and whether that is enough."""
    runs = [attribute(member, [batch], Integration(rule, m), 2) for m in POINTS]
    tops = [set(np.argsort(-np.abs(run.scores()).ravel(), kind="stable")[:budget].tolist()) for run in runs]
    residuals = [run.completeness_residual for run in runs]
    changes = [len(one - other) / budget for one, other in itertools.pairwise(tops)]
    for last in range(1, len(POINTS)):
        for index in (last - 1, last):
            if changes[last - 1] <= 0.02 and residuals[index] <= 0.02:
                found = Convergence(tuple(residuals[: last + 1]), tuple(changes[:last]))
                return found, POINTS[index], True
    return Convergence(tuple(residuals), tuple(changes)), 40, False


@pytest.mark.parametrize("rule", ["left", "right", "midpoint", "staggered"])
def test_the_number_chosen_is_the_first_that_agrees_with_its_neighbour(
    random_member: MakeMember, random_batch: MakeBatch, rule: Rule
) -> None:
    chosen = set()
    for seed in range(0, 6, 2):
        member, batch = random_member("qwen2", "full", seed=seed), random_batch("states")
        with torch.no_grad():
            # A part in common of another size makes the model bend more or less.
            member.backbone.embedding.weight[:, ::2] += 2 * seed
        found = converge(member, [batch], rule, budget=20, most=40)
        expected, steps, converged = by_hand(member, batch, rule, 20)
        assert found.residuals == pytest.approx(expected.residuals, rel=1e-6)
        assert found.changes == expected.changes
        assert (found.steps, found.converged, found.finished(40)) == (steps, converged, True)
        chosen.add((found.steps, found.converged))
    assert len(chosen) > 1


def test_groups_of_examples_change_nothing(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("gpt2", "full"), random_batch()
    other = dataclasses.replace(batch, groups=batch.groups + 7)
    found, again = (converge(member, [each], "midpoint", 30, most=40) for each in (batch, other))
    assert found == again


def test_without_a_difference_nothing_converges(random_member: MakeMember, random_batch: MakeBatch) -> None:
    """Prompts that are the same have no score either, so that their top edges never change."""
    batch = random_batch()
    found = converge(
        random_member("llama"),
        [dataclasses.replace(batch, corrupted=batch.clean)],
        "midpoint",
        budget=10,
        most=40,
    )
    assert found == Convergence((None,) * 4, (0, 0, 0))
    assert (found.steps, found.converged) == (40, False)


@pytest.mark.parametrize(("residuals", "changes"), [((), ()), ((0.1,), (0.1,)), ((0.1,) * 5, (0.1,) * 4)])
def test_searches_that_cannot_have_been_are_refused(
    residuals: tuple[float, ...], changes: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match="of no search for points"):
        Convergence(residuals, changes)


def test_a_search_that_was_broken_off_is_not_finished() -> None:
    assert not Convergence((0.1,), ()).finished(40)
    assert not Convergence((0.1, 0.01), (0.05,)).finished(40)
    assert Convergence((0.1, 0.01), (0.02,)).finished(40)
    assert Convergence((0.1,) * 4, (0.5,) * 3).finished(40)


def test_the_top_is_a_twentieth_of_the_edges_and_fifty_at_least() -> None:
    assert [top_size(edges) for edges in (30, 110, 3_628, 408_227)] == [30, 50, 181, 20_411]


def test_strange_requests_are_refused(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("llama"), random_batch()
    with pytest.raises(UsageError, match="at least one edge"):
        converge(member, [batch], "midpoint", budget=0, most=40)
    with pytest.raises(UsageError, match="a budget of 1000"):
        converge(member, [batch], "midpoint", budget=1000, most=40)
    with pytest.raises(UsageError, match="eap takes one gradient"):
        converge(member, [batch], "eap", budget=10, most=40)
    with pytest.raises(NotComputable, match="no example"):
        converge(member, [], "midpoint", budget=10, most=40)


@dataclasses.dataclass(frozen=True)
class Jump:
    """A metric that goes from 0 to 1 where another one has come two fifths of its way."""

    along: Metric
    start: float
    end: float

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        way = (self.along(logits) - self.start) / (self.end - self.start)
        return torch.sigmoid(200 * (way - 0.4))


def test_a_jump_that_all_prompts_share_is_seen_by_staggered_points(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    """Five midpoints come no nearer to it than a tenth of the path, in one prompt as in all."""
    member, batch = linear(random_member("llama")), random_batch(examples=64)
    alike = {name: getattr(batch, name)[:1].expand(64, -1).contiguous() for name in ("clean", "corrupted")}
    metric = dataclasses.replace(batch.metric, answer=torch.full((64,), 3), foil=torch.full((64,), 4))
    batch = dataclasses.replace(batch, **alike, metric=metric)
    clean, corrupted = whole_model(member, batch)
    batch = dataclasses.replace(batch, metric=Jump(metric, float(corrupted[0]), float(clean[0])))
    off = {
        rule: attribute(member, [batch], Integration(rule, 5), groups=2).completeness_residual
        for rule in ("midpoint", "staggered")
    }
    assert off["midpoint"] == pytest.approx(1, abs=1e-3)
    assert off["staggered"] < 0.05
