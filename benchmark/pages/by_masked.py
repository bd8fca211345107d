"""Charts of the reads beside the headline's: values by the share of the answer that is masked."""

from collections.abc import Sequence

from ..record.by_masked import PANELS, Panel, PlacedRead, placed_copies, placed_stages
from ..record.quantities.reads import TITLES
from ..record.quantity import FINE, PERCENT, Owner
from ..record.task_record import TaskRecord
from .chart import Series, Trace, draw_line, legend, numbers, svg, text, y_axis
from .curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from .markup import Html, tag
from .scale import Scale, around
from .values import rounded, value_text

_SERIES: dict[Owner | None, Series] = {"ARM": "arm", "MDM": "mdm", None: "both"}
_ACROSS = Scale(-1.0, 0.0, LEFT + 10, WIDTH - RIGHT - 10)
"""Of minus the masked share, because denoising runs from left to right."""
_ABOUT = (
    "Line chart against the share of the answer's tokens that are masked, which falls from left to right, "
    "with intervals. Copied tokens stand apart from the line. Numbers below."
)


def masked_figures(identifier: str, task: TaskRecord) -> tuple[Html, ...]:
    """A chart for each panel; none where a task has fewer than two stages of denoising."""
    stages, copies = placed_stages(task), placed_copies(task)
    if not stages:
        return ()
    return tuple(
        _figure(f"{identifier}-masked-{index}", panel, stages, copies) for index, panel in enumerate(PANELS)
    )


def _figure(
    identifier: str, panel: Panel, stages: Sequence[PlacedRead], copies: Sequence[PlacedRead]
) -> Html:
    traces = [
        [Trace(_SERIES[line.member], line.label, [line.of(one.at) for one in placed]) for line in panel.lines]
        for placed in (stages, copies)
    ]
    values = [value for each in traces for trace in each for value in trace.values]
    low, high = around(values, (panel.low, panel.high))
    y = Scale(low, high, HEIGHT - BOTTOM, TOP)
    content = [
        y_axis(y, WIDTH - RIGHT, LEFT, panel.title),
        [_tick(share) for share in (1, 0.75, 0.5, 0.25, 0)],
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, "masked share of the answer", "axis"),
    ]
    for each, placed in zip(traces, (stages, copies), strict=True):
        content += [draw_line(trace, [_ACROSS(-one.masked) for one in placed], y) for trace in each]
    chart = svg(identifier, f"{panel.title} by mask rate", _ABOUT, (WIDTH, HEIGHT), content)
    rows = [
        [
            TITLES[one.read],
            rounded(one.masked, PERCENT),
            *(value_text(line.of(one.at), FINE) for line in panel.lines),
        ]
        for one in (*stages, *copies)
    ]
    heads = ["read", "masked", *(line.label for line in panel.lines)]
    table = numbers(f"{panel.title} by mask rate", heads, rows)
    signs = legend((_SERIES[line.member], line.label) for line in panel.lines)
    note = tag("p", "The point that is not joined to the others: copied tokens.", class_="note")
    heading = tag("h3", f"{panel.title} by mask rate")
    return tag("div", heading, signs, chart, note if copies else None, table, class_="figure")


def _tick(share: float) -> Html:
    return text(_ACROSS(-share), HEIGHT - BOTTOM + 16, f"{100 * share:g} %", "tick")
