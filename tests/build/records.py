"""Records made by hand, with numbers that are easy to find again."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from mechshift.benchmark.record.cards import (
    NeuronAblation,
    NeuronCard,
    NeuronCards,
    NeuronLabel,
    NeuronPrompt,
    TaskCards,
)
from mechshift.benchmark.record.causality import Causality, KindLoss, Loss, MemberCausality, NodeKind
from mechshift.benchmark.record.comparison import (
    Comparison,
    Component,
    Curve,
    CurvePoint,
    IntegrationRecord,
    MemberRecord,
    Overlap,
    OverlapPoint,
)
from mechshift.benchmark.record.function import Function, InHost, ShuffledFloor, TransferAt
from mechshift.benchmark.record.means import SameSize, Square, Summary
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy, Measured, Number
from mechshift.benchmark.record.protocol import V2, Protocol
from mechshift.benchmark.record.provenance import Environment, MemberProvenance, PairProvenance
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import CellRecord, FailedTask, PoolRecord, Prompt, TaskRecord

TASKS = {
    "ioi": "local",
    "induction": "local",
    "agreement": "local",
    "greater-than": "local",
    "arithmetic": "local",
    "infilling": "planning",
    "article": "planning",
    "countdown": "planning",
    "sudoku": "planning",
    "star-path": "planning",
}
SYMBOLS = frozenset(("greater-than", "arithmetic", "countdown", "sudoku", "star-path"))
"""The tasks whose questions are made of symbols at the level that protocol v2 asks."""

WHOLE = 1000
"""Edges of the graph of every record."""

CELLS = (
    "pool",
    "prompts",
    *(
        f"{what}-{role}"
        for what in ("scores", "sweep", "circuit", "entropies", "effects", "cards", "transfer", "ablation")
        for role in ("arm", "mdm")
    ),
    "comparison",
    "stages",
    "function",
    "causality",
)
"""Of what a task's record is made."""


def number(value: float, spread: float | None = None) -> Number:
    """The value, with an interval that reaches as far to either side."""
    if spread is None:
        return Number(value=value)
    return Number(value=value, low=value - spread, high=value + spread)


def a_curve(*levels: float) -> Curve:
    points = tuple(
        CurvePoint(
            share=10.0 ** (i - 3), edges=10**i, kept=10**i, faithfulness=number(f, 0.1), median=number(f)
        )
        for i, f in enumerate(levels)
    )
    areas = {"log_area": number(0.62, 0.04), "cpr": number(0.98, 0.03), "cmd": number(0.05, 0.02)}
    return Curve(points=points, dropped=0, **areas)


CURVE: Mapping[int, Measured] = MappingProxyType(
    {
        **{10**i: number(0.6 + i / 10, 0.05) for i in range(3)},
        WHOLE: Missing(missing="every circuit is the whole graph"),
    }
)
EFFECTS = ("direct_largest", "direct_entropy", "drop_largest", "drop_entropy")
SHIFTS: Mapping[str, Mapping[str, Measured]] = MappingProxyType(
    {
        "depth_shift": {"early_share": number(0.12, 0.02)},
        "depth_shift_edges": {"early_share": number(-0.06, 0.02)},
        "structure": {
            "edges": number(0.93, 0.02),
            "standardised": number(0.85, 0.05),
            "between": number(0.9, 0.02),
            "components": number(0.97, 0.01),
            "neurons": number(0.8, 0.03),
            "neurons_arm": number(12.0),
            "carried_arm": number(6),
            "carried_mdm": number(4),
            "carried_standardised_arm": number(40),
            "carried_standardised_mdm": number(30),
        },
        "depth_shift_squared": {"early_share": number(0.08, 0.03), "mean_depth": number(-0.05, 0.02)},
        "specialisation_shift": {
            "specialisation": number(-0.001, 0.002),
            "output_sharpness": number(-0.004, 0.002),
        },
        "specialisation_shift_squared": {"specialisation": number(0.01, 0.004)},
        "effects_shift": {name: number(0.03, 0.01) for name in EFFECTS},
    }
)


