"""Whether few components do the work or many: concentration of importance, and of what components write.

Importance is [components], ≥ 0, over the *same* components in both models (all heads and MLPs of the
graph, those that the circuit leaves out at 0): the number of components enters every value here.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .components import incidence, random_places
from .inputs import Floats, distribution, edge_scores, flags, match, numbers, unit_scale, whole
from .undefined import Undefined, Value


def importance_entropy(importance: ArrayLike) -> Value:
    """Normalised entropy of the importance: H(p)/log n with p_v = s(v)/Σ s and n the number of components.

    Returns:
        In [0, 1]; 0: one component holds everything, 1: all hold the same. Undefined for a single
        component and when all importance is 0.

    Raises:
        ValueError: NaN, negative, empty.

    >>> importance_entropy([1.0, 1.0, 0.0, 0.0])
    0.5
    """
    shares = _shares(importance)
    if isinstance(shares, Undefined):
        return shares
    if len(shares) == 1:
        return Undefined("a single component has no distribution")
    return min(1.0, _entropy(shares) / float(np.log(len(shares))))


def specialisation(importance: ArrayLike) -> Value:
    """1 − normalised entropy of the importance.

    Returns:
        In [0, 1]; 1: one component does everything, 0: all do the same. Undefined as
        `importance_entropy`. To be read beside `random_specialisation`, which is not 0.

    Raises:
        ValueError: NaN, negative, empty.

    >>> specialisation([3.0, 0.0])
    1.0
    """
    entropy = importance_entropy(importance)
    return entropy if isinstance(entropy, Undefined) else 1 - entropy


def effective_components(importance: ArrayLike) -> Value:
    """Effective number of components: exp(H(p)), the number of equal ones with the same entropy (Hill 1973).

    Returns:
        In [1, n]; larger: more distributed. Undefined when all importance is 0.

    Raises:
        ValueError: NaN, negative, empty.

    >>> round(effective_components([1.0, 1.0, 0.0, 0.0]), 9)
    2.0
    """
    shares = _shares(importance)
    if isinstance(shares, Undefined):
        return shares
    return min(float(len(shares)), float(np.exp(_entropy(shares))))


def gini(importance: ArrayLike) -> Value:
    """Gini coefficient: Σ_i Σ_j |s_i − s_j| / (2n Σ s), half the mean difference of two over the mean.

    Returns:
        In [0, 1 − 1/n]; 0: all equal, 1 − 1/n: one component holds everything. Undefined when all
        importance is 0.

    Raises:
        ValueError: NaN, negative, empty.

    >>> gini([0.0, 0.0, 0.0, 5.0])
    0.75
    """
    shares = _shares(importance)
    if isinstance(shares, Undefined):
        return shares
    size = len(shares)
    rank = np.arange(1, size + 1)
    return min(1 - 1 / size, max(0.0, float(2 * rank @ np.sort(shares) / size - (size + 1) / size)))


def top_share(importance: ArrayLike, top: int = 1) -> Value:
    """Share of the importance held by the `top` most important components.

    Returns:
        In [top/n, 1]; larger: more concentrated; 1 where there are no more components than `top`.
        Undefined when all importance is 0.

    Raises:
        ValueError: NaN, negative, empty, top below 1.

    >>> top_share([1.0, 4.0, 3.0], top=2)
    0.875
    """
    whole("top", top, 1)
    shares = _shares(importance)
    if isinstance(shares, Undefined):
        return shares
    return min(1.0, max(min(top, len(shares)) / len(shares), float(np.sort(shares)[::-1][:top].sum())))


def random_specialisation(
    scores: ArrayLike,
    circuit: ArrayLike,
    edges: ArrayLike,
    source_component: ArrayLike,
    destination_component: ArrayLike,
    draws: int = 200,
    seed: int = 0,
) -> Value:
    """Mean specialisation of random circuits of the same size that carry the same scores.

    The circuit's own scores are put on as many uniformly drawn edges: what is above this value comes
    from *where* the scores lie, and not from how many there are or how unequal they are.

    Args:
        scores: [sources, destinations].
        circuit: bool [sources, destinations], the kept edges.
        edges: bool [sources, destinations], those that exist.
        source_component, destination_component: incidence matrices, see `node_importance`.
        draws: random circuits.
        seed: of the generator.

    Returns:
        In [0, 1]; smaller for larger circuits. Undefined when no draw has any importance.

    Raises:
        ValueError: NaN, shapes that do not match, an empty circuit, kept edges that do not exist.

    >>> import numpy as np
    >>> everything = np.ones((2, 2), bool)
    >>> random_specialisation(np.ones((2, 2)), everything, everything, np.eye(2), np.eye(2))
    0.0
    """
    kept, existing = flags("circuit", circuit, 2), flags("edges", edges, 2)
    match(("circuit", "edges"), kept, existing)
    if (kept & ~existing).any():
        raise ValueError(f"circuit keeps {int((kept & ~existing).sum())} edges that do not exist")
    masses = unit_scale(np.abs(edge_scores("scores", scores, kept)))
    matrices = incidence(source_component, destination_component, kept.shape)
    generator = np.random.default_rng([seed, 2])
    ends = []
    for places in random_places(existing, len(masses), draws, seed):
        # The circuit's own scores: unequal scores are specialised wherever they lie.
        placed = generator.permutation(masses)
        source, destination = np.divmod(np.sort(places), kept.shape[1])
        leaving = np.bincount(source, placed, kept.shape[0])
        ends.append((leaving, np.bincount(destination, placed, kept.shape[1])))
    leaving, entering = (np.stack(each) for each in zip(*ends, strict=True))
    values = map(specialisation, leaving @ matrices[0].T + entering @ matrices[1].T)
    defined = [value for value in values if not isinstance(value, Undefined)]
    return float(np.mean(defined)) if defined else Undefined("no random circuit holds any importance")


def output_entropy(values: ArrayLike, kind: Literal["logits", "probabilities"] = "logits") -> Floats:
    """Normalised entropy of what each component writes: H(softmax)/log|V|, mean over positions.

    Args:
        values: [components, positions, vocabulary]. Logits of −inf exclude a token, and |V| is the number
            of tokens left at that component and position. Probabilities have to sum to 1, and |V| is the
            whole axis.
        kind: what the values are.

    Returns:
        [components], each in [0, 1]; 0: all on one token, 1: no token preferred.

    Raises:
        ValueError: NaN, +inf, empty, fewer than two tokens left, probabilities that are none.

    >>> import numpy as np
    >>> output_entropy(np.array([[[0.0, 0.0, -np.inf]], [[900.0, 0.0, 0.0]]])).tolist()
    [1.0, 0.0]
    """
    array = np.asarray(values)
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"values must be [components, positions, vocabulary] and has shape {array.shape}")
    if kind == "probabilities":
        probability = distribution("probabilities", array.ravel()).reshape(array.shape)
        if (probability > 1 + 1e-3).any() or (np.abs(probability.sum(axis=-1) - 1) > 1e-3).any():
            raise ValueError("probabilities must sum to 1 over the vocabulary; for logits say kind='logits'")
        tokens = np.full(array.shape[:2], array.shape[2])
    elif kind == "logits":
        probability, tokens = _softmax(array)
    else:
        raise ValueError(f"kind must be 'logits' or 'probabilities', not {kind!r}")
    if (tokens < 2).any():
        raise ValueError("fewer than two tokens are left: entropy needs a choice")
    logarithm = np.log(probability, out=np.zeros_like(probability), where=probability > 0)
    entropy = -(probability * logarithm).sum(axis=-1) / np.log(tokens)
    # By position first, each by its own number of tokens, and then the mean.
    return np.asarray(np.clip(entropy, 0.0, 1.0).mean(axis=-1))


def output_sharpness(
    values: ArrayLike, importance: ArrayLike, kind: Literal["logits", "probabilities"] = "logits"
) -> Value:
    """Importance-weighted sharpness of what components write: 1 − Σ_v s(v) · `output_entropy`(v) / Σ_v s(v).

    Args:
        values: [components, positions, vocabulary], see `output_entropy`.
        importance: [components], ≥ 0.
        kind: what the values are.

    Returns:
        In [0, 1]; 1: every component that matters writes one token, 0: none prefers any. Undefined when
        all importance is 0.

    Raises:
        ValueError: as `output_entropy`; importance negative, NaN or of another length.

    >>> import numpy as np
    >>> output_sharpness(np.array([[[0.0, 0.0]], [[900.0, 0.0]]]), importance=[1.0, 3.0])
    0.75
    """
    return weighted_sharpness(output_entropy(values, kind), importance)


def weighted_sharpness(entropy: ArrayLike, importance: ArrayLike) -> Value:
    """`output_sharpness` from entropies that are already known: 1 − Σ_v s(v) · H(v) / Σ_v s(v).

    Args:
        entropy: [components], each in [0, 1], from `output_entropy`.
        importance: [components], ≥ 0.

    Returns:
        In [0, 1]; larger: sharper. Undefined when all importance is 0.

    Raises:
        ValueError: NaN, negative, an entropy above 1, lengths that differ.

    >>> weighted_sharpness([1.0, 0.0], importance=[1.0, 3.0])
    0.75
    """
    spread, weight = distribution("entropy", entropy), distribution("importance", importance)
    match(("entropy", "importance"), spread, weight)
    if (spread > 1 + 1e-9).any():
        raise ValueError(f"entropy must not exceed 1, and its largest value is {spread.max()}: normalise it")
    if not weight.any():
        return Undefined("all importance is 0")
    weight = unit_scale(weight)
    return min(1.0, max(0.0, 1 - float(spread @ weight / weight.sum())))


def _softmax(logits: ArrayLike) -> tuple[Floats, Floats]:
    """Probabilities, and the number of tokens that are not excluded."""
    allowed = ~np.isneginf(np.asarray(logits, dtype=np.float64))
    finite = numbers("logits (other than −inf)", np.where(allowed, logits, 0.0)).astype(np.float64)
    peak = np.where(allowed, finite, -np.inf).max(axis=-1, keepdims=True)
    if not np.isfinite(peak).all():
        raise ValueError("all tokens are excluded at some component and position")
    # Logits at opposite ends of the range lie further apart than any number: −inf, and exp makes that 0.
    with np.errstate(over="ignore"):
        weight = np.where(allowed, np.exp(finite - peak), 0.0)
    return weight / weight.sum(axis=-1, keepdims=True), allowed.sum(axis=-1).astype(np.float64)


def _shares(importance: ArrayLike) -> Floats | Undefined:
    mass = unit_scale(distribution("importance", importance))
    return mass / mass.sum() if mass.any() else Undefined("all importance is 0")


def _entropy(shares: Floats) -> float:
    positive = shares[shares > 0]
    return max(0.0, float(-(positive * np.log(positive)).sum()))
