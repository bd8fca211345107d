"""The verdict in Markdown: every suite, task and statement with the numbers that decided it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ...errors import listed
from ..verdict.attribution import ATTRIBUTION, Attributed
from ..verdict.rules import MEANING
from ..verdict.statements import Stated
from ..verdict.text import p_text
from ..verdict.verdict import Judged, PairVerdict
from .markdown import bullets, name, names, paragraph, table, text

INTERVALS_OF_PAIR = "Intervals are for other prompts."
INTERVALS_OF_SEEDS = (
    "Every number is the mean over seeds. Its interval is for another training and other prompts together."
)


def summary_of(verdict: PairVerdict) -> list[str]:
    """What is stated, a sentence an item: the suites, the tasks by verdict, and where the mechanism moved."""
    found = [_suite_sentence(one) for one in verdict.suites]
    by_verdict: dict[str, list[str]] = defaultdict(list)
    for one in verdict.tasks:
        by_verdict[one.verdict].append(one.name)
    said = [f"*{of}* on {names(tasks)}" for of, tasks in by_verdict.items()]
    if said:
        found.append(f"Task by task it is {'; '.join(said)}.")
    stated = [one for one in verdict.statements if one.says != "undecided"]
    found += [
        f"{_capital(one.text)}{_of_controls(one.attribution, one.says != 'no change')}." for one in stated
    ]
    open_ones = [_topic(one) for one in verdict.statements if one.says == "undecided"]
    if open_ones:
        found.append(f"Nothing is stated on {listed(open_ones)}.")
    return found


def _suite_sentence(one: Judged) -> str:
    if one.verdict == "undecided":
        why = text(one.finding.why)
        return f"On {text(one.name)} tasks it is *undecided* whether the mechanism was kept: {why}."
    chance = "" if one.adjusted_p is None else f" ({p_text(one.adjusted_p)})"
    why = f": {text(one.finding.why)}" if one.finding.why else ""
    changed = _of_controls(one.attribution, bool(one.finding.changed))
    return f"On {text(one.name)} tasks the mechanism is *{one.verdict}*{chance}{why}{changed}."


def _of_controls(attribution: Attributed, changed: bool) -> str:
    """What of a change is one of the training, in words behind a comma; nothing where nothing changed."""
    if not changed:
        return ""
    open_one = attribution.says == "undecided"
    return f"; whether more than the control: {attribution.says}" if open_one else f"; {attribution.says}"


def verdict_body(verdict: PairVerdict, intervals: str = INTERVALS_OF_PAIR) -> list[str]:
    """Both tables with what they say; `intervals`: what those of the numbers are for."""
    against = (
        f"Held against {names(verdict.controls)}."
        if verdict.controls
        else "Control: none. Nothing is attributed to the training."
    )
    return [
        paragraph(
            f"""{against} {intervals} The rules are in docs/verdicts.md; a number decides by its whole 95 %
            interval. {_adjusted(verdict)}"""
        ),
        table(
            ["", "verdict", "beside controls", "p (Holm)", "decided by"],
            [*(_row(one, suite=True) for one in verdict.suites), *map(_row, verdict.tasks)],
        ),
        "Where and how it moved:",
        table(
            ["", "statement", "beside controls", "p (Holm)", "decided by"],
            [_statement(one) for one in verdict.statements],
        ),
        bullets(_meanings(verdict)),
    ]


def _adjusted(verdict: PairVerdict) -> str:
    """For how many claims p-values are adjusted."""
    attributions = [one.attribution.says for one in (*verdict.tasks, *verdict.suites)]
    attributions += [one.attribution.says for one in verdict.statements]
    held = attributions.count("attributable")
    return (
        f"p-values are adjusted by Holm's method over all {len(verdict.tasks)} tasks, over all "
        f"{len(verdict.suites)} suites, and over all {len(verdict.statements)} statements, decided or not. "
        f"Attributions are adjusted likewise; {held} are left."
    )


def _row(one: Judged, suite: bool = False) -> list[str]:
    finding = one.finding
    return [
        f"**{text(one.name)} tasks**" if suite else name(one.name),
        f"*{finding.verdict}*",
        one.attribution.says if finding.changed else "",
        "" if one.adjusted_p is None else p_text(one.adjusted_p),
        _lines(finding.why, (*map(str, finding.claims), *one.attribution.lines)),
    ]


def _statement(one: Stated) -> list[str]:
    return [
        text(_topic(one)),
        text(one.text) or "*undecided*",
        one.attribution.says if one.says in ("more", "less") else "",
        "" if one.adjusted_p is None else p_text(one.adjusted_p),
        _lines(one.why, (*map(str, one.claims), *one.attribution.lines)),
    ]


def _topic(one: Stated) -> str:
    return f"{one.topic.name} on {one.topic.suite} tasks" if one.topic.suite else one.topic.name


def _lines(why: str, claims: Iterable[str]) -> str:
    """A reason, then the claims that it does not tell of: of an undecided one those nearest to hold."""
    told = [claim for claim in claims if claim not in why]
    return "<br>".join(map(text, filter(None, (why, *told))))


def _meanings(verdict: PairVerdict) -> Iterator[str]:
    for met in dict.fromkeys(one.verdict for one in (*verdict.suites, *verdict.tasks)):
        yield f"*{met}*: {text(MEANING[met])}."
    said = [one.attribution.says for one in (*verdict.suites, *verdict.tasks) if one.finding.changed]
    said += [one.attribution.says for one in verdict.statements if one.says in ("more", "less")]
    for says in dict.fromkeys(said):
        # A verdict can be undecided too, which is another thing.
        beside = ", beside controls" if says == "undecided" else ""
        yield f"*{says}*{beside}: {text(ATTRIBUTION[says])}."


def by_pair(verdicts: Sequence[PairVerdict]) -> str:
    """Verdicts side by side: a line for each suite and task, a column for each pair."""
    lines = dict.fromkeys(
        (kind, one.name)
        for verdict in verdicts
        for kind, judged in (("suite", verdict.suites), ("task", verdict.tasks))
        for one in judged
    )
    rows = []
    for kind, called in lines:
        cells = []
        for verdict in verdicts:
            judged = verdict.suites if kind == "suite" else verdict.tasks
            found = next((one for one in judged if one.name == called), None)
            cells.append("" if found is None else _short(found))
        rows.append([f"**{text(called)} tasks**" if kind == "suite" else name(called), *cells])
    return table(["", *(name(verdict.pair) for verdict in verdicts)], rows)


def _short(one: Judged) -> str:
    said = one.attribution.says
    beside = "" if said == "control: none" or not one.finding.changed else f"<br>{said}"
    return f"*{one.verdict}*{beside}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