def a_member(clean: float, early: float) -> MemberRecord:
    depth = {"early_share": number(early, 0.01)}
    return MemberRecord(
        clean=clean,
        corrupted=-1.5,
        gap=number(clean + 1.5, 0.1),
        completeness=number(0.0041),
        integration=IntegrationRecord(points=10, residuals=(0.03, 0.0041), changes=(0.01,), converged=True),
        absolute=a_curve(0, 0.5, 0.9, 1),
        signed=a_curve(0, 0.6, 0.95, 1),
        smallest_share=number(0.1),
        profile=(early, 0.75 - early, 0.25),
        profile_heads=(early, 0.75 - early, 0.25),
        profile_mlps=(early, 0.75 - early, 0.25),
        profile_edges=(early, 0.75 - early, 0.25),
        depth=depth,
        depth_edges=depth,
        depth_squared={**depth, "mean_depth": number(0.4, 0.02)},
        specialisation={
            "specialisation": number(0.4, 0.02),
            "random": number(0.1),
            "output_sharpness": number(0.015, 0.001),
        },
        direction={
            name: number(early / 10, 0.01)
            for name in ("right_context", "before", "behind", "right_context_squared")
        },
        heterogeneity={
            "clusters": number(3),
            "silhouette": number(0.31),
            "silhouette_null": number(0.22),
            "p": number(0.01),
            "cancellation": number(0.87),
        },
        specialisation_squared={"specialisation": number(0.6, 0.02)},
        effects={
            name: number(value, 0.05)
            for effect in EFFECTS
            for name, value in ((effect, 0.3), (f"{effect}_excess", 0.1))
        },
        top=(Component(name="m0", share=early), Component(name=f"a1.h{round(clean)}", share=0.2)),
    )


def an_overlap_point(edges: int, normalised: Measured) -> OverlapPoint:
    """At a number of edges of a graph that has a thousand."""
    edge = Overlap(
        jaccard=number(0.55, 0.05),
        cross=number(0.5, 0.05),
        ceiling_arm=number(0.8, 0.1),
        ceiling_mdm=number(0.7, 0.1),
        floor=0.025,
        normalised=normalised,
        chance_tail=number(1e-9),
    )
    node = edge.model_copy(update={"normalised": Missing(missing="the ceiling does not exceed the floor")})
    return OverlapPoint(share=edges / WHOLE, edges=edges, edge=edge, node=node)


def a_comparison(
    compared: tuple[int, Measured] = (100, number(0.75, 0.05)),
    curve: Mapping[int, Measured] = CURVE,
    arm: MemberRecord | None = None,
    mdm: MemberRecord | None = None,
    **shifts: Mapping[str, Measured],
) -> Comparison:
    """Overlaps by number of edges, and of shifts and structure those that are given instead of SHIFTS."""
    return Comparison(
        arm=arm or a_member(clean=3, early=0.5),
        mdm=mdm or a_member(clean=2, early=0.62),
        compared=an_overlap_point(*compared),
        curve=tuple(an_overlap_point(edges, overlap) for edges, overlap in curve.items()),
        uniform_profile=(0.3, 0.4, 0.3),
        neuron_depth=Missing(missing="effects of neurons were not measured"),
        **{**SHIFTS, **shifts},
    )


def a_transfer(tau: float | Measured, spread: float = 0.03, edges: int = 100) -> TransferAt:
    """τ* with an interval as wide; own circuits do .9, those of other tasks .2."""
    transfer = number(tau, spread) if isinstance(tau, int | float) else tau
    level = transfer.value if isinstance(transfer, Number) else 0.5
    return TransferAt(
        edges=edges,
        own=number(0.9, 0.02),
        other=number(0.2 + 0.7 * level, 0.02),
        cross=number(0.2, 0.03),
        margin=number(0.7, 0.03),
        transfer=transfer,
    )


def a_host(compared: float | Measured, half: float | Measured | None = None, **changes: Any) -> InHost:
    """A host of a circuit that has that τ* in it, at half the size a tenth less unless it is given."""
    whole = a_transfer(compared)
    if half is None:
        half = whole.transfer.value - 0.1 if isinstance(whole.transfer, Number) else 0.85
    found = InHost(
        examples=64,
        compared=whole,
        half=a_transfer(half, edges=50),
        matched=Missing(missing="heads have the same indices in both members"),
        own_alone=number(0.1, 0.02),
        other_alone=number(0.05, 0.02),
        shuffled=ShuffledFloor(
            circuits=50, examples=16, mean=number(0.02), most=number(0.3), other=number(0.8), p=number(0.02)
        ),
        tasks={"ioi": number(0.1, 0.02), "sudoku": number(0.3, 0.02)},
    )
    return found.model_copy(update=changes)


