"""The same evidence on fewer prompts: some of the groups of either half, and no other example."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..circuits.scores import Outside
from ..measure.circuit_runs import CircuitRuns
from ..measure.effect_sums import EffectSums
from ..measure.evidence import Entropies, Evidence
from ..measure.score_sums import ScoreSums
from ..measure.swept import Sweep
from ..record.missing import Missing
from ..record.resampling import freedom_of
from .kept import KeptTask

_Numbers = NDArray[np.int64]


def fewer_prompts(kept: KeptTask, share: float, seed: int) -> KeptTask | Missing:
    """The task on a random share of the groups of either half, as many of every template as can be."""
    grouping = kept.grouping
    return _only(
        kept,
        drawn_groups(grouping.templates, share, seed),
        drawn_groups(grouping.evaluation_templates, share, seed),
    )


def without_templates(kept: KeptTask, fold: int, folds: int) -> KeptTask | Missing:
    """The task without one fold of its templates: the templates, by name, are dealt out to the folds."""
    grouping = kept.grouping
    names = sorted({*grouping.templates, *grouping.evaluation_templates})
    if len(names) < folds:
        return Missing(
            missing=f"{kept.task.task} has {len(names)} templates, and {folds} are left out in turn"
        )
    gone = set(names[fold::folds])
    halves = (grouping.templates, grouping.evaluation_templates)
    return _only(kept, *([g for g, name in enumerate(half) if name not in gone] for half in halves))


def drawn_groups(templates: Sequence[str], share: float, seed: int) -> list[int]:
    """A random share of groups, given the template of each, ascending; at least one.

    They are dealt in turns, a group of every template before a second one of any, so that templates have as
    many each, but for one.
    """
    generator = np.random.default_rng(seed)
    turns: dict[int, list[int]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    for group in generator.permutation(len(templates)):
        turns[seen[templates[group]]].append(int(group))
        seen[templates[group]] += 1
    dealt = [group for _, turn in sorted(turns.items()) for group in turn]
    return sorted(dealt[: max(1, round(share * len(templates)))])


def _only(kept: KeptTask, discovery: Sequence[int], evaluation: Sequence[int]) -> KeptTask | Missing:
    """The task on those groups; missing where nothing can be resampled, or no circuit was run on them."""
    if len(discovery) < 2 or len(evaluation) < 2:
        return Missing(missing=f"one group of {kept.task.task} would be left, and nothing could be resampled")
    grouping, groups = kept.grouping, set(evaluation)
    examples = {
        one.index
        for one, group in zip(grouping.evaluation, grouping.evaluation_group, strict=True)
        if group in groups
    }
    members = [_evidence(each, discovery, evaluation, examples) for each in (kept.arm, kept.mdm)]
    runs = None if kept.runs is None else tuple(_runs(each, examples) for each in kept.runs)
    ran = [each.sweep.templates for each in members] + [each.templates for each in runs or ()]
    if min(map(len, ran)) < 2:
        return Missing(missing=f"circuits of {kept.task.task} were run on fewer than two of these prompts")
    freedom = min(
        freedom_of(len(chosen), len({names[group] for group in chosen}))
        for chosen, names in (
            (discovery, grouping.templates),
            (evaluation, grouping.evaluation_templates),
        )
    )
    return replace(
        kept,
        arm=members[0],
        mdm=members[1],
        runs=None if runs is None else (runs[0], runs[1]),
        freedom=freedom,
    )


def _evidence(
    whole: Evidence, discovery: Sequence[int], evaluation: Sequence[int], examples: Collection[int]
) -> Evidence:
    return Evidence(
        _scores(whole.scores, discovery),
        _sweep(whole.sweep, examples),
        _entropies(whole.entropies, evaluation),
        _effects(whole.effects, evaluation),
    )


def _scores(scores: ScoreSums, groups: Sequence[int]) -> ScoreSums:
    found, chosen = scores.attribution, np.array(groups)
    at, numbers = _renumbered(found.groups, chosen)
    outside = found.outside
    if outside is not None and outside.sums is not None:
        outside = Outside(outside.sums[:, chosen])
    attribution = replace(
        found,
        score_sums=found.score_sums[chosen],
        counts=found.counts[chosen],
        clean=found.clean[at],
        corrupted=found.corrupted[at],
        groups=numbers,
        outside=outside,
        neuron_sums=None if found.neuron_sums is None else found.neuron_sums[chosen],
    )
    templates = tuple(scores.templates[group] for group in groups)
    return replace(scores, attribution=attribution, templates=templates, examples=scores.examples[at])


def _renumbered(of_examples: _Numbers, chosen: _Numbers) -> tuple[_Numbers, _Numbers]:
    """Which examples are of the chosen groups, and the place of the group of each among the chosen."""
    at = np.flatnonzero(np.isin(of_examples, chosen))
    return at, np.searchsorted(chosen, of_examples[at])


def _sweep(sweep: Sweep, examples: Collection[int]) -> Sweep:
    at = np.flatnonzero(np.isin(sweep.examples, list(examples)))
    return replace(
        sweep,
        whole=sweep.whole[at],
        empty=sweep.empty[at],
        circuits=sweep.circuits[..., at],
        templates=tuple(sweep.templates[place] for place in at),
        examples=sweep.examples[at],
    )


def _runs(runs: CircuitRuns, examples: Collection[int]) -> CircuitRuns:
    at = np.flatnonzero(np.isin(runs.examples, list(examples)))
    # Shuffled circuits ran on some of the examples alone: those of them that stay.
    few = np.isin(runs.shuffled_at, at)
    return replace(
        runs,
        whole=runs.whole[at],
        empty=runs.empty[at],
        circuits=runs.circuits[:, at],
        shuffled=runs.shuffled[:, few],
        shuffled_at=np.searchsorted(at, runs.shuffled_at[few]),
        templates=tuple(runs.templates[place] for place in at),
        examples=runs.examples[at],
    )


def _entropies(entropies: Entropies, groups: Sequence[int]) -> Entropies:
    return Entropies(
        components={
            name: tuple(values[group] for group in groups) for name, values in entropies.components.items()
        },
        counts=tuple(entropies.counts[group] for group in groups),
        templates=tuple(entropies.templates[group] for group in groups),
    )


def _effects(effects: EffectSums, groups: Sequence[int]) -> EffectSums:
    chosen = np.array(groups)
    at, numbers = _renumbered(effects.groups, chosen)
    return replace(
        effects,
        direct_clean=effects.direct_clean[chosen],
        direct_changed=effects.direct_changed[chosen],
        drops=effects.drops[chosen],
        clean=effects.clean[chosen],
        corrupted=effects.corrupted[chosen],
        removed=effects.removed[chosen],
        templates=tuple(effects.templates[group] for group in groups),
        groups=numbers,
        examples=effects.examples[at],
    )
