from collections.abc import Callable

from mechshift.tasks import Example, get_task

Draw = Callable[..., tuple[Example, ...]]
WORDS = {
    "tool": {"knife", "pen", "hammer", "key"},
    "place": {"library", "bakery", "pool", "bank"},
    "animal": {"dog", "cat", "bird", "horse"},
    "work": {"doctor", "teacher", "farmer", "pilot"},
    "clothes": {"coat", "hat", "boots", "mask"},
    "music": {"piano", "drum", "guitar", "flute"},
}
LONGEST_CUE = 4


def parts(example: Example) -> tuple[str, str, str, str]:
    """What comes before the cue, the two cues, and what comes after."""
    assert example.in_place is not None
    clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
    differs = [index for index, pair in enumerate(zip(clean, corrupted, strict=True)) if pair[0] != pair[1]]
    first, last = differs[0], differs[-1] + 1
    pieces = clean[:first], clean[first:last], corrupted[first:last], clean[last:]
    before, cue, other, after = map(" ".join, pieces)
    return before, cue, other, after


def test_only_the_cue_right_of_the_gap_differs(drawn: Draw) -> None:
    for example in drawn("infilling", 2000):
        before, cue, other, after = parts(example)
        assert "___" in before
        assert max(len(cue.split()), len(other.split())) <= LONGEST_CUE
        assert example.corrupted == " ".join(filter(None, (before, other, after)))


def test_the_left_of_the_gap_admits_answer_and_foil_alike(drawn: Draw) -> None:
    answers: dict[str, set[str]] = {}
    for example in drawn("infilling", 2000):
        frame = example.template.partition("/")[0]
        assert {example.answer.strip(), example.foil.strip()} <= WORDS[frame]
        answers.setdefault(frame, set()).add(example.answer.strip())
    assert answers == WORDS


def test_a_cue_asks_for_one_word(drawn: Draw) -> None:
    asked: dict[str, set[str]] = {}
    for example in drawn("infilling", 2000):
        place = example.in_place
        assert place is not None
        asked.setdefault(place.right, set()).add(example.answer)
        asked.setdefault(place.corrupted_right, set()).add(example.foil)
    assert {right: words for right, words in asked.items() if len(words) > 1} == {}


def test_in_place_is_the_same_sentence(drawn: Draw) -> None:
    for example in drawn("infilling", 1000):
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
