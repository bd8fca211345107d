"""The cells of a submission: whether each is what the record says, and belongs to the others."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ...errors import MechshiftError
from ...metrics import Selection, top_edges
from ..asking.grouping import Grouping, group_examples, swept_examples
from ..asking.pool import Pool, Prompts
from ..circuits.files import Declaration, read_declaration
from ..circuits.graph import Graph
from ..circuits.scores import Integration
from ..findings.finding import Finding
from ..measure.ablations import Ablations
from ..measure.budgets import budgets
from ..measure.circuit_runs import CircuitRuns
from ..measure.effect_sums import EffectSums
from ..measure.evidence import Entropies
from ..measure.method import scoring_method
from ..measure.score_sums import ScoreSums
from ..measure.swept import RANKINGS, Sweep
from ..record.cards import CardsCell
from ..record.protocol import Scoring
from ..record.reads import AtRead, Stages
from ..record.record import Record
from ..record.strict import read_strict_json
from ..record.task_record import TaskResult
from ..run.plan import Cell, Subject, key_of, kind_name
from ..run.pools import why_unusable
from ..run.rescore import planned_cells, read_cell
from ..run.store import CELLS, Seal, digest_of
from ..submission.layout import RECORD
from .ablations import beside_sweep, of_ablations
from .cards import of_cards
from .circuit_runs import beside_sweeps, of_runs
from .content import AGAIN, Place, as_findings
from .plausible import WHOLE, graph_of
from .pools import check_pool
from .sizes import (
    OTHER_DISCOVERY,
    OTHER_EVALUATION,
    OTHER_GRAPH,
    OTHER_GROUPS,
    check_sizes,
    other_grid,
)

KEPT_SHARE, KEPT_EDGES = 0.1, 10
"""How far the pruned size of a circuit may be from that of its scores, which reduced cells keep rounded: an
edge at the limit that is exchanged for another can take its path along."""

_JSON: Mapping[str, type[BaseModel]] = {
    "pool": Pool,
    "prompts": Prompts,
    "entropies": Entropies,
    "cards": CardsCell,
}

_OF_GRAPHS = ("scores", "sweep")
"""Stages whose files declare the sizes of a graph and of the halves of a pool."""


class TaskCells:
    """The cells of a task that models ran for: their contents by name with their digests, and the findings.

    `usable`: whether the numbers of the task can be computed from them; `declared`: by file what those with
    arrays declare.
    """

    def __init__(self, place: Place, record: Record, task: TaskResult) -> None:
        self.contents: dict[str, tuple[Any, str]] = {}
        self.findings: list[Finding] = []
        self.declared: dict[str, Declaration] = {}
        self._place, self._record, self._task = place, record, task
        self._planned = planned_cells(record, task, Subject.recorded(record))
        for cell in self._wanted():
            self._read(cell)
        self.usable = not self.findings
        if "pool" in self.contents:
            self._check_pool(self.contents["pool"][0])
        self._check_keys()

    def _wanted(self) -> Iterator[Cell]:
        """Those that models ran for; of a task whose pool does not suffice nothing beyond it."""
        for cell in self._planned:
            if cell.kind.members and (cell.name == "pool" or not self._ends_at_pool()):
                yield cell

    def _ends_at_pool(self) -> bool:
        pool = self.contents.get("pool")
        return pool is not None and why_unusable(pool[0], self._record.protocol) is not None

    def _file(self, cell: Cell, suffix: str) -> str:
        return f"{CELLS}/{self._task.task}/{cell.name}.{self._task.cells[cell.name].key}.{suffix}"

    def _add(self, check: str, place: str, problem: str) -> None:
        self.findings.append(Finding(check, place, problem, AGAIN))

    def _read(self, cell: Cell) -> None:
        if cell.name not in self._task.cells:
            self._add("cells", RECORD, f"it names no {cell.name} of task {self._task.task}")
            return
        file, seal = self._file(cell, cell.kind.suffix), self._file(cell, "seal")
        absent = [name for name in (file, seal) if name not in self._place.files]
        for name in absent:
            self._add("cells", name, "it is missing")
        folder = self._place.folder
        readable = True
        for name, kind in ((seal, Seal), (file, _JSON.get(cell.kind.stage))):
            if kind is not None and name not in absent:
                _, faults = read_strict_json(folder / name, kind)
                self.findings += as_findings("cells", name, faults)
                readable = readable and not faults
        if absent or not readable:
            return
        try:
            if cell.kind.stage in _OF_GRAPHS and not self._has_its_sizes(cell, file):
                return
            self.contents[cell.name] = read_cell(folder / RECORD, self._record, cell)
        except MechshiftError as error:
            self._add("cells", file, error.problem.replace(f"{folder}/", ""))

    def _has_its_sizes(self, cell: Cell, file: str) -> bool:
        """Whether the file declares the record's sizes; never where no pool says what these are."""
        if self._grouping is None:
            return False
        path = self._place.folder / file
        if digest_of(path) != self._task.cells[cell.name].digest:
            return True  # which reading says, before it reads any array
        declared = read_declaration(path)
        if declared.kind != cell.kind.stage:
            return True  # as here
        self.declared[file] = declared
        graph, sweeping = graph_of(self._record), self._record.protocol.sweeping
        problems = [*check_sizes(cell.kind.stage, declared, graph, self._grouping, sweeping)]
        for problem in problems:
            self._add("cells", file, problem)
        return not problems

    @cached_property
    def _grouping(self) -> Grouping | None:
        """The halves of the pool; None where there is none, or one of more examples than the protocol's."""
        pool = self.contents.get("pool")
        if pool is None or len(pool[0].solved) > self._record.protocol.sampling.pool:
            return None
        return group_examples(pool[0].solved, self._record.protocol.halving)

    def _check_pool(self, pool: Pool) -> None:
        """The pool by itself, and what was measured by it."""
        asked, name = self._planned[0].task, self._file(self._planned[0], "json")
        for problem in check_pool(pool, asked, self._record.protocol.sampling):
            self._add("pool", name, problem)
        for cell in self._wanted():
            if cell.name in self.contents and cell.name != "pool":
                self._check_evidence(cell, pool)

    def _check_evidence(self, cell: Cell, pool: Pool) -> None:
        content, record = self.contents[cell.name][0], self._record
        file, graph = self._file(cell, cell.kind.suffix), graph_of(record)
        if isinstance(content, Prompts):
            problems = list(_of_prompts(content, pool))
        elif isinstance(content, CardsCell):
            problems = list(of_cards(content.root, pool, record, self._scores_of(cell)))
        elif isinstance(content, Stages):
            problems = list(_of_stages(content, pool, record))
        elif graph is None or (not isinstance(content, Entropies) and content.graph != graph):
            problems = [OTHER_GRAPH]
        elif isinstance(content, ScoreSums):
            problems = list(_of_scores(content, pool, record))
        elif isinstance(content, Sweep):
            problems = list(_of_sweep(content, pool, record))
        elif isinstance(content, CircuitRuns):
            problems = list(of_runs(content, pool, record, cell))
        elif isinstance(content, Ablations):
            problems = list(of_ablations(content, pool, record, self._scores_of(cell)))
        elif isinstance(content, EffectSums):
            problems = list(_of_effects(content, pool, record))
        else:
            problems = list(_of_entropies(content, graph, pool, record))
        for problem in problems:
            self._add("cells", file, problem)
        # Of other examples, graphs or circuits than the record says, they could be of any size.
        self.usable = self.usable and not problems
        if isinstance(content, CircuitRuns) and not problems:
            for doubt in beside_sweeps(content, self.contents, record, cell):
                self._add("cells", file, doubt)
        if isinstance(content, Ablations) and not problems:
            for doubt in beside_sweep(content, self.contents, cell):
                self._add("cells", file, doubt)
        if isinstance(content, Sweep) and graph is not None and not problems:
            sizes = budgets(record.protocol.sweeping.grid, graph.edges)
            selection = record.protocol.sweeping.selection
            for doubt in _doubts(content, sizes, selection, self._scores_of(cell)):
                self._add("cells", file, doubt)

    def _scores_of(self, cell: Cell) -> ScoreSums | None:
        """The scores of the member whose cell it is, where they are there."""
        scores = self.contents.get(kind_name("scores", cell.kind.member))
        return None if scores is None else scores[0]

    def _check_keys(self) -> None:
        """The keys of computed cells, which no file has in its name."""
        for cell in self._planned:
            named = self._task.cells.get(cell.name)
            if cell.kind.members or named is None:
                continue
            # As of the numpy that the record says: here it may be another.
            inputs = {**cell.inputs, "software": {"numpy": self._record.environment.numpy}}
            if key_of(inputs) != named.key:
                place = f"{RECORD}: {self._task.task} {cell.name}"
                self._add("cells", place, "its key is not that of what the record declares")


