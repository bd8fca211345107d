"""How concentrated the effects of single components are, and those of a circuit's beside random ones'."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimate import Estimate
from .faithfulness import faithfulness
from .inputs import Flags, Floats, clusters_of, flags, match, numbers, unit_scale, whole
from .resampling import bootstrap
from .undefined import Undefined, Value, minus

Largest = Literal["share", "effect"]

_NOTHING = Undefined("no component has any effect")
_TOO_FEW = Undefined("a single component has no distribution")
_NO_CIRCUIT = Undefined("the circuit touches no component")


@dataclass(frozen=True, eq=False)
class ComponentEffects:
    """What single components of one model do, as sums over the examples of groups.

    `direct`: direct logit attribution [groups, components]; `drops`: by how much the metric falls where one
    component alone is patched out [groups, components]; `clean`, `corrupted`: the metric of the whole model
    on the examples of `drops` [groups]; `circuit`: bool [components], those that the circuit touches.
    """

    direct: ArrayLike
    drops: ArrayLike
    clean: ArrayLike
    corrupted: ArrayLike
    circuit: ArrayLike


def effect_concentration(
    effects: ArrayLike,
    circuit: ArrayLike,
    largest: Largest = "share",
    draws: int = 200,
    seed: int = 0,
) -> dict[str, Value]:
    """The largest effect and the normalised entropy of all, over several sets of components.

    With p_v = |e_v| / Σ |e| the entropy is H(p)/log n over the n components of a set.

    Args:
        effects: [components], of any sign.
        circuit: bool [components], those that the circuit touches.
        largest: `share`: the largest p_v; `effect`: the largest e_v itself, with its sign.
        draws: random sets.
        seed: of the generator.

    Returns:
        `largest` and `entropy` of all components; with `_circuit` of the circuit's; with `_random` the mean
        over sets of as many components, drawn uniformly from all; with `_excess` circuit − random. Entropies
        and shares lie in [0, 1], their excess in [−1, 1]; a larger share and a smaller entropy: more
        concentrated. Undefined where all effects are 0, an entropy also of a single component.

    Raises:
        ValueError: NaN, lengths that differ, draws below 1.

    >>> found = effect_concentration([3.0, -1.0, 0.0, 0.0], [True, True, False, False])
    >>> found["largest"], found["largest_circuit"], found["entropy_excess"] > 0
    (0.75, 0.75, True)
    """
    values, kept = numbers("effects", effects, 1), flags("circuit", circuit, 1)
    match(("effects", "circuit"), values, kept)
    return _scopes(values, kept, largest, _orders(len(values), draws, seed))


def compared_effects(
    arm: ComponentEffects,
    mdm: ComponentEffects,
    clusters: ArrayLike,
    draws: int = 200,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> dict[tuple[str, str], Estimate | Undefined]:
    """`effect_concentration` of two models over the same groups of examples, with intervals, paired.

    Direct effects are of mean direct logit attribution, its largest as a share. Drops are of
    f = (m − m(∅)) / (m(N) − m(∅)), by means over examples: the largest is how far f falls without that
    component. Resamples weigh the groups; circuits and random sets stay, the sets are those of one generator
    for both models.

    Args:
        arm, mdm: effects of both, with the same groups and components.
        clusters: one label (template) per group [groups].
        draws: random sets.
        resamples, seed, level: of the bootstrap; `seed` also of the random sets.

    Returns:
        By (`arm`, `mdm` or `shift`, name) the values of `effect_concentration`, named `direct_largest`,
        `drop_entropy_excess` and so on; `shift` is MDM − ARM. Those of drops are Undefined where the clean
        prompts score as the corrupted ones do.

    Raises:
        ValueError: NaN, shapes that do not match.

    >>> import numpy as np
    >>> ones, circuit = np.ones((4, 3)), np.array([True, True, False])
    >>> arm = ComponentEffects(ones, ones, 4 * ones[:, 0], 0 * ones[:, 0], circuit)
    >>> mdm = ComponentEffects(ones * [1, 0, 0], ones, 2 * ones[:, 0], 0 * ones[:, 0], circuit)
    >>> found = compared_effects(arm, mdm, clusters=[0, 0, 1, 1])
    >>> round(found["arm", "direct_largest"].value, 9), found["shift", "drop_largest"].value
    (0.333333333, 0.25)
    """
    pair = [_checked(name, each, clusters) for name, each in (("arm", arm), ("mdm", mdm))]
    match(("direct of arm", "direct of mdm"), pair[0].direct, pair[1].direct)
    orders = _orders(pair[0].direct.shape[1], draws, seed)

    def statistic(weights: Floats) -> dict[tuple[str, str], Value]:
        before, after = (_of_one(each, weights, orders) for each in pair)
        shift = {name: minus(after[name], before[name]) for name in before}
        return {
            (of, name): value
            for of, values in (("arm", before), ("mdm", after), ("shift", shift))
            for name, value in values.items()
        }

    found = bootstrap(statistic, clusters, resamples, seed, level)
    return {(of, name): _in_range(of, name, value) for (of, name), value in found.items()}


@dataclass(frozen=True, eq=False)
class _Checked:
    """Effects of one model, all of them arrays that fit together."""

    direct: Floats
    drops: Floats
    clean: Floats
    corrupted: Floats
    circuit: Flags


def _checked(name: str, effects: ComponentEffects, clusters: ArrayLike) -> _Checked:
    direct, drops = (numbers(f"{of} of {name}", getattr(effects, of), 2) for of in ("direct", "drops"))
    clean, corrupted = (numbers(f"{of} of {name}", getattr(effects, of), 1) for of in ("clean", "corrupted"))
    circuit = flags(f"circuit of {name}", effects.circuit, 1)
    match((f"direct of {name}", "drops"), direct, drops)
    match((f"a group of direct of {name}", "circuit"), direct[0], circuit)
    match((f"groups of direct of {name}", "clean", "corrupted"), direct[:, 0], clean, corrupted)
    clusters_of(clusters, groups=len(direct))
    return _Checked(
        # What is said of direct effects does not depend on their scale, and their sums must not overflow.
        unit_scale(direct),
        drops.astype(np.float64),
        clean.astype(np.float64),
        corrupted.astype(np.float64),
        circuit,
    )


def _of_one(effects: _Checked, weights: Floats, orders: NDArray[np.int64]) -> dict[str, Value]:
    direct = _scopes(weights @ effects.direct, effects.circuit, "share", orders)
    clean, corrupted = float(weights @ effects.clean), float(weights @ effects.corrupted)
    # Without a component the model is a circuit like any other.
    kept = faithfulness(clean - weights @ effects.drops, corrupted, clean)
    if isinstance(kept, Undefined):
        drop: dict[str, Value] = dict.fromkeys(direct, kept)
    else:
        drop = _scopes(1 - kept, effects.circuit, "effect", orders)
    return {
        f"{of}_{name}": value
        for of, values in (("direct", direct), ("drop", drop))
        for name, value in values.items()
    }


def _orders(components: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Components in random order, [draws, components]: the first k are a random set of k."""
    generator = np.random.default_rng([seed, 3])
    return np.stack([generator.permutation(components) for _ in range(whole("draws", draws, 1))])


