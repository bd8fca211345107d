"""Headers of solved questions, which show a base model the form of an answer."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from .example import PATIENCE, Draw, Example, NotDrawable, in_split

Generator = Callable[[Draw], Example | None]

BREAK = "\n\n"
"""Stands between the parts of a header and before the question, and nowhere within a question."""


def few_shot(draw: Generator, instructions: Mapping[str, Sequence[str]]) -> Generator:
    """The generator with a header before both prompts wherever the level has `shots`; as it was elsewhere.

    A header is an instruction (left out where it is empty) and as many solved questions as `shots` says, all
    from the training split, with different answers, of which at most half begin with the same word, and in
    the question's own wording. It is fixed text, one for every level and template. Where a template is a
    sentence frame in a wording (`FRAME/WORDING`) the shots have other frames, so that none has the question's
    answer or cue. `instructions` are given by variant, one for each of its wordings. A question that stands
    in its own header is not asked. Raises NotDrawable where the generator has too few different answers.
    """

    # Made once: a header is long, and the same for all prompts of a template.
    @cache
    def header(level: tuple[tuple[str, int | str], ...], variant: str, template: str) -> str:
        instruction = instructions[variant][int(template.rpartition("-")[2])]
        shots = _solved(draw, dict(level), variant, template)
        return "".join(part + BREAK for part in (instruction, *shots) if part)

    def behind_header(given: Draw) -> Example | None:
        example = draw(given)
        if example is None or "shots" not in given.level:
            return example
        before = header(tuple(sorted(given.level.items())), given.variant, example.template)
        # A header that contains the question would give its answer away.
        if example.clean in before or example.corrupted in before:
            return None
        return replace(
            example,
            clean=before + example.clean,
            corrupted=before + example.corrupted,
            roles=tuple(role.behind(len(before)) for role in example.roles),
        )

    return behind_header


def question_of(prompt: str) -> str:
    """The question of a prompt without its header: all of it where there is none."""
    return prompt.rpartition(BREAK)[2]


def _solved(draw: Generator, level: Mapping[str, int | str], variant: str, template: str) -> list[str]:
    # Not the stream's random numbers: the header must not hang on seed, split or what was drawn before.
    rng = random.Random(f"shots/{sorted(level.items())}/{template}")
    by_answer: dict[str, str] = {}
    beginnings: Counter[str] = Counter()
    failures = 0
    while len(by_answer) < int(level["shots"]):
        if failures == PATIENCE:
            raise NotDrawable(
                f"{failures:,} draws brought no other solved question for the header of template "
                f"{template!r}: of {level['shots']} there are {len(by_answer)} with different answers, of "
                "which at most half begin with the same word"
            )
        failures += 1
        example = draw(Draw(rng, level, variant, "training"))
        if example is None or not _goes_with(example.template, template) or not in_split(example, "training"):
            continue
        # Different answers, and of two first words ("a", "an") each as often as the other, so that none is
        # suggested by being shown more often.
        first = example.answer.split()[0]
        if example.answer not in by_answer and 2 * beginnings[first] < int(level["shots"]):
            by_answer[example.answer] = example.clean + example.answer
            beginnings[first] += 1
            failures = 0
    return list(by_answer.values())


def _goes_with(shot: str, question: str) -> bool:
    (other, _, written), (frame, _, wording) = shot.rpartition("/"), question.rpartition("/")
    return written == wording and (not frame or other != frame)
