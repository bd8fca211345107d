"""Recall: facts that pair things with places, then one of the things again; the answer is its place."""

from ..example import Draw, Example, Task, TaskCard
from ..output import first_word
from ..wording import filled, joined, marked

THINGS = "apple book bottle computer guitar hammer key lamp letter mirror needle ring ticket".split()
PLACES = (
    "bank castle forest garden hospital hotel library office palace park restaurant school station".split()
)

FACTS = {"is": "The {thing} is in the", "stayed": "The {thing} stayed in the"}
"""A fact but for its place."""


def draw(given: Draw) -> Example:
    """Some facts about different things and places, and the beginning of one of them.

    Corrupted: another of the things is asked for. Its place is the foil.
    """
    rng, facts = given.rng, given.integer("facts")
    things, places = rng.sample(THINGS, facts), rng.sample(PLACES, facts)
    at, other = rng.sample(range(facts), 2)
    template = FACTS[given.variant]
    pairs = zip(things, places, strict=True)
    told = [
        filled(template + " {place}.", thing=marked(thing, "thing"), place=marked(place, "place"))
        for thing, place in pairs
    ]
    clean, corrupted = (
        joined(" ", [*told, filled(template, thing=marked(thing, "thing asked for"))])
        for thing in (things[at], things[other])
    )
    return Example(
        clean=clean.text,
        corrupted=corrupted.text,
        answer=f" {places[at]}",
        foil=f" {places[other]}",
        variant=given.variant,
        template=f"{given.variant}-{at}",
        contents=(" ".join(things + places),),
        roles=clean.roles,
        factors=(("place in the list", str(at)),),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output begins with the place as a whole word."""
    return first_word(output) == example.answer.strip()


TASK = Task(
    card=TaskCard(
        name="recall",
        suite="local",
        surface="words",
        measures="recall by association: find the thing's earlier mention and copy its place",
        source="associative recall as in Arora et al. 2023, arXiv 2312.04927, in sentences",
        licence="Apache-2.0 (generated)",
        counterfactual="another of the things is asked for",
        metric="logit difference",
        answer="the place of the thing; foil: that of the other thing",
        plan="the place of the thing",
        copied="",
        checker="first word equals the place",
        variants={"is": "where a thing is", "stayed": "where a thing stayed"},
        levels={"three": {"facts": 3}, "six": {"facts": 6}},
        default_level="three",
        steps=1,
        version=1,
    ),
    draw=draw,
    check=check,
)
