"""Pairs of models whose mean scores are known, and score sums as prompts would give them.

Noise has the parts that were found in the reference pairs' cells: prompts on which all scores are larger or
smaller together, a second direction along the strong edges, and noise of each edge, relatively larger for
weak edges and in part the same in both models. `templates` move scores as prompts do, once per template.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Law = Literal["log-normal", "Student t"]
Relation = Literal["related", "same", "unrelated"]

GROUPS = 24
SOURCES = 55
"""Of `tiny`; edges are spread evenly over them."""
GAIN, FACTOR = 0.4, 0.3
"""Standard deviations over prompts, in units of the score."""
SHARED = 0.5
"""Share of a prompt's noise that both models have in common."""


@dataclass(frozen=True)
class Design:
    """What is simulated: edges, the law of their mean scores, how the models are related, templates.

    `templates` of 0: all prompts have one template.
    """

    edges: int
    law: Law
    relation: Relation = "related"
    templates: int = 0

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which edges exist, [sources, destinations]."""
        width = -(-self.edges // SOURCES)
        return (np.arange(SOURCES * width) < self.edges).reshape(SOURCES, width)

    @property
    def clusters(self) -> NDArray[np.int64]:
        """The template of each group."""
        return np.arange(GROUPS) * max(1, self.templates) // GROUPS


@dataclass(frozen=True)
class Truth:
    """Of both models the mean score and the standard deviation of each edge over prompts, [2, edges].

    `second`: [edges], how far each edge takes part in the second direction.
    """

    mean: Floats
    spread: Floats
    second: Floats


def counts(prompts: int) -> NDArray[np.int64]:
    """Prompts in each group, as even as can be."""
    return prompts // GROUPS + (np.arange(GROUPS) < prompts % GROUPS)


def truth(design: Design, generator: np.random.Generator) -> Truth:
    """Models of a design; the second has four fifths of the first where they are related."""
    first, second = (_scores(design, generator) for _ in range(2))
    if design.relation == "related":
        second = 0.8 * first + 0.6 * second
    elif design.relation == "same":
        second = first
    mean = np.stack([first, second])
    # Of the truth and not of a sample: it is part of how much the scores of an edge differ.
    second = generator.standard_normal(design.edges, dtype=np.float32)
    common = (GAIN**2 + (FACTOR * second) ** 2) * mean**2
    return Truth(mean, np.sqrt(common + _own_noise(mean, design.law) ** 2), second)


def _scores(design: Design, generator: np.random.Generator) -> Floats:
    if design.law == "Student t":
        return generator.standard_t(2.5, design.edges)
    # As the scores of `tiny`: the logarithms of their sizes have a standard deviation of 1.6 to 2.
    size = np.exp(1.8 * generator.standard_normal(design.edges))
    return size * generator.choice([-1.0, 1.0], design.edges)


def _own_noise(mean: Floats, law: Law) -> Floats:
    """Standard deviation of an edge's own noise over prompts."""
    # Log-normal: two thirds of the score for the ten strongest, ten times it for weak ones, as in `tiny`.
    return np.full(mean.shape, 3.0) if law == "Student t" else 6 * np.abs(mean) ** 0.6


def sample(
    design: Design, true: Truth, prompts: int, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Score sums of both models, [groups, sources, destinations] each, 0 where no edge is."""
    examples = counts(prompts)[:, None].astype(np.float32)
    second = true.second
    sums = examples * true.mean[:, None].astype(np.float32)
    # The root of the examples: a group's sum of noise that differs from prompt to prompt.
    sums += np.sqrt(examples) * _noise(design, true, second, GROUPS, generator)
    if design.templates:
        of_templates = 0.3 * _noise(design, true, second, design.templates, generator)
        sums += examples * of_templates[:, design.clusters]
    laid_out = np.zeros((2, GROUPS, *design.mask.shape), dtype=np.float32)
    laid_out[:, :, design.mask] = sums
    return laid_out[0], laid_out[1]


def _noise(design: Design, true: Truth, second: Floats, draws: int, generator: np.random.Generator) -> Floats:
    """Noise of prompts, or of templates, [models, draws, edges]."""
    # One model twice is measured on other prompts, so that nothing is shared.
    shared = 0.0 if design.relation == "same" else SHARED

    def drawn(*shape: int) -> Floats:
        common = generator.standard_normal((1, *shape), dtype=np.float32)
        own = generator.standard_normal((2, *shape), dtype=np.float32)
        own *= np.float32(np.sqrt(1 - shared))
        own += np.float32(np.sqrt(shared)) * common
        return own

    mean = true.mean[:, None].astype(np.float32)
    found = drawn(draws, design.edges)
    found *= _own_noise(mean, design.law).astype(np.float32)
    along = GAIN * drawn(draws, 1) + FACTOR * drawn(draws, 1) * second
    found += along.astype(np.float32) * mean
    return found
