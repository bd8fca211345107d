"""The report: its sections in their order, and the words that stand whatever the numbers are."""

from collections.abc import Sequence
from dataclasses import replace

from ...benchmark.record.summary import SUITES
from ...benchmark.report.markdown import bullets, paragraph, text
from ...benchmark.tables.table import protocol_name
from ...errors import listed
from ..structure.family import FamilyStructure
from ..structure.roster import BASE, CONTROL, POST_TRAINED, SCRATCH, SEEDS
from .attributable import ClaimEvidence, evidence_of
from .by_task import by_task
from .claims import CLAIMS, PREDICTIONS
from .over_seeds import answers, between_tasks, over_seeds, trained_further
from .quantities import FINE, OF_TASK, overlap_of_size
from .records import Pairs, kinds_of
from .spread import EXPECTED, Spread, spread
from .tables import (
    claim_table,
    contrast_table,
    one_size_table,
    own_sizes_table,
    row_table,
    scratch_table,
    seeds_table,
    setting_table,
    task_table,
    verdict_table,
)
from .wording import (
    absent_sentence,
    claim_sentence,
    counted_pairs,
    doubtful_sentence,
    left_sentence,
    scratch_sentence,
    seeds_sentence,
    size_sentence,
)

COMMAND = (
    "python -m mechshift.baselines.report --records baselines/reference "
    "--structure baselines/structure.json --out baselines"
)


def page(pairs: Pairs, family: FamilyStructure | None = None) -> str:
    """The whole report as Markdown, the same for the same records and the same data of the family."""
    predictions = PREDICTIONS if len(pairs.seeds) > 1 else ()
    evidence = evidence_of(pairs, kinds_of(pairs), family)
    spreads = [spread(prediction.quantity, pairs) for prediction in predictions]
    sections = (
        _summary(pairs, spreads, evidence, family),
        _setting(pairs),
        _rows(pairs),
        _overlap(pairs),
        _claims(pairs),
        _tasks(pairs),
        _seeds(pairs, spreads),
        _scratch(pairs),
        over_seeds(pairs, evidence),
        trained_further(pairs, family),
        between_tasks(pairs, family),
    )
    return "\n\n".join(part for section in sections for part in section) + "\n"


def _summary(
    pairs: Pairs, spreads: Sequence[Spread], evidence: Sequence[ClaimEvidence], family: FamilyStructure | None
) -> Sequence[str]:
    return (
        "# Reference pairs: the paper's claims beside controls",
        paragraph(f"Written from the records by `{COMMAND}`; nothing in it is edited by hand."),
        *_without(pairs.absent(), "This page is not of all reference pairs"),
        "## Summary",
        *answers(pairs, evidence, family),
        paragraph(
            f"""What arXiv 2601.14758 claims of MDMs post-trained from an ARM, in
            {counted_pairs(len(pairs.post_trained))} of one small ARM
            ({listed([f"`{pair}`" for pair in pairs.post_trained])}) and beside the control
            `{CONTROL}`: the same ARM trained on with its own objective, for as many steps on the same data.
            What the control shows too cannot be put down to diffusion. {_one_recipe(pairs)}
            *Own sizes*: the circuits of every task have a size of their own; *one size*: all have
            {pairs.edges:,} edges."""
        ),
        bullets([*(claim_sentence(claim, pairs) for claim in CLAIMS), _seeds_summary(pairs, spreads)]),
        paragraph(
            """When a verdict is given is said under [claims](#4-the-claims). Verdicts are about these small
            models and these tasks, and say nothing of others. Quantities are defined in
            [metrics.md](../docs/metrics.md); how to read them is in [reading.md](../docs/reading.md)."""
        ),
    )


def _without(absent: Sequence[str], said: str) -> Sequence[str]:
    """A paragraph on the pairs that are missing, and none where none is."""
    return (paragraph(f"{said}: {absent_sentence(absent)}."),) if absent else ()


def _one_recipe(pairs: Pairs) -> str:
    seeds = len(pairs.seeds)
    return f"{seeds} of the pairs are one recipe with different seeds." if seeds > 1 else ""


