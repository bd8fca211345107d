"""Time of an attribution over the whole trajectory and at single stages, beside that at the plan token.

On a random pair. Answers have eleven tokens, all of which decide; the MDM commits one a step.
"""

from collections.abc import Callable

from build import asking, models
from mechshift.benchmark.asking.reads import Read
from mechshift.benchmark.asking.states import question
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.pairs.member import Member
from speed.results import Found
from speed.timing import Asked, in_turn, ratio

EXAMPLES, PROMPT, LENGTH, ROUNDS = 8, 18, 11, 3
READS: tuple[Read, ...] = ("trajectory", "start", "half", "last")
SIZES = {"vocabulary": 40, "positions": 64, "width": 128, "mlp_width": 512, "layers": 4, "heads": 8}


def attribution(member: Member, read: Read, examples: int) -> Callable[[], object]:
    """The work of an attribution at a read."""
    order = tuple(range(LENGTH))
    answer, foil = (5,) * LENGTH, (6,) * LENGTH
    encoded = [asking.encoded(PROMPT, answer, foil, seed, 39) for seed in range(examples)]
    asked = [question(member, one, order, 0, number, read) for number, one in enumerate(encoded)]
    return lambda: score_edges(member, asked, ("one",), Integration("midpoint", 5), 64, lambda done: None)


def measured(asked: Asked) -> Found:
    """The time at every read relative to that at the plan token, of either member."""
    examples, rounds = (2, 2) if asked.quick else (EXAMPLES, ROUNDS)
    readings = []
    for role, attention in (("ARM", "causal"), ("MDM", "full")):
        member = models.random_member(
            "llama",
            attention,
            role="arm" if role == "ARM" else "mdm",
            spread=0.05,
            **SIZES,  # type: ignore[arg-type]
        )
        works = {read: attribution(member, read, examples) for read in ("plan", *READS)}
        times = in_turn(works, rounds, asked.seconds)
        readings += [ratio(f"{role}: {read} / plan", times[read], times["plan"]) for read in READS]
    return Found(
        readings=tuple(readings),
        notes=(f"Random models of 4 layers, {examples} examples, answers of {LENGTH} tokens.",),
    )
