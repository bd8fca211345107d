"""A member without sets of its nodes: by hand, and where it is known what does the work."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from build.ablations import made_up_ablations
from build.known_neurons import ANSWER, FOIL, NEURONS, WIDTH, known_examples
from build.models import random_model
from build.tokenizers import LETTERS
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.states import Question, batches, in_batch_order, question
from mechshift.benchmark.circuits.intervention import mean_outputs, run_circuits
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.circuits.zeroing import Zeroed, run_without
from mechshift.benchmark.compare.causality import compare_causality
from mechshift.benchmark.measure.ablation import run_ablations
from mechshift.benchmark.measure.ablations import Ablations
from mechshift.benchmark.measure.node_sets import node_sets
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.causality import KindLoss
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.protocol import Ablating, Statistics
from mechshift.errors import NotComputable

SETS = {
    "heads, early": np.array([[0, 1], [0, 3]]),
    "heads, random 0": np.array([[0, 0], [1, 2]]),
    "mlps, late": np.array([[1, 0]]),
    "mlps, random 0": np.array([[0, 0]]),
    "neurons, early": np.array([[0, 5], [0, 6]]),
    "neurons, random 0": np.array([[0, 2], [1, 5]]),
}


@pytest.fixture(scope="module")
def mdm(member: Callable[..., Member]) -> Member:
    return member("mdm", "full")


@pytest.fixture(scope="module")
def asked(mdm: Member, encoded: Callable[..., Encoded]) -> list[Question]:
    """Two lengths, not in the order of the batches."""
    return [
        question(mdm, encoded(6 - seed % 2, (11, 12), (14, 15), seed), (0, 1), 0, 10 * seed, "plan")
        for seed in range(5)
    ]


@pytest.fixture(scope="module")
def runs(mdm: Member, asked: list[Question]) -> Ablations:
    told: list[int] = []
    found = run_ablations(mdm, asked, SETS, "patch", 2, told.append)
    assert sum(told) == 2 * len(asked)
    return found


def alone(member: Member, kind: str, places: np.ndarray) -> Zeroed:
    """One variant, node by node."""
    shape = member.backbone.shape
    found = Zeroed(
        np.zeros((1, shape.layers, shape.heads), bool),
        np.zeros((1, shape.layers), bool),
        np.zeros((1, shape.layers, member.backbone.neurons or 0), bool),
    )
    for layer, index in places.tolist():
        if kind == "mlps":
            found.mlps[0, layer] = True
        else:
            getattr(found, kind)[0, layer, index] = True
    return found


def test_each_set_is_run_as_its_name_says(mdm: Member, asked: list[Question], runs: Ablations) -> None:
    assert runs.names == tuple(SETS)
    assert runs.examples.tolist() == [one.index for one in in_batch_order(asked)]
    for place, one in enumerate(in_batch_order(asked)):
        (batch,) = batches(mdm, [one], 8)
        for row, (name, places) in enumerate(SETS.items()):
            value, right = run_without(mdm, batch, alone(mdm, name.partition(",")[0], places))
            assert runs.without[row, place] == pytest.approx(value.item(), abs=1e-4)
            assert runs.right[row, place] == right.item()
        nothing, right = run_without(mdm, batch, alone(mdm, "heads", np.zeros((0, 2))))
        assert runs.whole[place] == pytest.approx(nothing.item(), abs=1e-4)
        assert runs.whole_right[place] == right.item()
    apart = np.abs(runs.without - runs.whole).max(axis=1)
    assert apart.min() > 1e-3


@pytest.mark.parametrize("intervention", ["patch", "mean"])
def test_the_empty_circuit_is_the_protocols(mdm: Member, asked: list[Question], intervention: str) -> None:
    found = run_ablations(mdm, asked, SETS, intervention, 3, lambda _: None)  # type: ignore[arg-type]
    expected = {}
    for length in (5, 6):
        alike = [one for one in asked if len(one.encoded.clean) == length]
        means = mean_outputs(mdm, batches(mdm, alike, 8)) if intervention == "mean" else None
        for one in alike:
            (batch,) = batches(mdm, [one], 8)
            edges = np.zeros((1, *found.graph.mask.shape), bool)
            value = run_circuits(mdm, batch, edges, intervention, means)  # type: ignore[arg-type]
            expected[one.index] = value.item()
    assert found.empty == pytest.approx([expected[index] for index in found.examples], abs=1e-4)


def early_head(attention: str) -> Member:
    """A GPT-2 in which head 1 of the first layer carries the cue to the answer, and nothing else does it.

    It attends evenly, and writes the answer for every cue that it sees, and nothing for a digit.
    """
    sizes = {"width": WIDTH, "mlp_width": NEURONS, "layers": 3, "heads": 2, "vocabulary": len(LETTERS)}
    model = random_model("gpt2", spread=None, frozen=True, **sizes)
    with torch.no_grad():
        model.transformer.wte.weight.copy_(torch.eye(len(LETTERS), WIDTH))
        model.transformer.wpe.weight.zero_()
        attended = model.transformer.h[0].attn
        value = 2 * WIDTH + WIDTH // 2  # the first dimension of the second head's value
        attended.c_attn.weight[[LETTERS.index(cue) for cue in "ab"], value] = 5.0
        attended.c_attn.weight[WIDTH - 1, value] = -10.0  # no token's: the norm's centring cancels
        attended.c_proj.weight[WIDTH // 2, ANSWER] = 1.0
        attended.c_proj.weight[WIDTH // 2, FOIL] = -1.0
        model.lm_head.weight.zero_()
        model.lm_head.weight[LETTERS.index("h"), ANSWER] = 1.0
        model.lm_head.weight[LETTERS.index("g"), FOIL] = 1.0
    role = "arm" if attention == "causal" else "mdm"
    return Member(
        role, read_backbone(model), Attention.parse(attention), shift=True, mask_id=len(LETTERS) - 1
    )


KNOWN = Ablating(ablated=24, ablated_heads=1, ablated_mlps=1, ablated_neurons=2, random_sets=12)


def known_runs(member: Member) -> Ablations:
    """The whole way: scores on some examples, sets by the scores, and runs on others."""
    examples = known_examples(48)
    told = [question(member, each, (0,), index % 2, index) for index, each in examples.items()]
    scores = score_edges(
        member, told[:24], ("t0", "t1"), Integration("midpoint", 5), 64, lambda _: None, neurons=True
    )
    return run_ablations(member, told[24:], node_sets(scores, KNOWN, 0), "patch", 64, lambda _: None)


def value(of: Measured) -> float:
    assert isinstance(of, Number), of
    return of.value


def test_an_early_head_that_does_the_work_is_missed_and_others_are_not() -> None:
    arm, mdm = known_runs(early_head("causal")), known_runs(early_head("full"))
    for runs in (arm, mdm):
        assert runs.sets["heads, early"].tolist() == [[0, 1]]
    found = compare_causality(arm, mdm, Statistics(resampling_seed=0, resamples=60, splits=2))
    drawn = [arm.sets[name].tolist() == [[0, 1]] for name in arm.random("heads")]
    assert 0 < sum(drawn) < len(drawn)
    for member in (found.arm, found.mdm):
        lost = member.heads.faithfulness
        assert value(member.accuracy) == 1
        assert value(lost.early) == pytest.approx(1, abs=0.05)
        assert value(lost.middle) == pytest.approx(0, abs=0.02)
        assert value(lost.late) == pytest.approx(0, abs=0.02)
        assert value(lost.random) == pytest.approx(np.mean(drawn), abs=0.02)
        for each in (lost.early_less_middle, lost.early_less_late, lost.early_less_random):
            assert isinstance(each, Number)
            assert each.low is not None
            assert each.low > 0.5
        assert value(member.heads.accuracy.early_less_random) > 0.3
        for kind in (member.mlps, member.neurons):
            assert isinstance(kind, KindLoss)
            assert abs(value(kind.faithfulness.early_less_random)) < 0.05
    assert value(found.shift["heads"]) == pytest.approx(0, abs=0.03)


def test_what_is_kept_is_read_back(runs: Ablations, tmp_path: Path) -> None:
    runs.save(tmp_path / "runs.safetensors")
    found = Ablations.load(tmp_path / "runs.safetensors")
    for name in ("nodes", "whole", "empty", "without", "whole_right", "right", "examples"):
        assert np.array_equal(getattr(found, name), getattr(runs, name))
    assert (found.graph, found.names, found.templates) == (runs.graph, runs.names, runs.templates)
    for name, places in SETS.items():
        assert np.array_equal(found.sets[name], places)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"whole": lambda runs: runs.whole[:-1]}, "its whole have shape"),
        ({"right": lambda runs: runs.right[:-1]}, "its right have shape"),
        ({"nodes": lambda runs: runs.nodes[:, :2]}, "its nodes have shape"),
        ({"empty": lambda runs: np.full_like(runs.empty, np.inf)}, "one of its empty is not finite"),
        ({"nodes": lambda runs: runs.nodes + np.array([0, 7, 0])}, "in a layer that there is not"),
        ({"nodes": lambda runs: runs.nodes - np.array([0, 0, 1])}, "in a layer that there is not"),
        ({"nodes": lambda runs: runs.nodes + np.array([1, 0, 0])}, "one of its sets has no node"),
        ({"nodes": lambda runs: np.append(runs.nodes, [[99, 0, 0]], 0)}, "of a set that there is not"),
        ({"nodes": lambda runs: np.append(runs.nodes, runs.nodes[:1], 0)}, "has a node twice"),
        ({"names": lambda runs: (runs.names[1], *runs.names[1:])}, "each once"),
        ({"names": lambda runs: ("heads, first", *runs.names[1:])}, "neither of the top nodes"),
        ({"names": lambda runs: tuple(n.replace("mlps", "neurons") for n in runs.names)}, "each once"),
    ],
    ids=[
        "whole too short",
        "a set too few",
        "nodes without an index",
        "infinite",
        "beyond the layers",
        "a negative index",
        "an empty set",
        "a set too many",
        "a node twice",
        "names twice",
        "another name",
        "no set of MLPs",
    ],
)
def test_what_does_not_fit_together_is_broken(
    changes: dict[str, Callable[[Ablations], object]], message: str, tmp_path: Path
) -> None:
    runs = made_up_ablations()
    replace(runs, **{name: change(runs) for name, change in changes.items()}).save(tmp_path / "runs")
    with pytest.raises(NotComputable, match=message):
        Ablations.load(tmp_path / "runs")


def test_a_file_of_no_example_is_broken(tmp_path: Path) -> None:
    runs = made_up_ablations()
    nothing = {name: getattr(runs, name)[..., :0] for name in ("whole", "empty", "without", "examples")}
    nothing |= {name: getattr(runs, name)[..., :0] for name in ("whole_right", "right")}
    replace(runs, templates=(), **nothing).save(tmp_path / "runs")
    with pytest.raises(NotComputable, match="it has no example"):
        Ablations.load(tmp_path / "runs")


def test_a_member_whose_neurons_were_not_measured_has_none(mdm: Member, asked: list[Question]) -> None:
    few = {name: places for name, places in SETS.items() if "neurons" not in name}
    few |= {"heads, late": np.array([[1, 0]]), "mlps, early": np.array([[0, 0]])}
    found = run_ablations(mdm, asked, few, "patch", 8, lambda _: None)
    statistics = Statistics(resampling_seed=0, resamples=20, splits=2)
    losses = compare_causality(found, found, statistics).arm
    assert losses.neurons == Missing(missing="effects of neurons were not measured")
    assert losses.heads.faithfulness.middle == Missing(missing="no layer lies in the middle third")
    assert losses.heads.faithfulness.early_less_middle == losses.heads.faithfulness.middle
    assert isinstance(losses.heads.faithfulness.early_less_late, Number)
