"""What a record says of both members on one task, and of what lies between them."""

from typing import Annotated

from pydantic import Field

from .missing import Missing
from .number import Measured
from .protocol import Part


class CurvePoint(Part):
    """A circuit of `edges` edges (`kept` after pruning): faithfulness of means, and median over prompts."""

    share: float
    edges: int
    kept: int
    faithfulness: Measured
    median: Measured


class Curve(Part):
    """Faithfulness against budget for one ranking of edges, and its areas.

    `log_area`: per doubling of the budget, 1 for a perfect curve; `cpr` and `cmd` as MIB integrates them.
    `dropped`: prompts without a gap between clean and corrupted, left out of the median.
    """

    points: tuple[CurvePoint, ...]
    log_area: Measured
    cpr: Measured
    cmd: Measured
    dropped: int


class Component(Part):
    """A head or MLP and its share of the circuit's importance."""

    name: str
    share: float


class IntegrationRecord(Part):
    """How many integration points a member's scores were computed from, and how that number was found.

    `residuals`, `changes`: what the completeness residual was with 5, 10, 20, … points on some of the
    discovery prompts, and which share of the top edges changed between one number and the next. Both are
    empty, and `converged` is None, where the protocol fixes the number. `points` is None where no gradient
    was taken, as every edge was patched by itself.
    """

    points: Annotated[int, Field(ge=1)] | None
    residuals: tuple[float | None, ...] = ()
    changes: tuple[float, ...] = ()
    converged: bool | None = None


class MemberRecord(Part):
    """What one member does on one task.

    `clean`, `corrupted`: mean metric of the whole model on either prompt of the discovery half. `gap`: by how
    much it is higher than that of the empty circuit, on the examples that circuits are run on.
    `completeness`: what the finite number of integration points leaves out, relative. `integration`: how many
    there are. `absolute`, `signed`: curves by ranking. Profiles are shares of importance by layer, of all
    components, heads and MLPs, and of edge counts. `direction`: shares of score by the position of its
    source. `depth_squared`, `specialisation_squared`: by squared scores of all edges, without the noise of
    the prompts. `effects`: how concentrated are direct logit attributions and the drops of single components.
    `heterogeneity`: clusters of groups of prompts by their scores, and how far groups cancel each other.
    """

    clean: float
    corrupted: float
    gap: Measured
    completeness: Measured
    integration: IntegrationRecord
    absolute: Curve
    signed: Curve
    smallest_share: Measured
    profile: tuple[float, ...]
    profile_heads: tuple[float, ...]
    profile_mlps: tuple[float, ...]
    profile_edges: tuple[float, ...]
    depth: dict[str, Measured]
    depth_edges: dict[str, Measured]
    depth_squared: dict[str, Measured]
    specialisation: dict[str, Measured]
    specialisation_squared: dict[str, Measured]
    effects: dict[str, Measured]
    direction: dict[str, Measured]
    heterogeneity: dict[str, Measured]
    top: tuple[Component, ...]


class Overlap(Part):
    """Jaccard overlap of two circuits of equal size, with its floor and its ceilings.

    `jaccard`: circuits from all discovery prompts; `cross`, `ceiling_arm`, `ceiling_mdm`: from disjoint
    halves. `normalised`: 0 = chance, 1 = as alike as two samples of one model. `chance_tail`: probability
    of so large an intersection for random circuits (edges only).
    """

    jaccard: Measured
    cross: Measured
    ceiling_arm: Measured
    ceiling_mdm: Measured
    floor: float
    normalised: Measured
    chance_tail: Measured


class OverlapPoint(Part):
    """Overlap at one budget, of edges and of the components that they touch."""

    share: float
    edges: int
    edge: Overlap
    node: Overlap


HEADLINE = "standardised"
"""Which of a comparison's `structure` is the headline; docs/metrics.md says by what it was chosen."""


class NeuronDepth(Part):
    """Where in the layers the squared effects of MLP neurons lie, without the noise of the prompts.

    `profile_arm`, `profile_mdm`: shares by layer, empty where they are noise alone.
    """

    profile_arm: tuple[float, ...]
    profile_mdm: tuple[float, ...]
    early_share_arm: Measured
    early_share_mdm: Measured
    early_shift: Measured


class Comparison(Part):
    """Both members on one task, and what lies between them.

    `structure`: how alike mean scores are, whatever the number of prompts. `compared` is the overlap at the
    compared size, `curve` at every budget. `uniform_profile`: depth
    profile of uniformly drawn edges. `neuron_depth`: where neurons' effects lie. Shifts are MDM − ARM; those
    of depth by score, by number of edges and by squared score.
    """

    arm: MemberRecord
    mdm: MemberRecord
    structure: dict[str, Measured]
    compared: OverlapPoint
    curve: tuple[OverlapPoint, ...]
    uniform_profile: tuple[float, ...]
    depth_shift: dict[str, Measured]
    depth_shift_edges: dict[str, Measured]
    depth_shift_squared: dict[str, Measured]
    neuron_depth: NeuronDepth | Missing
    specialisation_shift: dict[str, Measured]
    specialisation_shift_squared: dict[str, Measured]
    effects_shift: dict[str, Measured]
