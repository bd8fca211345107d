"""What is stated of a pair, first on its page: every verdict with the numbers that decided it."""

import re
from collections.abc import Iterator, Sequence

from ..verdict.rules import MEANING
from ..verdict.statements import Stated
from ..verdict.text import deciding, p_text
from ..verdict.verdict import Judged, PairVerdict
from .markup import Child, Html, tag
from .page import caption, scrolling, section


def verdict_section(verdict: PairVerdict) -> Html:
    """Suites, tasks and statements, a line each."""
    against = ", ".join(verdict.controls) or "none, so nothing is attributed to the training"
    judged = [_row(one, suite=True) for one in verdict.suites] + [_row(one) for one in verdict.tasks]
    heads = ("", "verdict", "attributable", "decided by", "p (Holm)")
    return section(
        "verdict",
        "Verdict",
        tag("p", "Control: ", tag("bdi", against), ".", class_="note"),
        _table("Verdicts", "Verdicts on both suites and on every task", heads, judged),
        tag("h3", "Where and how it moved"),
        _table(
            "Statements",
            "Statements, each by two estimators",
            ("", "statement", "attributable", "decided by", "p (Holm)"),
            [_statement(one) for one in verdict.statements],
        ),
        tag("dl", list(_meanings(verdict)), class_="meanings"),
    )


def _table(what: str, title: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
    head = tag("tr", [tag("th", each, scope="col") if each else tag("td") for each in heads])
    return scrolling(
        what, tag("table", caption(title), tag("thead", head), tag("tbody", rows), class_="verdicts")
    )


def _row(one: Judged, suite: bool = False) -> Html:
    name = tag("strong", one.name) if suite else one.name
    return tag(
        "tr",
        tag("th", name, scope="row"),
        tag("td", one.verdict, class_="verdict"),
        tag("td", one.attribution.says if one.finding.changed else None),
        tag("td", claim_list(deciding(one))),
        tag("td", None if one.adjusted_p is None else p_text(one.adjusted_p)),
    )


def _statement(one: Stated) -> Html:
    directed = one.says in ("more", "less")
    about = one.topic.name + (f", {one.topic.suite}" if one.topic.suite else "")
    claims = () if one.says == "undecided" else one.claims
    lines = [*([one.why] if one.why else []), *map(str, claims), *one.attribution.lines]
    return tag(
        "tr",
        tag("th", about, scope="row"),
        tag("td", one.text or "undecided", class_="verdict"),
        tag("td", one.attribution.says if directed else None),
        tag("td", claim_list(lines)),
        tag("td", None if one.adjusted_p is None else p_text(one.adjusted_p)),
    )


_MINUS = re.compile(r"(?<![\w.])-(?=\d)")
"""Of a number; a name may have one too."""


def claim_list(lines: Sequence[str]) -> Child:
    """What decided, a line each."""
    return tag("ul", [tag("li", _MINUS.sub("−", line)) for line in lines], class_="claims") if lines else None


def _meanings(verdict: PairVerdict) -> Iterator[Html]:
    for name in dict.fromkeys(one.verdict for one in (*verdict.suites, *verdict.tasks)):
        yield tag("dt", name)
        yield tag("dd", f"{MEANING[name]}.")
