import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]
WORDS = {
    "tool": {"knife", "pen", "hammer", "key"},
    "place": {"library", "bakery", "pool", "bank"},
    "animal": {"dog", "cat", "bird", "horse"},
    "work": {"doctor", "teacher", "farmer", "pilot"},
    "clothes": {"coat", "hat", "boots", "mask"},
    "music": {"piano", "drum", "guitar", "flute"},
}
LONGEST_CUE = 4
VERBS = {
    "took": "tool",
    "went": "place",
    "saw": "animal",
    "became": "work",
    "wore": "clothes",
    "played": "music",
}
CUES = {
    "knife": ("bread", "cheese", "apple", "onion"),
    "pen": ("letter", "note", "form", "page"),
    "hammer": ("nail", "chair", "ice", "shelf"),
    "key": ("door", "gate", "car", "safe"),
    "library": ("book", "novel", "map", "magazine"),
    "bakery": ("cake", "pie", "loaf", "muffin"),
    "pool": ("lap", "dive", "race", "stroke"),
    "bank": ("account", "loan", "check", "coin"),
    "dog": ("strangers", "bone", "tail", "house"),
    "cat": ("mouse", "paw", "laps", "sofa"),
    "bird": ("song", "egg", "wings", "nest"),
    "horse": ("cart", "fence", "race", "rider"),
    "doctor": ("patients", "tests", "fevers", "drugs"),
    "teacher": ("papers", "pupils", "lessons", "plans"),
    "farmer": ("corn", "cows", "beans", "pigs"),
    "pilot": ("planes", "jets", "oceans", "maps"),
    "coat": ("wind", "storm", "air", "frost"),
    "hat": ("sun", "light", "glare", "heat"),
    "boots": ("road", "path", "trail", "street"),
    "mask": ("smoke", "dust", "smell", "virus"),
    "piano": ("keys", "pedals", "ivory", "sheet chords"),
    "drum": ("skin", "sticks", "rhythm", "leather"),
    "guitar": ("strings", "six chords", "wires", "frets"),
    "flute": ("air", "holes", "silver", "lips"),
}
"""The last words of the cues that ask for a word of its frame, by what they mean."""


def asked(prompt: str) -> list[str]:
    """The words of the sentence's frame that the end of the sentence asks for."""
    sentence = re.search(r"\w+ (\w+) (?:the|to the|a) ___ ([^.]*)\.", prompt.rpartition("\n\n")[2])
    assert sentence is not None
    return [
        word
        for word in sorted(WORDS[VERBS[sentence[1]]])
        if any(sentence[2].endswith(f" {cue}") for cue in CUES[word])
    ]


def is_right(prompt: str, output: str) -> bool:
    (word,) = asked(prompt)
    return re.match(rf"""\s*[.,;:!?"']*{word}[.,;:!?"']*(\s|\Z)""", output) is not None


def parts(example: Example) -> tuple[str, str, str, str]:
    """What comes before the cue, the two cues, and what comes after."""
    assert example.in_place is not None
    clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
    differs = [index for index, pair in enumerate(zip(clean, corrupted, strict=True)) if pair[0] != pair[1]]
    first, last = differs[0], differs[-1] + 1
    pieces = clean[:first], clean[first:last], corrupted[first:last], clean[last:]
    before, cue, other, after = map(" ".join, pieces)
    return before, cue, other, after


def test_clean_asks_for_the_answer_and_corrupted_for_the_foil(held_out: Draw) -> None:
    for example in held_out("infilling"):
        assert [f" {word}" for word in asked(example.clean)] == [example.answer]
        assert [f" {word}" for word in asked(example.corrupted)] == [example.foil]


def test_only_the_cue_right_of_the_gap_differs(held_out: Draw) -> None:
    for example in held_out("infilling"):
        before, cue, other, after = parts(example)
        assert "___" in before
        assert max(len(cue.split()), len(other.split())) <= LONGEST_CUE
        assert example.corrupted == " ".join(filter(None, (before, other, after)))


