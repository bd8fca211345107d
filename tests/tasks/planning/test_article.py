import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

BOXES = {"four": 4, "six": 6, "few-shot": 4}
COLOURS = {"red", "blue", "green", "black", "white", "yellow", "brown", "grey"}
ASKED = re.compile(r"(?:In|The|Out of) (?:the )?(\w+) box (?:there is|holds|comes)\Z")


def question(prompt: str) -> str:
    return prompt.rpartition("\n\n")[2]


def boxes(prompt: str) -> list[tuple[str, str]]:
    """Each listed colour with its noun, in the order of the list."""
    text = question(prompt)
    return [
        *((found[1], found[0]) for found in re.findall(r"(\w+) in (\w+)(?=[,.])", text)),
        *re.findall(r"(\w+) has (\w+)(?=[,.])", text),
    ]


def asked(prompt: str) -> str:
    """The colour of the box that is asked for."""
    found = ASKED.search(question(prompt))
    assert found is not None, prompt
    return found[1]


def article(noun: str) -> str:
    """The rule for the nouns of this task, none of which begins with a vowel that is not sounded as one."""
    return "an" if noun[0] in "aeiou" else "a"


def solved(prompt: str) -> str:
    noun = dict(boxes(prompt))[asked(prompt)]
    return f"{article(noun)} {noun}"


def is_right(prompt: str, output: str) -> bool:
    first, second = solved(prompt).split()
    mark = r"""[.,;:!?"']*"""
    return re.match(rf"\s*{mark}{first}{mark}\s+{mark}{second}{mark}(\s|\Z)", output) is not None


KNOWN = "apple in red, drum in blue, owl in grey, lemon in black. In the red box there is"


def test_a_known_instance() -> None:
    assert boxes(KNOWN) == [("red", "apple"), ("blue", "drum"), ("grey", "owl"), ("black", "lemon")]
    assert solved(KNOWN) == "an apple"
    example = Example(KNOWN, "", " an apple", " a drum", "noun-first", "noun-first-0", ())
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


def test_only_the_colour_that_is_asked_for_differs(held_out: Draw) -> None:
    for example in held_out("article"):
        assert boxes(example.clean) == boxes(example.corrupted)
        clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
        changed = [(a, b) for a, b in zip(clean, corrupted, strict=True) if a != b]
        assert changed == [(asked(example.clean), asked(example.corrupted))]


def test_as_many_answers_begin_with_a_as_with_an(held_out: Draw) -> None:
    """Within four standard errors."""
    count = sum(example.answer.startswith(" a ") for example in held_out("article"))
    assert abs(count - 5000) < 200


@pytest.mark.parametrize("level", BOXES)
def test_half_of_the_boxes_hold_a_noun_with_either_article(level: str, held_out: Draw) -> None:
    for example in held_out("article", level, 500):
        listed = boxes(example.clean)
        assert len(listed) == len({colour for colour, _ in listed}) == BOXES[level]
        assert {colour for colour, _ in listed} <= COLOURS
        assert len({noun for _, noun in listed}) == BOXES[level]
        assert sum(article(noun) == "an" for _, noun in listed) == BOXES[level] // 2


def test_the_levels_are_these() -> None:
    levels = get_task("article").card.levels
    assert {name: level["boxes"] for name, level in levels.items()} == BOXES


@pytest.mark.parametrize("cue", ["colour", "place"])
def test_colour_and_place_of_the_box_do_not_tell_the_article(cue: str, held_out: Draw) -> None:
    """As many a as an for each, within four standard errors."""
    counts: dict[str, Counter[str]] = {}
    for example in held_out("article"):
        colour = asked(example.clean)
        value = colour if cue == "colour" else str([each for each, _ in boxes(example.clean)].index(colour))
        counts.setdefault(value, Counter())[example.answer.split()[0]] += 1
    assert len(counts) == (len(COLOURS) if cue == "colour" else 4)
    for found in counts.values():
        assert abs(found["a"] - found["an"]) < 4 * found.total() ** 0.5


def test_every_noun_stands_there_without_its_article(held_out: Draw) -> None:
    nouns = set()
    for example in held_out("article"):
        assert not re.search(r"\b(a|an)\b", example.clean)
        nouns |= {noun for _, noun in boxes(example.clean)}
    assert Counter(map(article, nouns)) == {"a": 24, "an": 24}


def test_the_noun_is_copied(held_out: Draw) -> None:
    for example in held_out("article", number=2000):
        assert "".join(example.answer[place] for place in example.copied) == example.answer.split()[1]


@pytest.mark.parametrize("level", ["four", "few-shot"])
def test_roles_are_colours_and_nouns(level: str, held_out: Draw) -> None:
    for example in held_out("article", level, 500):
        texts = Counter((role.name, example.clean[role.start : role.end]) for role in example.roles)
        colour, other = asked(example.clean), asked(example.corrupted)
        expected = [("cue", colour)]
        for each, noun in boxes(example.clean):
            part = {colour: "asked", other: "foil"}.get(each, "other")
            expected += [(f"{part} colour", each), (f"{part} noun", noun)]
        assert texts == Counter(expected)


def test_variants(held_out: Draw) -> None:
    for example in held_out("article", number=2000):
        assert (" has " in example.clean) == (example.variant == "colour-first")


def test_contents_are_what_is_in_the_boxes(held_out: Draw) -> None:
    for example in held_out("article", number=2000):
        listed = sorted(boxes(example.clean))
        assert example.contents == ("|".join(f"{colour} {noun}" for colour, noun in listed),)


def test_shots_are_solved_of_the_training_split_and_half_of_them_begin_with_a(held_out: Draw) -> None:
    headers = {example.clean.rpartition("\n\n")[0] for example in held_out("article", "few-shot", 300)}
    assert len(headers) == 6
    for header in headers:
        articles: Counter[str] = Counter()
        for shot in header.split("\n\n")[1:]:
            prompt, first, noun = shot.rsplit(" ", 2)
            assert solved(prompt) == f"{first} {noun}"
            assert split_of("|".join(f"{c} {n}" for c, n in sorted(boxes(prompt)))) == "training"
            articles[first] += 1
        assert articles == {"a": 4, "an": 4}


def nasty(example: Example, rng: random.Random) -> str:
    """Articles and nouns crossed, nouns of other boxes, one word too few or too many."""
    first, noun = example.answer.split()
    other = rng.choice(boxes(example.clean))[1]
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
