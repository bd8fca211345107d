"""The numbers that statements rest on, of a sample of a pair and its control, with the intervals of records.

All resamples of a quantity are computed at once, which takes a tenth of a record's time; a test asks for the
numbers of a record's own functions, bounds included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from reliability.population import HOSTS, WHOSE, Sample, Who

from mechshift import metrics
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.compare.direction import direction
from mechshift.benchmark.contrast.differences import subtract_values
from mechshift.benchmark.measure.circuit_runs import CROSS, OTHER, OWN, CircuitRuns
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.number import Measured, measured
from mechshift.benchmark.record.protocol import Statistics
from mechshift.benchmark.record.resampling import resampled_by, with_resampling
from mechshift.metrics import Estimate, Undefined, unit_freedom
from mechshift.metrics.estimate import estimate_of
from mechshift.metrics.overlap import largest
from mechshift.metrics.spread import POWER

Floats = NDArray[np.floating]
Found = Estimate | Undefined

STRUCTURE = ("ρ, standardised", "ρ", "weighted Jaccard")
TRANSFER = {"arm": "τ* in the ARM", "mdm": "τ* in the MDM"}
MASS = ("early share", "specialisation")
"""Of the second member; each has a shift too, from the ARM's."""
SQUARED = tuple(f"{name}, squared" for name in MASS)
SHIFTS = {name: f"shift of {name}" for name in (*MASS, *SQUARED)}
CONTEXT = {"right_context": "right-context share", "right_context_squared": "right-context share, squared"}
LESS = " less control"
COMPARED = (*STRUCTURE, *TRANSFER.values(), *SHIFTS.values(), *CONTEXT.values())
"""What is held against the control's."""
QUANTITIES = (*COMPARED, *SHIFTS, *(name + LESS for name in COMPARED))
_REASON = "a resample gave no value"


@dataclass(frozen=True)
class Sizes:
    """Edges of the compared circuits of the pair and of its control."""

    pair: int
    control: int

    def of(self, who: Who) -> int:
        """Those of one of the two."""
        return self.pair if who == "pair" else self.control


def estimates(sample: Sample, sizes: Sizes, statistics: Statistics) -> dict[str, Measured]:
    """Every quantity of the pair, and of the pair less the control by the same resamples."""
    placed = _placement(sample, sizes, statistics)
    # As a record has it, whose numbers are all taken to be of as many units.
    resampling = resampled_by(statistics, unit_freedom(sample.arm.templates))
    own: dict[Who, dict[str, Measured]] = {}
    for who in WHOSE:
        found = _structure(sample.arm, sample.second[who], statistics) | placed[who]
        found |= {TRANSFER[host]: _transfer(sample.runs[who, host], statistics) for host in HOSTS}
        own[who] = {name: measured(value) for name, value in found.items()}
        own[who] |= _context(sample.second[who], statistics)
        own[who] = {name: with_resampling(value, resampling) for name, value in own[who].items()}
    apart = {
        name + LESS: subtract_values(own["control"][name], own["pair"][name], paired=True).difference
        for name in COMPARED
    }
    return own["pair"] | apart


def _rows(templates: Sequence[str], statistics: Statistics) -> Floats:
    """Weights [1 + resamples, units]: all 1, then those of the resamples."""
    drawn = metrics.cluster_weights(templates, *statistics.drawn)
    return np.concatenate([np.ones((1, drawn.shape[1])), drawn])


def _estimate(values: Floats, templates: Sequence[str]) -> Found:
    """Of values [1 + resamples], NaN where a resample gives none; `templates` of what was resampled."""
    if np.isnan(values[0]):
        return Undefined("the sample gives no value")
    return estimate_of(float(values[0]), values[1:], 0.95, _REASON, unit_freedom(templates))


def _structure(arm: ScoreSums, second: ScoreSums, statistics: Statistics) -> dict[str, Found]:
    counts, templates, mask = arm.attribution.counts, arm.templates, arm.graph.mask
    a, b = (each.attribution.score_sums[:, mask] for each in (arm, second))
    rows, drawn = _rows(templates, statistics), statistics.drawn
    shares = []
    for sums in (a, b):
        mass = np.abs(rows @ sums)
        shares.append(mass / mass.sum(axis=1, keepdims=True))
    least = np.minimum(*shares).sum(axis=1)
    return {
        STRUCTURE[0]: metrics.standardised_cosine(a, b, counts, templates, None, POWER, *drawn),
        STRUCTURE[1]: metrics.disattenuated_cosine(metrics.group_products(a, b), counts, templates, *drawn),
        # Of two distributions, the larger parts sum to 2 less the smaller ones.
        STRUCTURE[2]: _estimate(least / (2 - least), templates),
    }