def test_the_left_of_the_gap_admits_answer_and_foil_alike(held_out: Draw) -> None:
    answers: dict[str, set[str]] = {}
    for example in held_out("infilling"):
        frame = example.template.partition("/")[0]
        assert {example.answer.strip(), example.foil.strip()} <= WORDS[frame]
        answers.setdefault(frame, set()).add(example.answer.strip())
    assert answers == WORDS


def test_a_cue_asks_for_one_word(held_out: Draw) -> None:
    words: dict[str, set[str]] = {}
    for example in held_out("infilling"):
        place = example.in_place
        assert place is not None
        words.setdefault(place.right, set()).add(example.answer)
        words.setdefault(place.corrupted_right, set()).add(example.foil)
    assert {right: several for right, several in words.items() if len(several) > 1} == {}


def test_in_place_is_the_same_sentence(held_out: Draw) -> None:
    for example in held_out("infilling"):
        place = example.in_place
        assert place is not None
        for prompt, right in ((example.clean, place.right), (example.corrupted, place.corrupted_right)):
            assert f"{place.left} ___{right.removesuffix('.')}" in prompt


def test_the_checker_reads_the_first_word(drawn: Draw) -> None:
    check = get_task("infilling").check
    words = set().union(*WORDS.values())
    for example in drawn("infilling", 300):
        answer = example.answer.strip()
        assert all(check(example, text) for text in (answer, f' "{answer}".', f"{answer} and more"))
        assert [word for word in sorted(words) if check(example, f" {word}")] == [answer]
        wrong = ("", "...", f"the {answer}", answer + "s", answer.upper())
        assert not any(check(example, text) for text in wrong)


def nasty(example: Example, rng: random.Random) -> str:
    """Words of the frame alone and in company, and words that begin or end like the answer."""
    answer, other = example.answer.strip(), rng.choice(sorted(CUES))
    return rng.choice(
        [
            f" {other}",
            f" {rng.choice(sorted(WORDS[example.template.partition('/')[0]]))}",
            f" {answer} {other}",
            f" {other} {answer}",
            f" the {answer}",
            f" {answer}s",
            f" {answer}{other}",
            f" {answer}-{other}",
            f" {answer}'s",
            f' "{answer}".',
            f" {answer},{other}",
            f" {answer}. {other}",
        ]
    )


@pytest.mark.parametrize("level", ["words", "few-shot"])
def test_mutated_answers(level: str, mutants: Mutants) -> None:
    check, verdicts = get_task("infilling").check, Counter[bool]()
    for example, text in mutants("infilling", nasty, level):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 2000
    assert verdicts[False] > 4000


def test_shots_are_solved(held_out: Draw) -> None:
    for example in held_out("infilling", "few-shot", 500):
        for shot in example.clean.split("\n\n")[1:-1]:
            question, _, answer = shot.rpartition(" ")
            assert asked(question) == [answer]


def test_behind_a_header_the_text_that_is_filled_in_place_has_none(held_out: Draw) -> None:
    for example in held_out("infilling", "few-shot", 500):
        place = example.in_place
        assert place is not None
        assert f"{place.left} ___{place.right.removesuffix('.')}" in example.clean.rpartition("\n\n")[2]


def test_shots_are_of_the_training_split_and_every_wording_of_a_frame_has_a_header(drawn: Draw) -> None:
    examples = drawn("infilling", 400, level="few-shot")
    shots = {shot for example in examples for shot in example.clean.split("\n\n")[1:-1]}
    middles = "out of the drawer to|in order to|that just|who now|because of the|well by"
    sentence = re.compile(rf"(\w+) \w+ (?:the|to the|a) ___ (?:{middles}) ([^.]*)\.")
    contents = [found for shot in shots if (found := sentence.search(shot))]
    assert len(contents) == len(shots)
    assert {split_of(f"{found[1]}|{found[2]}") for found in contents} == {"training"}
    assert len({example.clean.rpartition("\n\n")[0] for example in examples}) == 24
