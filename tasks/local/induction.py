"""Induction: a sequence of random words or digits begins again; what came next before comes next again."""

from ..example import Draw, Example, Task, TaskCard
from ..output import first_word
from ..wording import Marked, joined, marked

WORDS = (
    "apple river stone cloud garden mirror silver winter bridge candle forest hammer island jacket kettle "
    "ladder market needle orange pencil rabbit saddle tunnel velvet window yellow basket copper desert "
    "engine finger guitar helmet insect jungle kitten lemon magnet ocean palace quartz ribbon shadow "
    "temple valley wagon anchor button cactus dragon"
).split()

DIGITS = tuple("0123456789")

SEPARATORS = {"spaced": " ", "listed": ", "}


def draw(given: Draw) -> Example | None:
    """One sequence of different words or digits, written once and then up to the one before the answer.

    Corrupted: where the answer stood the first time, there is one from outside the sequence, the foil.
    """
    rng, length = given.rng, given.integer("length")
    # All different, so that the last word has one earlier place; a foil from the sequence would stand twice
    # in the corrupted prompt.
    *words, foil = rng.sample(WORDS if given.level["surface"] == "words" else DIGITS, length + 1)
    # Not the first word: before it stands the end of the first pass, which has no earlier place.
    at = rng.randrange(1, length)
    exchanged = [*words[:at], foil, *words[at + 1 :]]
    contents = " ".join(words), " ".join(exchanged)
    if not all(map(given.wants, contents)):
        return None
    separator = SEPARATORS[given.variant]

    def prompt(sequence: list[str]) -> Marked:
        parts = [marked(word, "first pass") for word in sequence]
        parts[at] = marked(sequence[at], "first place of the answer")
        parts[at - 1] = marked(sequence[at - 1], "first place of the last")
        # The second pass ends before the exchanged word, so that the prompts differ in the first pass alone.
        again = [marked(word, "second pass") for word in sequence[: at - 1]]
        written = joined(separator, [*parts, *again, marked(sequence[at - 1], "last")])
        return Marked(written.text + separator.rstrip(), written.roles)

    clean = prompt(words)
    return Example(
        clean=clean.text,
        corrupted=prompt(exchanged).text,
        answer=f" {words[at]}",
        foil=f" {foil}",
        variant=given.variant,
        template=f"{given.variant}-{at:02d}",
        contents=contents,
        roles=clean.roles,
        factors=(("place", str(at)), ("answer", words[at])),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output begins with the answer as a whole word."""
    return first_word(output) == example.answer.strip()


TASK = Task(
    card=TaskCard(
        name="induction",
        suite="local",
        surface="words",
        measures="literal continuation: find the last word's earlier place and copy what came next",
        source="Elhage et al. 2021 and Olsson et al. 2022, arXiv 2209.11895, on repeated random tokens",
        licence="Apache-2.0 (generated)",
        counterfactual="in the first pass what is to be repeated becomes one from outside the sequence",
        metric="logit difference",
        answer="what came next the first time; foil: what it was exchanged for",
        plan="what came next the first time",
        copied="",
        checker="first word equals the answer",
        variants={"spaced": "with spaces between", "listed": "with commas between"},
        levels={
            "six": {"length": 6, "surface": "words"},
            "twelve": {"length": 12, "surface": "words"},
            "digits": {"length": 6, "surface": "symbols"},
        },
        default_level="six",
        steps=1,
        version=2,
    ),
    draw=draw,
    check=check,
)
