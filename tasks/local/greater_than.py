"""Greater-than: the end year of an event lies after its start year."""

from ..example import Draw, Example, MetricName, Task, TaskCard
from ..wording import Marked, filled, joined, marked

NOUNS = (
    "war siege strike drought famine trial voyage reign plague project study program journey festival "
    "campaign conflict crisis dispute expedition rebellion revolt truce alliance contract dynasty "
    "feud marriage mission quarrel tour"
).split()
CENTURIES = range(11, 18)

TEMPLATES = {
    "lasted": (
        "The {noun} lasted from the year {start} to the year {century}",
        "It is known that the {noun} lasted from the year {start} to the year {century}",
        "In the chronicle, the {noun} lasted from the year {start} to the year {century}",
    ),
    "ended": (
        "The {noun} began in the year {start} and ended in the year {century}",
        "It is known that the {noun} began in the year {start} and ended in the year {century}",
        "In the chronicle, the {noun} began in the year {start} and ended in the year {century}",
    ),
}

METRIC: MetricName = "probability difference"


def draw(given: Draw) -> Example | None:
    """One prompt with a start year XXYY, 10 ≤ YY ≤ 98; every two-digit year above YY is an answer.

    Corrupted: YY becomes 01, so that almost every year is above it.
    """
    rng = given.rng
    # Below 10 the two prompts would ask for nearly the same years, and above 98 no two digits are an answer.
    # The end year is of the same century, so that its last two digits alone are asked for.
    century, year = rng.choice(CENTURIES), rng.randint(10, 98)
    index = rng.randrange(len(TEMPLATES[given.variant]))
    template, noun = TEMPLATES[given.variant][index], rng.choice(NOUNS)
    # One of the answers, for what is trained or decoded; the metric reads all of them.
    end = rng.randint(year + 1, 99)
    # By the year alone: noun and wording do not decide the answer.
    content = f"{century}{year:02d}"
    if not given.wants(content):
        return None

    def prompt(start: int) -> Marked:
        parts = [marked(century, "start century"), *map(marked, f"{start:02d}", ("start ten", "start unit"))]
        return filled(
            template,
            noun=marked(noun, "event"),
            start=joined("", parts),
            century=marked(century, "end century"),
        )

    clean = prompt(year)
    return Example(
        clean=clean.text,
        corrupted=prompt(1).text,
        answer=f"{end:02d}",
        foil=f"{year:02d}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=(content,),
        answers=tuple(f"{y:02d}" for y in range(year + 1, 100)),
        foils=tuple(f"{y:02d}" for y in range(year + 1)),
        metric=METRIC,
        roles=clean.roles,
        factors=(("start ten", str(year // 10)), ("start unit", str(year % 10)), ("century", str(century))),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output's first two characters, spaces aside, are digits of a year above the start year."""
    return "".join(output.split())[:2] in example.answers


TASK = Task(
    card=TaskCard(
        name="greater-than",
        suite="local",
        surface="symbols",
        measures="comparison: an end year above the start year two clauses earlier",
        source="Hanna et al. 2023, arXiv 2305.00586",
        licence="Apache-2.0 (sentences and nouns written for this project after the paper's)",
        counterfactual="the start year's last two digits become 01",
        metric=METRIC,
        answer="any two-digit year above the start year; foils: all others",
        plan="the end year",
        copied="",
        checker="the first two characters are such a year",
        variants={"lasted": "'lasted from … to …'", "ended": "'began in … and ended in …'"},
        levels={"years": {"digits": 2}},
        default_level="years",
        steps=1,
        version=2,
    ),
    draw=draw,
    check=check,
)
