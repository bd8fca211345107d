"""The sections on the family as a whole: claims over seeds, what is systematic, tasks side by side."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number
from ...benchmark.record.quantity import FINE, SHARE, SHIFT, Rounding
from ...benchmark.report.markdown import MARKUP, bullets, paragraph, table, text
from ...benchmark.report.seeds import SIGNED
from ...benchmark.tables.cells import Notes
from ...errors import listed
from ..structure.family import Blocks, BothIntervals, FamilyStructure, OverTasks
from ..structure.roster import CONTROLS, SEEDS
from .attributable import MARGIN, ClaimEvidence, Decision, overall
from .headline import headline_sentence, headline_table, plain_sentence
from .heat_maps import PANELS, mean_matrix, task_order
from .records import Pairs

ALPHA = 0.05
"""Above this a p-value is not clear of chance."""

LEFT_OUT = (
    "Left out: there is no data file of the family, which `python -m mechshift.baselines.structure` writes."
)

SAID: dict[Decision, str] = {
    "supported": "this family supports it",
    "contradicted": "this family contradicts it",
    "undecided": "this family cannot decide it",
}

NAMED = {
    "mdm": "MDM",
    "control": "control",
    "low": "control at a low constant rate",
    "noshift": "MDM without shift",
    "block": "block-diffusion MDM",
    "scratch": "MDM from random weights",
    "mdm × control": "an MDM and a control",
    "ARM": "ARM",
}


def answers(pairs: Pairs, evidence: Sequence[ClaimEvidence], family: FamilyStructure | None) -> Sequence[str]:
    """What the family says, in sentences, the control being asked first."""
    claims = [_claim_sentence(list(of)) for _, of in groupby(evidence, lambda each: each.statement.letter)]
    found = [headline_sentence(pairs)]
    if family is not None:
        found += [_systematic(family), *_kinds(family)]
    return (
        paragraph(
            """The control is asked first: what is put down to diffusion is what MDMs change beyond what
            further training of the same ARM changes, over the seeds of both."""
        ),
        bullets([*found, *claims]),
    )


def _claim_sentence(evidence: Sequence[ClaimEvidence]) -> str:
    statement, decision = evidence[0].statement, overall(evidence)
    parts = []
    for wanted in ("supported", "contradicted", "undecided"):
        names = [each.estimator.label for each in evidence if each.decision == wanted]
        if names:
            parts.append(
                f"{wanted} by {listed(names)}" if wanted != "undecided" else f"open by {listed(names)}"
            )
    lacking = [each.estimator.label for each in evidence if isinstance(each.decision, Missing)]
    if lacking:
        parts.append(f"without a value by {listed(lacking)}")
    verdict = SAID[decision] if len(lacking) < len(evidence) else "there is no value to judge it by"
    return f"**{statement.letter}**, {statement.text} ({statement.claimed}): {verdict}; {'; '.join(parts)}."


def _systematic(family: FamilyStructure) -> str:
    parts = []
    for name, of in (
        ("mdm", "two MDMs"),
        ("control", "two controls"),
        ("mdm × control", "an MDM and a control"),
    ):
        if name in family.systematic:
            parts.append(f"{_both(family.systematic[name].groups['all'])} for {of}")
    return (
        "Of the change from the ARM, by plain ρ, two trainings have in common (0: nothing, 1: all of it) "
        f"{listed(parts)}. What an MDM shares with a control is what further training changes anyway."
    )


def _kinds(family: FamilyStructure) -> list[str]:
    arm = next((each for each in family.blocks if each.recipe == "ARM"), None)
    if arm is None:
        return []
    parts = [
        f"{_prompts(of.same)} between tasks of one {name} and {_prompts(of.other)} between {names} ({_p(of)})"
        for name, names, of in (("suite", "suites", arm.suite), ("surface", "surfaces", arm.surface))
    ]
    return [f"Within the ARM, mean plain ρ is {'; '.join(parts)}. {_stronger(arm.suite, arm.surface)}"]


def _stronger(suite: Blocks, surface: Blocks) -> str:
    """Which of the two divisions of the tasks circuits follow more, if that is clear of chance.

    Intervals over prompts are narrow and say nothing of other tasks: what deals them out anew comes first.
    """
    chances = [each.p.value for each in (suite, surface) if isinstance(each.p, Number)]
    if len(chances) == 2 and min(chances) >= ALPHA:
        return "Neither division is clear of what dealing the tasks out by chance gives."
    suites, surfaces = (_bounds(each.difference.prompts) for each in (suite, surface))
    if suites is None or surfaces is None or len(chances) < 2:
        return "Which of the two divides circuits more is not known."
    if suites[1] < surfaces[0]:
        return "Words and symbols divide circuits more than local tasks and planning do."
    if surfaces[1] < suites[0]:
        return "Local tasks and planning divide circuits more than words and symbols do."
    return "Neither division is told to divide circuits more than the other."


def _bounds(value: Measured) -> tuple[float, float] | None:
    if isinstance(value, Missing) or value.low is None or value.high is None:
        return None
    return value.low, value.high


def _p(of: Blocks) -> str:
    if isinstance(of.p, Missing):
        return "p not known"
    return f"p = {of.p.value:.2g} of {of.dealt} ways to deal the tasks out"


def _prompts(of: BothIntervals) -> str:
    return _words(of.prompts, SHARE)


def _words(value: Measured, rounding: Rounding) -> str:
    return f"no value ({text(value.missing)})" if isinstance(value, Missing) else rounding.number(value)


def _both(of: BothIntervals, rounding: Rounding = FINE) -> str:
    """`0.93 [0.92, 0.94 over prompts; 0.90, 0.96 over seeds]`."""
    if isinstance(of.prompts, Missing):
        return f"no value ({text(of.prompts.missing)})"
    bounds = [
        f"{rounding(each.low)}, {rounding(each.high)} over {name}"
        for name, each in (("prompts", of.prompts), ("seeds", of.seeds))
        if isinstance(each, Number) and each.low is not None and each.high is not None
    ]
    return f"{rounding(of.prompts.value)} [{'; '.join(bounds)}]" if bounds else rounding(of.prompts.value)


def over_seeds(pairs: Pairs, evidence: Sequence[ClaimEvidence]) -> Sequence[str]:
    """The claims by every estimator, the MDMs' seeds less the controls'."""
    mdm, control = ([f"`{pair}`" for pair in of if pair in pairs.records] for of in (SEEDS, CONTROLS))
    return (
        "## 8. The claims over seeds",
        paragraph(
            f"""MDMs: {listed(mdm)}. Controls: {listed(control)}. *Attributable* is the mean of the MDMs less
            that of the controls. Its interval over prompts takes the trainings as they are. It is paired for
            ρ of edges; for the others bounds are averaged over seeds, and the two intervals put together as
            if they were independent, which errs on the wide side. That over seeds takes the prompts as they
            are (Welch's, on the seeds). p is Welch's for "the
            difference is the bound", adjusted for all {len(evidence)} lines by Holm. An estimator supports or
            contradicts a claim where p is below .05, the interval over prompts lies on the same side, and
            leaving out any one task keeps that side. "Retained" is judged against a bound of {MARGIN:g}
            below the control, as no difference that is missing shows that there is none."""
        ),
        evidence_table(evidence),
        *headline_table(pairs),
    )


def evidence_table(evidence: Sequence[ClaimEvidence]) -> str:
    """A line per claim and estimator."""
    notes = Notes(MARKUP)
    rows = []
    for each in evidence:
        statement = each.statement
        decision = each.decision
        rows.append(
            [
                f"**{statement.letter}** {statement.text}<br>claimed: {statement.claimed}",
                each.estimator.label,
                *(notes.cell(value, FINE) for value in (each.mdm, each.control)),
                *(notes.cell(value, SIGNED) for value in (each.prompts, each.seeds)),
                _adjusted(each.adjusted, notes),
                ", ".join(map(text, each.carriers)) or "no task alone",
                notes.cell(decision, SHARE) if isinstance(decision, Missing) else f"*{decision}*",
            ]
        )
    heads = [
        "claim",
        "estimator",
        "MDMs, over seeds",
        "controls, over seeds",
        "attributable, over prompts",
        "attributable, over seeds",
        "p, adjusted",
        "carried by",
        "decision",
    ]
    return table(heads, rows, notes)


def _adjusted(p: Measured, notes: Notes) -> str:
    small = isinstance(p, Number) and p.value < 0.001
    return "< 0.001" if small else notes.cell(p, Rounding(decimals=3))


def trained_further(pairs: Pairs, family: FamilyStructure | None) -> Sequence[str]:
    """What further training alone does, and what is systematic in diffusion post-training."""
    heading = "## 9. What further training does, and what diffusion does"
    if family is None:
        return (heading, paragraph(LEFT_OUT))
    unlike = [task for task, same in family.same_prompts.items() if not same]
    return (
        heading,
        paragraph(
            f"""{plain_sentence(pairs)}
            ρ of edges between the ARM and a second member, mean over seeds. Where a recipe has one seed
            there is no interval over seeds. {_unlike(unlike)}"""
        ),
        spans_table(family.retained, FINE),
        "MDMs less controls:",
        spans_table({"attributable": family.attributable}, SIGNED),
        paragraph(
            """*Systematic part*: (ρ₁₂ − ρ_A1 ρ_A2)/(1 − ρ_A1 ρ_A2) of two second members 1 and 2 of the ARM
            A. 0: they left it in directions of their own, 1: in the same direction. The mean is over all
            pairs of seeds; its interval over seeds is by the jackknife and errs on the wide side. What an MDM
            and a control have in common is what further training changes whatever its objective."""
        ),
        spans_table(family.systematic, FINE),
    )


def _unlike(tasks: list[str]) -> str:
    if not tasks:
        return "All pairs were asked the same prompts."
    return (
        f"On {listed([text(task) for task in tasks])} pairs were asked prompts that differ in part: those "
        "that both of their members solve. Groups with a prompt in common are left out of ρ between two "
        "pairs, and intervals of what is made of both are a little wide."
    )


def spans_table(found: Mapping[str, OverTasks], rounding: Rounding) -> str:
    """A line per task and mean over tasks, for each recipe a column over prompts and one over seeds."""
    notes = Notes(MARKUP)
    names = list(found)
    rows = []
    for kind in ("tasks", "groups"):
        lines: list[Mapping[str, BothIntervals]] = [getattr(found[name], kind) for name in names]
        for line in dict.fromkeys(key for of in lines for key in of):
            cells = [
                notes.cell(value, rounding)
                for of in lines
                for value in ((of[line].prompts, of[line].seeds) if line in of else (_ABSENT, _ABSENT))
            ]
            rows.append([text(line) if kind == "tasks" else f"*{line}*", *cells])
    heads = [f"{NAMED.get(name, name)},<br>over {over}" for name in names for over in ("prompts", "seeds")]
    return table(["", *heads], rows, notes)


_ABSENT = Missing(missing="no comparison")


def between_tasks(pairs: Pairs, family: FamilyStructure | None) -> Sequence[str]:
    """The matrices of ρ between tasks, and what they say of suites and surfaces."""
    heading = "## 10. Tasks beside each other"
    if family is None:
        return (heading, paragraph(LEFT_OUT))
    return (
        heading,
        paragraph(
            f"""{plain_sentence(pairs)}
            ρ of edges between two tasks of one model: 1 where they use the same edges in the same
            proportions. It is the scale on which to read ρ between two models. Below the diagonal: the ARM;
            above it: the MDM, mean over seeds. Tasks are ordered by words and symbols, and within each by
            suite. The data file has the intervals, and the values in units of each edge's spread."""
        ),
        matrix_table(family),
        "![ρ between tasks](figures/tasks.svg)",
        paragraph(
            """Mean ρ between tasks of one kind, between tasks of different kinds, and the difference. p is
            the share of the ways to deal out the kinds to the tasks, within the other division, whose
            difference is at least as large, with its sign; it cannot be smaller than one by their number."""
        ),
        blocks_table(family),
    )