def _of_prompts(prompts: Prompts, pool: Pool) -> Iterator[str]:
    """Prompts are of examples of the pool. How a tokenizer writes them only the pair can say."""
    templates = {one.index: one.template for one in pool.solved}
    places = [one.index for one in prompts.root]
    if places != sorted(set(places)):
        yield "its examples are not in the order of the task's stream, each once"
    if any(templates.get(one.index) != one.template for one in prompts.root):
        yield "its examples are not those of the pool"


def _of_stages(stages: Stages, pool: Pool, record: Record) -> Iterator[str]:
    """Reads are the protocol's, of examples of the pool's discovery half; their scores are not handed in."""
    if tuple(stages.reads) != record.protocol.reading.beside:
        yield "its reads are not those of the protocol"
    most = len(group_examples(pool.solved, record.protocol.halving).discovery)
    for read, found in stages.reads.items():
        if isinstance(found, AtRead) and found.examples > most:
            yield f"{found.examples} examples have the read {read}, and the discovery half has {most}"


def _of_scores(scores: ScoreSums, pool: Pool, record: Record) -> Iterator[str]:
    """Scores are of the pool's discovery half, by its groups."""
    grouping = group_examples(pool.solved, record.protocol.halving)
    expected = dict(zip((one.index for one in grouping.discovery), grouping.group, strict=True))
    found = dict(zip(scores.examples.tolist(), scores.attribution.groups.tolist(), strict=True))
    if len(found) != len(scores.examples) or found != expected:
        yield OTHER_DISCOVERY
    if scores.templates != grouping.templates:
        yield OTHER_GROUPS
    yield from _of_integration(scores, record.protocol.scoring)