def _transfer(runs: CircuitRuns, statistics: Statistics) -> Found:
    rows = _rows(runs.templates, statistics)
    own, other, empty, whole, *crossed = (
        rows @ each for each in (runs[OWN], runs[OTHER], runs.empty, runs.whole, *runs.crossed(CROSS))
    )
    cross = np.mean(crossed, axis=0)
    margin = own - cross
    gap = whole - empty
    # In units of faithfulness, of which τ* itself is a ratio.
    of_margin = _estimate(margin / gap, runs.templates)
    if isinstance(of_margin, Undefined) or not of_margin.clear:
        return Undefined("the host's own circuit does not clearly more than its circuits of other tasks")
    with np.errstate(divide="ignore", invalid="ignore"):
        return _estimate(np.where(margin / gap > 0, (other - cross) / margin, np.nan), runs.templates)


def _context(second: ScoreSums, statistics: Statistics) -> dict[str, Measured]:
    outside, mask = second.attribution.outside, second.graph.mask
    if outside is None or outside.sums is None:
        shares = direction(second, statistics)
        return {name: shares[share] for share, name in CONTEXT.items()}
    before, behind = (sums[:, mask].astype(np.float64) for sums in outside.sums)
    places = before, second.attribution.score_sums[:, mask] - before - behind, behind
    rows = _rows(second.templates, statistics)
    held = [np.abs(rows @ sums).sum(axis=1) for sums in places]
    counts, drawn = second.attribution.counts, statistics.drawn
    first, _, last = metrics.squared_place_shares(places, counts, second.templates, None, *drawn)
    squared: Found = Undefined("scores are not clear of the prompts' noise")
    if isinstance(first, Estimate) and isinstance(last, Estimate):
        squared = metrics.paired_statistic(lambda *of: sum(of), [first, last])
    by_mass = _estimate((held[0] + held[2]) / np.sum(held, axis=0), second.templates)
    return dict(zip(CONTEXT.values(), map(measured, (by_mass, squared)), strict=True))


def _placement(sample: Sample, sizes: Sizes, statistics: Statistics) -> Mapping[Who, dict[str, Found]]:
    """Shares and shifts by mass and by squared mass of pair and control."""
    components, templates = Components(sample.arm.graph), sample.arm.templates
    rows = _rows(templates, statistics)
    by_mass, by_squares = (
        partial(of_mass, components=components, rows=rows),
        partial(_of_squares, components=components, rows=rows),
    )
    found: dict[Who, dict[str, Found]] = {}
    squared = by_squares(sample.arm)
    for who in WHOSE:
        second, size = sample.second[who], sizes.of(who)
        pairs = {MASS: (by_mass(sample.arm, size), by_mass(second, size))}
        pairs[SQUARED] = (squared, by_squares(second))
        found[who] = {}
        for names, (before, after) in pairs.items():
            for name, one, other in zip(names, before, after, strict=True):
                found[who] |= {
                    name: _estimate(other, templates),
                    SHIFTS[name]: _estimate(other - one, templates),
                }
    return found


def of_mass(member: ScoreSums, size: int, components: Components, rows: Floats) -> tuple[Floats, Floats]:
    """Early share and specialisation of the circuits of that size in each row of weights, [rows] each."""
    mask, counts = components.graph.mask, member.attribution.counts
    means = rows @ member.attribution.score_sums[:, mask] / (rows @ counts)[:, None]
    strength = np.abs(means)
    return placed(_at_components(np.where(largest(strength, size), strength, 0), components), components)


def _of_squares(member: ScoreSums, components: Components, rows: Floats) -> tuple[Floats, Floats]:
    """The same by squared mass of all edges, without the noise of the prompts."""
    incidence = components.of_sources, components.of_destinations
    products = metrics.component_products(member.attribution.score_sums, components.graph.mask, *incidence)
    return placed(metrics.mean_product(products, member.attribution.counts, rows), components)


def _at_components(held: Floats, components: Components) -> Floats:
    """Mass at either end [rows, components] of edges [rows, edges]."""
    laid_out = np.zeros((len(held), *components.graph.mask.shape))
    laid_out[:, components.graph.mask] = held
    return np.asarray(
        laid_out.sum(axis=2) @ components.of_sources.T + laid_out.sum(axis=1) @ components.of_destinations.T
    )


def placed(mass: Floats, components: Components) -> tuple[Floats, Floats]:
    """Early share and specialisation of masses [rows, components], which noise may make negative."""
    layers = components.graph.layers
    of_layers = mass @ (components.layers[:, None] == np.arange(layers))
    held = np.maximum(of_layers, 0)
    inside = np.clip(layers / 3 - np.arange(layers), 0, 1)
    within = np.maximum(mass, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        early = np.where(of_layers.sum(axis=1) > 0, held @ inside / held.sum(axis=1), np.nan)
        share = within / within.sum(axis=1, keepdims=True)
        entropy = -np.where(share > 0, share * np.log(share), 0).sum(axis=1)
    return early, np.where(np.isnan(early), np.nan, 1 - entropy / np.log(mass.shape[1]))
