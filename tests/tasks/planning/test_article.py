import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

LEVELS = {"four": 4, "six": 6, "few-shot": 4}
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth"]
LISTED = re.compile(r"(?:\w+, )+\w+")


def question(prompt: str) -> str:
    return prompt.rpartition("\n\n")[2]


def nouns(prompt: str) -> list[str]:
    """The nouns in the order of the list."""
    (found,) = LISTED.findall(question(prompt))
    return str(found).split(", ")


def asked(prompt: str) -> str:
    """The ordinal that is asked for."""
    (found,) = re.findall("|".join(ORDINALS), question(prompt))
    return str(found)


def noun_asked(prompt: str) -> str:
    return nouns(prompt)[ORDINALS.index(asked(prompt))]


def article(noun: str) -> str:
    """The rule for the nouns of this task, none of which begins with a vowel that is not sounded as one."""
    return "an" if noun[0] in "aeiou" else "a"


def solved(prompt: str) -> str:
    noun = noun_asked(prompt)
    return f"{article(noun)} {noun}"


def is_right(prompt: str, output: str) -> bool:
    first, second = solved(prompt).split()
    mark = r"""[.,;:!?"']*"""
    return re.match(rf"\s*{mark}{first}{mark}\s+{mark}{second}{mark}(\s|\Z)", output) is not None


KNOWN = "drum, apple, owl, lemon. The second one is"


def test_a_known_instance() -> None:
    assert nouns(KNOWN) == ["drum", "apple", "owl", "lemon"]
    assert solved(KNOWN) == "an apple"
    assert solved("Name the fourth thing of drum, apple, owl, lemon:") == "a lemon"
    example = Example(KNOWN, "", " an apple", " a drum", "list-first", "list-first-0", ())
    check = get_task("article").check
    right = ("an apple", " an apple.", '\n"an apple"', "an  apple and more")
    assert [text for text in right if not (check(example, text) and is_right(KNOWN, text))] == []
    wrong = (
        "a apple",
        "apple",
        "an",
        "an owl",
        "a drum",
        "An apple",
        "an apples",
        "anapple",
        "the apple",
        "",
    )
    assert [text for text in wrong if check(example, text) or is_right(KNOWN, text)] == []


def test_clean_asks_for_the_answer_and_corrupted_for_the_foil(held_out: Draw) -> None:
    for example in held_out("article"):
        assert example.answer == f" {solved(example.clean)}"
        assert example.foil == f" {solved(example.corrupted)}"


def test_articles_of_answer_and_foil_differ(held_out: Draw) -> None:
    for example in held_out("article"):
        assert {example.answer.split()[0], example.foil.split()[0]} == {"a", "an"}


def test_only_the_place_that_is_asked_for_differs(held_out: Draw) -> None:
    for example in held_out("article"):
        assert nouns(example.clean) == nouns(example.corrupted)
        clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
        changed = [(a.strip(":"), b.strip(":")) for a, b in zip(clean, corrupted, strict=True) if a != b]
        assert changed == [(asked(example.clean), asked(example.corrupted))]


def test_as_many_answers_begin_with_a_as_with_an(held_out: Draw) -> None:
    """Within four standard errors."""
    count = sum(example.answer.startswith(" a ") for example in held_out("article"))
    assert abs(count - 5000) < 200


@pytest.mark.parametrize("level", LEVELS)
def test_half_of_the_nouns_take_either_article(level: str, held_out: Draw) -> None:
    for example in held_out("article", level, 500):
        listed = nouns(example.clean)
        assert len(listed) == len(set(listed)) == LEVELS[level]
        assert sum(article(noun) == "an" for noun in listed) == LEVELS[level] // 2


def test_the_levels_are_these() -> None:
    levels = get_task("article").card.levels
    assert {name: level["nouns"] for name, level in levels.items()} == LEVELS


CUES: dict[str, Callable[[str], object]] = {
    "the place that is asked for": asked,
    "articles of the list, in its order": lambda prompt: tuple(map(article, nouns(prompt))),
    "the last noun": lambda prompt: nouns(prompt)[-1],
    "the wording": lambda prompt: re.sub(LISTED, "", prompt).replace(asked(prompt), ""),
}


