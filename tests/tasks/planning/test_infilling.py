import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of
from mechshift.tasks.lexicon import NAMES

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

DEEDS = {
    "soup": {
        "hot": "added some ice|let it cool|blew on it",
        "cold": "heated it up|warmed it again|used the stove",
    },
    "room": {
        "bright": "closed the curtains|lowered the blinds|dimmed the lamps",
        "dark": "opened the curtains|lit a candle|switched lamps on",
    },
    "music": {
        "loud": "turned it down|covered both ears|lowered the volume",
        "quiet": "turned it up|moved much closer|raised the volume",
    },
    "bag": {
        "heavy": "asked for help|took things out|used a cart",
        "light": "lifted it alone|put things in|used one hand",
    },
    "rope": {
        "long": "cut some off|made it shorter|coiled the rest",
        "short": "tied two together|made it longer|bought some more",
    },
    "car": {
        "fast": "hit the brakes|slowed it down|feared a fine",
        "slow": "changed the engine|sped it up|missed the start",
    },
    "towel": {
        "wet": "hung it outside|dried it first|wrung it out",
        "dry": "used it gladly|folded it away|packed it again",
    },
    "coat": {
        "cheap": "bought two coats|paid at once|doubted its quality",
        "expensive": "left the shop|asked for discounts|borrowed some money",
    },
    "tea": {
        "sweet": "added some lemon|left out honey|wanted less sugar",
        "bitter": "added some sugar|stirred in honey|took more milk",
    },
    "bed": {
        "soft": "lay down gladly|sank in deep|slept too long",
        "hard": "wanted a pillow|lay there awake|got sore bones",
    },
    "box": {
        "big": "had room left|put more in|needed a cart",
        "small": "left things out|needed less room|needed one more",
    },
    "floor": {
        "dirty": "swept it well|mopped it twice|fetched a broom",
        "clean": "praised the maid|took shoes off|ate off it",
    },
}
"""What is done about a thing, by the property that makes one do it."""

HOLDS = {"very": True, "so": True, "really": True, "hardly": False, "barely": False, "never": False}
"""Whether a thing has the property that is named behind the word."""

SENTENCE = re.compile(r"(\w+) found that the (\w+) was (\w+) ___, and so (\w+) (\w+ \w+ \w+)\.")


def parts(prompt: str) -> tuple[str, str, str, str]:
    """Name, thing, the word before the gap, and what is done."""
    (found,) = SENTENCE.findall(prompt.rpartition("\n\n")[2])
    name, thing, degree, again, deed = found
    assert name == again
    return name, thing, degree, deed


def asked(prompt: str) -> str:
    """The word in the gap: the property that makes one do what is done, or its opposite behind "hardly"."""
    _, thing, degree, deed = parts(prompt)
    one, other = DEEDS[thing]
    (shown,) = [word for word in (one, other) if deed in DEEDS[thing][word].split("|")]
    return shown if HOLDS[degree] else {one: other, other: one}[shown]


def is_right(prompt: str, output: str) -> bool:
    return re.match(rf"""\s*[.,;:!?"']*{asked(prompt)}[.,;:!?"']*(\s|\Z)""", output) is not None


@pytest.mark.parametrize(
    ("degree", "deed", "word"),
    [
        ("very", "blew on it", "hot"),
        ("so", "heated it up", "cold"),
        ("hardly", "heated it up", "hot"),
        ("never", "blew on it", "cold"),
    ],
)
def test_a_known_instance(degree: str, deed: str, word: str) -> None:
    assert asked(f"Fill the gap: Ann found that the soup was {degree} ___, and so Ann {deed}. X") == word


def test_clean_asks_for_the_answer_and_corrupted_for_the_foil(held_out: Draw) -> None:
    for example in held_out("infilling"):
        assert example.answer == f" {asked(example.clean)}"
        assert example.foil == f" {asked(example.corrupted)}"


def test_only_the_deed_right_of_the_gap_differs_and_has_three_words(held_out: Draw) -> None:
    for example in held_out("infilling"):
        deed, other = parts(example.clean)[3], parts(example.corrupted)[3]
        assert len(deed.split()) == len(other.split()) == 3
        assert example.corrupted == example.clean.replace(deed, other)


def test_answer_and_foil_are_a_things_two_words(held_out: Draw) -> None:
    for example in held_out("infilling"):
        thing = parts(example.clean)[1]
        assert {example.answer.strip(), example.foil.strip()} == set(DEEDS[thing])


def test_every_deed_and_every_left_side_is_asked(held_out: Draw) -> None:
    found = {parts(example.clean)[1:] for example in held_out("infilling")}
    deeds = [
        (thing, deed) for thing, words in DEEDS.items() for text in words.values() for deed in text.split("|")
    ]
    assert len(deeds) == 12 * 2 * 3
    assert found == {(thing, degree, deed) for thing, deed in deeds for degree in HOLDS}


CUES: dict[str, Callable[[str, str, str, str], object]] = {
    "deed": lambda name, thing, degree, deed: (thing, deed),
    "left side": lambda name, thing, degree, deed: (thing, degree),
    "left side with the name": lambda name, thing, degree, deed: (name, thing, degree),
    "deed with the name": lambda name, thing, degree, deed: (name, thing, deed),
}


@pytest.mark.parametrize("cue", CUES)
def test_one_cue_alone_leaves_the_answer_open(cue: str, held_out: Draw) -> None:
    """Of a thing's two words each is the answer as often, for every value, within four standard errors."""
    counts: dict[object, Counter[str]] = {}
    for example in held_out("infilling"):
        counts.setdefault(CUES[cue](*parts(example.clean)), Counter())[example.answer] += 1
    assert len(counts) >= 72
    for found in counts.values():
        assert abs(found.most_common(1)[0][1] - found.total() / 2) <= 4 * (found.total() / 4) ** 0.5


