"""Article: "a" or "an", which the noun behind it decides, and a place in a list decides the noun."""

from .. import shots
from ..example import Draw, Example, Task, TaskCard
from ..output import first_words
from ..wording import Marked, filled, joined, marked

NOUNS = {
    "a": (
        "hammer candle basket ladder kettle jacket mirror needle pencil ribbon saddle guitar helmet lemon "
        "magnet rabbit spoon bottle ticket drum wagon button cactus dragon"
    ).split(),
    "an": (
        "apple orange onion egg anchor arrow engine insect umbrella owl eagle elephant envelope apron axe "
        "acorn almond olive oyster otter ant emerald igloo oven"
    ).split(),
}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")

TEMPLATES = {
    "list-first": (
        "{listed}. The {asked} one is",
        "Things: {listed}. The {asked} one is",
        "{listed}. Of these the {asked} is",
    ),
    "cue-first": (
        "Name the {asked} thing of {listed}:",
        "The {asked} of {listed} is",
        "Find the {asked}: {listed}. It is",
    ),
}

INSTRUCTIONS = {
    variant: ("Name one thing of a list, with its article.",) * len(templates)
    for variant, templates in TEMPLATES.items()
}
"""What begins the header at the level with shots."""


def draw(given: Draw) -> Example | None:
    """A list of nouns without articles; the one at a place is asked for.

    Corrupted: another place is asked for, whose noun takes the other article.
    """
    rng = given.rng
    # As many nouns with either article, so that the list does not tell which one is asked for.
    half = given.integer("nouns") // 2
    nouns = rng.sample([noun for article in NOUNS for noun in rng.sample(NOUNS[article], half)], 2 * half)
    asked = rng.randrange(len(nouns))
    others = [place for place, noun in enumerate(nouns) if article_of(noun) != article_of(nouns[asked])]
    other = rng.choice(others)
    # The list without the place that is asked for: the corrupted prompt is about the same one.
    content = "|".join(nouns)
    if not given.wants(content):
        return None
    index = rng.randrange(len(TEMPLATES[given.variant]))

    roles = {asked: "asked", other: "foil"}

    def named(place: int) -> Marked:
        return marked(nouns[place], f"{roles.get(place, 'other')} noun")

    def prompt(place: int) -> Marked:
        return filled(
            TEMPLATES[given.variant][index],
            listed=joined(", ", map(named, range(len(nouns)))),
            asked=marked(ORDINALS[place], "cue"),
        )

    clean, answer = prompt(asked), _with_article(nouns[asked])
    return Example(
        clean=clean.text,
        corrupted=prompt(other).text,
        answer=answer,
        foil=_with_article(nouns[other]),
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=(content,),
        # Behind its article the noun is the one at the place, which is looked up and not planned.
        copied=tuple(range(answer.rindex(" ") + 1, len(answer))),
        roles=clean.roles,
        factors=(("article", article_of(nouns[asked])), ("place in the list", ORDINALS[asked])),
    )


def _with_article(noun: str) -> str:
    return f" {article_of(noun)} {noun}"


def article_of(noun: str) -> str:
    """The article that a listed noun takes."""
    return "an" if noun in NOUNS["an"] else "a"


def check(example: Example, output: str) -> bool:
    """Whether the output begins with the article and the noun as whole words."""
    return first_words(output, 2) == example.answer.split()


TASK = Task(
    card=TaskCard(
        name="article",
        suite="planning",
        surface="words",
        measures="looking ahead by one word: the article depends on the noun that comes after it",
        source="after the a/an neurons of Miller and Neo 2023 and planning in rhymes of Lindsey et al. 2025",
        licence="Apache-2.0 (written for this project)",
        counterfactual="another place of the list is asked for, whose noun takes the other article",
        metric="logit difference",
        answer="article and noun; foil: those at the other place",
        plan="the article",
        copied="the noun",
        checker="the first two words are the article and the noun",
        variants={"list-first": "the list, then the place", "cue-first": "the place, then the list"},
        levels={
            "four": {"nouns": 4},
            "six": {"nouns": 6},
            "few-shot": {"nouns": 4, "shots": 8},
        },
        default_level="four",
        steps="tokens",
        version=1,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
