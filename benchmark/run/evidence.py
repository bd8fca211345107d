"""Measuring one task on a pair, cell by cell: pool, scores, sweeps, entropies, comparison."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pydantic import RootModel

from ...metrics import top_edges
from ...tasks import Task
from ..asking.grouping import Grouping, group_examples, questions
from ..asking.pool import Pool, find_pool, pooled_examples
from ..asking.states import batches, in_batch_order
from ..circuits.attribution import Attribution, Integration, attribute
from ..circuits.batch import Batch
from ..circuits.circuit import Circuit, load_attribution, save_attribution
from ..circuits.components import Components
from ..compare.compare import Evidence, compare, compared_size
from ..measure.entropies import component_entropies
from ..measure.sweep import Sweep, load_sweep, save_sweep, sweep
from ..pairs.member import Member
from ..pairs.pair import Pair
from ..pairs.ungrouping import ungroup
from ..record.protocol import Protocol
from ..record.types import Comparison
from .progress import Advance, Progress
from .store import Store


class Entropies(RootModel[dict[str, float]]):
    """Normalised entropy of what each of a member's top components writes, by name."""


@dataclass(frozen=True)
class Setting:
    """What a measurement is made with. `rows` bounds a batch and has no influence on any number."""

    pair: Pair
    task: Task
    level: str
    protocol: Protocol
    store: Store
    rows: int
    progress: Progress

    @cached_property
    def members(self) -> tuple[Member, Member]:
        """The ARM and the MDM, with the protocol's kind of key/value edges."""
        arm, mdm = self.pair.members
        return (ungroup(arm), ungroup(mdm)) if self.protocol.kv == "ungrouped" else (arm, mdm)


def measure_pool(setting: Setting) -> Pool:
    """The examples that both members solve."""

    def compute() -> Pool:
        with setting.progress(f"{setting.task.card.name}: decoding", setting.protocol.pool) as advance:
            return find_pool(
                setting.pair, setting.task, setting.level, setting.protocol, setting.rows, advance
            )

    return setting.store.model("pool", Pool, compute)


def measure_grouping(setting: Setting, pool: Pool) -> Grouping:
    """The pool's examples in halves and groups."""
    examples = pooled_examples(setting.pair, setting.task, setting.level, setting.protocol, pool)
    return group_examples(examples, setting.protocol)


def measure_comparison(setting: Setting, grouping: Grouping) -> Comparison:
    """Scores and sweeps of both members, the size to compare at, and the comparison."""
    arm, mdm = setting.members
    scores = measure_scores(setting, grouping)
    sweeps = [
        _sweep(setting, member, grouping, found) for member, found in zip((arm, mdm), scores, strict=True)
    ]
    size = compared_size(sweeps[0], sweeps[1], setting.protocol, scores[0].graph.edges)
    for member, found in zip((arm, mdm), scores, strict=True):
        _keep_circuit(setting, member, found, size)
    evidence = [
        Evidence(
            found, swept, _templates(member, grouping), _entropies(setting, member, grouping, found, size)
        )
        for member, found, swept in zip((arm, mdm), scores, sweeps, strict=True)
    ]

    def compute() -> Comparison:
        with setting.progress(f"{setting.task.card.name}: comparing", 1):
            return compare(evidence[0], evidence[1], grouping.clusters, size, setting.protocol)

    return setting.store.model("comparison", Comparison, compute)


def measure_scores(setting: Setting, grouping: Grouping) -> tuple[Attribution, Attribution]:
    """Edge scores of the ARM and of the MDM on the discovery examples."""
    arm, mdm = setting.members
    return _attribution(setting, arm, grouping), _attribution(setting, mdm, grouping)


def _attribution(setting: Setting, member: Member, grouping: Grouping) -> Attribution:
    def compute() -> Attribution:
        asked = questions(member, grouping.discovery, grouping.group)
        integration = Integration(setting.protocol.rule, setting.protocol.steps)
        label = f"{setting.task.card.name}: {member.role} edges"
        with setting.progress(label, len(asked)) as advance:
            batched = _counted(batches(member, asked, setting.rows), advance)
            return attribute(member, batched, integration, len(grouping.clusters))

    return setting.store.cell(
        f"scores-{member.role}.safetensors", load_attribution, save_attribution, compute
    )


def _counted(batched: Iterable[Batch], advance: Advance) -> Iterator[Batch]:
    for batch in batched:
        yield batch
        advance(batch.examples)


def _sweep(setting: Setting, member: Member, grouping: Grouping, found: Attribution) -> Sweep:
    def compute() -> Sweep:
        asked = questions(member, grouping.evaluation)
        with setting.progress(f"{setting.task.card.name}: {member.role} circuits", len(asked)) as advance:
            return sweep(member, asked, found.scores(), setting.protocol, setting.rows, advance)

    return setting.store.cell(f"sweep-{member.role}.safetensors", load_sweep, save_sweep, compute)


def _keep_circuit(setting: Setting, member: Member, found: Attribution, size: int) -> Circuit:
    """The member's compared circuit, as a file of its own that other tools can read."""
    about = {"pair": setting.pair.spec.name, "member": member.role, "task": setting.task.card.name}

    def compute() -> Circuit:
        return Circuit.of(found.graph, found.scores(), size, about=about)

    return setting.store.cell(f"circuit-{member.role}.safetensors", Circuit.load, Circuit.save, compute)


def _templates(member: Member, grouping: Grouping) -> tuple[str, ...]:
    """The templates of the evaluation examples, in the order in which a sweep has them."""
    asked = in_batch_order(questions(member, grouping.evaluation))
    return tuple(one.encoded.example.template for one in asked)


def _entropies(
    setting: Setting, member: Member, grouping: Grouping, found: Attribution, size: int
) -> dict[str, float]:
    """Entropies of the components that hold most of the importance in the circuit of `size` edges."""

    def compute() -> Entropies:
        components = Components(found.graph)
        scores = found.scores()
        importance = components.importance(scores, top_edges(scores, found.graph.mask, size))
        top = components.top(importance, setting.protocol.components)
        # The source axis begins with the input, which is no component.
        sources = np.array(top, dtype=np.int64) + 1
        batched = batches(member, questions(member, grouping.evaluation), setting.rows)
        entropies = component_entropies(member, batched, sources) if top else np.zeros(0)
        return Entropies({components.names[i]: float(h) for i, h in zip(top, entropies, strict=True)})

    return setting.store.model(f"entropies-{member.role}", Entropies, compute).root
