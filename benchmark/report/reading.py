"""How the numbers are to be read: what every interval is for, how chance was found, what is adjusted."""

from ...metrics import TEMPLATES_DRAWN
from ..record.protocol import Protocol
from .markdown import bullets, paragraph


def reading(protocol: Protocol, seeds: bool) -> list[str]:
    """Of a protocol; `seeds`: whether trainings of one recipe stand side by side."""
    return [
        "## How to read the numbers",
        "Three kinds of interval, all of 95 %:",
        bullets(_intervals(protocol, seeds)),
        "What is chance:",
        bullets(_chance(protocol)),
        paragraph(
            """p-values of verdicts are two-sided, by Student's t, in standard errors from the bound;
            that of a verdict is the largest of its claims. Holm's method adjusts them: over the
            tasks, over the two suites, and over the statements, each family by itself and the
            undecided counted. How many there are stands above the verdict's tables. A dash is a value
            that could not be computed, and a number behind it refers to the reason."""
        ),
    ]


def _intervals(protocol: Protocol, seeds: bool) -> list[str]:
    resamples = protocol.statistics.resamples
    found = [
        f"""*Other prompts.* In brackets behind a value: the bootstrap of {resamples} resamples, over
        templates where a task has {TEMPLATES_DRAWN} or more, else over groups of prompts within its
        templates, with the sizes of circuits held fixed. Means over tasks combine them as of independent
        tasks. Accuracies have Wilson's interval.""",
        """*Other tasks.* What is called *for other tasks* has Welch's interval over the tasks of the
        four kinds (local and planning, words and symbols). It says whether a difference is one of
        kinds of tasks, and not of these tasks alone.""",
    ]
    if seeds:
        found.append(
            """*Other trainings.* Over seeds: Student's t of a mean, Welch's of a difference of two
            recipes, with the prompts as they are. In the verdict over seeds the deviations of seeds
            and of prompts are put together as if they were independent, which errs on the wide
            side."""
        )
    else:
        found.append(
            """*Other trainings* of the same recipe are in none of the intervals here: each pair is one
            training."""
        )
    return found


def _chance(protocol: Protocol) -> list[str]:
    found = [
        """*Ĵ* is 0 for two random circuits of the same size (hypergeometric), and 1 for two samples of
        prompts of one model.""",
        """*ρ* is 0 for scores that have nothing in common. Between different tasks of one model it is
        not 0.""",
        """*Depth* has its chance in uniformly drawn edges, *specialisation* in the same scores on
        random edges.""",
        """*One circuit or several*: the silhouette of the groups is held against that of 99 random
        rotations of them, which keep how edges vary together.""",
    ]
    if transferring := protocol.transferring:
        found.append(
            f"*τ\\** is 0 for the mean of the host's circuits of other tasks, on {transferring.crossed} "
            f"examples. Below it stand {transferring.shuffled} circuits of scores shuffled within kinds of "
            f"edges, on {transferring.shuffled_examples} examples. Uniformly random circuits do nothing, and "
            "are no floor."
        )
    if ablating := protocol.ablating:
        found.append(
            f"*Causality*: beside the top early nodes stand as many middle and late ones, and "
            f"{ablating.random_sets} random sets."
        )
    return found
