"""Maps of heads: the shares of the circuits in the cells, each in the cell of its layer and head."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from build.pages import GRAPH, a_drawn_record
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.plots.evidence import Circuits, RankedEdges, read_circuits
from mechshift.benchmark.plots.heads_panel import head_maps, heads_panel


@pytest.fixture
def circuits(tmp_path: Path) -> Circuits:
    place, record = a_drawn_record(tmp_path, ("ioi",))
    found = read_circuits(place, record, record.tasks[0])
    assert isinstance(found, Circuits)
    return found


def drawn(circuits: Circuits, name: str) -> Any:
    axes = Figure().subplots()
    heads_panel(axes, head_maps(circuits, "MDM")[name])
    return axes


def by_component(axes: Any) -> dict[str, float]:
    """By name of the component what the cell at its layer, counted from below, and its head has."""
    grid = axes.collections[0].get_array()
    found = {}
    for layer in range(GRAPH.layers):
        found |= {f"a{layer}.h{head}": float(grid[layer, head]) for head in range(GRAPH.heads)}
        found[f"m{layer}"] = float(grid[layer, GRAPH.heads])
    return found


def test_members_have_the_shares_of_their_circuits(circuits: Circuits) -> None:
    names = Components(GRAPH).names
    assert by_component(drawn(circuits, "arm")) == dict(zip(names, circuits.arm.shares, strict=True))
    assert by_component(drawn(circuits, "mdm")) == dict(zip(names, circuits.mdm.shares, strict=True))
    assert sum(by_component(drawn(circuits, "arm")).values()) == pytest.approx(1)


def test_the_difference_is_mdm_less_arm(circuits: Circuits) -> None:
    change = by_component(drawn(circuits, "difference"))
    expected = circuits.mdm.shares - circuits.arm.shares
    assert list(change.values()) == pytest.approx(expected.tolist())


def test_members_have_one_range_of_colours_and_the_difference_its_own(circuits: Circuits) -> None:
    arm, mdm, change = (drawn(circuits, name).collections[0] for name in ("arm", "mdm", "difference"))
    most = max(circuits.arm.shares.max(), circuits.mdm.shares.max())
    assert arm.get_clim() == mdm.get_clim() == (0, most)
    widest = np.abs(circuits.mdm.shares - circuits.arm.shares).max()
    assert change.get_clim() == (-widest, widest)


def test_layers_and_heads_are_named_and_mlps_stand_apart(circuits: Circuits) -> None:
    axes = drawn(circuits, "arm")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2", "3", "M"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1"]
    assert axes.get_ylim() == (0, GRAPH.layers)


def test_what_is_less_has_a_bar_through_it() -> None:
    """One component of each sign, and one whose change is too small for a bar."""
    shares = np.zeros((2, len(Components(GRAPH).names)))
    shares[0, [0, 2]], shares[1, [1, 2]] = (0.5, 0.5), (0.51, 0.49)
    nothing = np.zeros(0, dtype=np.int64)
    arm, mdm = (RankedEdges(GRAPH, nothing, nothing, np.zeros(0), each) for each in shares)
    axes = drawn(Circuits(arm, mdm), "difference")
    bars = next(line for line in axes.get_lines() if line.get_marker() == "_")
    assert list(zip(bars.get_xdata(), bars.get_ydata(), strict=True)) == [(0.5, 0.5)]


def test_members_that_are_alike_differ_nowhere(circuits: Circuits) -> None:
    axes = drawn(Circuits(circuits.arm, circuits.arm), "difference")
    assert not axes.collections[0].get_array().any()
    assert axes.collections[0].get_clim()[1] > 0
