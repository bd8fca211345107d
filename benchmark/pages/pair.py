"""The page of a pair: its row, its tasks, its circuits, and where all of it comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..plots.evidence import NoCircuits, read_circuits
from ..plots.headlines import Headline, headlines, marks
from ..record.controls import by_name
from ..record.doubts import integration_doubts
from ..record.means import Summary
from ..record.missing import Missing
from ..record.quantities import sections_of, task_quantities
from ..record.quantity import Line, Owner, Quantity
from ..record.record import Record
from ..record.row import BOTH, COLUMNS, pair_quantities
from ..record.statements import RowDoubts
from ..record.summary import SUITES
from ..record.task_record import TaskRecord, TaskResult
from ..tables.crossed import crossed_tasks
from ..verdict.verdict import PairVerdict, judge
from .by_masked import masked_figures
from .chart import Series, legend
from .curves import depth_figure, faithfulness_figure, halves_figure, overlap_figure
from .forest import ForestLine, forest
from .glossary import Glossary
from .heads import heads_figure
from .markup import Child, Html, tag
from .neurons import neurons_figure
from .page import caption, document, scrolling, section
from .prompts import prompts_figure
from .provenance import confounds, provenance_section
from .transfer import transfer_section
from .values import BarAxis, control_value, doubts_sign, value_text
from .verdict import verdict_section
from .wiring import circuits_figure


@dataclass(frozen=True)
class PairPage:
    """What a page is made of. `place`: the file of the record, beside which its cells may lie.

    `controls`: the records beside which it is shown and judged; `judged`: the verdict on it, where resampled
    values are at hand that the records lack, None to judge the records. `status`: how its numbers were
    checked, where that is known; `home`: a link to the board; `declared`: the confounds that a submission's
    card names and its record does not.
    """

    record: Record
    place: Path | None = None
    controls: tuple[Record, ...] = ()
    judged: PairVerdict | None = None
    status: str | None = None
    home: str | None = None
    declared: tuple[str, ...] = ()


def pair_page(page: PairPage) -> str:
    """The whole page: the same record and cells give the same bytes."""
    record = page.record
    definitions = [quantity.definition for quantity in pair_quantities()]
    definitions += [quantity.definition for quantity in task_quantities(record.protocol)]
    glossary = Glossary(definitions)
    body = [
        _header(page),
        _verdict(page),
        section("summary", "Summary", _summary(page, glossary), confounds_block(record, page.declared)),
        section("tasks", "Headlines by task", *_forests(page, glossary)),
        transfer_section(record, page.controls, glossary),
        *(_task(page, task, index) for index, task in enumerate(record.tasks)),
        _failed(record),
        section("numbers", "All numbers", _all_numbers(record, glossary)),
        provenance_section(record, page.status),
        glossary.section(),
    ]
    return document(f"{record.pair.name}, {record.protocol.name}", body, ("pair.js",), page.home)


def _verdict(page: PairPage) -> Html:
    """Of a control, and of a line, nothing is stated but what it is."""
    if page.record.pair.control:
        return section("verdict", "Verdict", tag("p", _OF_CONTROL, class_="note"))
    if page.record.pair.line is not None:
        return section("verdict", "Verdict", tag("p", _OF_LINE, class_="note"))
    try:
        # Of a stranger's record: numbers such as 1e308 have no mean.
        with np.errstate(all="ignore"):
            return verdict_section(page.judged or judge(page.record, page.controls))
    except (ValueError, ArithmeticError) as error:
        return section("verdict", "Verdict", tag("p", f"No verdict: {error}.", class_="note"))


_OF_LINE = "A line has no verdict: it is no training, and is shown beside a pair and its controls."
_OF_CONTROL = (
    "A control has no verdict: it shows what further training without diffusion changes, and pairs of the "
    "same ARM are held against it."
)


def confounds_block(record: Record, declared: Sequence[str] = ()) -> Html:
    """The confounds under their heading; `declared`: those of a submission's card."""
    return tag("div", tag("h3", "Confounds"), confounds(record, declared))


_KINDS = {
    "control": "An autoregressive model and itself trained further: a control.",
    "line": "No training, but a line beside a pair: nothing is attributed by it.",
}


