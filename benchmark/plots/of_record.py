"""Which figures a record has: forests of its headlines, a figure of each task, its circuits, transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..record.by_masked import PANELS, PlacedRead, placed_copies, placed_stages
from ..record.quantities import sections_of
from ..record.quantity import Section
from ..record.record import Record
from ..record.task_record import TaskRecord
from ..run.store import CELLS
from ..tables.cells import plain
from ..tables.crossed import crossed_tasks
from ..tables.table import protocol_name
from .evidence import NoCircuits, read_circuits
from .forest_panel import ForestLooks, TaskLine, forest_panel, tall_enough
from .headlines import Headline, headlines, marks
from .heads_panel import head_maps, heads_panel
from .masked_panel import masked_panel
from .plot import Plot, PlotPanel, in_rows
from .style import looks_of
from .task_panels import components_panel, depth_panel, faithfulness_panel, halves_panel, overlap_panel
from .transfer_panel import Host, Size, transfer_labels, transfer_panel, transfer_tall

ACROSS = 3
"""Forests side by side on a page."""


_NO_CELLS = "maps of heads are drawn from scores in the cells of a run, and beside this record there are none"


@dataclass(frozen=True)
class NotDrawn:
    """A figure that there is not, and why."""

    name: str
    reason: str


def plots_of(
    record: Record, place: Path | None = None, controls: Sequence[Record] = ()
) -> Iterator[Plot | NotDrawn]:
    """The figures of a record, in the order of its tasks; those of one task are named after it.

    `place`: the file of the record, beside which its cells may lie; `controls`: of the pair, and behind them
    its lines, to be drawn beside it.
    """
    for section in sections_of(record.protocol):
        if record.results and (found := headlines(section)):
            yield _forest(record, controls, section, found)
    # Of a record without any cells one reason for all tasks, and not that each lacks a file.
    without = place is None or not (place.parent / CELLS).is_dir()
    for task in record.tasks:
        yield _of_task(record, task)
        if stages := placed_stages(task):
            yield _by_masked(record, task, stages)
        yield NotDrawn(f"{task.task} heads", _NO_CELLS) if without else _heads(record, task, place)
    yield from _transfer(record)


def _forest(record: Record, controls: Sequence[Record], section: Section, found: Sequence[Headline]) -> Plot:
    """The headlines of a section, a panel for each."""
    looks = ForestLooks(looks_of(record), *(tuple(map(_name, each)) for each in _kinds(controls)))
    lines = {each.name: _lines(record, controls, each, looks) for each in found}
    panels = [
        PlotPanel(
            each.name,
            partial(
                forest_panel,
                title=each.definition.title,
                unit=each.definition.unit,
                lines=lines[each.name],
                zero=each.signed,
            ),
        )
        for each in found
    ]
    # What follows a comma in a heading is a remark.
    heading = section.heading.partition(",")[0].lower()
    return Plot(
        f"forest {heading}",
        f"{plain(record.pair.name)}: {heading} by task, {protocol_name(record)}, {_named(record, controls)}",
        tuple(panels),
        in_rows([panel.name for panel in panels], min(ACROSS, len(panels))),
        max(tall_enough(each) for each in lines.values()),
        legend=looks.labels,
    )


def _lines(
    record: Record, controls: Sequence[Record], headline: Headline, looks: ForestLooks
) -> list[TaskLine]:
    return [
        TaskLine(task.task, [(looks.of(mark), mark.value) for mark in marks(headline, task, controls)])
        for task in record.results
    ]


def _named(record: Record, controls: Sequence[Record]) -> str:
    if record.pair.second != "MDM":
        return f"a {record.pair.second} itself"
    names, lines = (list(map(_name, each)) for each in _kinds(controls))
    beside = f"; line{'s' * (len(lines) > 1)}: {', '.join(lines)}" if lines else ""
    return f"control{'s' * (len(names) > 1)}: {', '.join(names) or 'none'}{beside}"


def _kinds(beside: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Controls, and lines."""
    lines = [each for each in beside if each.pair.line is not None]
    return [each for each in beside if each.pair.line is None], lines