def _of_integration(scores: ScoreSums, scoring: Scoring) -> Iterator[str]:
    """Method and points are the protocol's, or as many as the search that the header tells of found."""
    found, search = scores.attribution, scores.convergence
    integration, fixed = found.integration, scoring.steps != "converge"
    # What a search found is the header's own word, and what follows asks whether it follows from it.
    steps = integration.steps if scoring.steps == "converge" and integration else scoring.steps
    method = scoring_method(scoring, 1 if steps == "converge" else steps)
    if found.rules != method.rules:
        yield "its rules of the backward pass are not those of the protocol's method"
    if integration != method.integration:
        own, asked = map(_in_words, (integration, method.integration))
        yield f"its integration is {own}, not the protocol's {asked}"
    if fixed != (search is None):
        yield "it tells of a search for the number of integration points, or of none, unlike the protocol"
    elif search is not None and (search.steps != steps or not search.finished(scoring.most)):
        yield f"its {steps} integration points do not follow from what it says of their search"


def _in_words(integration: Integration | None) -> str:
    if integration is None:
        return "none, as by exact patching"
    return f"{integration.rule} with {integration.steps} step{'s' if integration.steps > 1 else ''}"


def _of_sweep(sweep: Sweep, pool: Pool, record: Record) -> Iterator[str]:
    """A sweep is of examples of the evaluation half as the protocol takes them, and of its circuits."""
    grouping = group_examples(pool.solved, record.protocol.halving)
    asked = swept_examples(grouping, record.protocol.sweeping.swept)
    expected = {one.index: one.template for one in asked}
    found = dict(zip(sweep.examples.tolist(), sweep.templates, strict=True))
    if len(found) != len(sweep.examples) or found != expected:
        yield OTHER_EVALUATION
    sizes = budgets(record.protocol.sweeping.grid, sweep.graph.edges)
    if sweep.kept.shape != (len(RANKINGS), len(sizes)):
        yield other_grid(sweep.kept.shape[1], len(sizes))


