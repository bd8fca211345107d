"""Indirect object identification: of two names, the one that was not repeated."""

from ..example import Draw, Example, Task, TaskCard
from ..lexicon import NAMES
from ..output import first_word
from ..wording import filled, marked

PLACES = "store school park office market garden station library hospital restaurant".split()
OBJECTS = "book ring drink ball kiss letter computer snack bottle ticket".split()

TEMPLATES = (
    "When {a} and {b} went to the {place}, {s} gave a {object} to",
    "Then, {a} and {b} went to the {place}. {s} gave a {object} to",
    "After {a} and {b} went to the {place}, {s} gave a {object} to",
    "While {a} and {b} were working at the {place}, {s} gave a {object} to",
    "Then, {a} and {b} had a long walk to the {place}. {s} handed a {object} to",
    "When {a} and {b} found a {object} at the {place}, {s} decided to give it to",
    "Then, {a} and {b} were thinking about the {place}. {s} wanted to give a {object} to",
    "The {place} that {a} and {b} visited had a {object}, and {s} gave it to",
    "Friends {a} and {b} found a {object} at the {place}. Then {s} gave it to",
    "Afterwards, {a} and {b} went to the {place}. {s} offered a {object} to",
    "Two friends, {a} and {b}, met at the {place}, and {s} passed a {object} to",
    "When {a} and {b} got a {object} at the {place}, {s} decided to offer it to",
    "In the morning, {a} and {b} walked to the {place}, and {s} sold a {object} to",
    "Last week, {a} and {b} stayed at the {place}, where {s} brought a {object} to",
    "As {a} and {b} left the {place}, {s} threw a {object} to",
)


def draw(given: Draw) -> Example | None:
    """One prompt: two names, one of them repeated; the other is the answer.

    Corrupted: the repetition is a third name (ABC), so that nothing tells the two apart; at level `abb`
    it is the other name, so that the answer is flipped.
    """
    rng = given.rng
    recipient, giver, third = rng.sample(NAMES, 3)
    index, place, item = rng.randrange(len(TEMPLATES)), rng.choice(PLACES), rng.choice(OBJECTS)
    # A pair of names is of one split whichever of the two is the answer.
    content = "|".join(sorted((recipient, giver)))
    if not given.wants(content):
        return None
    # Either order, so that the place in the sentence does not tell the answer.
    named = [marked(recipient, "recipient"), marked(giver, "giver")]
    a, b = named if given.variant == "ABBA" else reversed(named)
    words = {
        "a": a,
        "b": b,
        "place": marked(place, "place"),
        "object": marked(item, "object"),
    }
    # A third name keeps the form of the prompt and favours neither of the two: the corrupted logit difference
    # is near 0. The other name favours the foil as much as the clean prompt favours the answer.
    replaced = third if given.level["corruption"] == "abc" else recipient
    clean = filled(TEMPLATES[index], s=marked(giver, "repeated giver"), **words)
    return Example(
        clean=clean.text,
        corrupted=filled(TEMPLATES[index], s=replaced, **words).text,
        answer=f" {recipient}",
        foil=f" {giver}",
        variant=given.variant,
        template=f"{given.variant}-{index:02d}",
        contents=(content,),
        roles=clean.roles,
        factors=(("order", given.variant), ("recipient", recipient)),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output begins with the recipient's name as a whole word."""
    return first_word(output) == example.answer.strip()


TASK = Task(
    card=TaskCard(
        name="ioi",
        suite="local",
        surface="words",
        measures="name moving: find the name that is not repeated and copy it",
        source="Wang et al. 2022, arXiv 2211.00593; ABC corruption as in Hanna et al. 2024, arXiv 2403.17806",
        licence="Apache-2.0 (templates written for this project after the paper's)",
        counterfactual="the repeated name becomes a third name (level abb: the other name)",
        metric="logit difference",
        answer="the recipient's name; foil: the giver's",
        plan="the recipient's name",
        copied="",
        checker="first word equals the recipient's name",
        variants={"ABBA": "recipient named first", "BABA": "giver named first"},
        levels={"abc": {"corruption": "abc"}, "abb": {"corruption": "abb"}},
        default_level="abc",
        steps=1,
        version=2,
    ),
    draw=draw,
    check=check,
)