def _name(record: Record) -> str:
    return plain(record.pair.name)


def _of_task(record: Record, task: TaskRecord) -> Plot:
    compared, looks = task.comparison.compared, looks_of(record)
    size = f"circuits of {compared.edges:,} edges ({100 * compared.share:.1f} %)"
    faithful = record.protocol.compared.faithful
    panels = {
        "depth": partial(depth_panel, comparison=task.comparison, looks=looks),
        "faithfulness": partial(
            faithfulness_panel, comparison=task.comparison, faithful=faithful, looks=looks
        ),
        "overlap": partial(overlap_panel, comparison=task.comparison),
        "halves": partial(halves_panel, comparison=task.comparison, looks=looks),
        "components": partial(components_panel, comparison=task.comparison, looks=looks),
    }
    return Plot(
        task.task,
        f"{_beginning(record, task)}, {size}",
        tuple(PlotPanel(name, draw) for name, draw in panels.items()),
        (("depth", "faithfulness"), ("overlap", "components"), ("halves", "components")),
        2.6,
    )


_BY_MASKED = ("similarity", "early", "specialisation", "right context")
"""Names of the panels by masked share, in their order."""


def _by_masked(record: Record, task: TaskRecord, stages: Sequence[PlacedRead]) -> Plot:
    copies, looks = placed_copies(task), looks_of(record)
    panels = [
        PlotPanel(name, partial(masked_panel, panel=panel, stages=stages, copies=copies, looks=looks))
        for name, panel in zip(_BY_MASKED, PANELS, strict=True)
    ]
    title = f"{_beginning(record, task)}, circuit by mask rate"
    return Plot(f"{task.task} reads", title, tuple(panels), in_rows(_BY_MASKED, 2), 3.0)


def _heads(record: Record, task: TaskRecord, place: Path | None) -> Plot | NotDrawn:
    name = f"{task.task} heads"
    circuits = read_circuits(place, record, task)
    if isinstance(circuits, NoCircuits):
        return NotDrawn(name, circuits.reason)
    maps = head_maps(circuits, looks_of(record).mdm.label)
    title = f"{_beginning(record, task)}, importance in circuits of {task.comparison.compared.edges:,} edges"
    panels = tuple(PlotPanel(each, partial(heads_panel, heads=found)) for each, found in maps.items())
    tall = 1.3 + min(max(0.3 * circuits.arm.graph.layers, 1.2), 3.2)
    return Plot(name, title, panels, (tuple(maps),), tall)


_HOSTS: Mapping[str, tuple[Host, Size]] = {
    "arm": ("arm", "compared"),
    "arm half": ("arm", "half"),
    "mdm": ("mdm", "compared"),
    "mdm half": ("mdm", "half"),
}


def _transfer(record: Record) -> Iterator[Plot]:
    """The figure of transfer, for a record of a protocol that asks for it."""
    tasks = crossed_tasks(record)
    if not tasks:
        return
    looks = looks_of(record)
    panels = [
        PlotPanel(name, partial(transfer_panel, tasks=tasks, host=host, size=size, looks=looks))
        for name, (host, size) in _HOSTS.items()
    ]
    title = f"{_beginning(record)}, what circuits do in either member"
    tall = transfer_tall(tasks)
    yield Plot("transfer", title, tuple(panels), in_rows(list(_HOSTS), 2), tall, transfer_labels(looks))


def _beginning(record: Record, task: TaskRecord | None = None) -> str:
    """What every title begins with: the pair, the task where it is of one, and the protocol."""
    of_task = f" {plain(task.task)} ({task.suite})," if task else ""
    return f"{plain(record.pair.name)}:{of_task} {protocol_name(record)}"
