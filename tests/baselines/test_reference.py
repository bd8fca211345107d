"""The embedded reference pair: its scores are complete."""

import pytest

from mechshift.benchmark.asking.attempts import find_pool, pooled_examples
from mechshift.benchmark.asking.states import batches, questions
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import QUICK
from mechshift.tasks import get_task


# 1 % at m = 20 is met by four tasks. The others need more steps: their metrics change on a small part of the
# way between the prompts.
@pytest.mark.parametrize(
    ("name", "examples", "steps"),
    [
        ("ioi", 4, 20),
        ("greater-than", 3, 60),
        ("induction", 4, 20),
        ("agreement", 4, 200),
        ("countdown", 5, 60),
        ("infilling", 4, 20),
        ("sudoku", 3, 20),
        ("star-path", 4, 60),
    ],
)
def test_scores_add_up_to_what_the_prompts_differ_by(
    name: str, examples: int, steps: int, tiny: Pair
) -> None:
    task = get_task(name)
    level, sampling = task.card.default_level, QUICK.changed(pool=examples).sampling
    pool = find_pool(tiny, task, level, sampling, 64, lambda done: None)
    pooled = pooled_examples(tiny, task, level, sampling, pool)
    assert len(pooled) == examples
    for member in tiny.members:
        asked = batches(member, questions(member, pooled, pool.solved), 64)
        found = attribute(member, asked, Integration("midpoint", steps), groups=1)
        difference = float((found.clean - found.corrupted).sum())
        assert found.score_sums[:, 0].sum() == pytest.approx(difference, rel=0.01)
