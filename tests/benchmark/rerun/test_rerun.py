"""Cells that are computed again agree with those that were measured, and with no others."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from build.evidence import some_effects
from mechshift.benchmark.measure.evidence import Entropies
from mechshift.benchmark.measure.reduced import PRECISIONS
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.rerun.deviation import deviation
from mechshift.benchmark.rerun.rerun import choose_cells, rerun_cells
from mechshift.benchmark.run.record_file import record_path
from mechshift.benchmark.run.store import find_cell
from mechshift.benchmark.submission.tolerances import TOLERANCES
from mechshift.errors import NotComputable, UsageError

Measured = tuple[Record, Path]
RUN = ("scores", "sweep", "entropies", "effects", "ablation", "transfer")
"""Stages that are computed again of one member."""


def cells_named(record: Record, *names: tuple[str, str]):
    everything = choose_cells(record, 10**6, random.Random(0))
    return tuple(cell for cell in everything if (cell.task.name, cell.name) in names)


def content(measured: Measured, kind: type, name: str, task: str = "countdown"):
    record, out = measured
    return kind.load(find_cell(record_path(out, record), record, task, name))


def test_on_the_same_machine_nothing_deviates(tiny: Pair, measured: Measured) -> None:
    record, out = measured
    chosen = cells_named(
        record,
        ("countdown", "pool"),
        ("countdown", "prompts"),
        *(("countdown", f"{stage}-mdm") for stage in RUN),
        ("greater-than", "scores-arm"),
    )
    assert len(chosen) == 9
    told = []
    found = rerun_cells(record_path(out, record), record, chosen, tiny, 64, None, told.append)
    assert told == list(chosen)
    names = ("pool", "prompts", *(f"{stage}-mdm" for stage in RUN))
    assert {one.name: one.deviation for one in found.cells if one.task == "countdown"} == dict.fromkeys(
        names, 0.0
    )
    assert all(one.agrees for one in found.cells)
    digests = {(task.task, name): cell.digest for task in record.tasks for name, cell in task.cells.items()}
    assert all(digests[one.task, one.name] == one.digest for one in found.cells)


def test_another_pair_is_refused(tiny: Pair, measured: Measured) -> None:
    record, out = measured
    other = record.pair.model_copy(
        update={"mdm": record.pair.mdm.model_copy(update={"digest": "0" * 64, "shift": False})}
    )
    claimed = record.model_copy(update={"pair": other})
    with pytest.raises(NotComputable, match=r"the MDM's digest is .* the record says 0000"):
        rerun_cells(record_path(out, record), claimed, (), tiny, 64, None, print)


def test_cells_are_drawn_at_random_each_once(measured: Measured) -> None:
    record, _ = measured
    everything = choose_cells(record, 100, random.Random(0))
    assert len(everything) == len({(cell.task.name, cell.name) for cell in everything}) == 2 * 17
    drawn = [choose_cells(record, 3, random.Random(seed)) for seed in range(110)]
    assert all(len({cell.key for cell in cells}) == 3 for cells in drawn)
    # Of 110 draws of 3 out of 34 hardly a cell is never met: its chance is (31/34)¹¹⁰.
    assert {cell.key for cells in drawn for cell in cells} == {cell.key for cell in everything}
    with pytest.raises(UsageError, match="at least one"):
        choose_cells(record, 0, random.Random(0))


def test_the_deviation_of_scores_is_that_of_edges_and_of_groups(measured: Measured) -> None:
    scores = content(measured, ScoreSums, "scores-arm")
    mask, sums = scores.graph.mask, scores.attribution.score_sums
    means = sums.sum(axis=0) / scores.attribution.counts.sum()

    def with_sums(changed):
        return replace(scores, attribution=replace(scores.attribution, score_sums=changed))

    assert deviation(scores, scores, None) == 0
    # One edge's mean moved by a twentieth of the largest mean: that is the deviation.
    moved = sums.copy()
    source, destination = next(zip(*mask.nonzero(), strict=True))
    moved[:, source, destination] += 0.05 * abs(means).max() * scores.attribution.counts
    assert deviation(scores, with_sums(moved), None) == pytest.approx(0.05, rel=1e-6)
    # Groups exchanged: no mean moves, all groups do.
    exchanged = with_sums(sums[::-1])
    assert deviation(scores, exchanged, None) > 0.3
    assert deviation(scores, with_sums(-sums), None) == pytest.approx(2)


@pytest.mark.parametrize("precision", [PRECISIONS[0], PRECISIONS[4], PRECISIONS[-1]])
def test_what_was_rounded_is_compared_as_rounded(measured: Measured, precision, tmp_path: Path) -> None:
    scores = content(measured, ScoreSums, "scores-arm")
    scores.save_reduced(tmp_path / "scores.safetensors", precision)
    submitted = ScoreSums.load(tmp_path / "scores.safetensors")
    assert deviation(submitted, scores, precision) == 0
    # Rounding of the kind that other hardware has stays far within what is tolerated.
    noisy = scores.attribution.score_sums * (1 + 1e-6 * (-1) ** scores.graph.mask.cumsum(axis=1))
    other = replace(scores, attribution=replace(scores.attribution, score_sums=noisy))
    assert deviation(submitted, other, precision) < TOLERANCES["float32"]["scores"]


def test_the_deviation_of_a_sweep_is_in_units_of_its_gap(measured: Measured) -> None:
    sweep = content(measured, Sweep, "sweep-mdm")
    gap = abs(sweep.whole.mean() - sweep.empty.mean())
    circuits = sweep.circuits.copy()
    circuits[1, 1] += 0.2 * gap
    assert deviation(sweep, replace(sweep, circuits=circuits), None) == pytest.approx(0.2)
    whole = sweep.whole + 0.1 * gap
    assert deviation(sweep, replace(sweep, whole=whole), None) == pytest.approx(0.1)
    fewer = replace(sweep, examples=sweep.examples[::-1].copy())
    assert deviation(sweep, fewer, None) == 1


def test_the_deviation_of_entropies_counts_components_that_one_lacks() -> None:
    def entropies(counts=(2, 1), **components):
        return Entropies(components=components, counts=counts, templates=("a", "b"))

    one = entropies(m0=(0.5, 0.1), m1=(0.7, 0.2))
    assert deviation(one, entropies(m0=(0.5, 0.1), m1=(0.7, 0.5)), None) == pytest.approx(0.3)
    assert deviation(one, entropies(m0=(0.5, 0.1), m2=(0.7, 0.2)), None) == pytest.approx(2 / 3)
    assert deviation(one, entropies((1, 2), m0=(0.5, 0.1), m1=(0.7, 0.2)), None) == 1


def test_the_deviation_of_effects_is_relative_to_the_largest_and_to_the_gap() -> None:
    one = some_effects(np.random.default_rng(0))
    assert deviation(one, one, None) == 0
    direct = one.direct_changed.copy()
    direct[1, 3] += 0.1 * abs(direct).max()
    assert deviation(one, replace(one, direct_changed=direct), None) == pytest.approx(0.1, rel=1e-4)
    drops = one.drops.copy()
    drops[2, 0] -= 0.3 * (one.clean - one.corrupted).max()
    assert deviation(one, replace(one, drops=drops), None) == pytest.approx(0.3, rel=1e-4)
    assert deviation(one, replace(one, removed=2 * one.removed), None) == 1


def test_other_examples_deviate_by_their_share(measured: Measured) -> None:
    record, out = measured
    from mechshift.benchmark.asking.pool import Pool
    from mechshift.benchmark.record.files import read_model

    pool = read_model(find_cell(record_path(out, record), record, "countdown", "pool"), Pool)
    fewer = pool.model_copy(update={"solved": pool.solved[:-3]})
    assert deviation(pool, fewer, None) == pytest.approx(3 / len(pool.solved))


def test_accuracies_that_nobody_finds_again_deviate(measured: Measured) -> None:
    record, out = measured
    from mechshift.benchmark.asking.pool import Pool
    from mechshift.benchmark.record.files import read_model

    pool = read_model(find_cell(record_path(out, record), record, "countdown", "pool"), Pool)
    found = pool.mdm.model_copy(update={"solved": pool.mdm.solved - 1})
    assert deviation(pool, pool.model_copy(update={"mdm": found}), None) == pytest.approx(1 / pool.mdm.tried)
    more = pool.arm.model_copy(update={"tried": pool.arm.tried + 5})
    assert deviation(pool, pool.model_copy(update={"arm": more}), None) == 1
    assert deviation(
        pool, pool.model_copy(update={"other_form": pool.other_form + 2}), None
    ) == pytest.approx(2 / pool.arm.tried)
    assert deviation(pool, pool.model_copy(update={"unfit": {"long": 1}}), None) > 0
    in_place = Missing(missing="forged") if isinstance(pool.mdm_in_place, Accuracy) else pool.arm
    assert deviation(pool, pool.model_copy(update={"mdm_in_place": in_place}), None) == 1
