from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from mechshift.baselines.training.data import Sampler, TaskTexts, texts_by_task
from mechshift.baselines.training.recipe import Recipe
from mechshift.baselines.training.vocabulary import build_tokenizer
from mechshift.tasks import get_task, list_tasks


def pool(first: int, length: int) -> TaskTexts:
    tokens = np.arange(first, first + 10)[:, None].repeat(length, axis=1)
    return TaskTexts(tokens, np.arange(length)[None] >= np.full((10, 1), length - 1))


POOLS = {"a": pool(100, 3), "b": pool(200, 5)}


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    forward = [Sampler(POOLS, {"a": 1, "b": 1}, 8, 0).batch(step) for step in range(5)]
    sampler = Sampler(POOLS, {"a": 1, "b": 1}, 8, 0)
    for step in (3, 0, 4, 3):
        for rows, expected in zip(sampler.batch(step), forward[step], strict=True):
            np.testing.assert_array_equal(rows.tokens, expected.tokens)
            np.testing.assert_array_equal(rows.answer, expected.answer)
    assert not np.array_equal(forward[0][0].tokens, forward[1][0].tokens)
    other = Sampler(POOLS, {"a": 1, "b": 1}, 8, 1).batch(0)
    assert not np.array_equal(forward[0][0].tokens, other[0].tokens)


@pytest.mark.parametrize(
    ("mixture", "batch", "counts"),
    [
        ({"a": 0.5, "b": 0.5}, 8, [4, 4]),
        ({"a": 0.75, "b": 0.25}, 8, [6, 2]),
        ({"a": 3, "b": 1}, 8, [6, 2]),
        ({"a": 1, "b": 2}, 10, [3, 7]),
        ({"a": 0.0, "b": 1.0}, 4, [4]),
        ({"a": 1.0, "b": 0.0}, 4, [4]),
    ],
)
def test_a_batch_has_the_mixtures_proportions(
    mixture: dict[str, float], batch: int, counts: list[int]
) -> None:
    found = Sampler(POOLS, mixture, batch, 0).batch(0)
    assert [len(rows.tokens) for rows in found] == counts
    lengths = {"a": 3, "b": 5}
    assert [rows.tokens.shape[1] for rows in found] == [lengths[name] for name in mixture if mixture[name]]


def test_rows_of_a_kind_are_padded_on_the_right_to_the_longest_that_was_drawn() -> None:
    short, long = [5, 6, 0, 0], [5, 6, 7, 0]
    marks = [[False, True, False, False], [False, False, True, False]]
    mixed = TaskTexts(np.array([short, long]), np.array(marks))
    (rows,) = Sampler({"only": mixed}, {"only": 1}, 40, 0).batch(0)
    assert rows.tokens.shape == (40, 3)
    assert rows.real.tolist() == (rows.tokens != 0).tolist()
    for tokens, answer in zip(rows.tokens.tolist(), rows.answer.tolist(), strict=True):
        assert (tokens, answer) in ((short[:3], marks[0][:3]), (long[:3], marks[1][:3]))
    (only_short,) = Sampler(
        {"only": TaskTexts(np.array([short]), np.array(marks[:1]))}, {"only": 1}, 4, 0
    ).batch(0)
    assert only_short.tokens.shape == (4, 2)


def test_pools_hold_the_training_examples_and_mark_their_answers(recipe: Recipe) -> None:
    tasks = {task.card.name: task for task in list_tasks()}
    tokenizer = build_tokenizer(tasks.values(), recipe.seed)
    pools = texts_by_task(recipe, tasks, tokenizer)
    assert set(pools) == {*tasks, "in-place"}
    for name, task in tasks.items():
        found = pools[name]
        examples = list(islice(task.examples(recipe.seed, "training"), recipe.pool))
        assert len(found.tokens) == recipe.pool
        for example, tokens, answer in zip(examples, found.tokens, found.answer, strict=True):
            real = tokens[tokens != 0]
            assert real.tolist() == tokenizer(example.clean + example.answer)["input_ids"]
            assert tokens[answer].tolist() == tokenizer(example.answer)["input_ids"]
            assert answer[len(real) - answer.sum() : len(real)].all()


def test_the_gap_is_filled_in_place(recipe: Recipe) -> None:
    task = get_task("infilling")
    tokenizer = build_tokenizer([task], recipe.seed)
    found = texts_by_task(recipe, {"infilling": task}, tokenizer)["in-place"]
    examples = islice(task.examples(recipe.seed, "training"), recipe.pool)
    for example, tokens, answer in zip(examples, found.tokens, found.answer, strict=True):
        place = example.in_place
        assert place is not None
        whole = tokenizer(place.left + example.answer + place.right)["input_ids"]
        assert tokens[tokens != 0].tolist() == whole
        assert tokenizer.decode(tokens[answer]) == example.answer.strip()
        assert not answer[0]


def test_tasks_without_a_gap_have_no_pool_in_place(recipe: Recipe) -> None:
    tasks = {"ioi": get_task("ioi")}
    few = replace(recipe, pool=5)
    assert set(texts_by_task(few, tasks, build_tokenizer(tasks.values(), 0))) == {"ioi"}