@pytest.mark.parametrize("cue", CUES)
def test_a_classifier_of_one_cue_alone_is_at_chance(cue: str, drawn: Draw, held_out: Draw) -> None:
    """It says what came more often in training; within four standard errors of a half."""
    counts: dict[object, Counter[str]] = {}
    for example in drawn("infilling", 5000, "training"):
        counts.setdefault(CUES[cue](*parts(example.clean)), Counter())[example.answer] += 1
    right, said = 0, 0
    for example in held_out("infilling"):
        found = counts.get(CUES[cue](*parts(example.clean)), Counter[str]())
        right += found[example.answer] > found[example.foil]
        said += found[example.answer] != found[example.foil]
    assert abs(right - said / 2) <= 4 * (said / 4) ** 0.5


def test_a_classifier_of_both_cues_is_right(drawn: Draw, held_out: Draw) -> None:
    """So that what the ones above are given is enough to learn from."""
    known = {parts(e.clean)[1:]: e.answer for e in drawn("infilling", 5000, "training")}
    assert all(known[parts(e.clean)[1:]] == e.answer for e in held_out("infilling"))


def test_at_one_cue_the_property_holds_and_the_deed_decides(held_out: Draw) -> None:
    decided = {}
    for example in held_out("infilling", "one-cue", 2000):
        _, thing, degree, deed = parts(example.clean)
        assert HOLDS[degree]
        assert example.answer == f" {asked(example.clean)}"
        assert decided.setdefault((thing, deed), example.answer) == example.answer
    assert len(decided) == 12 * 2 * 3
    assert Counter(decided.values()) == {f" {word}": 3 for words in DEEDS.values() for word in words}


def test_in_place_is_the_same_sentence(held_out: Draw) -> None:
    for example in held_out("infilling"):
        place = example.in_place
        assert place is not None
        for prompt, right in ((example.clean, place.right), (example.corrupted, place.corrupted_right)):
            assert f"{place.left} ___{right.removesuffix('.')}" in prompt


def test_contents_are_the_name_and_the_frame(held_out: Draw) -> None:
    frames: dict[str, set[str]] = {}
    for example in held_out("infilling"):
        name, thing, *_ = parts(example.clean)
        frame = example.template.partition("/")[0]
        assert example.contents == (f"{name}|{frame}",)
        frames.setdefault(thing, set()).add(frame)
    assert {len(found) for found in frames.values()} == {1}
    assert len(set.union(*frames.values())) == len(DEEDS)


@pytest.mark.parametrize("level", ["words", "few-shot"])
def test_roles_are_the_cues_and_the_gap(level: str, held_out: Draw) -> None:
    for example in held_out("infilling", level, 500):
        _, _, degree, deed = parts(example.clean)
        texts = [(role.name, example.clean[role.start : role.end]) for role in example.roles]
        assert texts == [("left cue", degree), ("gap", "___"), ("right cue", deed)]
        assert dict(example.factors)["polarity"] == ("very" if HOLDS[degree] else "not very")


def test_the_checker_reads_the_first_word(drawn: Draw) -> None:
    check = get_task("infilling").check
    words = {word for of_thing in DEEDS.values() for word in of_thing}
    for example in drawn("infilling", 300):
        answer = example.answer.strip()
        assert all(check(example, text) for text in (answer, f' "{answer}".', f"{answer} and more"))
        assert [word for word in sorted(words) if check(example, f" {word}")] == [answer]
        wrong = ("", "...", f"the {answer}", answer + "s", answer.upper())
        assert not any(check(example, text) for text in wrong)


def nasty(example: Example, rng: random.Random) -> str:
    """Words of the frame and of others, alone and in company, and words that begin or end like the answer."""
    answer, foil = example.answer.strip(), example.foil.strip()
    other = rng.choice(sorted(DEEDS[rng.choice(sorted(DEEDS))]))
    return rng.choice(
        [
            f" {other}",
            f" {foil}",
            f" {answer} {other}",
            f" {other} {answer}",
            f" the {answer}",
            f" {answer}er",
            f" {answer}{other}",
            f" {answer}-{other}",
            f" {parts(example.clean)[2]} {answer}",
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


def test_shots_are_solved_and_of_other_frames_and_of_the_training_split(held_out: Draw) -> None:
    headers = set()
    for example in held_out("infilling", "few-shot", 500):
        header, _, _ = example.clean.rpartition("\n\n")
        headers.add(header)
        for shot in header.split("\n\n")[1:]:
            question, _, answer = shot.rpartition(" ")
            assert asked(question) == answer
            name, thing, *_ = parts(question)
            assert thing != parts(example.clean)[1]
            frame = next(f for f, t in FRAMES.items() if t == thing)
            assert split_of(f"{name}|{frame}") == "training"
    assert len(headers) == 12 * 4


FRAMES = dict(
    zip(
        "heat room sound weight length speed water price taste ground size state".split(),
        DEEDS,
        strict=True,
    )
)


def test_behind_a_header_the_text_that_is_filled_in_place_has_none(held_out: Draw) -> None:
    for example in held_out("infilling", "few-shot", 500):
        place = example.in_place
        assert place is not None
        assert f"{place.left} ___{place.right.removesuffix('.')}" in example.clean.rpartition("\n\n")[2]


def test_names_are_the_lexicons(drawn: Draw) -> None:
    assert {parts(e.clean)[0] for e in drawn("infilling", 5000, "training")} == set(NAMES)
