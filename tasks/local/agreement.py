"""Agreement: the verb has the number of its subject, whatever noun stands between the two."""

from ..example import Draw, Example, MetricName, Task, TaskCard
from ..output import first_word
from ..wording import Marked, filled, marked

NOUNS = (
    "author boat book bridge car cat chair cloud computer cow doctor dog door farmer flower garden girl "
    "guard horse hotel house key king lake lamp letter machine mountain painting pilot poet queen river "
    "road ship singer student table teacher tower train tree truck wall window"
).split()

VERBS = {
    "singular": "is was has does looks seems needs".split(),
    "plural": "are were have do look seem need".split(),
}

WORDINGS = (
    "The {subject} near the {distractor}",
    "The {subject} behind the {distractor}",
    "The {subject} beside the {distractor}",
    "Today the {subject} near the {distractor}",
    "They say that the {subject} behind the {distractor}",
    "We know that the {subject} beside the {distractor}",
    "It is true that the {subject} near the {distractor}",
    "In this story, the {subject} behind the {distractor}",
)

METRIC: MetricName = "log odds"


def draw(given: Draw) -> Example | None:
    """One subject with a prepositional phrase before its verb; every verb of its number is an answer.

    Corrupted: the subject's number is flipped. The distractor is as often of the clean subject's number as of
    the other, so that neither it nor its opposite tells the answer.
    """
    rng = given.rng
    subject, distractor = rng.sample(NOUNS, 2)
    # Sorted, so that the draws do not hang on the order in which the verbs are listed.
    number, other = rng.sample(sorted(VERBS), 2)
    index, verb = rng.randrange(len(WORDINGS)), rng.randrange(len(VERBS[number]))
    # Without their numbers: the corrupted prompt, which flips one, is of the same split.
    content = f"{subject}|{distractor}"
    if not given.wants(content):
        return None
    # Half of the prompts each way: a model that takes the number of the nearer noun is at chance.
    between = _noun(distractor, number if given.variant == "alike" else other)

    def prompt(of_subject: str) -> Marked:
        return filled(
            WORDINGS[index],
            subject=marked(_noun(subject, of_subject), "subject"),
            distractor=marked(between, "distractor"),
        )

    clean = prompt(number)
    return Example(
        clean=clean.text,
        corrupted=prompt(other).text,
        answer=f" {VERBS[number][verb]}",
        foil=f" {VERBS[other][verb]}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=(content,),
        answers=tuple(f" {form}" for form in VERBS[number]),
        foils=tuple(f" {form}" for form in VERBS[other]),
        metric=METRIC,
        roles=clean.roles,
        factors=(("number", number), ("number between", number if given.variant == "alike" else other)),
    )


def _noun(noun: str, number: str) -> str:
    return noun if number == "singular" else f"{noun}s"


def check(example: Example, output: str) -> bool:
    """Whether the output begins with a verb of the subject's number as a whole word."""
    return f" {first_word(output)}" in example.answers


TASK = Task(
    card=TaskCard(
        name="agreement",
        suite="local",
        surface="words",
        measures="syntax: the number of a subject, carried across another noun to its verb",
        source="after Linzen et al. 2016, arXiv 1611.01368, and Marvin and Linzen 2018, arXiv 1808.09031",
        licence="Apache-2.0 (sentences and nouns written for this project)",
        counterfactual="the subject's number is flipped",
        metric=METRIC,
        answer="any listed verb of the subject's number; foils: the same verbs in the other number",
        plan="the verb",
        copied="",
        checker="first word is such a verb",
        variants={
            "opposed": "the noun between has the other number than the clean subject",
            "alike": "the noun between has the clean subject's number",
        },
        levels={"phrase": {"distractors": 1}},
        default_level="phrase",
        steps=1,
        version=2,
    ),
    draw=draw,
    check=check,
)
