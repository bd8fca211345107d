"""A record's variations as text: the verdicts under each, then how far every headline moves."""

from collections.abc import Sequence
from typing import Any

from ..record.missing import Missing
from ..record.number import Measured
from ..record.quantity import Rounding
from ..record.robustness import Result, Robustness, Varied, VerdictOn, half_widths, move
from ..record.summary import SUITES
from ..tables.cells import DASH, Notes, get_markup, plain
from ..tables.layout import WIDTH, Row, stacked, tabular, unrounded, wrapped
from ..tables.marks import marks_text
from .judging import headline_quantities

CHANGED = "≠"
"""Stands before a verdict that is another one than the record's."""

SAME = "="
"""Stands for a number that is the record's own."""

LEGEND = f"""\
A row is the record with one thing done otherwise. {CHANGED}: another verdict than the record's. Tasks,
statements: how many of them say something else, of those that the variation has the numbers for. Farthest:
the headline that moved by the most half-widths of the record's own interval (×). {SAME}: the record's own
number. In brackets: 95 % intervals; behind them by how much the number moved, and how many half-widths that
is."""


def robustness_text(found: Robustness, width: int = WIDTH) -> str:
    """All variations for a terminal of `width`."""
    notes = Notes(get_markup("text"))
    head = f"pair      {plain(found.pair)}\nprotocol  {plain(found.protocol)}"
    bodies = [_verdict_body(found, notes, width), _headline_body(found, notes, width)]
    tables = "\n\n".join(bodies) + notes.below(width)
    left_out = [wrapped(plain(line), width, "  ") for line in _left_out(found)]
    blocks = [head, tables, wrapped(LEGEND, width), marks_text(found, width)]
    if left_out:
        blocks.append("\n".join(["Not varied:", *left_out]))
    return "\n\n".join(blocks)


def verdicts_block(found: Robustness, width: int = WIDTH) -> str:
    """The verdicts under every variation, with the notes of that table and the summary."""
    notes = Notes(get_markup("text"))
    body = _verdict_body(found, notes, width)
    return f"{body}{notes.below(width)}\n\n{marks_text(found, width)}"


def _left_out(found: Robustness) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for name, why in found.left_out.items():
        by_reason.setdefault(why, []).append(name)
    return [f"{', '.join(names)}: {why}" for why, names in by_reason.items()]


def _verdict_body(found: Robustness, notes: Notes, width: int) -> str:
    """A line per variation: what is said of either suite, and how much else changed."""
    suites = [suite for suite in SUITES if suite in found.base.judged.suites]
    heads = [*suites, "tasks", "statements", "farthest"]
    base = found.base.judged
    rows: list[Row] = [["the record", *(base.suites[suite] for suite in suites), "", "", ""]]
    for one in found.variations:
        rows.append([plain(one.name), *_verdicts(found, one, suites, notes)])

    def draw(part: Sequence[int], notes: Notes) -> str:
        chosen = [[row[0], *(row[1 + index] for index in part)] for row in rows]
        return tabular(["verdicts", *(heads[index] for index in part)], chosen, notes.markup)

    return stacked(len(heads), draw, notes, width)


def _verdicts(found: Robustness, one: Varied, suites: Sequence[str], notes: Notes) -> Row:
    if isinstance(one.result, Missing):
        return [DASH + notes.mark(one.result.missing), *[""] * (len(suites) + 2)]
    base, judged = found.base.judged, one.result.judged
    cells = []
    for suite in suites:
        said = judged.suites.get(suite)
        if said is None:
            cells.append(DASH + notes.mark(judged.unjudged or "not all of its tasks have their numbers"))
        else:
            cells.append(plain(said) if said == base.suites[suite] else f"{CHANGED} {plain(said)}")
    return [
        *cells,
        _count(found, one.result, "tasks"),
        _count(found, one.result, "statements"),
        _farthest(found, one),
    ]