def _seeds_summary(pairs: Pairs, spreads: Sequence[Spread]) -> str:
    absent = pairs.absent(SEEDS)
    if not spreads:
        return f"How far seeds of one recipe lie apart is not said: {absent_sentence(absent)}."
    return seeds_sentence(spreads)


def _setting(pairs: Pairs) -> Sequence[str]:
    pair, protocol = pairs.base.pair, pairs.base.protocol
    return (
        "## 1. What was compared",
        setting_table(pairs),
        paragraph(
            f"""All pairs have one ARM (digest {pair.arm.digest[:12]}; {pair.layers} layers, {pair.heads}
            heads, {pair.edges:,} edges). *Weights moved*: distance of the second member's weights from the
            ARM's, relative to the norm of the ARM's, mean over kinds of module. Protocol
            {protocol_name(pairs.base)} ([protocol.md](../docs/protocol.md)): circuits are compared on up to
            {protocol.sampling.pool} examples a task that both members solve. In brackets: 95 % intervals.
            A dash: no
            value, and the note below the table says why."""
        ),
        *_reductions(pairs),
        "Accuracy of the ARM, on the examples tried until the pool was full:",
        task_table(pairs, OF_TASK["accuracy_arm"]),
        "Accuracy of the second member, on the same:",
        task_table(pairs, OF_TASK["accuracy_mdm"]),
        "Examples in the pool:",
        task_table(pairs, OF_TASK["pool"]),
    )


def _reductions(pairs: Pairs) -> Sequence[str]:
    """How records are less than their protocol's whole, if any is."""
    lines = [
        f"`{pair}`: {text(reduction)}"
        for pair, record in pairs.records.items()
        for reduction in record.reductions
    ]
    return ("Less than the protocol's whole:", bullets(lines)) if lines else ()


def _rows(pairs: Pairs) -> Sequence[str]:
    return (
        "## 2. The rows",
        paragraph(
            """With the columns of a leaderboard. *MDM* is the second member, also where that is the control.
            The one size in this table is each pair's own, the largest of its tasks' sizes; everywhere else
            it is one for all pairs."""
        ),
        row_table(pairs),
    )


def _overlap(pairs: Pairs) -> Sequence[str]:
    return (
        "## 3. Overlap, task by task",
        paragraph(
            """Ĵ is 0 for circuits as alike as chance and 1 for circuits as alike as two samples of one model.
            It depends on the size of the circuits. A task's own size, the compared size, follows from the
            protocol and differs between tasks and between pairs; here in edges:"""
        ),
        task_table(pairs, OF_TASK["edges"]),
        "Ĵ at each task's own size:",
        task_table(pairs, OF_TASK["overlap"]),
        own_sizes_table(pairs),
        paragraph(
            f"""These numbers mix differences of circuits with differences of size. Hence one size for all:
            the largest own size of any task in any pair, among those at which every task of every pair was
            compared. The whole graph is left out, of which no overlap is defined. {size_sentence(pairs)}"""
        ),
        f"Ĵ at {pairs.edges:,} edges:",
        task_table(pairs, overlap_of_size(pairs.edges)),
        one_size_table(pairs),
        f"![Ĵ at {pairs.edges:,} edges by task and pair](figures/overlap.svg)",
        "Ĵ at the one size, with 95 % intervals.",
    )


