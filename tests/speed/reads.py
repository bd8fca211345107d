"""Time of an attribution at the plan token and over the whole trajectory, in one run, on a random pair.

Run `python -m speed.reads` in `tests/`. Answers have eleven tokens, all of which decide; the MDM commits one
a step. What is printed are ratios to the plan read, which depend on the machine much less than seconds do.
"""

import time
from collections.abc import Callable

from build import asking, models
from mechshift.benchmark.asking.reads import Read
from mechshift.benchmark.asking.states import question
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.pairs.member import Member

EXAMPLES, PROMPT, LENGTH, REPEATS = 8, 18, 11, 2
READS: tuple[Read, ...] = ("trajectory", "start", "half", "last")
SIZES = {"vocabulary": 40, "positions": 64, "width": 128, "mlp_width": 512, "layers": 4, "heads": 8}


def seconds(member: Member, read: Read) -> float:
    """The shortest of several attributions."""
    order = tuple(range(LENGTH))
    answer, foil = (5,) * LENGTH, (6,) * LENGTH
    examples = [asking.encoded(PROMPT, answer, foil, seed, 39) for seed in range(EXAMPLES)]
    asked = [question(member, one, order, 0, number, read) for number, one in enumerate(examples)]

    def measured() -> None:
        score_edges(member, asked, ("one",), Integration("midpoint", 5), 64, lambda done: None)

    return min(_timed(measured) for _ in range(REPEATS))


def _timed(work: Callable[[], None]) -> float:
    # Of this process alone, so that what else runs on the machine does not count.
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print the time of every read relative to that of the plan read, for either member."""
    for role, attention in (("arm", "causal"), ("mdm", "full")):
        member = models.random_member("llama", attention, role=role, spread=0.05, **SIZES)  # type: ignore[arg-type]
        plan = seconds(member, "plan")
        ratios = {read: seconds(member, read) / plan for read in READS}
        print(role, f"plan {plan:.2f} s;", ", ".join(f"{read} {ratio:.1f}" for read, ratio in ratios.items()))


if __name__ == "__main__":
    main()