def a_function(arm: float | Measured = 0.97, mdm: float | Measured = 0.93) -> Function:
    """By host τ* of the other member's circuit."""
    return Function(arm=a_host(arm), mdm=a_host(mdm))


def a_loss(early: float) -> Loss:
    others = {"middle": 0.1, "late": 0.2, "random": 0.05}
    return Loss(
        early=number(early, 0.04),
        **{name: number(value, 0.04) for name, value in others.items()},
        **{f"early_less_{name}": number(early - value, 0.05) for name, value in others.items()},
    )


def a_causality() -> Causality:
    kind = KindLoss(nodes=4, random_sets=20, faithfulness=a_loss(0.6), accuracy=a_loss(0.4))
    neurons = Missing(missing="effects of neurons were not measured")
    member = MemberCausality(examples=64, accuracy=number(1.0, 0.0), heads=kind, mlps=kind, neurons=neurons)
    shift: Mapping[NodeKind, Measured] = {
        "heads": number(0.1, 0.05),
        "mlps": number(0.02, 0.05),
        "neurons": neurons,
    }
    return Causality(arm=member, mdm=member, shift=dict(shift))


def a_pool() -> PoolRecord:
    return PoolRecord(
        arm=Accuracy(solved=570, tried=600),
        mdm=Accuracy(solved=450, tried=600),
        mdm_in_place=Missing(missing="the task has no form that is filled in place"),
        unfit={"clean and corrupted differ in length": 7},
        other_form=2,
        common=500,
        discovery=252,
        evaluation=248,
        templates=15,
        fingerprint="f00d",
    )


def a_cell(name: str) -> CellRecord:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return CellRecord(key=digest[:16], digest=digest)


def level_of(task: str) -> str:
    """The level at which protocol v2 asks a task; `easy` for one that it does not ask."""
    asked = V2.task(task)
    return "easy" if asked is None else asked.level


def version_of(task: str) -> int:
    """The version of which protocol v2 asks a task; 1 for one that it does not ask."""
    asked = V2.task(task)
    return 1 if asked is None else asked.version


def surface_of(task: str) -> Literal["words", "symbols"]:
    """What a task's questions are made of."""
    return "symbols" if task in SYMBOLS else "words"


def a_prompt() -> Prompt:
    return Prompt(
        index=3,
        template="{a} and {b}",
        clean=("Ann", " and", " Bob"),
        corrupted=("Ann", " and", " Eve"),
        answer=(" Bob",),
        foil=(" Eve",),
    )


def some_cards() -> NeuronCards:
    """One card, whose texts are as strange as a file can have them, and an ablation."""
    label = NeuronLabel(
        kind="factor",
        name="first <digit>",
        value="|7",
        reading="read",
        direction="low",
        auprc=0.83,
        base_rate=0.2,
        shuffled=0.21,
        matched=0.34,
        cases=32,
    )
    card = NeuronCard(
        layer=1,
        neuron=44,
        third="middle",
        effect=0.731,
        share=0.12,
        mean=-0.031,
        matched=None,
        labels=(label,),
        promoted=(" Bob", "<b>", "\n"),
        suppressed=("\u202e",),
        prompts=(NeuronPrompt(index=3, first=1, tokens=(" and", " <Bob>"), activations=(-0.1, 2.5)),),
    )
    ablation = NeuronAblation(neurons=10, prompts=32, top=0.625, random=(0.01, 0.03))
    return NeuronCards(prompts=64, cards=(card,), ablation=ablation)


def a_task(name: str, suite: Any = None, comparison: Comparison | None = None, **changes: Any) -> TaskRecord:
    record = TaskRecord(
        task=name,
        suite=suite or TASKS[name],
        surface=surface_of(name),
        version=version_of(name),
        level=level_of(name),
        pool=a_pool(),
        prompts=(a_prompt(),),
        comparison=comparison or a_comparison(),
        cards=TaskCards(arm=some_cards(), mdm=Missing(missing="no neuron has an effect")),
        function=a_function(),
        causality=a_causality(),
        cells={cell: a_cell(cell) for cell in CELLS},
    )
    return record.model_copy(update=changes)


def a_failed_task(name: str, reason: str) -> FailedTask:
    pool = a_pool().model_copy(update={"arm": Accuracy(solved=3, tried=500), "common": 1})
    return FailedTask(
        task=name,
        suite=TASKS[name],
        surface=surface_of(name),
        version=version_of(name),
        level=level_of(name),
        missing=reason,
        pool=pool,
        cells={"pool": a_cell("pool")},
    )


