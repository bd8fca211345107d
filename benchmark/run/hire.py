"""Who helps with a run: how many processes, what they are told, and which tasks are begun first."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch

from ...tasks import get_task
from ..asking.encoding import DoesNotFit, encode
from ..pairs.pair import Pair
from ..pairs.spec import PairSpec
from ..record.protocol import Protocol, ProtocolTask
from .crew import Crew
from .job import Job
from .plan import Cell, Plan
from .pools import why_unusable
from .store import Damaged, Store


def hire(
    pair: Pair,
    protocol: Protocol,
    plan: Plan,
    wanted: Sequence[str] | None,
    out: Path,
    rows: int,
    workers: int,
) -> Crew | None:
    """The processes that share a plan's cells, this one counted; None where it computes them all alone.

    As many as `workers`, and as there are cells for which a model has to run.
    """
    store = Store(out)
    processes = min(workers, sum(_missing(plan.of(task), protocol, store) for task in plan.tasks))
    if processes < 2:
        return None
    # The longest first, so that nobody waits long for another at the end.
    order = sorted(range(len(plan.tasks)), key=lambda n: -_length(pair, protocol, plan.tasks[n]))
    job = Job(
        spec=_pinned(pair),
        device=pair.place,
        protocol=protocol,
        tasks=plan.tasks,
        order=tuple(order),
        wanted=None if wanted is None else tuple(wanted),
        out=out,
        rows=rows,
        limits=pair.limits,
        threads=torch.get_num_threads(),
        version=version("mechshift"),
        keys=tuple(cell.key for cell in plan.cells),
    )
    return Crew(job, processes)


def _missing(cells: Sequence[Cell], protocol: Protocol, store: Store) -> int:
    """Cells of a task for which a model has to run: told by seals, and by the pool's content."""
    with suppress(Damaged):
        pool = store.read(cells[0], {})
        if pool is not None and why_unusable(pool.content, protocol) is not None:
            return 0
    return sum(bool(cell.kind.members) and store.seal(cell) is None for cell in cells)


def _pinned(pair: Pair) -> PairSpec:
    """The pair's declarations with the commits that were loaded: a branch may move while a run goes on."""
    spec = pair.spec
    arm, mdm = (
        replace(member, revision=loaded.revision or member.revision)
        for member, loaded in ((spec.arm, pair.arm_provenance), (spec.mdm, pair.mdm_provenance))
    )
    return replace(spec, arm=arm, mdm=mdm)


def _length(pair: Pair, protocol: Protocol, asked: ProtocolTask) -> int:
    """Tokens of a task's first prompt and answer, to which its time is about proportional."""
    first = next(get_task(asked.name).examples(protocol.sampling.seed, "evaluation", asked.level), None)
    try:
        encoded = None if first is None else encode(pair.tokenizer, first)
    except DoesNotFit:
        encoded = None
    return 0 if encoded is None else len(encoded.clean) + len(encoded.answer)
