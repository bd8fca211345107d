"""The Python interface as the README shows it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mechshift
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.types import Record
from mechshift.errors import NotComputable, PairError, UsageError
from mechshift.metrics import group_mean, jaccard, top_edges


@pytest.mark.usefixtures("quick")
def test_a_record_and_arrays_in_ten_lines(tmp_path: Path) -> None:
    pair = mechshift.load("tiny")
    record = mechshift.run(pair, "quick", tasks=["greater-than"], out=tmp_path)
    scores = mechshift.edge_scores(pair, "greater-than", out=tmp_path)
    means = [group_mean(sums, scores.counts) for sums in (scores.arm, scores.mdm)]
    point = record.tasks[0].comparison.curve[1]
    overlap = jaccard(*(top_edges(mean, scores.graph.mask, point.edges) for mean in means))

    assert record == read_model(tmp_path / "tiny-quick-greater-than.json", Record)
    assert point.edge.jaccard.model_dump()["value"] == overlap
    assert scores.arm.shape == scores.mdm.shape == (len(scores.clusters), *scores.graph.mask.shape)
    assert scores.counts.sum() == record.tasks[0].pool.discovery
    assert not np.array_equal(scores.arm, scores.mdm)


def test_two_checkpoints_load_with_what_is_declared(tiny: Pair) -> None:
    arm, mdm = tiny.spec.arm.checkpoint, tiny.spec.mdm.checkpoint
    declared = {"shift": False, "attention": "block:4", "mask_token": "2", "device": "cpu"}
    with pytest.raises(PairError, match="declared with no shift, block:4 and mask token 2: it fills"):
        mechshift.load(arm, mdm, **declared)
    pair = mechshift.load(arm, mdm, **declared, accept_behaviour=True)
    assert (str(pair.mdm.attention), pair.mdm.shift, pair.mdm.mask_id) == ("block:4", False, 2)
    assert "declared with no shift, block:4" in pair.spec.confounds[0]
    assert pair.spec.name == "arm--mdm"


def test_unknown_names_are_refused(tiny: Pair, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean tiny"):
        mechshift.load("tinny")
    with pytest.raises(UsageError, match="did you mean v1"):
        mechshift.run(tiny, "v", out=tmp_path)
    with pytest.raises(UsageError, match="did you mean ioi"):
        mechshift.run(tiny, tasks=["io"], out=tmp_path)
    with pytest.raises(UsageError, match="did you mean ioi"):
        mechshift.edge_scores(tiny, "io", out=tmp_path)
    with pytest.raises(PairError, match="no hub model 'no/model'"):
        mechshift.load("no/model", "no/model")
    assert list(tmp_path.iterdir()) == []


def test_scores_on_too_few_examples_are_refused(
    tiny: Pair, small: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding = small.changed(minimum=1000)
    monkeypatch.setattr("mechshift.benchmark.record.protocol._PROTOCOLS", {"quick": demanding})
    with pytest.raises(NotComputable, match=r"infilling: ARM solves .* fewer than the 1000"):
        mechshift.edge_scores(tiny, "infilling", out=tmp_path)
    assert not list(tmp_path.rglob("scores-*"))


@pytest.mark.parametrize(
    "declared",
    [{"control": True}, {"shift": False}, {"attention": "block:4"}, {"mask_token": "x"}, {"revision": "v1"}],
)
def test_a_named_pair_has_its_own_declarations(declared: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="which has its own declarations"):
        mechshift.load("tiny", **declared)
