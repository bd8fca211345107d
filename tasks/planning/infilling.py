"""Semantic infilling: the word in a gap, which only the text to the right of the gap decides."""

from dataclasses import dataclass

from .. import shots
from ..example import Draw, Example, InPlace, Task, TaskCard
from ..lexicon import NAMES
from ..output import first_word

GAP = "___"


@dataclass(frozen=True)
class Frame:
    """A sentence with a gap: its left side, and for every word that fits there the cues that ask for it.

    `left` and `middle` admit every word of `cues` alike; the cue, to the right of the gap, decides.
    """

    name: str
    left: str
    middle: str
    cues: dict[str, tuple[str, ...]]


FRAMES = (
    Frame(
        "tool",
        "{name} took the",
        "out of the drawer to",
        {
            "knife": ("cut the bread", "slice the cheese", "peel the apple", "chop the onion"),
            "pen": ("sign the letter", "write the note", "fill the form", "mark the page"),
            "hammer": ("hit the nail", "fix the chair", "break the ice", "build the shelf"),
            "key": ("open the door", "lock the gate", "start the car", "close the safe"),
        },
    ),
    Frame(
        "place",
        "{name} went to the",
        "in order to",
        {
            "library": ("borrow a book", "read a novel", "find a map", "return a magazine"),
            "bakery": ("buy a cake", "order a pie", "get a loaf", "smell a muffin"),
            "pool": ("swim a lap", "take a dive", "join a race", "learn a stroke"),
            "bank": ("open an account", "get a loan", "cash a check", "deposit a coin"),
        },
    ),
    Frame(
        "animal",
        "{name} saw the",
        "that just",
        {
            "dog": ("barked at strangers", "chewed a bone", "wagged its tail", "guarded the house"),
            "cat": ("chased a mouse", "licked its paw", "purred on laps", "scratched the sofa"),
            "bird": ("sang a song", "laid an egg", "spread its wings", "left its nest"),
            "horse": ("pulled a cart", "jumped the fence", "won a race", "carried the rider"),
        },
    ),
    Frame(
        "work",
        "{name} became a",
        "who now",
        {
            "doctor": (
                "treats sick patients",
                "checks blood tests",
                "cures bad fevers",
                "prescribes new drugs",
            ),
            "teacher": (
                "grades school papers",
                "teaches young pupils",
                "explains hard lessons",
                "writes class plans",
            ),
            "farmer": ("grows sweet corn", "milks brown cows", "plants green beans", "feeds fat pigs"),
            "pilot": ("flies large planes", "lands small jets", "crosses wide oceans", "reads flight maps"),
        },
    ),
    Frame(
        "clothes",
        "{name} wore the",
        "because of the",
        {
            "coat": ("cold winter wind", "heavy snow storm", "freezing night air", "icy morning frost"),
            "hat": ("bright summer sun", "strong desert light", "hot noon glare", "burning beach heat"),
            "boots": ("deep muddy road", "wet forest path", "steep rocky trail", "flooded stone street"),
            "mask": ("thick factory smoke", "fine yellow dust", "bad chemical smell", "deadly flu virus"),
        },
    ),
    Frame(
        "music",
        "{name} played the",
        "well by",
        {
            "piano": (
                "pressing its keys",
                "using both pedals",
                "tapping white ivory",
                "following sheet chords",
            ),
            "drum": (
                "hitting its skin",
                "beating wooden sticks",
                "keeping steady rhythm",
                "striking tight leather",
            ),
            "guitar": (
                "plucking its strings",
                "strumming six chords",
                "bending thin wires",
                "tuning metal frets",
            ),
            "flute": (
                "blowing soft air",
                "covering its holes",
                "breathing through silver",
                "moving both lips",
            ),
        },
    ),
)

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
    """One gapped sentence as an instruction, so that a left-to-right model has the cue before the answer.

    Corrupted: the cue is exchanged for one of the foil's, of as many words.
    """
    rng = given.rng
    name, frame = rng.choice(NAMES), rng.choice(FRAMES)
    answer, foil = rng.sample(list(frame.cues), 2)
    cue, other = rng.choice(frame.cues[answer]), rng.choice(frame.cues[foil])
    if len(cue.split()) != len(other.split()):
        return None
    index = rng.randrange(len(WORDINGS[given.variant]))
    # Left and middle are the same in both prompts: to the left of the gap nothing tells the words apart.
    left = frame.left.format(name=name)

    def prompt(deciding: str) -> str:
        text = f"{left} {GAP} {frame.middle} {deciding}"
        return WORDINGS[given.variant][index].format(text=text)

    return Example(
        clean=prompt(cue),
        corrupted=prompt(other),
        answer=f" {answer}",
        foil=f" {foil}",
        variant=given.variant,
        template=f"{frame.name}/{given.variant}-{index}",
        # With the name, because the 96 cues alone are too few to be split.
        contents=(f"{name}|{cue}", f"{name}|{other}"),
        in_place=InPlace(left, f" {frame.middle} {cue}.", f" {frame.middle} {other}."),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output's first word is the answer."""
    return first_word(output) == example.answer.strip()


TASK = Task(
    card=TaskCard(
        name="infilling",
        suite="planning",
        measures="use of the right context: the word in a gap that only a later cue decides",
        source="after the semantic infilling of arXiv 2601.14758",
        licence="Apache-2.0 (written for this project)",
        counterfactual="the deciding cue right of the gap becomes one that asks for the foil",
        metric="logit difference",
        answer="the word in the gap; foil: the word the exchanged cue asks for",
        checker="first word equals the answer",
        variants={"question": "asked in words", "answer": "followed by 'Answer:'"},
        levels={"words": {"cue": "three words"}, "few-shot": {"cue": "three words", "shots": 8}},
        default_level="words",
        steps="tokens",
        version=1,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
