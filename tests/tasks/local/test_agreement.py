import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mechshift.tasks import Example, get_task

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

SINGULAR = ("is", "was", "has", "does", "looks", "seems", "needs")
PLURAL = ("are", "were", "have", "do", "look", "seem", "need")
OPENINGS = (
    "The",
    "Today the",
    "They say that the",
    "We know that the",
    "It is true that the",
    "In this story, the",
)


def nouns(prompt: str) -> tuple[str, str]:
    """The subject and the noun between it and the verb."""
    found = re.fullmatch(rf"({'|'.join(OPENINGS)}) (\w+) (near|behind|beside) the (\w+)", prompt)
    assert found is not None, prompt
    return found[2], found[4]


def is_plural(noun: str) -> bool:
    """Every plural here ends in s, and no singular does."""
    return noun.endswith("s")


def right_verbs(prompt: str) -> tuple[str, ...]:
    return PLURAL if is_plural(nouns(prompt)[0]) else SINGULAR


def is_right(prompt: str, output: str) -> bool:
    verbs = "|".join(right_verbs(prompt))
    return re.match(rf"""\s*[.,;:!?"']*({verbs})[.,;:!?"']*(\s|\Z)""", output) is not None


def test_a_known_instance() -> None:
    example = Example(
        clean="The car near the houses",
        corrupted="The cars near the houses",
        answer=" is",
        foil=" are",
        variant="opposed",
        template="opposed-0",
        contents=("car|house",),
        answers=tuple(f" {verb}" for verb in SINGULAR),
        foils=tuple(f" {verb}" for verb in PLURAL),
    )
    assert right_verbs(example.clean) == SINGULAR
    assert right_verbs(example.corrupted) == PLURAL
    check = get_task("agreement").check
    assert [verb for verb in (*PLURAL, *SINGULAR) if check(example, f" {verb} old")] == list(SINGULAR)


def test_clean_asks_for_the_answers_and_corrupted_for_the_foils(held_out: Draw) -> None:
    for example in held_out("agreement"):
        assert {verb.strip() for verb in example.answers} == set(right_verbs(example.clean))
        assert {verb.strip() for verb in example.foils} == set(right_verbs(example.corrupted))


def test_answer_and_foil_are_one_verb_in_both_numbers(held_out: Draw) -> None:
    pairs = {*zip(SINGULAR, PLURAL, strict=True), *zip(PLURAL, SINGULAR, strict=True)}
    shown = {(example.answer.strip(), example.foil.strip()) for example in held_out("agreement")}
    assert shown == pairs


def test_only_the_number_of_the_subject_differs(held_out: Draw) -> None:
    for example in held_out("agreement"):
        (subject, between), (other, same) = nouns(example.clean), nouns(example.corrupted)
        assert same == between
        assert other == (subject[:-1] if is_plural(subject) else f"{subject}s")
        assert example.corrupted == re.sub(rf"(?<=[Tt]he ){subject}\b", other, example.clean, count=1)


def test_the_noun_between_is_of_the_number_that_the_variant_says(held_out: Draw) -> None:
    for example in held_out("agreement"):
        subject, between = nouns(example.clean)
        assert (is_plural(subject) == is_plural(between)) == (example.variant == "alike")


def test_the_noun_between_does_not_tell_the_answer(held_out: Draw) -> None:
    """Half of the answers are of its number, within six standard errors."""
    told = sum(is_plural(nouns(e.clean)[1]) == (e.answer.strip() in PLURAL) for e in held_out("agreement"))
    assert abs(told - 5000) < 300


@pytest.mark.parametrize("number", ["singular", "plural"])
def test_every_noun_is_a_subject_in_either_number(number: str, held_out: Draw) -> None:
    subjects = {nouns(example.clean)[0] for example in held_out("agreement")}
    chosen = {subject.removesuffix("s") for subject in subjects if is_plural(subject) == (number == "plural")}
    assert chosen == {subject.removesuffix("s") for subject in subjects}
    assert len(chosen) > 40


def test_the_level_has_one_noun_between_in_eight_wordings(held_out: Draw) -> None:
    """`nouns` finds exactly two in a prompt."""
    assert get_task("agreement").card.levels == {"phrase": {"distractors": 1}}
    wordings: dict[str, set[str]] = {}
    for example in held_out("agreement"):
        subject, between = nouns(example.clean)
        wording = re.sub(rf" {subject} (\w+) the {between}\Z", r" … \1 the …", example.clean)
        wordings.setdefault(example.template, set()).add(f"{example.variant} {wording}")
    assert len(wordings) == 2 * 8
    assert len(set.union(*wordings.values())) == 2 * 8


def test_contents_are_the_two_nouns(held_out: Draw) -> None:
    for example in held_out("agreement", number=2000):
        assert example.contents == ("|".join(noun.removesuffix("s") for noun in nouns(example.clean)),)


def test_roles_are_the_two_nouns(held_out: Draw) -> None:
    for example in held_out("agreement", number=2000):
        texts = [(role.name, example.clean[role.start : role.end]) for role in example.roles]
        assert texts == list(zip(("subject", "distractor"), nouns(example.clean), strict=True))
        numbers = ["plural" if is_plural(noun) else "singular" for noun in nouns(example.clean)]
        assert [value for _, value in example.factors] == numbers


def nasty(example: Example, rng: random.Random) -> str:
    """Verbs of both numbers alone and in company, other forms, words that begin or end like verbs."""
    verb, other = (
        rng.choice((*SINGULAR, *PLURAL)),
        rng.choice((*SINGULAR, *PLURAL, "be", "been", "had", "did")),
    )
    return rng.choice(
        [
            f" {verb}",
            f" {verb} {other}",
            f" {other}",
            f" {verb}n't",
            f" {verb}, {other}",
            f" {verb}{other}",
            f' "{verb}"',
            f" {verb}s",
            f" not {verb}",
            f" {rng.choice(nouns(example.clean))} {verb}",
        ]
    )


def test_mutated_answers(mutants: Mutants) -> None:
    check, verdicts = get_task("agreement").check, Counter[bool]()
    for example, text in mutants("agreement", nasty):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 2000
    assert verdicts[False] > 4000
