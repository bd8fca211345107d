"""The types of this room: an example, the card of a task, and the task that draws examples."""

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ..errors import NotComputable, UsageError
from .wording import PromptRole

Split = Literal["training", "evaluation"]
Suite = Literal["local", "planning"]
Surface = Literal["words", "symbols"]
MetricName = Literal["logit difference", "probability difference", "log odds"]
Level = Mapping[str, int | str]

EVALUATION_SHARE = 5
"""One content in this many belongs to the evaluation split."""

PATIENCE = 3_000
"""A stream ends after this many draws in a row that brought nothing new."""


class NotDrawable(Exception):
    """A generator can draw no example at all of a level; the message says why."""


@dataclass(frozen=True)
class InPlace:
    """The same question as a text with a hole, which only a masked diffusion model can be asked.

    `left + answer + right` is the whole text; `corrupted_right` holds the exchanged cue.
    """

    left: str
    right: str
    corrupted_right: str


@dataclass(frozen=True)
class Example:
    """One question: two prompts that differ in what decides the answer only.

    `clean + answer` is the text that a model is asked to complete; `foil` is what `corrupted` would
    be answered with (or, where the answer is any of a set, one wrong answer). `metric` says what is measured:
    for a logit difference at answer and foil, for the others over the sets `answers` and `foils`. `variant`
    is the surface variant, `template` the wording within it: the cluster of the bootstrap. `contents` are
    the keys by which an example belongs to the training or the evaluation split.

    The answer's first character that is no space begins its *plan* token, the one whose value needs all of
    the question. `copied` are the places, in the answer, of the characters of its *copied* tokens, each of
    which the prompt and the answer before it determine by one look-up. A token may be neither. `roles` name
    pieces of the clean prompt by the part they play (in the corrupted one other pieces may), `factors` what
    the generator chose, by name.
    """

    clean: str
    corrupted: str
    answer: str
    foil: str
    variant: str
    template: str
    contents: tuple[str, ...]
    answers: tuple[str, ...] = ()
    foils: tuple[str, ...] = ()
    metric: MetricName = "logit difference"
    in_place: InPlace | None = None
    copied: tuple[int, ...] = ()
    roles: tuple[PromptRole, ...] = ()
    factors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TaskCard:
    """What a reader of a result has to know about a task.

    `steps` is the number of denoising steps of the MDM's schedule: a number, or "tokens" for one step
    per answer token. `plan` says what the plan token is, `copied` which of the answer's tokens are copied, ""
    where there are none. `surface` is what the questions are made of, where a level has no `surface` of its
    own. `version` is raised by the task's author whenever an example of any level (its texts,
    order, split, metric, answer sets) or a verdict of the checker can change: results of different versions
    are never compared.
    """

    name: str
    suite: Suite
    surface: Surface
    measures: str
    source: str
    licence: str
    counterfactual: str
    metric: MetricName
    answer: str
    plan: str
    copied: str
    checker: str
    variants: Mapping[str, str]
    levels: Mapping[str, Level]
    default_level: str
    steps: int | Literal["tokens"]
    version: int


@dataclass(frozen=True)
class Draw:
    """What a generator is given for one draw: random numbers, the level, the surface variant, and the split.

    An example of another split is thrown away, so that a generator that looks at the split first saves time.
    """

    rng: random.Random
    level: Level
    variant: str
    split: Split

    def wants(self, content: str) -> bool:
        """Whether the content belongs to the split."""
        return split_of(content) == self.split

    def integer(self, name: str) -> int:
        """A level's parameter that is a number."""
        return int(self.level[name])


@dataclass(frozen=True)
class Task:
    """A task: its card, a generator of one example (or None: try again), and a checker of model output."""

    card: TaskCard
    draw: Callable[[Draw], Example | None]
    check: Callable[[Example, str], bool]

    def level(self, name: str | None = None) -> tuple[str, Level]:
        """The name and the parameters of a level, the default one for None.

        Raises UsageError for a level the task does not have.
        """
        chosen = name or self.card.default_level
        if chosen not in self.card.levels:
            raise UsageError(
                f"level {chosen!r} of task {self.card.name!r} does not exist",
                f"its levels are {', '.join(self.card.levels)}",
            )
        return chosen, self.card.levels[chosen]

    def surface(self, level: str | None = None) -> Surface:
        """What a level's questions are made of. Raises UsageError for an unknown level."""
        found = self.level(level)[1].get("surface", self.card.surface)
        return "symbols" if found == "symbols" else "words"

    def examples(self, seed: int, split: Split = "evaluation", level: str | None = None) -> Iterator[Example]:
        """Distinct examples of one split, the surface variants in turn; the same for the same arguments.

        The stream ends when the level has no more to give. Raises UsageError for an unknown level,
        NotComputable where the generator says that it can draw none of it.
        """
        name, parameters = self.level(level)
        # Seeded by text, which Python hashes with SHA-512: the same numbers in every process.
        rng = random.Random(f"{self.card.name}/{name}/{split}/{seed}")
        draws = [Draw(rng, parameters, variant, split) for variant in self.card.variants]
        seen: set[tuple[str, ...]] = set()
        failures = 0
        while failures < PATIENCE:
            failures += 1
            # The variant is kept until one of it is yielded, so that draws that fail leave the turns equal.
            example = self._drawn(name, draws[len(seen) % len(draws)])
            if example is None or not in_split(example, split):
                continue
            key = _key(example, split)
            if key not in seen:
                seen.add(key)
                failures = 0
                yield example

    def _drawn(self, level: str, draw: Draw) -> Example | None:
        try:
            return self.draw(draw)
        except NotDrawable as error:
            raise NotComputable(
                f"task {self.card.name!r}, level {level!r}: {error}", "choose another level, or mend the task"
            ) from error


def _key(example: Example, split: Split) -> tuple[str, ...]:
    """What no other example of the stream may have."""
    if split == "training":
        # A prompt may come again with another answer.
        return example.clean, example.corrupted, example.answer
    # A prompt is evaluated once, so that disjoint halves share none.
    return (example.clean,)


# Kept, because a generator comes back to the same contents.
@lru_cache(maxsize=1 << 16)
def split_of(content: str) -> Split:
    """The split that a content belongs to, decided by its hash alone, so that no list is needed."""
    # SHA-256 and not hash(), which is another in every process.
    number = int.from_bytes(hashlib.sha256(content.encode()).digest()[:8], "big")
    return "evaluation" if number % EVALUATION_SHARE == 0 else "training"


def in_split(example: Example, split: Split) -> bool:
    """Whether every content of the example belongs to the split."""
    return all(split_of(content) == split for content in example.contents)
