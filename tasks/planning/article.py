"""Article: "a" or "an", which the noun behind it decides, and a cue in the prompt decides the noun."""

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
COLOURS = "red blue green black white yellow brown grey".split()

TEMPLATES = (
    "{listed}. In the {asked} box there is",
    "Boxes: {listed}. The {asked} box holds",
    "{listed}. Out of the {asked} box comes",
)
ITEMS = {"noun-first": "{noun} in {colour}", "colour-first": "{colour} has {noun}"}

INSTRUCTIONS = {
    variant: ("Each box holds one thing. Name it with its article.",) * len(TEMPLATES) for variant in ITEMS
}
"""What begins the header at the level with shots."""


def draw(given: Draw) -> Example | None:
    """Boxes of different colours, each with a noun that stands there without its article; one is asked for.

    Corrupted: another box is asked for, whose noun takes the other article.
    """
    rng = given.rng
    colours = rng.sample(COLOURS, given.integer("boxes"))
    # As many nouns with either article, so that the list does not tell which one is asked for.
    half = len(colours) // 2
    nouns = [noun for article in ("a", "an") for noun in rng.sample(NOUNS[article], half)]
    held = dict(zip(colours, rng.sample(nouns, len(nouns)), strict=True))
    asked = rng.choice(colours)
    other = rng.choice([colour for colour in colours if article_of(held[colour]) != article_of(held[asked])])
    order = rng.sample(colours, len(colours))
    index = rng.randrange(len(TEMPLATES))
    # What is in which box, without the box that is asked for: the corrupted prompt is about the same.
    content = "|".join(f"{colour} {held[colour]}" for colour in sorted(held))
    if not given.wants(content):
        return None

    def named(colour: str) -> Marked:
        role = {asked: "asked", other: "foil"}.get(colour, "other")
        noun, place = marked(held[colour], f"{role} noun"), marked(colour, f"{role} colour")
        return filled(ITEMS[given.variant], noun=noun, colour=place)

    listed = joined(", ", map(named, order))
    clean, corrupted = (
        filled(TEMPLATES[index], listed=listed, asked=marked(colour, "cue")) for colour in (asked, other)
    )
    answer = f" {article_of(held[asked])} {held[asked]}"
    return Example(
        clean=clean.text,
        corrupted=corrupted.text,
        answer=answer,
        foil=f" {article_of(held[other])} {held[other]}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=(content,),
        # Behind its article the noun is the one in the box, which is looked up and not planned.
        copied=tuple(range(answer.rindex(" ") + 1, len(answer))),
        roles=clean.roles,
        factors=(
            ("article", article_of(held[asked])),
            ("colour", asked),
            ("place in the list", str(order.index(asked))),
        ),
    )


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
        counterfactual="another box is asked for, whose noun takes the other article",
        metric="logit difference",
        answer="article and noun; foil: those of the other box",
        plan="the article",
        copied="the noun",
        checker="the first two words are the article and the noun",
        variants={"noun-first": "'apple in red'", "colour-first": "'red has apple'"},
        levels={
            "four": {"boxes": 4},
            "six": {"boxes": 6},
            "few-shot": {"boxes": 4, "shots": 8},
        },
        default_level="four",
        steps="tokens",
        version=1,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
