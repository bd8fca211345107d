"""Induction: a sequence of random words begins again; its next word is the one that came next before."""

from ..example import Draw, Example, Task, TaskCard
from ..output import first_word

WORDS = (
    "apple river stone cloud garden mirror silver winter bridge candle forest hammer island jacket kettle "
    "ladder market needle orange pencil rabbit saddle tunnel velvet window yellow basket copper desert "
    "engine finger guitar helmet insect jungle kitten lemon magnet ocean palace quartz ribbon shadow "
    "temple valley wagon anchor button cactus dragon"
).split()

SEPARATORS = {"spaced": " ", "listed": ", "}


def draw(given: Draw) -> Example:
    """One sequence of different words, written once and then up to the word before the answer.

    Corrupted: where the answer stood the first time, there is a word from outside the sequence, the foil.
    """
    rng, length = given.rng, given.integer("words")
    # All different, so that the last word has one earlier place; a foil from the sequence would stand twice
    # in the corrupted prompt.
    *words, foil = rng.sample(WORDS, length + 1)
    # Not the first word: before it stands the end of the first pass, which has no earlier place.
    at = rng.randrange(1, length)
    exchanged = [*words[:at], foil, *words[at + 1 :]]
    separator = SEPARATORS[given.variant]

    def prompt(sequence: list[str]) -> str:
        # The second pass ends before the exchanged word, so that the prompts differ in the first pass alone.
        return separator.join([*sequence, *sequence[:at]]) + separator.rstrip()

    return Example(
        clean=prompt(words),
        corrupted=prompt(exchanged),
        answer=f" {words[at]}",
        foil=f" {foil}",
        variant=given.variant,
        template=f"{given.variant}-{at:02d}",
        contents=(" ".join(words), " ".join(exchanged)),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output begins with the answer as a whole word."""
    return first_word(output) == example.answer.strip()


TASK = Task(
    card=TaskCard(
        name="induction",
        suite="local",
        measures="literal continuation: find the last word's earlier place and copy what came next",
        source="Elhage et al. 2021 and Olsson et al. 2022, arXiv 2209.11895, on repeated random tokens",
        licence="Apache-2.0 (generated)",
        counterfactual="in the first pass the word to be repeated becomes one from outside the sequence",
        metric="logit difference",
        answer="the word that came next the first time; foil: the word it was exchanged for",
        checker="first word equals the answer",
        variants={"spaced": "words with spaces between", "listed": "words with commas between"},
        levels={"six": {"words": 6}, "twelve": {"words": 12}},
        default_level="six",
        steps=1,
        version=1,
    ),
    draw=draw,
    check=check,
)