def _header(page: PairPage) -> Html:
    record, pair = page.record, page.record.pair
    second = pair.second
    kind = _KINDS.get(second)
    about = (
        tag("bdi", pair.arm.checkpoint),
        " (ARM) and ",
        tag("bdi", pair.mdm.checkpoint),
        f" ({second}): {pair.layers} layers, {pair.heads} heads, {pair.edges:,} edges.",
    )
    chips = [f"{record.protocol.name}@{record.protocol.version}", _counted(record)]
    chips += [text for text in (page.status, None if second == "MDM" else second) if text]
    left_out = [tag("li", text) for text in record.reductions]
    in_doubt = [tag("li", text) for text in integration_doubts(record)]
    return tag(
        "div",
        tag("h1", tag("bdi", pair.name)),
        tag("p", about, class_="lead"),
        tag("p", kind) if kind else None,
        tag("ul", [tag("li", chip) for chip in chips], class_="chips"),
        tag("div", tag("p", "Less than the protocol's whole:"), tag("ul", left_out), class_="warning")
        if left_out
        else None,
        tag("div", tag("p", "In doubt:"), tag("ul", in_doubt), class_="warning") if in_doubt else None,
        _contents(record),
    )


def _counted(record: Record) -> str:
    compared, failed = len(record.tasks), len(record.failed)
    text = f"{compared} task{'s' * (compared != 1)} compared"
    return f"{text}, {failed} not" if failed else text


def _contents(record: Record) -> Html:
    tasks = [(f"task-{index}", task.task) for index, task in enumerate(record.tasks)]
    places = [("verdict", "Verdict"), ("summary", "Summary"), ("tasks", "Headlines")]
    if crossed_tasks(record):
        places.append(("transfer", "Transfer"))
    places += [*tasks, ("numbers", "All numbers")]
    places += [("provenance", "Provenance"), ("definitions", "Definitions")]
    items = [tag("li", tag("a", name, href=f"#{place}")) for place, name in places]
    return tag("nav", tag("ul", items), aria_label="On this page", class_="contents")


def _summary(page: PairPage, glossary: Glossary) -> list[Html]:
    """The pair's row on its side, a line per quantity and a column per suite, beside the control's."""
    places, doubts = (*SUITES, BOTH), RowDoubts(page.record)
    rows = []
    for column in COLUMNS:
        for index, label in enumerate(column.labels):
            held = [column.quantities.get(place, ())[index : index + 1] for place in places]
            definition = next(each[0].definition for each in held if each)
            bars = _row_bars(page, [quantity for each in held for quantity in each])
            cells = [
                tag("td", _summary_cell(page, each, bars, doubts), data_place=place)
                for place, each in zip(places, held, strict=True)
            ]
            rows.append(tag("tr", tag("th", glossary.link(label, definition), scope="row"), cells))
    heads = tag("tr", tag("td"), [tag("th", place, scope="col") for place in places])
    title = caption("Means over the tasks of each suite, with 95 % intervals")
    shown = tag("table", title, tag("thead", heads), tag("tbody", rows), class_="summary")
    note = None
    if page.controls:
        names = [(", " * (index > 0), tag("bdi", name)) for index, name in enumerate(by_name(page.controls))]
        one = f" control{'s' * (len(names) > 1)}: "
        note = tag("p", _CONTROL_SIGN, one, names, class_="note")
    return [scrolling("Summary", shown), *([note] if note else [])]


_CONTROL_SIGN = tag("span", "◇", class_="control-sign", aria_hidden="true")


def _row_bars(page: PairPage, quantities: Sequence[Quantity[Summary]]) -> BarAxis:
    records = [page.record, *page.controls]
    values = [quantity.of(record.summary) for quantity in quantities for record in records]
    return BarAxis.of(values, any(quantity.rounding.signed for quantity in quantities))


def _summary_cell(
    page: PairPage, held: Sequence[Quantity[Summary]], bars: BarAxis, doubts: RowDoubts
) -> Child:
    if not held:
        return None
    quantity = held[0]
    value = quantity.of(page.record.summary)
    others = [quantity.of(control.summary) for control in page.controls]
    return (
        value_text(value, quantity.rounding),
        doubts_sign(doubts.of(quantity)),
        bars.draw(value, others) if quantity.rounding.interval else None,
        [control_value(other, quantity.rounding) for other in others],
    )


