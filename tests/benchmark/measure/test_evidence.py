"""What is kept of a member: the same when read back, and refused where it cannot have been measured."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from build.arrays import GRAPHS, HEADERS, change, refusal, with_header
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.states import Question, batches, question
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.exact import exact_effects
from mechshift.benchmark.circuits.files import kind_of
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.points import Convergence
from mechshift.benchmark.circuits.rules import GIM
from mechshift.benchmark.circuits.scores import Attribution, Integration, Outside
from mechshift.benchmark.measure.evidence import Entropies, Evidence
from mechshift.benchmark.measure.reduced import ScorePrecision, pack
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.files import read_model, write_model
from mechshift.errors import NotComputable, OutputError
from mechshift.metrics import Selection, edge_priority

GRAPH = Graph(2, 4, 2)
EDGES = 82
"""Nine inputs a layer read 1 and 6 sources, the MLP 4 more, and the logits 11."""

Content = ScoreSums | Sweep


def some_scores() -> ScoreSums:
    sums = np.random.default_rng(0).standard_normal((3, *GRAPH.mask.shape)) * GRAPH.mask
    groups = np.array([0, 2, 2, 1])
    found = Attribution(
        GRAPH, Integration("left", 7), sums, np.array([1, 1, 2]), groups * 1.5, groups * 0.5, groups
    )
    return ScoreSums(found, ("a", "a", "b"), np.array([4, 0, 9, 2]))


def all_scores() -> ScoreSums:
    """With the shares of places, and five neurons a layer."""
    made, drawn = some_scores(), np.random.default_rng(2)
    outside = (drawn.standard_normal((2, 3, *GRAPH.mask.shape)) * GRAPH.mask).astype(np.float32)
    neurons = drawn.standard_normal((3, 2, 5)).astype(np.float32)
    return replace(made, attribution=replace(made.attribution, outside=Outside(outside), neuron_sums=neurons))


def some_sweep() -> Sweep:
    drawn = np.random.default_rng(1)
    return Sweep(
        GRAPH,
        drawn.normal(size=4),
        drawn.normal(size=4),
        drawn.normal(size=(2, 3, 4)),
        np.array([[0, 8, EDGES], [1, 7, EDGES]]),
        ("a", "b", "b", "a"),
        np.array([1, 8, 3, 5]),
    )


KINDS: dict[str, Callable[[], Content]] = {"scores": some_scores, "all": all_scores, "sweep": some_sweep}


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[type[Content], Path]:
    """A kind of content, and a file of it."""
    content = KINDS[request.param]()
    content.save(tmp_path / request.param)
    return type(content), tmp_path / request.param


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    some_scores().save(tmp_path / "scores")
    return tmp_path / "scores"


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    some_sweep().save(tmp_path / "sweep")
    return tmp_path / "sweep"


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_scores_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    made = some_scores()
    made.save(tmp_path / "new" / "scores.safetensors")
    found = ScoreSums.load(tmp_path / "new" / "scores.safetensors")
    assert (found.graph, found.templates) == (GRAPH, ("a", "a", "b"))
    assert found.attribution.integration == Integration("left", 7)
    assert_same(found.examples, made.examples)
    for name in ("score_sums", "counts", "clean", "corrupted", "groups"):
        assert_same(getattr(found.attribution, name), getattr(made.attribution, name))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["scores.safetensors"]


def test_shares_of_places_and_neurons_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    made = all_scores()
    made.save(tmp_path / "kept")
    found = ScoreSums.load(tmp_path / "kept").attribution
    assert found.outside is not None
    assert made.attribution.outside is not None
    assert_same(found.outside.sums, made.attribution.outside.sums)
    assert_same(found.neuron_sums, made.attribution.neuron_sums)
    assert_same(found.scores_by_place(), made.attribution.scores_by_place())


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("outside", [None, Outside()])
def test_that_places_are_not_known_is_other_than_that_nothing_is_outside(
    outside: Outside | None, reduced: bool, tmp_path: Path
) -> None:
    made = some_scores()
    made = replace(made, attribution=replace(made.attribution, outside=outside))
    if reduced:
        made.save_reduced(tmp_path / "kept", ScorePrecision(1 / 256))
    else:
        made.save(tmp_path / "kept")
    found = ScoreSums.load(tmp_path / "kept").attribution
    assert (found.outside is None) == (outside is None)
    assert found.outside is None or found.outside.sums is None
    assert found.neuron_sums is None


@pytest.mark.parametrize("convergence", [None, Convergence((0.3, None, 0.01), (0.2, 0.0))])
@pytest.mark.parametrize("reduced", [False, True])
def test_the_search_for_integration_points_is_read_back(
    convergence: Convergence | None, reduced: bool, tmp_path: Path
) -> None:
    made = replace(some_scores(), convergence=convergence)
    if reduced:
        made.save_reduced(tmp_path / "kept", ScorePrecision(1 / 256))
    else:
        made.save(tmp_path / "kept")
    assert ScoreSums.load(tmp_path / "kept").convergence == convergence


def test_a_search_that_cannot_have_been_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Convergence, "__post_init__", lambda _: None)
        replace(some_scores(), convergence=Convergence((0.1,), (0.2,))).save(tmp_path / "kept")
    with pytest.raises(NotComputable, match="1 residuals and 1 changes are of no search"):
        ScoreSums.load(tmp_path / "kept")


def test_a_sweep_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = some_sweep()
    made.save(tmp_path / "new" / "sweep.safetensors")
    found = Sweep.load(tmp_path / "new" / "sweep.safetensors")
    assert (found.graph, found.templates) == (GRAPH, ("a", "b", "b", "a"))
    for name in ("whole", "empty", "circuits", "kept", "examples"):
        assert_same(getattr(found, name), getattr(made, name))


def test_what_was_measured_is_read_back(evidence: Callable[..., Evidence], tmp_path: Path) -> None:
    made = evidence(3)
    made.scores.save(tmp_path / "scores")
    made.sweep.save(tmp_path / "sweep")
    found = ScoreSums.load(tmp_path / "scores")
    assert_same(found.attribution.scores(), made.scores.attribution.scores())
    assert found.attribution.completeness_residual == made.scores.attribution.completeness_residual
    assert_same(Sweep.load(tmp_path / "sweep").circuits, made.sweep.circuits)


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    for name, make in KINDS.items():
        first, second = tmp_path / f"{name} 1", tmp_path / f"{name} 2"
        make().save(first)
        make().save(second)
        assert first.read_bytes() == second.read_bytes()
        type(make()).load(first).save(second)
        assert first.read_bytes() == second.read_bytes()
        with safe_open(first, framework="numpy") as file:
            assert len(file.metadata()) == 1  # several are written in an order that differs between processes


def test_the_edges_alone_are_stored(scores: Path) -> None:
    with safe_open(scores, framework="numpy") as file:
        header = json.loads(file.metadata()["mechshift"])
        assert file.get_slice("score_sums").get_shape() == [3, EDGES]
        np.testing.assert_array_equal(
            file.get_tensor("score_sums"), some_scores().attribution.score_sums[:, GRAPH.mask]
        )
    assert header["sources"][:2] == ["input", "a0.h0"]
    assert header["destinations"][-2:] == ["m1", "logits"]


def test_a_sweep_of_other_numbers_is_other_bytes(swept: Path, tmp_path: Path) -> None:
    made = some_sweep()
    replace(made, templates=("a", "b", "a", "b")).save(tmp_path / "other")
    assert swept.read_bytes() != (tmp_path / "other").read_bytes()


def test_edges_are_scored_in_groups_of_templates(
    member: Callable[..., Member], encoded: Callable[..., Encoded]
) -> None:
    """Five questions of two lengths in two groups; each one's scores alone, added up by group."""
    mdm, group = member("mdm", "full"), {3: 1, 8: 0, 11: 1, 2: 0, 5: 1}
    asked: list[Question] = [
        question(
            mdm, encoded(5 - seed % 2, (11, 12), (14, 15), seed), (0, 1), group[index], index, "trajectory"
        )
        for seed, index in enumerate(group)
    ]
    told: list[int] = []
    integration = Integration("midpoint", 3)
    found = score_edges(mdm, asked, ("one", "two"), integration, 4, told.append)
    assert sum(told) == 5
    # The shorter prompts first; of one length those of group 0 before those of group 1.
    assert found.examples.tolist() == [8, 2, 3, 11, 5]
    assert found.attribution.groups.tolist() == [0, 0, 1, 1, 1]
    assert found.attribution.counts.tolist() == [2, 3]
    assert found.templates == ("one", "two")
    assert found.attribution.integration == integration
    sums = np.zeros_like(found.attribution.score_sums)
    for place, index in enumerate(found.examples.tolist()):
        one = next(each for each in asked if each.index == index)
        alone = attribute(mdm, batches(mdm, [replace(one, group=0)], 8), integration, 1)
        sums[group[index]] += alone.score_sums[0]
        assert found.attribution.clean[place] == pytest.approx(alone.clean.item(), abs=1e-5)
    np.testing.assert_allclose(found.attribution.score_sums, sums, rtol=1e-4, atol=1e-5 * np.abs(sums).max())