def _count(found: Robustness, result: Result, which: VerdictOn) -> str:
    """How many say something else, of those that are judged."""
    own, said = found.base.judged.on(which), result.judged.on(which)
    if not said:
        return DASH
    return f"{sum(own.get(name) != one for name, one in said.items())} of {len(said)}"


def _farthest(found: Robustness, one: Varied) -> str:
    """The headline that moved by the most half-widths."""
    assert isinstance(one.result, Result), "asked for where there is one"
    moved = {}
    for quantity in headline_quantities():
        values = _both(found, one.result, quantity.name)
        if values is not None and (by := half_widths(*values)) is not None:
            moved[quantity.label] = by
    if not moved:
        return DASH
    label = max(moved, key=lambda name: abs(moved[name]))
    return f"{label} {moved[label]:+.1f}×"


def _both(found: Robustness, result: Result, name: str) -> tuple[Measured, Measured] | None:
    if name not in found.base.headlines or name not in result.headlines:
        return None
    return found.base.headlines[name], result.headlines[name]


def _headline_body(found: Robustness, notes: Notes, width: int) -> str:
    """A line per variation, a column per headline: its value, and by how much it moved."""
    quantities = [each for each in headline_quantities() if each.name in found.base.headlines]
    of_result = [one for one in found.variations if isinstance(one.result, Result)]

    def draw(part: Sequence[int], notes: Notes) -> str:
        shown = [quantities[index] for index in part]
        rows: list[Row] = [
            ["the record", *(notes.cell(found.base.headlines[each.name], each.rounding) for each in shown)]
        ]
        for one in of_result:
            assert isinstance(one.result, Result)
            values = [_both(found, one.result, each.name) for each in shown]
            cells = [
                DASH if both is None else _moved(*both, each.rounding, notes)
                for both, each in zip(values, shown, strict=True)
            ]
            rows.append([plain(one.name), *cells])
        return tabular(["headlines", *(each.label.replace(", ", "\n") for each in shown)], rows, notes.markup)

    return stacked(len(quantities), draw, notes, width)


def _moved(base: Measured, varied: Measured, rounding: Rounding, notes: Notes) -> str:
    if varied == base:
        return SAME
    cell = notes.cell(varied, rounding)
    by, widths = move(base, varied), half_widths(base, varied)
    if by is None:
        return cell
    shown = f"{cell} {by:+.{rounding.decimals}f}"
    return shown if widths is None else f"{shown} {abs(widths):.1f}×"


def robustness_values(found: Robustness) -> dict[str, Any]:
    """All variations as values for JSON, unrounded, with how far each headline moves and what changes."""
    return {
        "pair": found.pair,
        "protocol": found.protocol,
        "record": found.record,
        "base": _result_values(found, found.base),
        "variations": [
            {
                "name": one.name,
                "kind": one.kind,
                "settings": one.settings,
                "with_models": one.with_models,
                "missing": one.result.missing if isinstance(one.result, Missing) else None,
                **(_result_values(found, one.result) if isinstance(one.result, Result) else {}),
            }
            for one in found.variations
        ],
        "holding": {which: _holding(found, which) for which in _WHICH},
        "not_varied": found.left_out,
    }


_WHICH: tuple[VerdictOn, ...] = ("suites", "tasks", "statements")


def _holding(found: Robustness, which: VerdictOn) -> dict[str, Any]:
    return {
        name: {
            "says": said,
            "holds": found.holding(which, name)[0],
            "of": found.holding(which, name)[1],
            "changes_under": found.changes_under(which, name),
        }
        for name, said in found.base.judged.on(which).items()
    }


def _result_values(found: Robustness, result: Result) -> dict[str, Any]:
    headlines = {}
    for name, value in result.headlines.items():
        fields = {key[1:] or "value": field for key, field in unrounded(value).items()}
        base = found.base.headlines.get(name, Missing(missing="the record has none"))
        headlines[name] = {**fields, "move": move(base, value), "half_widths": half_widths(base, value)}
    judged = result.judged
    said: dict[str, Any] = {which: judged.on(which) for which in _WHICH}
    return {"headlines": headlines, **said, "unjudged": judged.unjudged or None}