def _scopes(effects: Floats, circuit: Flags, largest: Largest, orders: NDArray[np.int64]) -> dict[str, Value]:
    """`effect_concentration` for random sets that begin the rows of `orders`."""
    number = int(circuit.sum())
    found: dict[str, Value] = {}
    for name, of_sets, reason in (
        ("largest", _shares if largest == "share" else _largest, _NOTHING),
        ("entropy", _entropies, _NOTHING if number != 1 else _TOO_FEW),
    ):
        found[name] = _mean(of_sets(effects[None]), _NOTHING if len(effects) > 1 else _TOO_FEW)
        if number:
            kept = _mean(of_sets(effects[circuit][None]), reason)
            random = _mean(of_sets(effects[orders[:, :number]]), reason)
        else:
            kept = random = _NO_CIRCUIT
        found |= {f"{name}_circuit": kept, f"{name}_random": random, f"{name}_excess": minus(kept, random)}
    return found


def _largest(effects: Floats) -> Floats:
    """The largest effect of each set, [sets] of [sets, components]."""
    return np.asarray(effects.max(axis=-1))


def _shares(effects: Floats) -> Floats:
    """The largest share of each set, NaN where nothing has an effect."""
    return np.asarray(_distribution(effects).max(axis=-1))


def _entropies(effects: Floats) -> Floats:
    """The normalised entropy of each set, NaN where nothing has an effect, or a set is of one."""
    shares = _distribution(effects)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(shares > 0, shares * np.log(shares), shares)
        return np.asarray(np.clip(-terms.sum(axis=-1) / np.log(effects.shape[-1]), 0, 1))


def _distribution(effects: Floats) -> Floats:
    size = np.abs(unit_scale(effects))
    with np.errstate(invalid="ignore"):
        return np.asarray(size / size.sum(axis=-1, keepdims=True))


def _mean(values: Floats, reason: Undefined) -> Value:
    """The mean over sets that have a value."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else reason


def _in_range(of: str, name: str, found: Estimate | Undefined) -> Estimate | Undefined:
    """An interval that is centred anew may reach beyond the range of a share or an entropy."""
    if isinstance(found, Undefined) or name.startswith("drop_largest"):
        return found
    signed = of == "shift" or name.endswith("_excess")
    # A shift of an excess is a difference of differences.
    most = 2 if of == "shift" and name.endswith("_excess") else 1
    return found.clipped(-most if signed else 0, most)
