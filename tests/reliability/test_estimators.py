"""The script that compares estimators, at a size that takes seconds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reliability.estimators import Job, jobs, kept, simulate
from reliability.measured import ESTIMATORS, Sample, estimates, limits
from reliability.recorded import matched, merged, parts, twice
from reliability.simulated import GROUPS, Design, counts, sample, truth
from reliability.tables import errors, simulated_table

from mechshift.metrics import Estimate

DESIGN = Design(300, "Student t")


def drawn(design: Design, prompts: int, seed: int = 0) -> Sample:
    generator = np.random.default_rng(seed)
    a, b = sample(design, truth(design, generator), prompts, generator)
    return Sample(a, b, counts(prompts).astype(float), design.clusters, design.mask)


@pytest.mark.parametrize("prompts", [50, 100, 5000])
def test_groups_hold_all_prompts(prompts: int) -> None:
    assert counts(prompts).sum() == prompts
    assert np.ptp(counts(prompts)) <= 1


def test_the_mean_of_many_prompts_is_the_truth() -> None:
    true = truth(DESIGN, np.random.default_rng(0))
    generator = np.random.default_rng(1)
    a, b = sample(DESIGN, true, 10**8, generator)
    for sums, mean in zip((a, b), true.mean, strict=True):
        found = sums.sum(axis=0)[DESIGN.mask] / 10**8
        np.testing.assert_allclose(found, mean, atol=0.01)


def test_the_spread_is_that_of_prompts() -> None:
    true = truth(DESIGN, np.random.default_rng(0))
    generator = np.random.default_rng(1)
    drawn_sums = [sample(DESIGN, true, GROUPS, generator)[0] for _ in range(60)]
    sums = np.concatenate(drawn_sums)[:, DESIGN.mask]
    ratio = sums.std(axis=0) / true.spread[0]
    assert np.median(ratio) == pytest.approx(1, abs=0.05)


def test_one_model_twice_has_limits_of_one_and_estimates_near_it() -> None:
    design = replace(DESIGN, relation="same")
    true = truth(design, np.random.default_rng(0))
    for name, value in limits(true.mean, true.spread, design.mask).items():
        assert value == pytest.approx(1), name
    found = estimates(drawn(design, 500), 5, 2)
    assert set(found) == set(ESTIMATORS)
    rho = found["ρ"]
    assert isinstance(rho, Estimate)
    assert rho.value == pytest.approx(1, abs=0.05)


def test_estimates_of_many_prompts_are_near_their_limits() -> None:
    true = truth(DESIGN, np.random.default_rng(0))
    found = estimates(drawn(DESIGN, 10**7), 2, 2)
    for name, value in limits(true.mean, true.spread, DESIGN.mask).items():
        estimate = found[name]
        assert isinstance(estimate, Estimate)
        assert estimate.value == pytest.approx(value, abs=0.04), name


def test_a_job_is_a_row_of_the_table_and_is_done_once(tmp_path: Path) -> None:
    sizes = (300, 600)
    work = [
        Job(Design(edges, "log-normal", relation, templates), prompts, 2, 3)
        for edges in sizes
        for prompts in (50, 100)
        for relation, templates in (("related", 0), ("related", 12), ("same", 0), ("unrelated", 0))
    ]
    results = [kept(tmp_path / f"{job.name}.json", lambda job=job: simulate(job)) for job in work]
    again = [kept(tmp_path / f"{job.name}.json", lambda: None) for job in work]
    assert again == results
    lines = simulated_table(ESTIMATORS, results).splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == list(ESTIMATORS)
    first = results[0]["found"][0]
    assert errors("ρ", results[0])[0] == pytest.approx(first["estimates"]["ρ"][0] - first["limits"]["ρ"])


def test_every_job_has_a_name_of_its_own() -> None:
    names = [job.name for job in jobs({3_628: 10, 400_000: 4})]
    assert len(set(names)) == len(names)


def test_parts_of_recorded_samples_keep_prompts_apart() -> None:
    whole = replace(drawn(DESIGN, 500), clusters=np.arange(GROUPS) // 6)
    for part in (1, 2, 4):
        for smaller in parts(whole, part):
            assert smaller.counts.sum() == pytest.approx(500 / part, rel=0.1)
    for each in twice(whole):
        assert len(each.counts) == GROUPS // 2
        first = {row.tobytes() for row in each.a}
        assert not first & {row.tobytes() for row in each.b}


def test_tasks_are_compared_in_groups_of_equal_number() -> None:
    first, second = merged(drawn(DESIGN, 500)), merged(drawn(DESIGN, 250, seed=1))
    np.testing.assert_allclose(first.a.sum(axis=0), drawn(DESIGN, 500).a.sum(axis=0), rtol=1e-3, atol=1e-2)
    groups = np.arange(len(first.counts))
    both = matched(first, second, groups, groups)
    np.testing.assert_allclose(both.b[0] / both.counts[0], second.a[0] / second.counts[0])
