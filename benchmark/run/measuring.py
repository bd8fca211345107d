"""The cells that need the pair: the pool, its prompts, and what is measured of one member at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import NotComputable
from ...metrics import Selection, top_edges
from ...tasks import Task, get_task
from ...tasks.export import fingerprint
from ..asking.attempts import find_pool, pooled_examples
from ..asking.encoding import Encoded
from ..asking.grouping import Grouping, group_examples, spaced, swept_examples
from ..asking.pool import Pool, Prompts, Solved
from ..asking.prompts import show_prompts
from ..asking.states import Question, batches, questions
from ..circuits.components import Components
from ..measure.ablation import run_ablations
from ..measure.ablations import Ablations
from ..measure.card_sizes import steps_of_cards
from ..measure.cards import Ask, make_cards
from ..measure.circuit_runs import CircuitRuns
from ..measure.convergence import find_convergence
from ..measure.effect_sums import EffectSums
from ..measure.effects import measure_effects
from ..measure.entropies import component_entropies
from ..measure.evidence import Entropies
from ..measure.finite import NotFinite, Search, Watch, Watching
from ..measure.method import scoring_method
from ..measure.node_sets import node_sets
from ..measure.score_sums import ScoreSums
from ..measure.scores import score_edges
from ..measure.sweep import sweep
from ..measure.swept import Sweep
from ..measure.transfer import ChosenBy, run_transfer
from ..pairs.head_matching import HeadMatching, maps_of, match_heads
from ..pairs.member import Member
from ..pairs.pair import Pair
from ..pairs.threads import available_cores, on_suited_threads, suited_threads
from ..pairs.ungrouping import ungroup
from ..record.cards import CardsCell
from ..record.missing import Missing
from ..record.protocol import (
    Ablating,
    Compared,
    Halving,
    Removing,
    Sampling,
    Scoring,
    Sweeping,
    Transferring,
)
from ..record.reads import Stages
from .beside import read_beside
from .computing import Other, Tell
from .numbers import Needs, circuit_size, compute_numbers
from .plan import MEMBERS, Cell, MemberName, Stage, kind_name, place_of

DRAWING: tuple[Stage, ...] = ("pool", "prompts")
"""Stages before there is anything to score: of both members, with key/value heads of any kind."""

AnyWatching = TypeVar("AnyWatching", bound=Watching)


class Measuring:
    """Computes the cells of a plan on a loaded pair.

    `rows` bounds a batch and moves no number beyond rounding.
    """

    def __init__(self, pair: Pair, rows: int) -> None:
        self._pair = pair
        self._rows = rows
        # The examples of one task at a time: its cells come one after the other.
        self._examples: tuple[object, dict[int, Encoded]] = (None, {})
        self._drawing = Lock()
        self._ranked_by_others: dict[str, NDArray[np.float64]] = {}
        self._ungrouped: dict[MemberName, Member] = {}
        self._watching: dict[str, Watching] = {}
        self._matchings: dict[tuple[MemberName, str], HeadMatching] = {}

    def __call__(self, cell: Cell, needs: Needs, tell: Tell) -> Any:
        """The content of a cell. Raises what running the members raises."""
        if not cell.kind.members:
            return compute_numbers(cell, needs, tell)
        # Here and not on the command line, so that a call from Python gives the same numbers to the last bit.
        with on_suited_threads(self._pair.device, self._pair.arm.backbone.shape.width):
            return self._finite(cell, needs, tell)

    def _finite(self, cell: Cell, needs: Needs, tell: Tell) -> Any:
        """The content of a cell for which members run. Raises `NotFinite` where their numbers are not."""
        compute = self._computed[cell.kind.stage]
        try:
            with self._watched(cell, Watch()) as watch:
                content = compute(cell, needs, tell)
        # What comes of such numbers can be an error by itself, which says less.
        except Exception:
            if not watch.not_finite:
                raise
        else:
            if not watch.not_finite:
                return content
        # By the same passes once more, which are looked at one by one.
        with self._watched(cell, Search(place_of(cell))):
            compute(cell, needs, tell)
        raise NotFinite(place_of(cell), watch.not_finite[0], "when repeated, nowhere")

    @contextmanager
    def _watched(self, cell: Cell, watching: AnyWatching) -> Iterator[AnyWatching]:
        """A context in which members that run for this cell are watched, and not for another thread's."""
        self._watching[cell.key] = watching
        if cell.kind.stage in DRAWING:
            for member in self._members.values():
                watching.add(member)
        try:
            with watching:
                yield watching
        finally:
            del self._watching[cell.key]

    @property
    def rows(self) -> int:
        """Token rows that are run at once, at most."""
        return self._rows

    @property
    def side_by_side(self) -> bool:
        """Whether both members gain by being run at once: each takes one thread, and there are more."""
        arm, mdm = self._pair.members
        if self._pair.turns is not None or self._pair.limits.bounded:
            return False  # what either holds would add up
        alone = suited_threads(arm.device, arm.backbone.shape.width) == 1
        # Hooks are of one model: a pair of one model with itself is run one after the other.
        return alone and available_cores() > 1 and arm.backbone.model is not mdm.backbone.model

    @property
    def _computed(self) -> dict[Stage, Callable[[Cell, Needs, Tell], Any]]:
        return {
            "pool": self._pool,
            "prompts": self._prompts,
            "scores": self._scores,
            "sweep": self._sweep,
            "entropies": self._entropies,
            "effects": self._effects,
            "cards": self._cards,
            "stages": self._stages,
            "ablation": self._ablation,
            "transfer": self._transfer,
        }

    def _member(self, cell: Cell) -> Member:
        """The one member that the cell is about, in memory, with the protocol's kind of key/value edges."""
        name = cell.kind.member
        assert name is not None, "a pool is of both members"
        return self._present(cell, name)

    def _present(self, cell: Cell, name: MemberName) -> Member:
        """A member, in memory, with the protocol's kind of key/value edges, and watched."""
        found = self._brought(cell, name)
        self._watching[cell.key].add(found)
        return found

    def _brought(self, cell: Cell, name: MemberName) -> Member:
        member = self._members[name]
        if self._pair.turns is not None and name not in self._ungrouped:
            self._ungrouped.clear()  # it shares weights that are to go
        self._pair.bring(member)
        if cell.parts[Scoring].kv != "ungrouped":
            return member
        with self._drawing:
            if name not in self._ungrouped:
                self._ungrouped[name] = ungroup(member)
            return self._ungrouped[name]

    @cached_property
    def _members(self) -> dict[MemberName, Member]:
        """Both members as they were loaded, for what is asked of them; one of them need not be in memory."""
        return dict(zip(MEMBERS, self._pair.members, strict=True))

    def _pool(self, cell: Cell, needs: Needs, tell: Tell) -> Pool:
        sampling = cell.parts[Sampling]
        with tell(sampling.pool) as advance:
            task = _task(cell)
            return find_pool(self._pair, task, cell.task.level, sampling, self._rows, advance)

    def _prompts(self, cell: Cell, needs: Needs, tell: Tell) -> Prompts:
        with tell(1):
            return show_prompts(self._pair.tokenizer, needs["pool"], self._encoded(cell, needs))

    def _scores(self, cell: Cell, needs: Needs, tell: Tell) -> ScoreSums:
        grouping, member = _grouping(cell, needs), self._member(cell)
        asked = self._asked(cell, needs, member, grouping.discovery, grouping.group)
        scoring = cell.parts[Scoring]
        convergence, steps = None, scoring.steps
        if steps == "converge":
            convergence = find_convergence(member, asked, scoring, self._rows)
            steps = convergence.steps
        method = scoring_method(scoring, steps)
        # A mixture of experts has no neurons that two members share.
        neurons = scoring.neurons and all(each.backbone.neurons is not None for each in self._pair.members)
        with tell(len(asked)) as advance:
            found = score_edges(
                member,
                asked,
                grouping.templates,
                method.integration,
                self._rows,
                advance,
                places=scoring.places,
                neurons=neurons,
                rules=method.rules,
            )
        return replace(found, convergence=convergence)

    def _sweep(self, cell: Cell, needs: Needs, tell: Tell) -> Sweep:
        member = self._member(cell)
        examples = swept_examples(_grouping(cell, needs), cell.parts[Sweeping].swept)
        asked = self._asked(cell, needs, member, examples)
        scores = needs[kind_name("scores", cell.kind.member)]
        sweeping, signed = cell.parts[Sweeping], scores.attribution.scores()
        ranked = scores.ranked(sweeping.selection)
        with tell(len(asked)) as advance:
            return sweep(member, asked, ranked, signed, sweeping, self._rows, advance)

    def _entropies(self, cell: Cell, needs: Needs, tell: Tell) -> Entropies:
        """Of the components that hold most of the importance in the member's compared circuit."""
        member, found = self._member(cell), needs[kind_name("scores", cell.kind.member)]
        components, scores = Components(found.graph), found.attribution.scores()
        ranked = found.ranked(cell.parts[Sweeping].selection)
        circuit = top_edges(ranked, found.graph.mask, circuit_size(cell, needs))
        # Chosen on the discovery half and read on the other, as circuits are.
        top = components.top(components.importance(scores, circuit), cell.parts[Compared].components)
        asked, templates = self._evaluated(cell, needs, member)
        by_component: dict[str, tuple[float, ...]] = {}
        with tell(1):
            if top:
                # The source axis begins with the input, which is no component.
                sources = np.array(top, dtype=np.int64) + 1
                batched = batches(member, asked, self._rows)
                found = component_entropies(member, batched, sources, len(templates))
                by_component = {
                    components.names[i]: tuple(h.tolist()) for i, h in zip(top, found.T, strict=True)
                }
        counts = np.bincount([one.group for one in asked], minlength=len(templates))
        return Entropies(components=by_component, counts=tuple(counts.tolist()), templates=templates)

    def _effects(self, cell: Cell, needs: Needs, tell: Tell) -> EffectSums:
        member = self._member(cell)
        asked, templates = self._evaluated(cell, needs, member)
        with tell(len(asked)) as advance:
            removed = cell.parts[Removing].removed
            return measure_effects(member, asked, templates, removed, self._rows, advance)

    def _evaluated(self, cell: Cell, needs: Needs, member: Member) -> tuple[list[Question], tuple[str, ...]]:
        """What the member is asked about the evaluation half, in groups, and their templates."""
        grouping = _grouping(cell, needs)
        asked = self._asked(cell, needs, member, grouping.evaluation, grouping.evaluation_group)
        return asked, grouping.evaluation_templates

    def _cards(self, cell: Cell, needs: Needs, tell: Tell) -> CardsCell:
        member, scores = self._member(cell), needs[kind_name("scores", cell.kind.member)]
        if scores.attribution.neuron_sums is None:
            with tell(1):
                return CardsCell(Missing(missing=self._why_no_neurons(cell)))
        asked = self._asked(cell, needs, member, _grouping(cell, needs).evaluation)
        effects, seed = scores.attribution.neurons(), cell.parts[Sampling].seed
        with tell(steps_of_cards(len(asked))) as advance:
            ask = Ask(member, self._pair.tokenizer, asked, effects, self._rows, seed)
            return CardsCell(make_cards(ask, advance))

    def _why_no_neurons(self, cell: Cell) -> str:
        if not cell.parts[Scoring].neurons:
            return "the protocol measures no neurons"
        return "layers with experts, or of different widths, have no neurons that both members share"

    def _stages(self, cell: Cell, needs: Needs, tell: Tell) -> Stages:
        """One read after the other, so that the scores of one are held at a time."""
        encoded, grouping = self._encoded(cell, needs), _grouping(cell, needs)
        present, at_once = partial(self._present, cell), self.side_by_side
        return read_beside(self._members, present, encoded, grouping, cell, needs, self._rows, tell, at_once)

    def _ablation(self, cell: Cell, needs: Needs, tell: Tell) -> Ablations:
        """Without the member's own top nodes of each third of the layers, and without random ones."""
        ablating, member = cell.parts[Ablating], self._member(cell)
        examples = swept_examples(_grouping(cell, needs), ablating.ablated)
        asked = self._asked(cell, needs, member, examples)
        scores = needs[kind_name("scores", cell.kind.member)]
        sets = node_sets(scores, ablating, cell.parts[Sampling].seed)
        intervention = cell.parts[Sweeping].intervention
        with tell(2 * len(asked)) as advance:
            return run_ablations(member, asked, sets, intervention, self._rows, advance)

    def _transfer(self, cell: Cell, needs: Needs, tell: Tell) -> CircuitRuns:
        """The other member's circuit and those of other tasks, in the member."""
        transferring, sampling = cell.parts[Transferring], cell.parts[Sampling]
        matching = self._matching(cell)
        member, grouping = self._member(cell), _grouping(cell, needs)
        asked = self._asked(cell, needs, member, swept_examples(grouping, transferring.crossed))
        few = {one.index for one in spaced(asked, transferring.shuffled_examples)}
        own, other = (
            needs[kind_name("scores", each)]
            for each in sorted(MEMBERS, key=lambda name: name != cell.kind.member)
        )
        selection = cell.parts[Sweeping].selection
        ranked = other.ranked(selection)
        chosen_by = ChosenBy(
            own.graph,
            circuit_size(cell, needs),
            own.ranked(selection),
            ranked,
            own.graph.relabelled(ranked, matching.heads, matching.kv_heads) if matching.moved else None,
            {
                each.cell.task.name: self._ranked(each, selection)
                for each in needs.values()
                if isinstance(each, Other)
            },
        )
        with tell(len(asked) + len(few)) as advance:
            return run_transfer(
                member,
                asked,
                few,
                chosen_by,
                cell.parts[Sweeping],
                transferring,
                sampling.seed,
                self._rows,
                advance,
            )

    def _matching(self, cell: Cell) -> HeadMatching:
        """Of the heads of the cell's member those of the other that are the same, found once."""
        host = cell.kind.member
        assert host is not None, "a transfer is into one member"
        guest = next(name for name in MEMBERS if name != host)
        kind = host, cell.parts[Scoring].kv
        if kind not in self._matchings:
            # No pass is run, and the guest may be at one for another cell: neither is watched.
            member = self._brought(cell, host)
            own = maps_of(member, copied=self._pair.turns is not None)
            shape = member.backbone.shape
            del member  # it may hold weights that are to go
            self._matchings[kind] = match_heads(own, maps_of(self._brought(cell, guest)), shape)
        return self._matchings[kind]

    def _ranked(self, other: Other, selection: Selection) -> NDArray[np.float64]:
        """What ranks the edges on another task, read once: every task needs those of all others."""
        key = other.cell.key
        if key not in self._ranked_by_others:
            self._ranked_by_others[key] = other.content.ranked(selection)
        return self._ranked_by_others[key]

    def _asked(
        self,
        cell: Cell,
        needs: Needs,
        member: Member,
        solved: Sequence[Solved],
        groups: Sequence[int] | None = None,
    ) -> list[Question]:
        read = cell.parts[Sampling].read
        return questions(member, self._encoded(cell, needs), solved, groups, read)

    def _encoded(self, cell: Cell, needs: Needs) -> dict[int, Encoded]:
        pool = needs["pool"]
        with self._drawing:
            if self._examples[0] is not pool:
                drawn = pooled_examples(self._pair, _task(cell), cell.task.level, cell.parts[Sampling], pool)
                _check_same(cell, pool, drawn)
                self._examples = pool, drawn
            return self._examples[1]


def _check_same(cell: Cell, pool: Pool, drawn: Mapping[int, Encoded]) -> None:
    """Raises NotComputable where the task gives other examples than those that the pool was filled with."""
    if fingerprint([drawn[one.index].example for one in pool.solved]) != pool.fingerprint:
        raise NotComputable(
            f"task {cell.task.name} gives other examples than those that filled the pool here, but "
            f"its version is still {cell.task.version}",
            "raise the version in its card, or choose another folder for results",
        )


def _task(cell: Cell) -> Task:
    return get_task(cell.task.name)


def _grouping(cell: Cell, needs: Needs) -> Grouping:
    return group_examples(needs["pool"].solved, cell.parts[Halving])
