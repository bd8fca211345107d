"""Semantic infilling: the word in a gap, decided by a cue on its left and one on its right together."""

from dataclasses import dataclass

from .. import shots
from ..example import Draw, Example, InPlace, Task, TaskCard
from ..lexicon import NAMES
from ..output import first_word
from ..wording import Marked, filled, marked

GAP = "___"

LEFT = {"very": ("very", "so", "really"), "not very": ("hardly", "barely", "never")}
"""Words before the gap: such that the word in it holds, and such that its opposite does."""


@dataclass(frozen=True)
class Frame:
    """A thing that can have either of two opposite properties.

    `properties`: each with what people do about a thing that has it (to the right of the gap). Behind
    `LEFT["not very"]` the same deed asks for the opposite word.
    """

    name: str
    thing: str
    properties: dict[str, tuple[str, ...]]


FRAMES = (
    Frame(
        "heat",
        "the soup was",
        {
            "hot": ("added some ice", "let it cool", "blew on it"),
            "cold": ("heated it up", "warmed it again", "used the stove"),
        },
    ),
    Frame(
        "room",
        "the room was",
        {
            "bright": ("closed the curtains", "lowered the blinds", "dimmed the lamps"),
            "dark": ("opened the curtains", "lit a candle", "switched lamps on"),
        },
    ),
    Frame(
        "sound",
        "the music was",
        {
            "loud": ("turned it down", "covered both ears", "lowered the volume"),
            "quiet": ("turned it up", "moved much closer", "raised the volume"),
        },
    ),
    Frame(
        "weight",
        "the bag was",
        {
            "heavy": ("asked for help", "took things out", "used a cart"),
            "light": ("lifted it alone", "put things in", "used one hand"),
        },
    ),
    Frame(
        "length",
        "the rope was",
        {
            "long": ("cut some off", "made it shorter", "coiled the rest"),
            "short": ("tied two together", "made it longer", "bought some more"),
        },
    ),
    Frame(
        "speed",
        "the car was",
        {
            "fast": ("hit the brakes", "slowed it down", "feared a fine"),
            "slow": ("changed the engine", "sped it up", "missed the start"),
        },
    ),
    Frame(
        "water",
        "the towel was",
        {
            "wet": ("hung it outside", "dried it first", "wrung it out"),
            "dry": ("used it gladly", "folded it away", "packed it again"),
        },
    ),
    Frame(
        "price",
        "the coat was",
        {
            "cheap": ("bought two coats", "paid at once", "doubted its quality"),
            "expensive": ("left the shop", "asked for discounts", "borrowed some money"),
        },
    ),
    Frame(
        "taste",
        "the tea was",
        {
            "sweet": ("added some lemon", "left out honey", "wanted less sugar"),
            "bitter": ("added some sugar", "stirred in honey", "took more milk"),
        },
    ),
    Frame(
        "ground",
        "the bed was",
        {
            "soft": ("lay down gladly", "sank in deep", "slept too long"),
            "hard": ("wanted a pillow", "lay there awake", "got sore bones"),
        },
    ),
    Frame(
        "size",
        "the box was",
        {
            "big": ("had room left", "put more in", "needed a cart"),
            "small": ("left things out", "needed less room", "needed one more"),
        },
    ),
    Frame(
        "state",
        "the floor was",
        {
            "dirty": ("swept it well", "mopped it twice", "fetched a broom"),
            "clean": ("praised the maid", "took shoes off", "ate off it"),
        },
    ),
)

OPPOSITE = {
    one: other
    for frame in FRAMES
    for one, other in (tuple(frame.properties), tuple(reversed(frame.properties)))
}
"""Every word that fills a gap, and the one that means the opposite."""

WORDINGS = {
    "question": (
        "Fill the gap: {text}. The missing word is",
        "Read this: {text}. The word in the gap is",
    ),
    "answer": (
        "{text}.\nAnswer:",
        "Sentence: {text}.\nAnswer:",
    ),
}

INSTRUCTIONS = {
    variant: ("Find the one word that fits the whole sentence.",) * len(wordings)
    for variant, wordings in WORDINGS.items()
}
"""What begins the header at the level with shots."""


def draw(given: Draw) -> Example | None:
    """One gapped sentence as an instruction, so that a left-to-right model has the cues before the answer.

    Corrupted: the deed on the right is one that the opposite property asks for; all have three words. Either
    word comes equally often with every left side and with every right side, so that one side alone tells
    nothing.
    """
    rng = given.rng
    name, frame = rng.choice(NAMES), rng.choice(FRAMES)
    polarity = rng.choice([str(given.level["left"])] if "left" in given.level else sorted(LEFT))
    shown = rng.choice(sorted(frame.properties))
    hidden, degree = OPPOSITE[shown], rng.choice(LEFT[polarity])
    deed, other = (rng.choice(frame.properties[each]) for each in (shown, hidden))
    # By what both prompts share, so that either split has every left side with every right side.
    content = f"{name}|{frame.name}"
    if not given.wants(content):
        return None
    # Hardly hot is what people heat up: behind "hardly" the deed asks for the opposite of what it shows.
    answer, foil = (shown, hidden) if polarity == "very" else (hidden, shown)
    index = rng.randrange(len(WORDINGS[given.variant]))
    # The same in both prompts; it favours neither word.
    left = f"{name} found that {frame.thing}"

    def prompt(deciding: str) -> Marked:
        text = filled(
            "{left} {degree} {gap}, and so {name} {deed}",
            left=left,
            degree=marked(degree, "left cue"),
            gap=marked(GAP, "gap"),
            name=name,
            deed=marked(deciding, "right cue"),
        )
        return filled(WORDINGS[given.variant][index], text=text)

    clean = prompt(deed)
    return Example(
        clean=clean.text,
        corrupted=prompt(other).text,
        answer=f" {answer}",
        foil=f" {foil}",
        variant=given.variant,
        template=f"{frame.name}/{given.variant}-{index}",
        contents=(content,),
        in_place=InPlace(f"{left} {degree}", f", and so {name} {deed}.", f", and so {name} {other}."),
        roles=clean.roles,
        factors=(("polarity", polarity), ("property shown", shown), ("frame", frame.name)),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output's first word is the answer."""
    return first_word(output) == example.answer.strip()


TASK = Task(
    card=TaskCard(
        name="infilling",
        suite="planning",
        surface="words",
        measures="use of both sides of a gap: neither the left cue nor the right one decides alone",
        source="after the semantic infilling of arXiv 2601.14758",
        licence="Apache-2.0 (written for this project)",
        counterfactual="the cue right of the gap becomes one that asks for the foil",
        metric="logit difference",
        answer="the word in the gap; foil: its opposite",
        plan="the word in the gap",
        copied="",
        checker="first word equals the answer",
        variants={"question": "asked in words", "answer": "followed by 'Answer:'"},
        levels={
            "words": {"cue": "three words"},
            "one-cue": {"cue": "three words", "left": "very"},
            "few-shot": {"cue": "three words", "shots": 8},
        },
        default_level="words",
        steps="tokens",
        version=2,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