@pytest.mark.parametrize("reduced", [False, True])
def test_scores_by_published_rules_are_read_back_with_them(
    reduced: bool, member: Callable[..., Member], encoded: Callable[..., Encoded], tmp_path: Path
) -> None:
    """And those by rules without a name are not kept: they would be read back as the chain rule's."""
    arm, at_clean = member("arm"), Integration("eap", 1)
    asked = [
        question(arm, encoded(5, (11, 12), (14, 15), seed), (0, 1), seed // 2, seed) for seed in range(4)
    ]
    found = score_edges(arm, asked, ("one", "one"), at_clean, 4, lambda _: None, rules=GIM)
    expected = attribute(arm, batches(arm, asked, 4), at_clean, 2, rules=GIM)
    np.testing.assert_array_equal(found.attribution.score_sums, expected.score_sums)

    def save(scores: ScoreSums, path: Path) -> None:
        if reduced:
            scores.save_reduced(path, ScorePrecision(1 / 64))
        else:
            scores.save(path)

    save(found, tmp_path / "gim.safetensors")
    again = ScoreSums.load(tmp_path / "gim.safetensors").attribution
    assert (again.rules, again.integration, again.completeness_residual) == (GIM, at_clean, None)
    own = replace(found, attribution=replace(found.attribution, rules=replace(GIM, temperature=3.0)))
    with pytest.raises(OutputError, match=r"temperature=3\.0.*cannot be kept"):
        save(own, tmp_path / "own.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["gim.safetensors"]


@pytest.mark.parametrize("reduced", [False, True])
def test_scores_by_patching_are_read_back_without_an_integration(
    reduced: bool, member: Callable[..., Member], encoded: Callable[..., Encoded], tmp_path: Path
) -> None:
    arm, told = member("arm"), []
    asked = [
        question(arm, encoded(5, (11, 12), (14, 15), seed), (0, 1), seed // 2, seed) for seed in range(4)
    ]
    found = score_edges(arm, asked, ("one", "one"), None, 3, told.append)
    exact = exact_effects(arm, batches(arm, asked, 3), 2)
    mask = found.graph.mask
    np.testing.assert_array_equal(found.attribution.score_sums[:, mask], exact.sums)
    assert (found.attribution.score_sums[:, ~mask] == 0).all()
    assert sum(told) == len(asked)
    path = tmp_path / "exact.safetensors"
    if reduced:
        found.save_reduced(path, ScorePrecision(1 / 64))
    else:
        found.save(path)
    again = ScoreSums.load(path).attribution
    assert (again.integration, again.completeness_residual, again.outside) == (None, None, None)
    assert "exact patching" in repr(again)


@pytest.mark.parametrize("rules", ["lrp", 1])
def test_rules_that_are_not_known_are_refused(rules: object, tmp_path: Path) -> None:
    some_scores().save(tmp_path / "kept")
    change(tmp_path / "kept", header={"rules": rules})
    refusal(ScoreSums.load, tmp_path / "kept")


@pytest.mark.parametrize("selection", get_args(Selection))
def test_what_ranks_edges_is_of_the_groups(selection: Selection) -> None:
    made = some_scores()
    found = made.attribution
    expected = edge_priority(found.score_sums, found.counts, made.templates, made.graph.mask, selection)
    np.testing.assert_allclose(made.ranked(selection), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_another_graph_is_refused(graph: object, kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    change(path, header={"graph": graph})
    refusal(kind.load, path)


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_another_header_is_refused(text: str | None, kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    with_header(path, text)
    refusal(kind.load, path)


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": ["input"]},
        {"sources": ["input"] * 11},
        {"destinations": [*GRAPH.destination_names[:-1], "logit"]},
        {"destinations": None},
        {"templates": None},
        {"templates": []},
        {"templates": "abba"},
        {"templates": ["a", "b", "c", "d", "e"]},
        {"templates": ["a", "b", 3, 4]},
        {"templates": {"a": 1, "b": 2, "c": 3, "d": 4}},
        {"integration": {"rule": "left", "steps": 7}, "format": "circuit 2"},
        {"invented": 1},
    ],
)
def test_a_mismatched_header_is_refused(changes: dict[str, Any], kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    change(path, header=changes)
    refusal(kind.load, path)


@pytest.mark.parametrize(
    "dtype",
    [torch.float8_e4m3fn, torch.float8_e5m2, torch.bfloat16, torch.float16, torch.float32, torch.int64],
)
@pytest.mark.parametrize(
    ("name", "tensor", "shape"),
    [
        ("scores", "score_sums", (3, EDGES)),
        ("sweep", "whole", (4,)),
        ("all", "outside", (2, 3, EDGES)),
        ("all", "neuron_sums", (3, 2, 5)),
    ],
)
def test_numbers_of_another_kind_are_refused(
    name: str, tensor: str, shape: tuple[int, ...], dtype: torch.dtype, tmp_path: Path
) -> None:
    content = KINDS[name]()
    content.save(tmp_path / "kept")
    if tensor in ("outside", "neuron_sums") and dtype == torch.float32:
        dtype = torch.float64  # these are of single precision
    change(tmp_path / "kept", {tensor: torch.ones(shape).to(dtype)})
    assert tensor in refusal(type(content).load, tmp_path / "kept")


@pytest.mark.parametrize("size", [0, 5, 8, 400, -1])
def test_a_truncated_file_is_refused(size: int, kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    path.write_bytes(path.read_bytes()[:size])
    refusal(kind.load, path)


@pytest.mark.parametrize("content", [b"{}", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ", b"\xff" * 64])
def test_a_file_of_something_else_is_refused(content: bytes, kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    path.write_bytes(content)
    refusal(kind.load, path)


def test_a_tensor_that_is_missing_or_too_many_is_refused(kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    whole = path.read_bytes()
    with safe_open(path, framework="numpy") as file:
        names = list(file.keys())
    assert len(names) >= 5
    for name in names:
        path.write_bytes(whole)
        change(path, {name: None})
        assert "it holds" in refusal(kind.load, path)
    path.write_bytes(whole)
    change(path, {"more": [1.0]})
    assert "more" in refusal(kind.load, path)


def test_a_tensor_of_another_shape_is_refused(kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    whole = path.read_bytes()
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, tensor in tensors.items():
        for other in (
            tensor[:0],
            tensor[..., :0],
            tensor[1:],
            tensor[..., 1:],
            tensor[None],
            tensor.flatten()[0],
        ):
            path.write_bytes(whole)
            change(path, {name: other.contiguous()})
            refusal(kind.load, path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("name", "tensor"),
    [("scores", name) for name in ("score_sums", "clean", "corrupted")]
    + [("all", name) for name in ("outside", "neuron_sums")]
    + [("sweep", name) for name in ("whole", "empty", "circuits")],
)
def test_what_is_no_finite_number_is_refused(name: str, tensor: str, value: float, tmp_path: Path) -> None:
    content = KINDS[name]()
    content.save(tmp_path / "kept")
    with safe_open(tmp_path / "kept", framework="numpy") as file:
        found = file.get_tensor(tensor)
    found[(-1,) * found.ndim] = value
    change(tmp_path / "kept", {tensor: found})
    assert f"{tensor} is not finite" in refusal(type(content).load, tmp_path / "kept")


@pytest.mark.parametrize(
    "groups",
    [[0, 2, 2, -1], [0, 2, 2, 3], [0, 2, 2, 10**15], [0, 2, 2, -(2**63)], [0, 2, 1, 1], [0, 0, 0, 0]],
)
def test_groups_that_are_not_those_of_the_sums_are_refused(groups: list[int], scores: Path) -> None:
    change(scores, {"groups": groups})
    assert "groups" in refusal(ScoreSums.load, scores)


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ([2, 1, 1], [0, 2, 2, 1]),
        ([1, 1, 10**15], [0, 2, 2, 1]),
        ([1, -1, 2], [0, 2, 2, 1]),
        ([2, 0, 2], [0, 2, 2, 0]),
        ([2**62, 2**62, 4], [0, 2, 2, 1]),
    ],
)
def test_counts_that_are_not_those_of_the_groups_are_refused(
    counts: list[int], groups: list[int], scores: Path
) -> None:
    change(scores, {"counts": counts, "groups": groups})
    refusal(ScoreSums.load, scores)


@pytest.mark.parametrize(
    "header",
    [
        {"outside": "zero"},
        {"outside": None},
        {"outside": "other"},
        {"outside": True},
        {"neurons": 4},
        {"neurons": 6},
        {"neurons": 0},
        {"neurons": -5},
        {"neurons": 5.0},
        {"neurons": True},
        {"neurons": 10**15},
        {"neurons": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("reduced", [False, True])
def test_other_places_and_neurons_than_are_held_are_refused(
    header: dict[str, object], reduced: bool, tmp_path: Path
) -> None:
    if reduced:
        all_scores().save_reduced(tmp_path / "kept", ScorePrecision(1 / 256))
    else:
        all_scores().save(tmp_path / "kept")
    change(tmp_path / "kept", header=header)
    refusal(ScoreSums.load, tmp_path / "kept")


def test_scores_of_no_example_are_refused(scores: Path) -> None:
    nothing = np.zeros(0, np.int64)
    change(
        scores,
        {
            "score_sums": np.zeros((0, EDGES)),
            "counts": nothing,
            "groups": nothing,
            "examples": nothing,
            "clean": np.zeros(0),
            "corrupted": np.zeros(0),
        },
        {"templates": []},
    )
    assert refusal(ScoreSums.load, scores) == "it has no example"


def test_a_place_in_the_stream_is_not_negative(kept: tuple[type[Content], Path]) -> None:
    kind, path = kept
    change(path, {"examples": [1, 2, 3, -4]})
    assert "examples" in refusal(kind.load, path)


@pytest.mark.parametrize(
    "integration",
    [
        {"rule": "left", "steps": 7.0},
        {"rule": "left", "steps": 0},
        {"rule": "left", "steps": "7"},
        {"rule": "eap", "steps": 7},
        {"rule": "simpson", "steps": 7},
        {"rule": ["left"], "steps": 7},
        {"rule": "left"},
        7,
        None,
    ],
)
def test_an_integration_that_there_is_not_is_refused(integration: object, scores: Path) -> None:
    change(scores, header={"integration": integration})
    refusal(ScoreSums.load, scores)


@pytest.mark.parametrize("kept_edges", [[[0, 8, -1], [1, 7, 9]], [[0, 8, EDGES + 1], [1, 7, 9]]])
def test_a_circuit_has_no_more_edges_than_the_graph(kept_edges: list[list[int]], swept: Path) -> None:
    change(swept, {"kept": kept_edges})
    refusal(Sweep.load, swept)


@pytest.mark.parametrize("rankings", [1, 3])
def test_a_sweep_has_two_rankings(rankings: int, swept: Path) -> None:
    change(swept, {"circuits": np.zeros((rankings, 3, 4)), "kept": np.zeros((rankings, 3), np.int64)})
    assert "circuits" in refusal(Sweep.load, swept)


def test_one_kind_of_file_is_not_read_as_another(scores: Path, swept: Path, tmp_path: Path) -> None:
    Circuit.of(GRAPH, np.ones(GRAPH.mask.shape), 60).save(tmp_path / "circuit")
    save_file({"x": torch.zeros(1)}, tmp_path / "foreign")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert refusal(ScoreSums.load, swept) == "it is a 'sweep 2', not a 'scores 2'"
    assert refusal(Sweep.load, scores) == "it is a 'scores 2', not a 'sweep 2'"
    for name in ("circuit", "foreign", "folder", "missing", "pipe"):
        refusal(ScoreSums.load, tmp_path / name)
        refusal(Sweep.load, tmp_path / name)


@pytest.fixture
def reduced_scores(tmp_path: Path) -> Path:
    some_scores().save_reduced(tmp_path / "reduced", ScorePrecision(1 / 256))
    return tmp_path / "reduced"


@pytest.fixture
def reduced_sweep(tmp_path: Path) -> Path:
    some_sweep().save_reduced(tmp_path / "reduced")
    return tmp_path / "reduced"


def test_reduced_scores_are_read_as_the_exact_ones_are(reduced_scores: Path) -> None:
    made, found = some_scores(), ScoreSums.load(reduced_scores)
    assert (found.graph, found.templates) == (GRAPH, made.templates)
    assert found.attribution.integration == made.attribution.integration
    for name in ("counts", "clean", "corrupted", "groups"):
        assert_same(getattr(found.attribution, name), getattr(made.attribution, name))
    assert_same(found.examples, made.examples)
    expected = made.attribution.score_sums
    assert found.attribution.score_sums == pytest.approx(expected, abs=0.01 * np.abs(expected).max())
    assert not found.attribution.score_sums[:, ~GRAPH.mask].any()
    assert kind_of(reduced_scores) == "scores"


def test_reduced_shares_of_places_and_neurons_are_as_near(tmp_path: Path) -> None:
    made = all_scores()
    made.save_reduced(tmp_path / "kept", ScorePrecision(1 / 256))
    expected, found = made.attribution, ScoreSums.load(tmp_path / "kept").attribution
    assert expected.outside is not None
    assert expected.outside.sums is not None
    assert expected.neuron_sums is not None
    assert found.outside is not None
    for one, other in (
        (found.score_sums, expected.score_sums),
        (found.outside.sums, expected.outside.sums),
        (found.neuron_sums, expected.neuron_sums),
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=0.01 * np.abs(other).max())
        assert one.dtype == other.dtype
    # What is kept of an edge's mean is exact to float32.
    np.testing.assert_allclose(found.neurons(), expected.neurons(), rtol=1e-6)
    np.testing.assert_allclose(found.scores_by_place(), expected.scores_by_place(), rtol=0, atol=1e-6)


def test_reduced_sums_beyond_single_precision_are_refused(tmp_path: Path) -> None:
    all_scores().save_reduced(tmp_path / "kept", ScorePrecision(1 / 256))
    columns = 3 * EDGES + 10
    change(tmp_path / "kept", {"means": payload([3e38] * columns, "<f4")})
    assert "sums is not finite" in refusal(ScoreSums.load, tmp_path / "kept")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_reduced_sweep_loses_nothing(dtype: type[np.floating], tmp_path: Path) -> None:
    made = some_sweep()
    names = ("whole", "empty", "circuits")
    made = replace(made, **{name: getattr(made, name).astype(dtype).astype(np.float64) for name in names})
    made.save_reduced(tmp_path / "reduced")
    found = Sweep.load(tmp_path / "reduced")
    for name in (*names, "kept", "examples"):
        assert_same(getattr(found, name), getattr(made, name))
    assert (found.graph, found.templates) == (made.graph, made.templates)


def payload(values: object, dtype: str) -> np.ndarray:
    return pack(np.array(values).astype(dtype)).copy()


@pytest.mark.parametrize(
    ("tensors", "header", "reason"),
    [
        ({"means": payload([np.nan] * EDGES, "<f4")}, {}, "means is not finite"),
        ({"means": payload([0] * (EDGES - 1), "<f4")}, {}, "another number"),
        ({"scales": payload([0x7F80] * 2 * EDGES, "<u2")}, {}, "scales is not finite"),
        ({"scales": payload([0xBF80] * 2 * EDGES, "<u2")}, {}, "scales is negative"),
        ({"scales": payload([0] * EDGES, "<u2")}, {}, "another number"),
        ({"codes": payload([0] * 3 * EDGES, "<i1")}, {}, "another number"),
        ({"codes": np.zeros(7, np.uint8)}, {}, "cannot hold"),
        ({"codes": np.zeros((3, EDGES), np.float64)}, {}, "codes are F64"),
        ({"counts": [1, 1, 3]}, {}, "groups"),
        ({}, {"code_bytes": 1}, "goes on"),
        ({}, {"code_bytes": 4}, "code_bytes"),
        ({}, {"step": None}, "step"),
        ({}, {"format": "reduced-scores 2"}, "reduced-scores 2"),
        ({}, {"format": "scores 2"}, "Extra inputs"),
    ],
    ids=range(14),
)
def test_reduced_scores_that_cannot_be_are_refused(
    tensors: dict[str, object], header: dict[str, object], reason: str, reduced_scores: Path
) -> None:
    change(reduced_scores, tensors, header)
    assert reason in refusal(ScoreSums.load, reduced_scores)


def test_a_small_file_of_scores_in_a_large_graph_is_refused(reduced_scores: Path) -> None:
    """A graph of 250 million edges, whose names are right."""
    graph = Graph(200, 64, 64)
    names = {"sources": graph.source_names, "destinations": graph.destination_names}
    change(reduced_scores, {}, {"graph": {"layers": 200, "heads": 64, "kv_heads": 64}, **names})
    assert "more than are read" in refusal(ScoreSums.load, reduced_scores)


@pytest.mark.parametrize(
    ("tensors", "header", "reason"),
    [
        ({"circuits": payload([np.inf] * 24, "<f8")}, {}, "circuits is not finite"),
        ({"circuits": payload([0] * 23, "<f8")}, {}, "another number"),
        ({"whole": payload([0] * 5, "<f8")}, {}, "another number"),
        ({"kept": np.zeros((2, 10**6), np.int64)}, {}, "cannot hold"),
        ({"kept": np.zeros(6, np.int64)}, {}, "kept have shape"),
        ({}, {"metric_bytes": 4}, "goes on"),
        ({}, {"metric_bytes": 2}, "metric_bytes"),
        ({}, {"templates": []}, "another number"),
    ],
    ids=range(8),
)
def test_a_reduced_sweep_that_cannot_be_is_refused(
    tensors: dict[str, object], header: dict[str, object], reason: str, reduced_sweep: Path
) -> None:
    change(reduced_sweep, tensors, header)
    assert reason in refusal(Sweep.load, reduced_sweep)


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "directory").mkdir()
    for make in KINDS.values():
        for place in ("file/kept", "directory"):
            with pytest.raises(OutputError, match="cannot be written"):
                make().save(tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory", "file"]


def test_entropies_are_read_back_and_finite(tmp_path: Path) -> None:
    made = Entropies(
        components={"a1.h0": (0.1 + 0.2, 0.5), "m0": (1.0, 0.0)}, counts=(2, 1), templates=("a", "b")
    )
    write_model(made, tmp_path / "entropies.json")
    assert read_model(tmp_path / "entropies.json", Entropies) == made
    groups = '"counts": [2, 1], "templates": ["a", "b"]'
    values = ("[NaN, 1]", "[1e999, 1]", '["a", 1]', "[1]", "[1, 1, 1]", "1")
    for text in (
        *(f'{{"components": {{"m0": {value}}}, {groups}}}' for value in values),
        '{"components": {}, "counts": [0], "templates": ["a"]}',
        '{"components": {}, "counts": [1], "templates": []}',
        "[]",
        "[" * 100_000,
    ):
        (tmp_path / "entropies.json").write_text(text)
        with pytest.raises(NotComputable, match=r"entropies\.json"):
            read_model(tmp_path / "entropies.json", Entropies)