def _forests(page: PairPage, glossary: Glossary) -> Iterator[Html]:
    """A forest plot for each quantity that has intervals and that a check looks at, both members in one."""
    series: list[tuple[Series, str]] = [("arm", "ARM"), ("mdm", "MDM"), ("both", "both members")]
    if page.controls:
        names = list(by_name(page.controls))
        order = ", from above: " if len(names) > 1 else ": "
        series.append(("control", f"control{'s' * (len(names) > 1)}{order}{', '.join(names)}"))
    yield legend(series)
    plots = []
    for index, headline in enumerate(
        each for part in sections_of(page.record.protocol) for each in headlines(part)
    ):
        definition = headline.definition
        plot = _forest(page, f"forest-{index}", headline)
        plots.append(tag("figure", tag("figcaption", glossary.link(definition.title, definition)), plot))
    yield tag("div", plots, class_="charts")
    yield tag(
        "p",
        "The same as numbers, with all others, is in ",
        tag("a", "All numbers", href="#numbers"),
        ".",
        class_="note",
    )


def _forest(page: PairPage, identifier: str, headline: Headline) -> Html:
    lines = [
        ForestLine(
            task.task,
            [
                (_SERIES[mark.member] if mark.control is None else "control", mark.value)
                for mark in marks(headline, task, page.controls)
            ],
        )
        for task in page.record.results
    ]
    about = (
        "Forest plot: a line per task, the value with its 95 % interval. The numbers are under All numbers."
    )
    return forest(identifier, headline.definition.title, about, lines, headline.signed)


_SERIES: dict[Owner | None, Series] = {"ARM": "arm", "MDM": "mdm", None: "both"}


def _task(page: PairPage, task: TaskRecord, index: int) -> Html:
    identifier = f"task-{index}"
    comparison = task.comparison
    about = (
        f"{task.suite} task, level {task.level}, version {task.version}; "
        f"{task.pool.common:,} prompts that both members solve."
    )
    charts = (
        depth_figure(identifier, comparison),
        overlap_figure(identifier, comparison),
        halves_figure(identifier, comparison),
        faithfulness_figure(identifier, comparison, page.record.protocol.compared.faithful),
        *masked_figures(identifier, task),
    )
    circuits = read_circuits(page.place, page.record, task)
    drawn: Child
    if isinstance(circuits, NoCircuits):
        drawn = tag("p", circuits.reason, class_="absent")
    else:
        drawn = (
            circuits_figure(identifier, circuits, comparison.compared.edges),
            heads_figure(identifier, circuits),
        )
    content = (
        tag("p", about, class_="note"),
        tag("div", charts, class_="charts"),
        drawn,
        neurons_figure(task),
        prompts_figure(task),
    )
    return section(identifier, task.task, *content)


def _failed(record: Record) -> Html | None:
    if not record.failed:
        return None
    items = [tag("li", tag("strong", task.task), ": ", task.missing) for task in record.failed]
    return section("failed", "Tasks without a comparison", tag("ul", items))


def _all_numbers(record: Record, glossary: Glossary) -> Html:
    """Every quantity of every task, under the headings of the tables."""
    tasks = record.results
    heads = [
        tag("th", task.task, tag("br"), tag("span", task.suite, class_="sub"), scope="col") for task in tasks
    ]
    bodies = []
    for block in sections_of(record.protocol):
        title = tag("tr", tag("th", block.heading, scope="rowgroup", colspan=len(tasks) + 1), class_="block")
        rows = [
            tag(
                "tr",
                tag("th", _line_label(line, glossary), scope="row"),
                [tag("td", _held(line, task)) for task in tasks],
            )
            for line in block.lines
        ]
        bodies.append(tag("tbody", title, rows))
    title = caption("Every quantity of every task, with 95 % intervals")
    shown = tag("table", title, tag("thead", tag("tr", tag("td"), heads)), bodies, class_="all-numbers")
    return scrolling("All numbers", shown)


def _line_label(line: Line[TaskResult], glossary: Glossary) -> Html:
    return glossary.link(line.label, line.quantities[0].definition)


def _held(line: Line[TaskResult], task: TaskResult) -> Child:
    values = [(quantity.of(task), quantity.rounding) for quantity in line.quantities]
    first = values[0][0]
    if isinstance(first, Missing) and all(value == first for value, _ in values):
        return value_text(*values[0])
    parts: list[Child] = []
    for value, rounding in values:
        parts += [" / ", value_text(value, rounding)]
    return parts[1:]
