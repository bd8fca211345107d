"""What a task's intervals were estimated from, against the groups that are dealt and the weights drawn."""

import math

import numpy as np
import pytest

from build.protocols import small_protocol
from build.records import a_pool, a_record, a_task
from mechshift.benchmark.asking.grouping import group_examples
from mechshift.benchmark.asking.pool import Solved
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import COUNTED, Accuracy, Number, Resampling
from mechshift.benchmark.record.resampling import examples_of, resampling_of, with_resampling
from mechshift.metrics import cluster_weights


def of_pool(templates: list[int], groups: int) -> tuple[float, int]:
    """The degrees of freedom of a record with that pool, and in how many directions its weights vary."""
    protocol = small_protocol(groups=groups)
    solved = [Solved(index=i, order=(i,), template=f"{name:03}") for i, name in enumerate(templates)]
    grouping = group_examples(solved, protocol.halving)
    pool = a_pool().model_copy(
        update={"discovery": len(grouping.discovery), "templates": len(set(grouping.templates))}
    )
    record = a_record(protocol=protocol, tasks=(a_task("ioi", pool=pool),))
    weights = cluster_weights(grouping.templates, 400)
    return resampling_of(record, record.tasks[0]).freedom, int(np.linalg.matrix_rank(weights - 1))


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        (1, 23),  # 24 groups of one template
        (3, 21),  # eight groups of each
        (7, 14),  # three of each: 24 is not divided by 7
        (9, 9),  # two of each
        (10, 9),  # templates are drawn from here on
        (30, 29),
    ],
)
def test_degrees_of_freedom_are_the_directions_in_which_weights_vary(templates: int, expected: int) -> None:
    assert of_pool(list(range(templates)) * 60, groups=24) == (expected, expected)


def test_of_few_examples_none_is_counted_twice() -> None:
    assert of_pool([0, 1, 2] * 6, groups=24) == (6, 6)  # nine examples, each a group
    assert of_pool([*range(6), *range(6)], groups=24) == (5, 5)  # one example of each template


@pytest.mark.parametrize("seed", range(5))
def test_templates_of_any_size_are_hardly_counted_for_more_than_they_are(seed: int) -> None:
    templates = np.random.default_rng(seed).integers(0, 6, 60).tolist()
    found, directions = of_pool(templates, groups=24)
    assert found == pytest.approx(directions, abs=4)


def test_examples_are_the_same_only_with_the_same_tokenizer_and_resamples() -> None:
    record = a_record()
    task = record.tasks[0]
    assert examples_of(record, task) == examples_of(record, task)
    pair = record.pair.model_copy(update={"tokenizer": "other"})
    others = [
        (record.model_copy(update={"pair": pair}), task),
        (record.model_copy(update={"protocol": record.protocol.changed(resamples=50)}), task),
        *(
            (record, task.model_copy(update={"pool": task.pool.model_copy(update=change)}))
            for change in ({"fingerprint": "beef"}, {"discovery": 3}, {"evaluation": 3}, {"templates": 3})
        ),
    ]
    assert len({examples_of(*each) for each in [(record, task), *others]}) == 1 + len(others)


def test_intervals_reach_what_their_protocol_says() -> None:
    record = a_record()
    task = record.tasks[0]
    assert resampling_of(record, task) == Resampling(14, 200, 14)
    older = record.model_copy(update={"protocol": record.protocol.changed(interval="percentile")})
    assert resampling_of(older, task) == Resampling(14, 200, math.inf)


def test_a_count_knows_its_own_spread() -> None:
    share = Accuracy(solved=3, tried=4).share
    assert isinstance(share, Number)
    assert share.resampling == COUNTED
    own = Resampling(9, 200, 9)
    kept, given = with_resampling(share, own), with_resampling(Number(value=1).drawn(np.ones(3)), own)
    assert isinstance(kept, Number)
    assert isinstance(given, Number)
    assert (kept.resampling, given.resampling) == (COUNTED, own)
    assert given.draws is not None
    assert with_resampling(Missing(missing="none"), own) == Missing(missing="none")
