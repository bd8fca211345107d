"""A verdict as text: the suites first, then every task, then the statements, each with what decided it."""

from collections.abc import Sequence
from typing import Any

from ..record.missing import Missing
from ..record.number import Measured
from ..record.quantity import SHARE
from ..record.robustness import Robustness, VerdictOn
from ..tables.cells import plain
from ..tables.layout import WIDTH, unrounded, wrapped
from ..tables.marks import changes_text, marks_text
from .attribution import ATTRIBUTION, Attributed
from .claim import BoundClaim
from .marks import topic_of
from .rows import EvidenceRow
from .rules import MEANING
from .statements import Stated
from .verdict import Judged, PairVerdict


def verdict_text(verdict: PairVerdict, width: int = WIDTH) -> str:
    """The verdict for a terminal of `width`."""
    controls = ", ".join(map(plain, verdict.controls)) or "none, so nothing is attributed to the training"
    head = [f"pair      {plain(verdict.pair)}", wrapped(controls, width, "control   ")]
    found = verdict.robustness
    marks = found if isinstance(found, Robustness) else None
    blocks = [head, _judged("Suites", verdict.suites, width, marks, "suites")]
    blocks.append(_judged("Tasks", verdict.tasks, width, marks, "tasks"))
    blocks.append(_statements(verdict.statements, width, marks))
    if verdict.beside:
        blocks.append(_beside(verdict.beside, width))
    if found is not None:
        blocks.append(marks_text(found, width).splitlines())
    blocks.append(_legend(verdict, width))
    return "\n\n".join("\n".join(block) for block in blocks)


def _judged(
    heading: str, each: Sequence[Judged], width: int, marks: Robustness | None, which: VerdictOn
) -> list[str]:
    lines = [heading.upper()]
    for one in each:
        said = one.verdict + (f", {one.attribution.says}" if _says_something(one) else "")
        chance = "" if one.adjusted_p is None else f" ({p_text(one.adjusted_p)})"
        lines.append(wrapped(f"{plain(one.name)}: {said}{chance}", width, "  "))
        details = [*deciding(one), *_changes(marks, which, one.name)]
        lines += [wrapped(plain(detail), width, "      ") for detail in details]
    return lines


def deciding(one: Judged) -> list[str]:
    """What decided a verdict, a line each: why it is as it is, its claims, the differences from controls."""
    finding = one.finding
    claims = () if finding.verdict == "undecided" else finding.claims
    return [*([finding.why] if finding.why else []), *map(str, claims), *one.attribution.lines]


def _changes(marks: Robustness | None, which: VerdictOn, name: str) -> list[str]:
    found = "" if marks is None else changes_text(marks, which, name)
    return [found] if found else []


def _says_something(one: Judged) -> bool:
    return bool(one.finding.changed)


def _statements(statements: Sequence[Stated], width: int, marks: Robustness | None) -> list[str]:
    lines = ["STATEMENTS"]
    for one in statements:
        about = topic_of(one)
        if one.says == "undecided":
            lines.append(wrapped(f"{about}: undecided", width, "  "))
            details = [one.why, *_changes(marks, "statements", about)]
            lines += [wrapped(plain(detail), width, "      ") for detail in details]
            continue
        chance = "" if one.adjusted_p is None else f" ({p_text(one.adjusted_p)})"
        directed = one.says in ("more", "less")
        attribution = f"; {one.attribution.says}" if directed else ""
        lines.append(wrapped(f"{about}: {one.text}{attribution}{chance}", width, "  "))
        details = [*map(str, one.claims), *one.attribution.lines]
        details += _changes(marks, "statements", about)
        lines += [wrapped(plain(detail), width, "      ") for detail in details]
    return lines


