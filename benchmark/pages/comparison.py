"""The page of a comparison: what differs between two records, with intervals and after Holm's correction."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..contrast.comparison import ComparedValue, RecordComparison
from ..contrast.side import Side
from ..contrast.table import SMALLEST_P, signed
from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantity import Definition
from ..record.row import BOTH
from .chart import Series, legend
from .forest import ForestLine, forest
from .glossary import Glossary
from .markup import Child, Html, joined, tag
from .page import caption, document, scrolling, section
from .values import BarAxis, dash, value_text


def comparison_page(comparison: RecordComparison) -> str:
    """The whole page: the same comparison gives the same bytes."""
    values = comparison.values
    glossary = Glossary(value.quantity.definition for value in values)
    sides = (("A", comparison.a), ("B", comparison.b))
    names = [side.record.pair.name for _, side in sides]
    body = (
        tag("h1", tag("bdi", names[0]), " and ", tag("bdi", names[1])),
        tag("p", comparison.verdict, class_="lead"),
        tag("ul", [tag("li", _about(letter, side)) for letter, side in sides], class_="chips"),
        tag("ul", [tag("li", note) for note in comparison.notes], class_="confounds")
        if comparison.notes
        else None,
        section("row", "Means of the suites, B − A", *_forests(comparison.row, glossary, "row")),
        section("tasks", "Tasks, B − A", *_forests(comparison.tasks, glossary, "task")),
        section("numbers", "All numbers", _only(), _table(values, names, glossary)),
        glossary.section(),
    )
    return document(f"{names[0]} and {names[1]}", body, ())


def _about(letter: str, side: Side) -> tuple[Child, ...]:
    record = side.record
    sign = "" if record.pair.second == "MDM" else f", {record.pair.second}"
    where = f", {side.name}" if side.name != record.pair.name else ""
    protocol = f"{record.protocol.name}@{record.protocol.version}"
    return (f"{letter}: ", tag("bdi", record.pair.name), f"{sign}, {protocol}{where}")


def _forests(values: Sequence[ComparedValue], glossary: Glossary, kind: str) -> Iterator[Html]:
    """A plot for each quantity that is tested."""
    series: list[tuple[Series, str]] = [("differs", "differs after Holm's adjustment"), ("same", "does not")]
    yield legend(series)
    drawn: dict[Definition, list[ComparedValue]] = {}
    # By definition and not in the order of the tasks, so that a plot is of one unit.
    for value in values:
        if value.adjusted_p is not None:
            drawn.setdefault(value.quantity.definition, []).append(value)
    plots = []
    for index, (definition, same) in enumerate(drawn.items()):
        title = glossary.link(definition.title, definition)
        plot = _forest(f"{kind}-{index}", definition, same)
        plots.append(tag("figure", tag("figcaption", title), plot))
    if plots:
        yield tag("div", plots, class_="charts")
    else:
        yield tag("p", "None of these values has an interval, so that none is tested.", class_="note")


def _has_interval(value: Measured) -> bool:
    return isinstance(value, Number) and value.low is not None


def _forest(identifier: str, definition: Definition, values: Sequence[ComparedValue]) -> Html:
    lines = [ForestLine(*_line(value)) for value in values]
    return forest(identifier, f"{definition.title}, B − A", _ABOUT, lines, zero=True)


_ABOUT = "Forest plot: B − A on a line each, with its 95 % interval, and 0 marked. Numbers: see All numbers."


def _line(value: ComparedValue) -> tuple[str, list[tuple[Series, Measured]]]:
    quantity = value.quantity
    series: Series = "differs" if value.differs else "same"
    # Of the row's values of one definition, what they say beyond it: suite and member.
    place = value.task or quantity.suite or BOTH
    return " ".join(filter(None, (place, quantity.member))), [(series, value.difference)]


def _only() -> Html:
    """A box that hides what does not differ; the style does it, so that it needs no script."""
    # Beside the table and not within a paragraph, so that the style can lead from one to the other.
    box = tag("input", type="checkbox", id="only")
    return joined((box, tag("label", "Only what differs after Holm's adjustment", for_="only")))


def _table(values: Sequence[ComparedValue], names: Sequence[str], glossary: Glossary) -> Html:
    texts = ("", f"A, {names[0]}", f"B, {names[1]}", "B − A", "p", "p, Holm", "pairing")
    heads = tag("tr", tag("td"), [tag("th", text, scope="col") for text in texts[1:]])
    axes = _axes(values)
    bodies = []
    for task, same in groupby(values, key=lambda value: value.task):
        heading = tag(
            "tr",
            tag("th", task or "means of the suites", scope="rowgroup", colspan=len(texts)),
            class_="block",
        )
        bodies.append(tag("tbody", heading, [_row(value, axes, glossary) for value in same]))
    title = caption("Every quantity in both records, with 95 % intervals")
    return scrolling("All numbers", tag("table", title, tag("thead", heads), bodies, class_="differences"))


Axes = dict[Definition, BarAxis]


def _axes(values: Sequence[ComparedValue]) -> Axes:
    """An axis for each definition, which its differences share."""
    found: dict[Definition, list[Measured]] = {}
    for value in values:
        found.setdefault(value.quantity.definition, []).append(value.difference)
    return {definition: BarAxis.of(same, signed=True) for definition, same in found.items()}


def _row(value: ComparedValue, axes: Axes, glossary: Glossary) -> Html:
    quantity = value.quantity
    cells = (
        tag("th", glossary.link(quantity.label, quantity.definition), scope="row"),
        tag("td", value_text(value.a, quantity.rounding)),
        tag("td", value_text(value.b, quantity.rounding)),
        tag("td", _difference(value, axes)),
        tag("td", _p(value.p)),
        tag("td", _p(value.adjusted_p), " differs" if value.differs else None),
        tag("td", value.pairing or "–"),
    )
    return tag("tr", cells, class_="differing" if value.differs else "same")


def _difference(value: ComparedValue, axes: Axes) -> Child:
    if isinstance(value.difference, Missing):
        return dash(value.difference)
    bar = axes[value.quantity.definition].draw(value.difference) if _has_interval(value.difference) else None
    return (value_text(value.difference, signed(value.quantity.rounding)), bar)


def _p(p: float | None) -> str:
    if p is None:
        return "–"
    return f"< {SMALLEST_P}" if p < SMALLEST_P else f"{p:.3f}"
