"""Score cells of runs on disk are taken where they are those of the record, whatever processor made them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from build.submissions import GRAPH, SMALL, TASKS, write_run
from build.tampering import change_seal
from mechshift.baselines.structure.scores import MemberScores, Scored, read_runs
from mechshift.benchmark.run.store import digest_of
from mechshift.errors import NotComputable, UsageError
from mechshift.metrics import Estimate, disattenuated_cosine, group_products

PAIRS = ("tiny", "tiny-continued")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of a small pair under the names of the reference pairs that have to be there."""
    folder = tmp_path_factory.mktemp("runs")
    for pair in PAIRS:
        record = write_run(folder / pair)
        record.rename(record.with_name(f"{pair}-v2.json"))
    return folder


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "runs"))


def scores_of(runs: Path) -> Path:
    """The cell of the ARM's scores of `tiny` on the first task."""
    (file,) = (runs / "tiny" / "cells" / TASKS[0]).glob("scores-arm.*.safetensors")
    return file


def change_scores(file: Path, change: Callable[[np.ndarray], np.ndarray], sealed: bool = True) -> None:
    tensors = load_file(file)
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    tensors["score_sums"] = change(tensors["score_sums"]).astype(tensors["score_sums"].dtype)
    save_file(tensors, file, metadata)
    if sealed:
        change_seal(file, digest=digest_of(file))


def test_both_members_of_every_pair_are_read(made: Path) -> None:
    found = read_runs(made)
    assert (set(found.records), set(found.tasks)) == (set(PAIRS), set(TASKS))
    kept = load_file(scores_of(made))["score_sums"]
    arm = found.tasks[TASKS[0]].arm["tiny"]
    assert (arm.sums == kept).all()
    assert sum(map(len, arm.examples)) == arm.counts.sum()


@pytest.mark.parametrize("templates", [12, 3])
def test_rho_is_that_of_a_record_whether_templates_are_drawn_or_not(templates: int) -> None:
    generator = np.random.default_rng(0)
    shared = generator.normal(size=300)
    # Of each template an effect in common: with it a product of two of its groups is not without noise.
    effects = generator.normal(size=(templates, 300)).repeat(2, axis=0)
    sums = [shared + effects + generator.normal(size=(2 * templates, 300)) for _ in range(2)]
    labels = tuple(f"t{index // 2}" for index in range(2 * templates))
    counts = np.full(2 * templates, 3)
    examples = tuple(frozenset(range(3 * index, 3 * index + 3)) for index in range(2 * templates))
    one, other = (MemberScores(each, counts, labels, examples) for each in sums)
    weights = Scored({}, {"tiny": one}).weights(one, 200, 0)
    found = one.cosine(other, (weights, weights))
    # What records have, and by hand: over all pairs of different templates, or of different groups.
    expected = disattenuated_cosine(group_products(*sums), counts, labels)
    assert isinstance(found, Estimate)
    assert isinstance(expected, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high), abs=1e-12
    )
    same = [a == b if templates == 12 else i == j for i, a in enumerate(labels) for j, b in enumerate(labels)]
    apart = ~np.array(same).reshape(len(labels), -1)
    aa, bb, ab = ((x @ y.T)[apart].sum() for x, y in ((sums[0],) * 2, (sums[1],) * 2, sums))
    assert found.value == pytest.approx(ab / np.sqrt(aa * bb), abs=1e-12)


def test_units_of_one_template_are_no_product_where_templates_are_drawn() -> None:
    generator = np.random.default_rng(1)
    labels = tuple(f"t{index}" for index in range(12))
    sums = generator.normal(size=(2, 12, 300)) + generator.normal(size=300)
    counts = np.full(12, 3)
    # The two have not one example in common.
    one, other = (
        MemberScores(each, counts, labels, tuple(frozenset({100 * side + index}) for index in range(12)))
        for side, each in enumerate(sums)
    )
    alone = np.ones((2, 12))
    apart = ~np.eye(12, dtype=bool)
    aa, bb, ab = ((x @ y.T)[apart].sum() for x, y in ((sums[0],) * 2, (sums[1],) * 2, sums))
    found = one.cosine(other, (alone, alone))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(ab / np.sqrt(aa * bb), abs=1e-12)


def test_cells_that_another_processor_made_of_the_same_inputs_are_taken(runs: Path) -> None:
    before = read_runs(runs).tasks[TASKS[0]].arm["tiny"].sums
    change_scores(scores_of(runs), lambda scores: scores * np.float32(1.0001))
    after = read_runs(runs).tasks[TASKS[0]].arm["tiny"].sums
    assert after == pytest.approx(before * 1.0001, rel=1e-6)


def test_cells_that_were_changed_after_they_were_made_are_refused(runs: Path) -> None:
    change_scores(scores_of(runs), lambda scores: scores * np.float32(1.0001), sealed=False)
    with pytest.raises(NotComputable, match=r"is not what tiny-v2\.json was made of"):
        read_runs(runs)


@pytest.mark.parametrize("changes", [{"key": "f" * 16}, {"needs": {"pool": "f" * 64}}], ids=str)
def test_cells_of_other_inputs_are_refused(runs: Path, changes: dict[str, object]) -> None:
    change_scores(scores_of(runs), lambda scores: scores * np.float32(1.0001))
    change_seal(scores_of(runs), **changes)
    with pytest.raises(NotComputable, match=r"is not what tiny-v2\.json was made of"):
        read_runs(runs)


def test_a_needed_cell_may_have_the_same_content_written_otherwise(runs: Path) -> None:
    change_scores(scores_of(runs), lambda scores: scores * np.float32(1.0001))
    (pool,) = (runs / "tiny" / "cells" / TASKS[0]).glob("pool.*.json")
    pool.write_text(json.dumps(json.loads(pool.read_text()), indent=1))
    change_seal(scores_of(runs), needs={"pool": digest_of(pool)})
    # Without a seal of its own content nothing says that it is what it was.
    with pytest.raises(NotComputable, match=r"is not what tiny-v2\.json was made of"):
        read_runs(runs)
    change_seal(pool, digest=digest_of(pool))
    assert read_runs(runs).tasks[TASKS[0]].arm["tiny"].sums.any()


def test_cells_that_give_another_rho_than_the_record_says_are_refused(runs: Path) -> None:
    generator = np.random.default_rng(0)
    scale = generator.uniform(0.2, 2, size=GRAPH.edges)
    change_scores(scores_of(runs), lambda scores: scores * scale)
    with pytest.raises(NotComputable, match=r"give ρ = 0\.\d+, the record says 0\.\d+"):
        read_runs(runs)


def test_a_run_of_tiny_and_of_its_control_has_to_be_there(runs: Path) -> None:
    shutil.rmtree(runs / "tiny-continued")
    with pytest.raises(UsageError, match="holds no run of tiny-continued"):
        read_runs(runs)


def test_runs_of_another_protocol_are_refused(runs: Path) -> None:
    shutil.rmtree(runs / "tiny-continued")
    record = write_run(runs / "tiny-continued", SMALL.changed(seed=SMALL.sampling.seed + 1))
    record.rename(record.with_name("tiny-continued-v2.json"))
    with pytest.raises(UsageError, match="not of one ARM and one protocol"):
        read_runs(runs)


def test_two_records_of_a_pair_are_refused(runs: Path) -> None:
    shutil.copy(runs / "tiny" / "tiny-v2.json", runs / "tiny" / "tiny-v3.json")
    with pytest.raises(UsageError, match="several records of tiny"):
        read_runs(runs)