def _doubts(
    sweep: Sweep, sizes: Sequence[int], selection: Selection, scores: ScoreSums | None
) -> Iterator[str]:
    """What of a sweep cannot be; `scores` are the member's, where they are there."""
    yield from _whole(sweep, sizes)
    if scores is not None and scores.graph == sweep.graph:
        ranked = scores.ranked(selection), scores.attribution.scores()
        yield from _kept(sweep, sizes, selection, ranked)


def _whole(sweep: Sweep, sizes: Sequence[int]) -> Iterator[str]:
    """The circuit of all edges leaves nothing out, so that on every prompt it does what the model does."""
    gap = float(np.abs(sweep.whole - sweep.empty).mean())
    for index, size in enumerate(sizes):
        if size == sweep.graph.edges:
            off = float(np.abs(sweep.circuits[:, index] - sweep.whole).max())
            if off > WHOLE * gap:
                yield f"the circuit of all edges is off the whole model by {off:.6g}, of a gap of {gap:.6g}"


def _kept(
    sweep: Sweep, sizes: Sequence[int], selection: Selection, ranked: Sequence[NDArray[np.float64]]
) -> Iterator[str]:
    for row, (ranking, scores) in enumerate(zip(RANKINGS, ranked, strict=True)):
        named = f"{selection} selection" if row == 0 and selection != "absolute" else f"{ranking} score"
        for column, size in enumerate(sizes):
            circuit = top_edges(scores, sweep.graph.mask, size, ranking)
            expected, found = int(sweep.graph.prune(circuit).sum()), int(sweep.kept[row, column])
            if abs(found - expected) > max(KEPT_EDGES, KEPT_SHARE * size):
                yield (
                    f"of {size} edges by {named} it keeps {found}, and by the member's scores "
                    f"{expected} are left after pruning"
                )


def _of_effects(effects: EffectSums, pool: Pool, record: Record) -> Iterator[str]:
    """Effects are of the pool's evaluation half, by its groups, drops of as many as the protocol says."""
    grouping = group_examples(pool.solved, record.protocol.halving)
    expected = dict(zip((one.index for one in grouping.evaluation), grouping.evaluation_group, strict=True))
    found = dict(zip(effects.examples.tolist(), effects.groups.tolist(), strict=True))
    if len(found) != len(effects.examples) or found != expected:
        yield OTHER_EVALUATION
    if effects.templates != grouping.evaluation_templates:
        yield OTHER_GROUPS
    counts = np.bincount(effects.groups, minlength=len(effects.templates))
    if not np.array_equal(effects.removed, np.minimum(counts, record.protocol.removing.removed)):
        yield "single components are not taken out on as many examples as the protocol says"


def _of_entropies(entropies: Entropies, graph: Graph, pool: Pool, record: Record) -> Iterator[str]:
    most = record.protocol.compared.components
    grouping = group_examples(pool.solved, record.protocol.halving)
    counts = np.bincount(grouping.evaluation_group).tolist()
    if (list(entropies.counts), entropies.templates) != (counts, grouping.evaluation_templates):
        yield OTHER_GROUPS
    unknown = set(entropies.components) - set(graph.source_names[1:])
    if unknown:
        yield f"it has {', '.join(sorted(unknown)[:3])}, which are no components of the graph"
    if len(entropies.components) > most:
        yield f"it has {len(entropies.components)} components, the protocol at most {most}"
    if any(not 0 <= value <= 1 for values in entropies.components.values() for value in values):
        yield "a normalised entropy lies in 0 to 1, and one does not"
