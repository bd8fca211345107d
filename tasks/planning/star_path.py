"""Star path: from the centre of a star to the end of one arm; only the goal tells which arm to enter."""

import re
from itertools import pairwise
from string import ascii_uppercase

from .. import shots
from ..example import Draw, Example, Task, TaskCard

TEMPLATES = {
    "start-first": (
        "From {start} to {goal}. Edges: {edges}. Path:",
        "Start {start}, goal {goal}. Graph: {edges}. Path:",
        "Go from {start} to {goal}, given {edges}:",
        "Path from {start} to {goal}. Links: {edges}. Path:",
        "The way from {start} to {goal}. Roads: {edges}. Way:",
    ),
    "goal-first": (
        "To {goal} from {start}. Edges: {edges}. Path:",
        "Goal {goal}, start {start}. Graph: {edges}. Path:",
        "Reach {goal} from {start}, given {edges}:",
        "Path to {goal} from {start}. Links: {edges}. Path:",
        "The way to {goal} from {start}. Roads: {edges}. Way:",
    ),
}

INSTRUCTIONS = {
    variant: ("Find the path from the start to the goal. The edge B A leads from A to B.",) * len(templates)
    for variant, templates in TEMPLATES.items()
}
"""What begins the header at the level with shots."""


def draw(given: Draw) -> Example:
    """One star: arms of equal length that leave one centre, their edges in random order.

    An edge is written as a node and the one before it. Corrupted: the goal is the end of another arm.
    """
    rng, arms, steps = given.rng, given.integer("arms"), given.integer("steps")
    # Random letters in random order: neither names nor places of the nodes tell on which arm they lie.
    start, *nodes = rng.sample(ascii_uppercase, 1 + arms * steps)
    paths = [[start, *nodes[arm * steps : (arm + 1) * steps]] for arm in range(arms)]
    # Written inwards, and in every template behind start and goal: small models did not learn the first step
    # otherwise (docs/tasks.md).
    edges = [f"{after} {before}" for path in paths for before, after in pairwise(path)]
    shuffled = rng.sample(edges, len(edges))
    # Arms of equal length, so that answer and foil have their nodes at the same places.
    clean, corrupted = rng.sample(paths, 2)
    index = rng.randrange(len(TEMPLATES[given.variant]))

    def prompt(path: list[str]) -> str:
        return TEMPLATES[given.variant][index].format(edges=", ".join(shuffled), start=start, goal=path[-1])

    return Example(
        clean=prompt(clean),
        corrupted=prompt(corrupted),
        answer=f" {' '.join(clean)}",
        foil=f" {' '.join(corrupted)}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        # The graph without the goal: the corrupted prompt is about the same one.
        contents=(", ".join(sorted(edges)),),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output's first line is a path along the given edges from the start to the goal.

    Edges are those of the clean prompt, start and goal those of the answer.
    """
    lines = output.strip().splitlines()
    path = _nodes(lines[0]) if lines else []
    wanted = _nodes(example.answer)
    edges = set(re.findall(r"\b([A-Z]) ([A-Z])\b", shots.question_of(example.clean)))
    return (
        len(path) > 1
        and (path[0], path[-1]) == (wanted[0], wanted[-1])
        and all((after, before) in edges for before, after in pairwise(path))
    )


def _nodes(text: str) -> list[str]:
    """The nodes of a written path, none where the text is anything else."""
    words = text.split()
    return words if all(re.fullmatch("[A-Z]", word) for word in words) else []


TASK = Task(
    card=TaskCard(
        name="star-path",
        suite="planning",
        measures="looking ahead: the first step already has to lie on the goal's arm",
        source="Bachmann and Nagarajan 2024, 'The pitfalls of next-token prediction', arXiv 2403.06963",
        licence="Apache-2.0 (generated)",
        counterfactual="the goal becomes the end of another arm",
        metric="logit difference",
        answer="the path from start to goal; read at the nodes where the two paths differ",
        checker="every step is a given edge, from the start to the goal",
        variants={
            "start-first": "the start, the goal, then the edges",
            "goal-first": "the goal, the start, then the edges",
        },
        levels={
            "small": {"arms": 3, "steps": 2},
            "medium": {"arms": 3, "steps": 3},
            "large": {"arms": 5, "steps": 5},
            "few-shot": {"arms": 3, "steps": 2, "shots": 8},
        },
        default_level="small",
        steps="tokens",
        version=1,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