def a_square(local: float, planning: float = 0.8) -> Square:
    suites = {"local": number(local, 0.04), "planning": number(planning, 0.05)}
    apart = number(local - planning, 0.07)
    return Square(
        suites=suites,
        words=suites,
        symbols=suites,
        shifts={"words": apart, "symbols": apart},
        shift=apart,
        across=number(local - planning, 0.3),
    )


def a_summary(shift: Measured) -> Summary:
    return Summary(
        accuracy_arm={"local": number(0.98, 0.01), "planning": number(0.95, 0.02)},
        accuracy_mdm={"local": number(0.97, 0.02), "planning": number(0.9, 0.03)},
        similarity=Square(
            suites={"local": number(0.9, 0.02), "planning": number(0.7, 0.03)},
            words={"local": number(0.92, 0.02), "planning": number(0.65, 0.04)},
            symbols={"local": number(0.88, 0.02), "planning": number(0.75, 0.04)},
            shifts={"words": number(0.27, 0.05), "symbols": number(0.13, 0.05)},
            shift=shift,
            across=number(0.2, 0.3),
        ),
        transfer={"arm": a_square(0.95), "mdm": a_square(0.9)},
        neurons={"local": number(0.8, 0.04), "planning": number(0.6, 0.05)},
        overlap={"local": number(0.75, 0.05), "planning": number(0.5, 0.05)},
        overlap_shift=number(0.25, 0.07),
        one_size=SameSize(
            edges=1000,
            overlap={"local": number(0.7, 0.05), "planning": number(0.6, 0.05)},
            shift=number(0.1, 0.06),
        ),
        early_shift={"local": number(-0.001, 0.01), "planning": number(0.12, 0.02)},
        early_shift_squared={"local": number(-0.02, 0.01), "planning": number(0.15, 0.03)},
        specialisation_shift={"local": number(0.05, 0.01), "planning": number(-0.05, 0.01)},
        specialisation_shift_squared={"local": number(0.02, 0.01), "planning": number(0.03, 0.01)},
        right_context={"local": number(0.05, 0.01), "planning": number(0.08, 0.01)},
        right_context_squared={"local": number(0.002, 0.01), "planning": number(0.03, 0.01)},
        faithfulness={"arm": number(0.67, 0.03), "mdm": number(0.65, 0.05)},
    )


def a_pair(
    name: str, arm: Mapping[str, Any] | None = None, mdm: Mapping[str, Any] | None = None, **changes: Any
) -> PairProvenance:
    """Changes of each member, and of the pair."""
    first = MemberProvenance(
        checkpoint=f"{name}/arm",
        revision=None,
        digest=f"{name} arm digest",
        native="LlamaForCausalLM",
        dtype="float32",
        attention="causal",
        shift=True,
    )
    second = {
        "checkpoint": f"{name}/mdm",
        "digest": f"{name} mdm digest",
        "attention": "full",
        "revision": "main",
    }
    pair = PairProvenance(
        name=name,
        control=False,
        arm=first.model_copy(update=arm),
        mdm=first.model_copy(update={**second, **(mdm or {})}),
        mask_id=2,
        ordinary_mask=False,
        tokenizer="beef",
        layers=3,
        heads=8,
        kv_heads=4,
        edges=WHOLE,
        movement={"norm": 0.01, "lm_head": 0.25},
    )
    return pair.model_copy(update=changes)


def an_environment() -> Environment:
    return Environment(
        mechshift="0.1.0",
        python="3.11.7",
        torch="2.13.0",
        transformers="5.23.0",
        numpy="2.4.6",
        platform="Linux",
        processor="x86_64",
        device="cpu",
        threads=2,
    )


def a_record(
    name: str = "tiny",
    shift: Measured = number(0.25, 0.05),  # noqa: B008 a frozen value
    protocol: Protocol = V2,
    tasks: tuple[TaskRecord, ...] | None = None,
    failed: tuple[FailedTask, ...] = (),
    **changes: Any,
) -> Record:
    """Of all tasks and of protocol v2, unless others are given; `shift` is the summary's headline."""
    record = Record(
        pair=a_pair(name),
        protocol=protocol,
        tasks=tuple(a_task(task) for task in TASKS) if tasks is None else tasks,
        failed=failed,
        reductions=(),
        summary=a_summary(shift),
        environment=an_environment(),
    )
    return record.model_copy(update=changes)
