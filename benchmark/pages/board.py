"""The page of a board: a row for each pair, to be sorted by every column and filtered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ..board.columns import BY_CHANGE, BoardRow, list_columns
from ..board.entries import Entry
from ..board.ranks import ALPHA, Unranked
from ..board.rows import Board
from ..record.doubts import integration_doubts
from ..record.means import Summary
from ..record.missing import Missing
from ..record.quantity import Quantity
from ..record.record import Record
from ..record.row import BOTH, COLUMNS, Column, in_board_order
from ..record.summary import SUITES
from ..verdict.attribution import ATTRIBUTION
from ..verdict.rules import MEANING
from .glossary import Glossary, with_behind
from .markup import Child, Html, tag
from .page import caption, document, scrolling, section
from .scale import label
from .values import BarAxis, control_value, dash, doubts_sign, value_text
from .verdict import claim_list


@dataclass(frozen=True)
class _Shown:
    """A quantity as a column: its label, and the axis that its bars share."""

    label: str
    quantity: Quantity[Summary]
    bars: BarAxis


def board_page(board: Board, links: Mapping[str, str] | None = None) -> str:
    """The whole page: the same board gives the same bytes.

    `links`: by the name of an entry the address of its own page.
    """
    groups = [(column, list(_quantities(board, column))) for column in in_board_order(COLUMNS)]
    shown = [each for _, group in groups for each in group]
    glossary = Glossary(with_behind(each.quantity.definition for each in shown))
    rows = [_row(row, shown, links or {}) for row in board.rows]
    listed = tag(
        "table",
        caption(_caption(board)),
        tag("thead", _heads(board, groups, glossary)),
        tag("tbody", rows),
        id="board",
    )
    title = _title(board)
    body = (
        tag("h1", title),
        tag("p", _LEAD, class_="lead"),
        _filters(board.rows),
        tag("p", id="shown", role="status", class_="note"),
        scrolling("Board", listed),
        tag("ul", [tag("li", sign, text) for sign, text in _legend(board.rows)], class_="legend"),
        tag("p", _CHECKED, class_="note"),
        _retired(board),
        glossary.section(),
    )
    return document(title, body, ("board.js",), kind="board")


def _title(board: Board) -> str:
    protocols = {_protocol(row.record) for row in board.rows}
    return f"Leaderboard, {protocols.pop()}" if len(protocols) == 1 else "Leaderboard"


def _protocol(record: Record) -> str:
    return f"{record.protocol.name}@{record.protocol.version}"


_LEAD = (
    "How an autoregressive model's circuits change when it is post-trained into a masked diffusion model. "
    "Every value is a mean over tasks with its 95 % interval."
)

_CHECKED = (
    "Self-reported: nobody has run it again. Re-run: the board's maintainer has run cells again. No number "
    "was computed again for this page; mechshift validate does that."
)


def _quantities(board: Board, column: Column) -> Iterator[_Shown]:
    heading = column.heading.replace("\n", " ")
    for place, quantities in column.quantities.items():
        for line, quantity in zip(column.labels, quantities, strict=False):
            # Below the heading of its column: what it says beyond that.
            beyond = line.removeprefix(heading).removeprefix(", ")
            label = quantity.label if place == BOTH else ", ".join(filter(None, (place, beyond)))
            entries = [entry for row in board.rows for entry in (row.entry, *row.controls)]
            values = [quantity.of(entry.record.summary) for entry in entries]
            yield _Shown(label, quantity, BarAxis.of(values, quantity.rounding.signed))


def _caption(board: Board) -> str:
    count = f"{len(board.rows)} row{'s' * (len(board.rows) != 1)}"
    order = "smallest" if board.ascending else "largest"
    quantity = _ranked_by(board)
    if quantity is None:
        return f"{count} by {board.sort}, not ranked"
    rank = f"Rank: 1 + the number of rows significantly better, all pairs tested (Holm, {ALPHA:g})."
    return f"{count} by {quantity.label}, {order} first. {rank}"


def _ranked_by(board: Board) -> Quantity[Summary] | None:
    return next((each.quantity for each in list_columns() if each.name == board.sort), None)


def _heads(board: Board, groups: Sequence[tuple[Column, Sequence[_Shown]]], glossary: Glossary) -> list[Html]:
    above = [
        tag("th", column.heading.replace("\n", " "), scope="colgroup", colspan=len(shown), class_="group")
        for column, shown in groups
    ]
    quantity = _ranked_by(board)
    # Rows can be sorted by another column on the page, and ranks stay those of this one.
    of = None if quantity is None else tag("span", f"by {quantity.label}", class_="sub")
    fixed = [
        tag("th", _sort_button(name, name), about, scope="col", rowspan=2, class_=name, aria_sort="none")
        for name, about in (("rank", of), ("pair", None))
    ]
    verdicts = tag("th", "verdict", scope="colgroup", colspan=len(SUITES), class_="group")
    below = [
        tag(
            "th",
            _sort_button(f"verdict_{suite}", suite),
            scope="col",
            aria_sort="none",
            data_full=f"verdict, {suite}",
        )
        for suite in SUITES
    ]
    below += [
        tag(
            "th",
            _column_head(each, glossary),
            scope="col",
            aria_sort="none",
            data_full=each.quantity.label,
        )
        for _, shown in groups
        for each in shown
    ]
    return [tag("tr", fixed, verdicts, above), tag("tr", below)]


def _sort_button(name: str, label: str) -> Html:
    # Without a script there is nothing to press: the script enables it.
    return tag("button", label, type="button", disabled=True, data_sort=name, class_="sort")


def _column_head(shown: _Shown, glossary: Glossary) -> tuple[Html, ...]:
    scale = shown.bars.scale
    ends = tag(
        "span",
        tag("span", label(scale.low)),
        tag("span", label(scale.high)),
        class_="ends",
        aria_hidden="true",
    )
    button = _sort_button(shown.quantity.name, shown.label)
    line = tag("span", button, glossary.mark(shown.quantity.definition), class_="head-line")
    return (line, ends) if shown.quantity.rounding.interval else (line,)


def _row(row: BoardRow, columns: Sequence[_Shown], links: Mapping[str, str]) -> Html:
    entry, pair = row.entry, row.record.pair
    rank: Child = dash(Missing(missing=row.rank.reason)) if isinstance(row.rank, Unranked) else row.rank
    return tag(
        "tr",
        tag("td", rank, class_="rank", data_value=None if isinstance(row.rank, Unranked) else row.rank),
        tag("th", _name(row, links), scope="row", class_="pair"),
        [_verdict(row, suite) for suite in SUITES],
        [_cell(row, column) for column in columns],
        data_name=entry.name,
        data_pair=pair.name,
        data_status=_status(entry),
        data_family=_family(entry),
        data_control="control" if pair.control else ("with" if row.controls else "without"),
        data_verdict="|".join(one.verdict for one in row.verdicts.suites.values()) or None,
        data_attribution="|".join(filter(None, (one.attribution for one in row.verdicts.suites.values())))
        or None,
        tabindex="-1",
    )


def _verdict(row: BoardRow, suite: str) -> Html:
    """The verdict on a suite, which unfolds what decided it; of a control, of how many pairs it is one."""
    found = row.verdicts.suites.get(suite)
    if found is None:
        if row.record.pair.control:
            return tag("td", tag("span", row.control_of, class_="sub") if suite == SUITES[0] else None)
        missing = row.verdicts.missing or f"no verdict: the record has no {suite} task"
        return tag("td", dash(Missing(missing=missing)))
    details = tag(
        "details",
        tag("summary", tag("b", found.verdict), tag("span", ", decided by", class_="unseen")),
        claim_list(found.details),
        class_="decided",
    )
    attributed = tag("span", found.attribution, class_="sub") if found.attribution else None
    return tag("td", details, attributed, class_="verdict", data_value=BY_CHANGE.index(found.verdict))


def _family(entry: Entry) -> str:
    """The kind of model that the ARM is, `Llama`."""
    return entry.record.pair.arm.native.removesuffix("ForCausalLM").removesuffix("LMHeadModel")


def _status(entry: Entry) -> str:
    return "unofficial" if entry.unofficial is not None else entry.status or "no submission"


def _told_status(entry: Entry) -> str:
    return ", ".join(filter(None, (_status(entry), entry.extent)))


def _name(row: BoardRow, links: Mapping[str, str]) -> tuple[Child, ...]:
    entry, pair = row.entry, row.record.pair
    address = tag(
        "a", "#", href=f"#row={quote(entry.name)}", class_="permalink", aria_label=f"Link to row {entry.name}"
    )
    sign = tag("span", "control", class_="sign") if pair.control else None
    about = tag(
        "span", f"{_family(entry)} · {_protocol(row.record)}", tag("br"), _told_status(entry), class_="sub"
    )
    listed = tag("span", tag("bdi", entry.name), class_="sub") if entry.name != pair.name else None
    controls = [tag("span", "◇ ", _linked(control, links), class_="sub") for control in row.controls]
    return (_linked(entry, links), sign, address, about, listed, controls, _doubts(entry))


def _linked(entry: Entry, links: Mapping[str, str]) -> Html:
    name = tag("bdi", entry.record.pair.name)
    return tag("a", name, href=links[entry.name]) if entry.name in links else name


def _doubts(entry: Entry) -> Html | None:
    """Confounds and doubts, as a count that unfolds."""
    problem = None if entry.card is None else entry.card.problem
    doubts = filter(None, (entry.refused, entry.unofficial, problem))
    lines = [*entry.record.pair.confounds, *entry.declared, *doubts]
    lines += integration_doubts(entry.record)
    if not lines:
        return None
    count = f"{len(lines)} doubt{'s' * (len(lines) != 1)}"
    items = tag("ul", [tag("li", text) for text in lines])
    return tag("details", tag("summary", "△ ", count), items, class_="doubts")


def _cell(row: BoardRow, column: _Shown) -> Html:
    quantity = column.quantity
    value = quantity.of(row.record.summary)
    if isinstance(value, Missing):
        return tag("td", dash(value))
    others = [quantity.of(control.record.summary) for control in row.controls]
    # A count is read as it stands.
    bar = column.bars.draw(value, others) if quantity.rounding.interval else None
    below = [control_value(other, quantity.rounding) for other in others]
    doubts = doubts_sign(row.entry.doubts.of(quantity))
    return tag("td", value_text(value, quantity.rounding), doubts, bar, below, data_value=repr(value.value))


def _retired(board: Board) -> Html | None:
    """Submissions of older versions, which no longer stand beside the others."""
    if not board.retired:
        return None
    items = [tag("li", tag("bdi", each.name), f": {each.reason}") for each in board.retired]
    return section("retired", "Retired", tag("ul", items))


def _filters(rows: Sequence[BoardRow]) -> Html:
    """What the rows can be narrowed to; a script shows it."""
    choices: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("status", "Status", sorted({_status(row.entry) for row in rows})),
        ("family", "Family", sorted({_family(row.entry) for row in rows})),
    )
    verdicts = [name for name in MEANING if any(_has(row, name) for row in rows)]
    said = [one.attribution for row in rows for one in row.verdicts.suites.values()]
    choices += (
        ("verdict", "Verdict on a suite", verdicts),
        ("attribution", "Attributable", [name for name in ATTRIBUTION if name in said]),
    )
    selects = [_select(name, label, [(value, value) for value in values]) for name, label, values in choices]
    control = (
        ("with", "with a control"),
        ("without", "without a control"),
        ("control", "controls themselves"),
    )
    search = tag(
        "p",
        tag("label", "Name", for_="filter-text"),
        tag(
            "input",
            type="search",
            id="filter-text",
            data_filter="text",
            autocomplete="off",
            spellcheck="false",
        ),
    )
    reset = tag("p", tag("button", "Show all", type="button", id="reset"))
    parts = [search, *selects, _select("control", "Control", control), reset]
    return tag("div", parts, class_="filters", hidden=True, role="search", aria_label="Filter rows")


def _has(row: BoardRow, verdict: str) -> bool:
    return any(one.verdict == verdict for one in row.verdicts.suites.values())


def _select(name: str, label: str, options: Sequence[tuple[str, str]]) -> Html:
    identifier = f"filter-{name}"
    every = tag("option", "all", value="")
    given = [tag("option", text, value=value) for value, text in options]
    return tag(
        "p",
        tag("label", label, for_=identifier),
        tag("select", every, given, id=identifier, data_filter=name),
    )


def _legend(rows: Sequence[BoardRow]) -> Iterator[tuple[Html, str]]:
    def sign(text: str) -> Html:
        return tag("span", text, class_="legend-sign", aria_hidden="true")

    yield sign("●"), "value on its 95 % interval, all rows of a column on one axis"
    if any(row.controls for row in rows):
        yield sign("◇"), "a control: the same ARM, trained further with its own objective"
    met = dict.fromkeys(one.verdict for row in rows for one in row.verdicts.suites.values())
    for name in MEANING:
        if name in met:
            yield tag("span", name, class_="legend-word"), f"{MEANING[name]}"
    if met:
        yield tag("span", "verdict", class_="legend-word"), "unfold it for the numbers that decided it"
    yield sign("–"), "missing: unfold it for the reason"
    if any(_doubts(row.entry) for row in rows):
        yield sign("△"), "confounds, what loading the pair left in doubt, and why a row is unofficial"
    yield sign("△"), "behind a value: why it is no statement; unfold it for the reason"
