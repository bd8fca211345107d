"""The cells that need no model: compared circuits, and the comparison."""

from collections.abc import Callable, Mapping
from typing import Any

from ...metrics.threads import one_thread_a_product
from ..circuits.circuit import Circuit
from ..compare.causality import compare_causality
from ..compare.compare import compare, compared_size, shared_threads
from ..compare.function import compare_function
from ..measure.evidence import Evidence
from ..record.causality import Causality
from ..record.comparison import Comparison
from ..record.function import Function
from ..record.protocol import Compared, Statistics, Sweeping
from .computing import Tell
from .plan import MEMBERS, Cell, Stage, kind_name

Needs = Mapping[str, Any]


def compute_numbers(cell: Cell, needs: Needs, tell: Tell) -> Any:
    """The content of a cell that no model runs for. Raises KeyError for one that a model runs for."""
    # Not a bit of them may depend on how many cores a machine has.
    with tell(1), one_thread_a_product():
        return _COMPUTED[cell.kind.stage](cell, needs)


def circuit_size(cell: Cell, needs: Needs) -> int:
    """Number of edges of the compared circuits, from both members' sweeps."""
    grid = cell.parts[Sweeping].grid
    arm, mdm = (needs[kind_name("sweep", member)] for member in MEMBERS)
    return compared_size(arm, mdm, grid, cell.parts[Compared])


def _circuit(cell: Cell, needs: Needs) -> Circuit:
    """The member's compared circuit, as a file of its own that other tools can read."""
    member = cell.kind.member
    assert member is not None, "a circuit is one member's"
    scores, selection = needs[kind_name("scores", member)], cell.parts[Sweeping].selection
    about: dict[str, str] = {"member": member, "task": cell.task.name}
    if selection != "absolute":
        # By |score| is what a reader of the scores takes for granted.
        about["selection"] = selection
    return Circuit.of(
        scores.graph,
        scores.attribution.scores(),
        circuit_size(cell, needs),
        about=about,
        ranked=scores.ranked(selection),
    )


def _comparison(cell: Cell, needs: Needs) -> Comparison:
    arm, mdm = (
        Evidence(
            needs[kind_name("scores", member)],
            needs[kind_name("sweep", member)],
            needs[kind_name("entropies", member)],
            needs[kind_name("effects", member)],
        )
        for member in MEMBERS
    )
    of = cell.parts[Sweeping], cell.parts[Compared], cell.parts[Statistics]
    return compare(arm, mdm, *of, threads=shared_threads())


def _function(cell: Cell, needs: Needs) -> Function:
    arm, mdm = (needs[kind_name("transfer", member)] for member in MEMBERS)
    return compare_function(arm, mdm, cell.parts[Statistics])


def _causality(cell: Cell, needs: Needs) -> Causality:
    arm, mdm = (needs[kind_name("ablation", member)] for member in MEMBERS)
    return compare_causality(arm, mdm, cell.parts[Statistics])


_COMPUTED: dict[Stage, Callable[[Cell, Needs], Any]] = {
    "circuit": _circuit,
    "comparison": _comparison,
    "causality": _causality,
    "function": _function,
}