@pytest.mark.parametrize("cue", CUES)
def test_nothing_but_place_and_list_together_tells_the_article(cue: str, held_out: Draw) -> None:
    """As many a as an for each value of the cue, within four standard errors."""
    counts: dict[object, Counter[str]] = {}
    for example in held_out("article"):
        counts.setdefault(CUES[cue](example.clean), Counter())[example.answer.split()[0]] += 1
    assert len(counts) >= 4
    for found in counts.values():
        assert abs(found["a"] - found["an"]) < 4 * found.total() ** 0.5


def test_every_noun_stands_there_without_its_article(held_out: Draw) -> None:
    found = set()
    for example in held_out("article"):
        assert not re.search(r"\b(a|an)\b", example.clean)
        found |= set(nouns(example.clean))
    assert Counter(map(article, found)) == {"a": 24, "an": 24}


def test_the_noun_is_copied(held_out: Draw) -> None:
    for example in held_out("article", number=2000):
        assert "".join(example.answer[place] for place in example.copied) == example.answer.split()[1]


@pytest.mark.parametrize("level", ["four", "few-shot"])
def test_roles_are_the_cue_and_the_nouns(level: str, held_out: Draw) -> None:
    for example in held_out("article", level, 500):
        texts = Counter((role.name, example.clean[role.start : role.end]) for role in example.roles)
        parts = {noun_asked(example.clean): "asked noun", noun_asked(example.corrupted): "foil noun"}
        expected = [(parts.get(noun, "other noun"), noun) for noun in nouns(example.clean)]
        assert texts == Counter([("cue", asked(example.clean)), *expected])


def test_factors_are_article_and_place(held_out: Draw) -> None:
    for example in held_out("article", number=500):
        assert dict(example.factors) == {
            "article": article(noun_asked(example.clean)),
            "place in the list": asked(example.clean),
        }


def test_variants_differ_in_whether_the_list_comes_before_the_place(held_out: Draw) -> None:
    for example in held_out("article", number=2000):
        before = example.clean.index(nouns(example.clean)[-1]) < example.clean.index(asked(example.clean))
        assert example.variant == ("list-first" if before else "cue-first")


def test_contents_are_the_nouns_in_their_order(held_out: Draw) -> None:
    for example in held_out("article", number=2000):
        assert example.contents == ("|".join(nouns(example.clean)),)


def test_shots_are_solved_of_the_training_split_and_half_of_them_begin_with_a(held_out: Draw) -> None:
    headers = {example.clean.rpartition("\n\n")[0] for example in held_out("article", "few-shot", 300)}
    assert len(headers) == 6
    for header in headers:
        articles: Counter[str] = Counter()
        for shot in header.split("\n\n")[1:]:
            prompt, first, noun = shot.rsplit(" ", 2)
            assert solved(prompt) == f"{first} {noun}"
            assert split_of("|".join(nouns(prompt))) == "training"
            articles[first] += 1
        assert articles == {"a": 4, "an": 4}


def nasty(example: Example, rng: random.Random) -> str:
    """Articles and nouns crossed, nouns of other places, one word too few or too many."""
    first, noun = example.answer.split()
    other = rng.choice(nouns(example.clean))
    wrong = {"a": "an", "an": "a"}[first]
    return rng.choice(
        [
            f" {wrong} {noun}",
            f" {first} {other}",
            f" {article(other)} {other}",
            f" {wrong} {other}",
            f" {noun}",
            f" {first}",
            f" {first}{noun}",
            f" {first} {noun}s",
            f" {first}, {noun}",
            f' "{first}" {noun}.',
            f" {first} {other} {noun}",
            f" {first}\n{noun}",
            f" the {noun}",
            f" {first} . {noun}",
            f" {first.title()} {noun}",
        ]
    )


@pytest.mark.parametrize("level", ["four", "few-shot"])
def test_mutated_answers(level: str, mutants: Mutants) -> None:
    check, verdicts = get_task("article").check, Counter[bool]()
    for example, text in mutants("article", nasty, level):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 1500
    assert verdicts[False] > 4000
