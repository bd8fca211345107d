from collections.abc import Callable
from dataclasses import fields, replace
from itertools import islice
from random import Random

import pytest

from mechshift.errors import UsageError
from mechshift.tasks import Example, TaskCard, get_task, list_tasks
from mechshift.tasks.example import Draw as Given
from mechshift.tasks.example import in_split, split_of

Draw = Callable[..., tuple[Example, ...]]
Affordable = Callable[[str, str, int], int]
TASKS = [task.card.name for task in list_tasks()]
LEVELS = [(task.card.name, level) for task in list_tasks() for level in task.card.levels]


@pytest.mark.parametrize("name", TASKS)
def test_cards_are_complete(name: str) -> None:
    card = get_task(name).card
    # A task may have no copied tokens.
    assert [field.name for field in fields(TaskCard) if not getattr(card, field.name)] in ([], ["copied"])
    assert card.surface in ("words", "symbols")
    assert len(card.variants) >= 2
    assert card.default_level in card.levels
    assert card.suite in ("local", "planning")
    assert card.metric in ("logit difference", "probability difference", "log odds")
    assert card.steps == "tokens" or card.steps >= 1
    assert type(card.version) is int
    assert card.version >= 1


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_a_seed_is_reproducible_and_another_seed_is_not(
    name: str, level: str, drawn: Draw, affordable: Affordable
) -> None:
    number = affordable(name, level, 30)
    first = drawn(name, number, level=level)
    again, other = (tuple(islice(get_task(name).examples(seed, level=level), number)) for seed in (0, 1))
    assert first == again
    assert len(set(first) & set(other)) < number / 2


def test_a_level_has_the_cards_surface_where_it_has_none_of_its_own() -> None:
    assert [get_task("induction").surface(level) for level in (None, "twelve", "digits")] == [
        "words",
        "words",
        "symbols",
    ]
    assert get_task("star-path").surface() == "symbols"
    assert get_task("star-path").surface("names") == "words"
    assert get_task("sudoku").surface("hard") == "symbols"
    with pytest.raises(UsageError, match="level 'sevn' of task 'induction' does not exist"):
        get_task("induction").surface("sevn")


def test_the_tasks_make_a_square() -> None:
    """Both suites have tasks of words and of symbols, by the surfaces of all levels."""
    square = {(task.card.suite, task.surface(level)) for task in list_tasks() for level in task.card.levels}
    assert square == {(suite, kind) for suite in ("local", "planning") for kind in ("words", "symbols")}


def test_a_draw_wants_the_contents_of_its_split() -> None:
    for number in range(50):
        wanted = [s for s in ("training", "evaluation") if Given(Random(), {}, "v", s).wants(str(number))]
        assert wanted == [split_of(str(number))]


@pytest.mark.parametrize("name", TASKS)
def test_examples_are_measured_as_the_card_says(name: str, drawn: Draw) -> None:
    for example in drawn(name, 200):
        assert example.metric == get_task(name).card.metric
        assert bool(example.answers) == bool(example.foils) == (example.metric != "logit difference")


@pytest.mark.parametrize("name", TASKS)
def test_more_examples_begin_with_the_same_ones(name: str, drawn: Draw) -> None:
    assert tuple(islice(get_task(name).examples(0), 200)) == drawn(name, 2000)[:200]


@pytest.mark.parametrize("name", TASKS)
def test_examples_are_distinct_and_variants_equally_frequent(name: str, drawn: Draw) -> None:
    examples = drawn(name, 2000)
    assert len({(e.clean, e.corrupted, e.answer) for e in examples}) == 2000
    counts = [sum(e.variant == variant for e in examples) for variant in get_task(name).card.variants]
    assert max(counts) - min(counts) <= 1


def test_a_prompt_with_another_answer_is_trained_on_and_not_evaluated() -> None:
    """A generator that knows two prompts, the second with either of two answers."""
    known = [("p", "a"), ("q", "a"), ("q", "b")]
    task = replace(get_task("ioi"), draw=lambda given: asked(*given.rng.choice(known)))
    assert {(e.clean, e.answer) for e in task.examples(0, "training")} == set(known)
    assert sorted(e.clean for e in task.examples(0, "evaluation")) == ["p", "q"]


def asked(clean: str, answer: str) -> Example:
    return Example(clean, "corrupted", answer, "foil", "v", "t", ())


@pytest.mark.parametrize("name", TASKS)
def test_a_template_belongs_to_one_variant(name: str, drawn: Draw) -> None:
    examples = drawn(name, 2000)
    pairs = {(e.template, e.variant) for e in examples}
    assert len(pairs) == len({template for template, _ in pairs})


def test_a_fifth_of_the_contents_is_for_evaluation() -> None:
    share = sum(split_of(str(number)) == "evaluation" for number in range(20_000)) / 20_000
    assert abs(share - 0.2) < 0.012  # four standard errors


def test_an_example_of_both_splits_is_in_neither() -> None:
    contents = {split_of(str(number)): str(number) for number in range(50)}
    example = Example("a", "b", "c", "d", "v", "t", (contents["training"], contents["evaluation"]))
    assert not in_split(example, "training")
    assert not in_split(example, "evaluation")


def test_a_stream_ends_when_nothing_is_left() -> None:
    task = get_task("ioi")
    one = next(task.examples(0))
    assert len(list(type(task)(task.card, lambda given: one, task.check).examples(0))) == 1
