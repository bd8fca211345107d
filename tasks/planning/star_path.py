"""Star path: from the centre of a star to the end of one arm; only the goal tells which arm to enter."""

from itertools import pairwise
from string import ascii_uppercase

from .. import shots
from ..example import Draw, Example, Task, TaskCard
from ..lexicon import NAMES
from ..wording import Marked, filled, joined, marked

NODES = {
    "letters": tuple(ascii_uppercase),
    "numbers": tuple("0123456789"),
    "names": NAMES,
}
"""What the nodes of a star are called."""

TEMPLATES = {
    "start-first": (
        "From {start} to {goal}. Edges: {edges}. Path: {start}",
        "Start {start}, goal {goal}. Graph: {edges}. Path: {start}",
        "Go from {start} to {goal}, given {edges}: {start}",
        "Path from {start} to {goal}. Links: {edges}. Path: {start}",
        "The way from {start} to {goal}. Roads: {edges}. Way: {start}",
    ),
    "goal-first": (
        "To {goal} from {start}. Edges: {edges}. Path: {start}",
        "Goal {goal}, start {start}. Graph: {edges}. Path: {start}",
        "Reach {goal} from {start}, given {edges}: {start}",
        "Path to {goal} from {start}. Links: {edges}. Path: {start}",
        "The way to {goal} from {start}. Roads: {edges}. Way: {start}",
    ),
}

INSTRUCTIONS = {
    variant: ("Find the path from the start to the goal. The edge B A leads from A to B.",) * len(templates)
    for variant, templates in TEMPLATES.items()
}
"""What begins the header at the level with shots."""


def draw(given: Draw) -> Example | None:
    """One star: arms of equal length that leave one centre, their edges in random order.

    An edge is written as a node and the one before it; the prompt ends with the start, so that the answer
    begins with the first step. Corrupted: the goal is the end of another arm.
    """
    rng, arms, steps = given.rng, given.integer("arms"), given.integer("steps")
    # Random nodes in random order: neither names nor places of the nodes tell on which arm they lie.
    start, *nodes = rng.sample(NODES[str(given.level["nodes"])], 1 + arms * steps)
    paths = [nodes[arm * steps : (arm + 1) * steps] for arm in range(arms)]
    # Written inwards, and in every template behind start and goal: small models did not learn the first step
    # otherwise (docs/tasks.md).
    edges = [(after, before) for path in paths for before, after in pairwise([start, *path])]
    shuffled = rng.sample(edges, len(edges))
    # Arms of equal length, so that answer and foil have their nodes at the same places.
    clean, corrupted = rng.sample(paths, 2)
    index = rng.randrange(len(TEMPLATES[given.variant]))
    # The graph without the goal: the corrupted prompt is about the same one.
    content = ", ".join(sorted(f"{after} {before}" for after, before in edges))
    if not given.wants(content):
        return None

    def prompt(path: list[str]) -> Marked:
        return filled(
            TEMPLATES[given.variant][index],
            edges=joined(", ", [_edge(edge, start, path) for edge in shuffled]),
            start=marked(start, "start"),
            goal=marked(path[-1], "goal"),
        )

    asked, answer = prompt(clean), f" {' '.join(clean)}"
    return Example(
        clean=asked.text,
        corrupted=prompt(corrupted).text,
        answer=answer,
        foil=f" {' '.join(corrupted)}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=(content,),
        # Behind the first step, every node is the only one that an edge leads to.
        copied=tuple(place for place in range(len(f" {clean[0]}"), len(answer)) if answer[place] != " "),
        roles=asked.roles,
        factors=(("first step", clean[0]), ("its place", str(shuffled.index((clean[0], start))))),
    )


def _edge(edge: tuple[str, str], start: str, path: list[str]) -> Marked:
    """An edge as it is written, the nodes with what they are on the way along the path."""

    def node(name: str) -> Marked:
        if name == start:
            return marked(name, "start in an edge")
        if name not in path:
            return marked(name, "node on another arm")
        places = {path[0]: "first step in an edge", path[-1]: "goal in an edge"}
        return marked(name, places.get(name, "node on the way"))

    return joined(" ", map(node, edge))


def check(example: Example, output: str) -> bool:
    """Whether the output's first line goes on from the start to the goal along the given edges."""
    lines = output.strip().splitlines()
    edges = {(before, after) for after, before in map(str.split, example.contents[0].split(", "))}
    start = {before for before, _ in edges} - {after for _, after in edges}
    path = [*start, *(lines[0].split() if lines else [])]
    return path[-1] == example.answer.split()[-1] and all(step in edges for step in pairwise(path))


TASK = Task(
    card=TaskCard(
        name="star-path",
        suite="planning",
        surface="symbols",
        measures="looking ahead: the first step already has to lie on the goal's arm",
        source="Bachmann and Nagarajan 2024, 'The pitfalls of next-token prediction', arXiv 2403.06963",
        licence="Apache-2.0 (generated)",
        counterfactual="the goal becomes the end of another arm",
        metric="logit difference",
        answer="the path behind the start, to the goal; foil: that to the other goal",
        plan="the first step",
        copied="the nodes behind the first step",
        checker="every step is a given edge, from the start to the goal",
        variants={
            "start-first": "the start, the goal, then the edges",
            "goal-first": "the goal, the start, then the edges",
        },
        levels={
            "numbers": {"arms": 3, "steps": 2, "nodes": "numbers", "surface": "symbols"},
            "names": {"arms": 3, "steps": 2, "nodes": "names", "surface": "words"},
            "small": {"arms": 3, "steps": 2, "nodes": "letters", "surface": "symbols"},
            "medium": {"arms": 3, "steps": 3, "nodes": "letters", "surface": "symbols"},
            "large": {"arms": 5, "steps": 5, "nodes": "letters", "surface": "symbols"},
            "few-shot": {"arms": 3, "steps": 2, "nodes": "numbers", "surface": "symbols", "shots": 8},
            "few-shot-names": {"arms": 3, "steps": 2, "nodes": "names", "surface": "words", "shots": 8},
        },
        default_level="numbers",
        steps="tokens",
        version=2,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