def _beside(rows: Sequence[EvidenceRow], width: int) -> list[str]:
    """Pair, controls and lines, suite by suite; then why a task of one could not be analysed."""
    lines = ["LINES"]
    for suite in rows[0].suites:
        lines.append(f"  {suite}")
        for row in rows:
            values = row.suites.get(suite, {})
            told = [
                f"{label} {value.missing if isinstance(value, Missing) else SHARE.number(value)}"
                for label, value in values.items()
            ]
            kind = "pair" if row.kind == "MDM" else row.kind
            lines.append(wrapped(f"{kind} {plain(row.name)}: {plain('; '.join(told))}", width, "      "))
    for row in rows:
        for task, why in row.failed.items():
            lines.append(wrapped(f"{plain(row.name)}, {plain(task)}: {plain(why)}", width, "  "))
    lines.append(wrapped("Lines are no further trainings, and nothing is attributed by them.", width, "  "))
    return lines


def _legend(verdict: PairVerdict, width: int) -> list[str]:
    met = dict.fromkeys(one.verdict for one in (*verdict.suites, *verdict.tasks))
    lines = [f"{name}: {MEANING[name]}." for name in met]
    said = dict.fromkeys(
        one.attribution.says for one in (*verdict.suites, *verdict.tasks) if one.finding.changed
    )
    said |= dict.fromkeys(one.attribution.says for one in verdict.statements if one.says in ("more", "less"))
    lines += [f"{name}: {ATTRIBUTION[name]}." for name in said]
    lines.append(
        "In brackets: 95 % intervals over prompts, of values for other tasks over tasks; p by Holm over all "
        "tasks, over both suites, or over all statements."
    )
    return [wrapped(line, width) for line in lines]


def p_text(p: float) -> str:
    """A p-value with three decimals, `p = .012`, or that it is smaller, `p < .001`."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def verdict_values(verdict: PairVerdict) -> dict[str, Any]:
    """The verdict as values for JSON: all that the text says, unrounded."""
    return {
        "pair": verdict.pair,
        "controls": list(verdict.controls),
        "suites": [judged_values(one) for one in verdict.suites],
        "tasks": [judged_values(one) for one in verdict.tasks],
        "statements": [_statement_values(one) for one in verdict.statements],
        "beside": list(map(_row_values, verdict.beside)),
        "robustness": _robustness_values(verdict.robustness),
    }


def _robustness_values(found: Robustness | Missing | None) -> dict[str, Any] | None:
    """By what is stated, under which variations it is another thing; or why that is not told."""
    if found is None:
        return None
    if isinstance(found, Missing):
        return {"missing": found.missing}
    which: tuple[VerdictOn, ...] = ("suites", "tasks", "statements")
    changes = {on: {name: found.changes_under(on, name) for name in found.base.judged.on(on)} for on in which}
    return {"variations": len(found.variations), "changes_under": changes}


def _row_values(row: EvidenceRow) -> dict[str, Any]:
    suites = {
        suite: {label: _number_values(value) for label, value in values.items()}
        for suite, values in row.suites.items()
    }
    kind = "pair" if row.kind == "MDM" else row.kind
    return {"name": row.name, "kind": kind, "suites": suites, "failed": dict(row.failed)}


def _number_values(value: Measured) -> dict[str, Any]:
    return {name[1:] or "value": field for name, field in unrounded(value).items()}


def judged_values(one: Judged) -> dict[str, Any]:
    """One verdict of `verdict_values`."""
    return {
        "name": one.name,
        "verdict": one.verdict,
        "why": one.finding.why,
        "adjusted_p": one.adjusted_p,
        "decided_by": list(map(_claim_values, one.finding.claims)),
        "without": list(one.without),
        "attribution": _attribution_values(one.attribution),
    }


def _statement_values(one: Stated) -> dict[str, Any]:
    return {
        "topic": one.topic.name,
        "suite": one.topic.suite,
        "says": one.says,
        "text": one.text,
        "why": one.why,
        "adjusted_p": one.adjusted_p,
        "decided_by": list(map(_claim_values, one.claims)),
        "attribution": _attribution_values(one.attribution),
    }


def _attribution_values(one: Attributed) -> dict[str, Any]:
    return {"says": one.says, "why": one.why, "decided_by": list(map(_claim_values, one.claims))}


def _claim_values(claim: BoundClaim) -> dict[str, Any]:
    return {
        "number": claim.label,
        **_number_values(claim.number),
        "side": claim.side,
        "bound": claim.bound,
        "holds": claim.holds,
    }
