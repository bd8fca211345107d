"""What is measured: pure functions on numpy arrays, usable on anybody's edge scores."""

from .carriers import carrying_edges, strongest_share
from .ceiling import circuit_overlap, node_overlap, overlap_curve, overlap_values, split_half_jaccard
from .combination import difference, mean_estimate, weighted_estimate
from .components import node_degree, node_importance, random_circuits, touched_components
from .cosine import (
    disattenuated_cosine,
    systematic_change,
    systematic_change_estimate,
    unpaired_cosine,
)
from .depth import (
    Transport,
    depth_profile,
    depth_shift,
    early_share,
    mean_relative_depth,
    relative_profile,
    signed_wasserstein,
    transport,
)
from .effects import ComponentEffects, compared_effects, effect_concentration
from .estimate import Estimate, paired_difference, paired_statistic
from .extrapolation import ExtrapolatedJaccard, extrapolated_jaccard
from .faithfulness import (
    MIB_SHARES,
    RESOLUTION,
    DifferentCurves,
    PromptFaithfulness,
    areas_of_one_curve,
    cmd,
    cpr,
    faithfulness,
    log_area,
    prompt_faithfulness,
    smallest_budget,
)
from .group_means import group_mean
from .group_weights import TEMPLATES_DRAWN, cluster_weights, half_splits, templates_drawn, unit_freedom
from .halves import CircuitOverlap, normalised_overlap
from .heterogeneity import ScoreClusters, cancellation_ratio, score_clusters
from .multiplicity import holm
from .overlap import (
    Ranking,
    chance_intersection,
    chance_jaccard,
    chance_node_jaccard,
    chance_tail,
    jaccard,
    node_jaccard,
    rank_biased_overlap,
    spearman_over_union,
    top_edges,
    weighted_jaccard,
)
from .places import place_shares, squared_place_shares
from .precision import average_precision
from .products import GroupProducts, component_products, group_products, mean_product
from .proportion import wilson_interval
from .resampled import resampled_cosine
from .resampling import bootstrap, bootstrap_scores
from .seeds import (
    across_seeds,
    beyond_seeds,
    pairs_of_seeds,
    seeds_difference,
    seeds_difference_p,
    seeds_mean,
)
from .selection import RESAMPLED, Selection, edge_priority
from .sharpness import grouped_sharpness
from .specialisation import (
    effective_components,
    gini,
    importance_entropy,
    output_entropy,
    output_sharpness,
    random_specialisation,
    specialisation,
    top_share,
    weighted_sharpness,
)
from .spread import inverse_spread, spread_strata, standardised_cosine
from .squared import clipped_profile, squared_placement
from .stability import SignStability, sign_carriers, sign_stability
from .student import student_quantile, student_tail
from .transfer import Transfer, circuit_transfer
from .undefined import Undefined, Value

__all__ = [
    "MIB_SHARES",
    "RESAMPLED",
    "RESOLUTION",
    "TEMPLATES_DRAWN",
    "CircuitOverlap",
    "ComponentEffects",
    "DifferentCurves",
    "Estimate",
    "ExtrapolatedJaccard",
    "GroupProducts",
    "PromptFaithfulness",
    "Ranking",
    "ScoreClusters",
    "Selection",
    "SignStability",
    "Transfer",
    "Transport",
    "Undefined",
    "Value",
    "across_seeds",
    "areas_of_one_curve",
    "average_precision",
    "beyond_seeds",
    "bootstrap",
    "bootstrap_scores",
    "cancellation_ratio",
    "carrying_edges",
    "chance_intersection",
    "chance_jaccard",
    "chance_node_jaccard",
    "chance_tail",
    "circuit_overlap",
    "circuit_transfer",
    "clipped_profile",
    "cluster_weights",
    "cmd",
    "compared_effects",
    "component_products",
    "cpr",
    "depth_profile",
    "depth_shift",
    "difference",
    "disattenuated_cosine",
    "early_share",
    "edge_priority",
    "effect_concentration",
    "effective_components",
    "extrapolated_jaccard",
    "faithfulness",
    "gini",
    "group_mean",
    "group_products",
    "grouped_sharpness",
    "half_splits",
    "holm",
    "importance_entropy",
    "inverse_spread",
    "jaccard",
    "log_area",
    "mean_estimate",
    "mean_product",
    "mean_relative_depth",
    "node_degree",
    "node_importance",
    "node_jaccard",
    "node_overlap",
    "normalised_overlap",
    "output_entropy",
    "output_sharpness",
    "overlap_curve",
    "overlap_values",
    "paired_difference",
    "paired_statistic",
    "pairs_of_seeds",
    "place_shares",
    "prompt_faithfulness",
    "random_circuits",
    "random_specialisation",
    "rank_biased_overlap",
    "relative_profile",
    "resampled_cosine",
    "score_clusters",
    "seeds_difference",
    "seeds_difference_p",
    "seeds_mean",
    "sign_carriers",
    "sign_stability",
    "signed_wasserstein",
    "smallest_budget",
    "spearman_over_union",
    "specialisation",
    "split_half_jaccard",
    "spread_strata",
    "squared_place_shares",
    "squared_placement",
    "standardised_cosine",
    "strongest_share",
    "student_quantile",
    "student_tail",
    "systematic_change",
    "systematic_change_estimate",
    "templates_drawn",
    "top_edges",
    "top_share",
    "touched_components",
    "transport",
    "unit_freedom",
    "unpaired_cosine",
    "weighted_estimate",
    "weighted_jaccard",
    "weighted_sharpness",
    "wilson_interval",
]