def matrix_table(family: FamilyStructure) -> str:
    """Both matrices in one: the ARM's below the diagonal, the MDM's above it."""
    tasks = task_order(family)
    below, above = (mean_matrix(family, PANELS[name]) for name in ("ARM", "MDM"))
    rows = []
    for row, one in enumerate(tasks):
        kind = family.kinds[one]
        cells = []
        for column, other in enumerate(tasks):
            value = (below if column < row else above).get((one, other))
            cells.append("·" if row == column else "–" if value is None else SHARE(value))
        rows.append([f"{text(one)}<br>{kind.suite}, {kind.surface}", *cells])
    return table(["", *map(text, tasks)], rows)


def blocks_table(family: FamilyStructure) -> str:
    """A line per member, or recipe, and division of the tasks."""
    notes = Notes(MARKUP)
    rows = []
    for each in family.blocks:
        for name, of in (("suite", each.suite), ("surface", each.surface)):
            rows.append(
                [
                    NAMED.get(each.recipe, each.recipe),
                    name,
                    notes.cell(of.same.prompts, SHARE),
                    notes.cell(of.other.prompts, SHARE),
                    notes.cell(of.difference.prompts, SHIFT),
                    notes.cell(of.difference.seeds, SHIFT),
                    notes.cell(of.p, Rounding(decimals=3)),
                    str(of.dealt),
                ]
            )
    heads = [
        "member",
        "division",
        "one kind",
        "different kinds",
        "difference, over prompts",
        "difference, over seeds",
        "p",
        "of so many ways",
    ]
    return table(heads, rows, notes)