def _claims(pairs: Pairs) -> Sequence[str]:
    return (
        "## 4. The claims",
        paragraph(
            """A pair's value, the control's, and the pair's less the control's. The interval of the
            difference takes the two for independent. They are not: both pairs share the ARM, and their pools
            come from one stream of prompts. Where what they share moves both the same way, the interval is
            too wide; that it does is to be expected and is not shown. As all intervals here, it leaves out
            that another seed of the training would have given other models: see [seeds](#6-seeds)."""
        ),
        paragraph(
            """*Share in the control*: (control − u)/(pair − u), where u is the value of a pair whose circuits
            did not change: 0 for a shift, 1 for Ĵ and for a ratio. So much of the pair's change does further
            training alone make. Below 0 the control changes the other way. It is given where the pair's
            interval excludes u."""
        ),
        paragraph(
            f"""A verdict is by 95 % intervals, each by itself and not adjusted for the
            {len(PREDICTIONS) * len(pairs.post_trained)} that there are. An interval of a difference that
            includes 0 does not show that there is none."""
        ),
        verdict_table(),
        *_without(pairs.absent(POST_TRAINED), "Not in the tables below"),
        *(
            part
            for claim in CLAIMS
            for part in (f"### Claim {claim.letter}: {claim.text}", claim_table(claim, pairs))
        ),
        paragraph(
            """Depth and specialisation are those of circuits of each task's own size, which may differ
            between a pair and the control. A shift is second member less ARM. Output sharpness is 1 less the
            normalised entropy of what the top components write: a negative shift of it is more entropy."""
        ),
        *_profiles(pairs),
    )


def _profiles(pairs: Pairs) -> Sequence[str]:
    suites = [suite for suite in SUITES if suite in pairs.tasks.values()]
    return (
        *(f"![Depth profiles, {suite} tasks](figures/depth-{suite}.svg)" for suite in suites),
        paragraph(
            f"""Share of importance by layer. The ARM's is that of `{BASE}`; in other pairs it differs with
            the pool and the compared size. Shaded: the first third of the layers."""
        ),
    )


def _tasks(pairs: Pairs) -> Sequence[str]:
    quantities = {
        f"Ĵ at {pairs.edges:,} edges": overlap_of_size(pairs.edges),
        "Early shift": replace(OF_TASK["early_shift"], rounding=FINE),
        "Specialisation shift": replace(OF_TASK["specialisation_shift"], rounding=FINE),
    }
    found = {label: by_task(quantity, pairs) for label, quantity in quantities.items()}
    return (
        "## 5. Task by task",
        paragraph(
            f"""`{BASE}` less `{CONTROL}`. p is two-sided, by Welch's test of two independent values, from
            their intervals; `mechshift compare` pairs tasks with the same prompts and gives other p-values
            ([comparing.md](../docs/comparing.md#p-values)). It is adjusted for the {len(pairs.tasks)} tasks
            of a table by Holm's step-down. A task without a value counts as one with p = 1.
            {doubtful_sentence([each for contrasts in found.values() for each in contrasts])}"""
        ),
        bullets([left_sentence(label, contrasts) for label, contrasts in found.items()]),
        *(
            part
            for label, contrasts in found.items()
            for part in (f"### {label}", contrast_table(contrasts, quantities[label]))
        ),
    )


def _seeds(pairs: Pairs, spreads: Sequence[Spread]) -> Sequence[str]:
    absent = pairs.absent(SEEDS)
    if not spreads:
        return ("## 6. Seeds", *_without(absent, "Left out"))
    return (
        "## 6. Seeds",
        *_without(absent, "Not of all seeds"),
        paragraph(
            f"""{listed([f"`{seed}`" for seed in pairs.seeds])} are one recipe; the seed decides the order
            of the data and the masks of the post-training. An interval here covers other prompts and
            wordings, and not another training. So many independent values that differ by no more than what
            their intervals cover have a range of {EXPECTED[len(pairs.seeds)]} of an interval's width on
            average. {seeds_sentence(spreads)}"""
        ),
        seeds_table(spreads, pairs),
    )


def _scratch(pairs: Pairs) -> Sequence[str]:
    if absent := pairs.absent((SCRATCH,)):
        return ("## 7. Without the ARM", *_without(absent, "Left out"))
    return (
        "## 7. Without the ARM",
        paragraph(
            f"""`{SCRATCH}` is an MDM by the recipe of `{BASE}`, but from random weights: it shares none with
            the ARM. What its circuits have in common with the ARM's comes from tasks, data and architecture,
            and is taken for the floor of what post-training could leave. `{CONTROL}` is what further training
            leaves. {scratch_sentence(pairs)}"""
        ),
        scratch_table(pairs),
    )
